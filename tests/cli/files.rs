//! `import`, `export` and `inspect`.

use std::path::{Path, PathBuf};

use mmt::model::{Named, save_tensors};
use tch::{Device, Kind, Tensor};

use super::{Program, fails, files};

fn fixture(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/torch").join(name).display().to_string()
}

fn output(program: &Program, arguments: &[&str]) -> String {
    let assert = program.command(arguments).assert().success();
    String::from_utf8(assert.get_output().stdout.clone()).unwrap()
}

#[test]
fn a_checkpoint_is_shown_imported_and_exported() {
    let program = Program::new();
    let file = fixture("legacy_score.pth.tar");
    let shown = output(&program, &["inspect", &file]);
    for part in [
        "stream",
        "6 tensors, 27 values, epoch 12, best mAP 62.5 %",
        "| 0.weight | Float | [2, 1, 3, 3] | 18 |",
    ] {
        assert!(shown.contains(part), "{shown}");
    }
    output(&program, &["import", &file, "--out", "in.safetensors"]);
    output(&program, &["export", "in.safetensors", "--out", "out.pth"]);
    let rows =
        |text: &str| text.lines().filter(|line| line.starts_with('|')).map(str::to_owned).collect::<Vec<_>>();
    for (file, format) in [("in.safetensors", "safetensors"), ("out.pth", "PyTorch (zip)")] {
        let again = output(&program, &["inspect", file]);
        assert!(again.starts_with(format), "{again}");
        assert_eq!(rows(&again), rows(&shown));
    }
    output(&program, &["export", "in.safetensors", "--out", "part.pth", "--prefix", "0."]);
    assert!(output(&program, &["inspect", "part.pth"]).contains("| weight | Float"));
    fails(
        program.command(&["export", "in.safetensors", "--out", "x.pth", "--prefix", "9."]).assert(),
        2,
        &["`9.`"],
    );
}

#[test]
fn what_an_architecture_lacks_is_named() {
    let program = Program::new();
    let file = fixture("kinds.pth");
    let arguments = ["import", &file, "--out", "in.safetensors", "--arch", "small"];
    fails(program.command(&arguments).assert(), 1, &["kinds.pth", "missing", "base.0.weight"]);
    fails(program.command(&["import", &file, "--out", "x", "--arch", "vgg"]).assert(), 2, &["vgg"]);
    assert_eq!(files(program.folder.path()), Vec::<PathBuf>::new());
    let table = output(&program, &[&arguments[..], &["--allow-missing", ""]].concat());
    assert!(table.contains("| f16 | left over | [2, 3] | |"), "{table}");
}

#[test]
fn a_hostile_file_is_one_line_and_runs_nothing() {
    let program = Program::new();
    // The others, and their messages, are tests of the library: tests/suite/checkpoints/hostile.rs.
    for name in
        ["archive.pth.tar", "cut.pth", "empty.pth", "huge-storage.pth", "image.pth", "runs-a-command.pth"]
    {
        let path = fixture(&format!("hostile/{name}"));
        fails(program.command(&["inspect", &path]).assert(), 1, &[name]);
    }
    let path = fixture("hostile/runs-a-command.pth");
    fails(program.command(&["import", &path, "--out", "in.safetensors"]).assert(), 1, &["posix.system"]);
    fails(program.command(&["inspect", "nothing.pth"]).assert(), 1, &["nothing.pth"]);
    fails(program.command(&["inspect", "."]).assert(), 1, &["a folder"]);
    assert_eq!(files(program.folder.path()), Vec::<PathBuf>::new(), "nothing is written, nothing was run");
}

/// A file that is no checkpoint is refused before anything is read or written, and the way is free for the right one.
#[test]
fn t2_10_a_wrong_init_leaves_nothing_behind() {
    let program = Program::new();
    std::fs::write(program.path("lfs.pth"), "version https://git-lfs.github.com/spec/v1\nsize 94\n").unwrap();
    for command in [&[][..], &["plan"]] {
        let mut run = program.profile(command, "miniature", &["--init", "lfs.pth"]);
        fails(run.assert(), 1, &["--init: lfs.pth: a Git LFS pointer", "git lfs pull"]);
    }
    assert_eq!(files(program.folder.path()), [PathBuf::from("lfs.pth")]);
    assert!(!program.out().exists());
}

fn networks(program: &Program, name: &str, prefixes: &[&str], value: f64) {
    let tensor = || Tensor::full([2, 3], value, (Kind::Float, Device::Cpu));
    let tensors: Named = prefixes.iter().map(|prefix| (format!("{prefix}base.0.weight"), tensor())).collect();
    save_tensors(&program.path(name), &tensors).unwrap();
}

#[test]
fn t2_12_a_prefix_is_one_with_and_without_its_dot() {
    let program = Program::new();
    networks(&program, "two.safetensors", &["mean-1.", "mean-2."], 1.0);
    for prefix in ["mean-1", "mean-1."] {
        output(&program, &["export", "two.safetensors", "--prefix", prefix, "--out", "one.pth"]);
        let shown = output(&program, &["inspect", "one.pth"]);
        assert!(shown.contains("| base.0.weight |") && shown.contains("1 tensors"), "{shown}");
        output(&program, &["import", "two.safetensors", "--prefix", prefix, "--out", "one.safetensors"]);
        assert!(output(&program, &["inspect", "one.safetensors"]).contains("| base.0.weight |"));
    }
    let shown = output(&program, &["inspect", "two.safetensors"]);
    assert!(shown.contains("by --prefix: `mean-1.`, `mean-2.`"), "{shown}");
    let wrong = ["export", "two.safetensors", "--prefix", "mean", "--out", "x.pth"];
    fails(program.command(&wrong).assert(), 2, &["`mean`", "`mean-1.`, `mean-2.`"]);
    assert!(!program.path("x.pth").exists());
}

#[test]
fn t2_38_values_that_are_not_finite_are_said() {
    let program = Program::new();
    networks(&program, "nan.safetensors", &[""], f64::NAN);
    for arguments in [
        &["inspect", "nan.safetensors"][..],
        &["import", "nan.safetensors", "--out", "x.safetensors"],
        &["export", "nan.safetensors", "--out", "x.pth"],
    ] {
        let shown = output(&program, arguments);
        assert!(shown.contains("NaN or infinite values in 1 tensors: `base.0.weight`"), "{shown}");
    }
}

/// A bound for the size of files stands for a full disk: writing ends in an error in the same place.
#[cfg(unix)]
#[test]
fn t2_41_a_full_disk_is_one_line() {
    let program = Program::new();
    let large = Named::from([("w".to_owned(), Tensor::zeros([1 << 16], (Kind::Float, Device::Cpu)))]);
    save_tensors(&program.path("large.safetensors"), &large).unwrap();
    let reproduce = assert_cmd::cargo::cargo_bin("reproduce");
    let script = "trap '' XFSZ; ulimit -f 8; exec \"$0\" export large.safetensors --out out.pth";
    let mut shell = std::process::Command::new("sh");
    let result =
        shell.args(["-c", script]).arg(reproduce).current_dir(program.folder.path()).output().unwrap();
    let text = String::from_utf8(result.stderr).unwrap();
    assert_eq!((result.status.code(), text.lines().count()), (Some(1), 1), "{text}");
    assert!(text.starts_with("error: out.pth: cannot write: "), "{text}");
    assert_eq!(files(program.folder.path()), [PathBuf::from("large.safetensors")]);
}

#[test]
fn runs_start_from_given_weights() {
    let program = Program::new();
    let run = |arguments: &[&str]| {
        program.miniature(&["--method", "pre-trained", "--quiet"]).args(arguments).assert()
    };
    fails(run(&["--init", "nothing.pth"]), 1, &["nothing.pth"]);
    let foreign = fixture("kinds.pth");
    fails(run(&["--init", &foreign]), 1, &["kinds.pth", "missing", "base.0.weight"]);
    fails(run(&["--init-prefix", "mean-1"]), 2, &["--init"]);
    assert!(!program.out().exists(), "nothing is written before the file is known to fit");
    run(&[]).success();
    let checkpoint =
        files(&program.out()).into_iter().find(|file| file.ends_with("network-1/checkpoint.safetensors"));
    let checkpoint = program.out().join(checkpoint.unwrap()).display().to_string();
    output(&program, &["export", &checkpoint, "--out", "start.pth", "--prefix", "network."]);
    // The folder holds a run from random weights.
    fails(run(&["--init", "start.pth"]), 2, &["init"]);
    std::fs::remove_dir_all(program.out()).unwrap();
    run(&["--init", "start.pth"]).success();
    let config = checkpoint.replace("checkpoint.safetensors", "config.toml");
    assert!(std::fs::read_to_string(config).unwrap().contains("[init]\nsha256 = "));
    // A profile names it too, relative to itself; that is the same run, which is done.
    std::fs::create_dir(program.path("profiles")).unwrap();
    let profile = |name: &str, init: &str| {
        let text = format!("base = \"miniature\"\ninit = \"{init}\"\n");
        std::fs::write(program.path(name), text).unwrap();
        program.profile(&[], name, &["--method", "pre-trained", "--quiet"])
    };
    profile("profiles/own.toml", "../start.pth").assert().success();
    std::fs::write(program.path("profiles/derived.toml"), "base = \"profiles/own.toml\"\n").unwrap();
    program.profile(&[], "profiles/derived.toml", &["--method", "pre-trained", "--quiet"]).assert().success();
    let absent = || profile("profiles/absent.toml", "start.pth");
    fails(absent().assert(), 1, &["key `init` of profile miniature", "profiles/start.pth"]);
    absent().args(["--init", "start.pth"]).assert().success();
    std::fs::write(program.path("profiles/number.toml"), "base = \"miniature\"\ninit = 3\n").unwrap();
    fails(program.profile(&[], "profiles/number.toml", &[]).assert(), 2, &["number.toml", "init"]);
}
