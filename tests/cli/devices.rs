//! `reproduce devices` and `--device`, with a painted driver (`tools/fake-driver.c`) where one is needed.

use std::path::PathBuf;

use tempfile::TempDir;

use super::{Program, fails};

/// A folder with a `libcuda.so.1`; none where there is no C compiler.
fn painted_driver() -> Option<TempDir> {
    let folder = tempfile::tempdir().unwrap();
    let source = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tools/fake-driver.c");
    let library = folder.path().join("libcuda.so.1");
    let compiler =
        std::process::Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(library).arg(source).status();
    compiler.is_ok_and(|status| status.success()).then_some(folder)
}

#[test]
fn a_libtorch_without_cuda_says_so_and_names_the_way_out() {
    let program = Program::new();
    let text = program.command(&["devices"]).output().unwrap();
    let text = String::from_utf8(text.stdout).unwrap();
    if text.contains("loaded from") {
        return; // Built with a libtorch with CUDA: tools/try-cuda-libtorch.sh looks at that one.
    }
    for part in ["libtorch  2.11.0", "CUDA part none", "no CUDA part", "./setup.sh cuda"] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    for device in ["cuda", "cuda:1"] {
        fails(program.command(&["--device", device]).assert(), 2, &["no CUDA part", "./setup.sh cuda"]);
    }
}

#[test]
#[cfg(target_os = "linux")]
fn the_driver_is_asked_without_libtorch() {
    let Some(driver) = painted_driver() else { return };
    let said = |cards: &str, init: Option<&str>| {
        let program = Program::new();
        let mut command = program.command(&["devices"]);
        command.env("LD_LIBRARY_PATH", driver.path()).env("FAKE_CARDS", cards).env("FAKE_CUDA", "12080");
        if let Some(init) = init {
            command.env("FAKE_INIT", init);
        }
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    let text = said("90 61", None);
    for part in [
        "driver    serves CUDA up to 12.8",
        "card      cuda:0: Painted card 0, 16.0 GiB, compute capability 9.0",
        "card      cuda:1: Painted card 1, 32.0 GiB, compute capability 6.1",
        "--device cuda:1: ",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    let text = said("", None);
    assert!(text.contains("driver    serves CUDA up to 12.8\ncard      none"), "{text}");
    let text = said("90", Some("999"));
    assert!(text.contains("driver    none (cuInit of libcuda.so.1 answers 999)"), "{text}");
}

#[test]
fn a_lack_of_memory_says_what_to_lower_and_is_no_panic() {
    let program = Program::new();
    let profile = program.path("huge.toml");
    let text = "base = \"miniature\"\nname = \"huge\"\nimage_size = { height = 4000000, width = 1000000 }\n";
    std::fs::write(&profile, text).unwrap();
    let assert = program.command(&["bench", "--device", "cpu", "--profile"]).arg(&profile).assert();
    let output = assert.get_output().clone();
    fails(assert, 1, &["allocate", "lower the batch of the profile", "image_size"]);
    assert!(!String::from_utf8_lossy(&output.stderr).contains("panicked"), "{output:?}");
}
