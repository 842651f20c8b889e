//! `import` and `export` hold one tensor at a time, whatever the file.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use mmt::model::{Named, save_torch};
use tch::{Device, Kind, Tensor};

use super::{Program, files};

/// Tensors of the large file, and values of each: 64 MiB together.
const TENSORS: usize = 32;
const VALUES: i64 = 1 << 19;

/// Most memory in kiB that the program held at once, as far as it was seen: what it asks for in its very last moment may be missed.
fn peak(folder: &Path, arguments: &[&str]) -> u64 {
    let program = assert_cmd::cargo::cargo_bin("reproduce");
    let mut child =
        Command::new(program).args(arguments).current_dir(folder).stdout(Stdio::null()).spawn().unwrap();
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let seen = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok());
        peak = peak.max(seen.unwrap_or(0));
        std::thread::sleep(Duration::from_millis(1));
    }
    assert!(child.wait().unwrap().success(), "{arguments:?}");
    peak
}

#[test]
fn a_large_checkpoint_goes_through_in_little_memory() {
    let program = Program::new();
    let folder = program.folder.path();
    let tensors = |count: usize| -> Named {
        let tensor = |at: usize| Tensor::full([VALUES], at as f64, (Kind::Float, Device::Cpu));
        (0..count).map(|at| (format!("tensor-{at}"), tensor(at))).collect()
    };
    for (name, count) in [("small.pth", 1), ("large.pth", TENSORS)] {
        save_torch(&folder.join(name), &tensors(count), None, None).unwrap();
    }
    let arguments = |step: &str, size: &str| match step {
        "import" => ["import".to_owned(), format!("{size}.pth"), format!("{size}.safetensors")],
        _ => ["export".to_owned(), format!("{size}.safetensors"), format!("{size}-again.pth")],
    };
    for step in ["import", "export"] {
        let [small, large] = ["small", "large"].map(|size| {
            let [step, file, out] = arguments(step, size);
            peak(folder, &[&step, &file, "--out", &out])
        });
        let file = TENSORS as u64 * VALUES as u64 * 4 / 1024;
        assert!(large < small + file / 4, "{step}: {small} and {large} kiB for a file of {file} kiB");
    }
    let bytes = |name: &str| std::fs::read(folder.join(name)).unwrap();
    assert!(bytes("large.pth") == bytes("large-again.pth"), "there and back is the identity");
    assert_eq!(files(folder).len(), 6);
}
