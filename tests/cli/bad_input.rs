//! Wrong command lines, profiles, data and folders.

use std::fs;
use std::path::{Path, PathBuf};

use super::{DOMAINS, Program, data_root, fails, files};

#[test]
fn unknown_names_are_usage_errors_that_list_the_known_ones() {
    let program = Program::new();
    for (arguments, parts) in [
        (&["--task", "market-to-mars"][..], &["market-to-mars"][..]),
        (&["--method", "magic"], &["magic"]),
        (&["--profile", "slow"], &["slow", "quick", "paper"]),
        (&["--device", "abacus"], &["abacus", "cuda"]),
        (&["--threads", "0"], &["0"]),
        (&["--frobnicate"], &["--frobnicate"]),
        (&["--seeds", "one"], &["one"]),
        (&["--data-root", "nowhere"], &["nowhere"]),
    ] {
        fails(program.command(arguments).assert(), 2, parts);
    }
    assert_eq!(files(program.folder.path()), Vec::<PathBuf>::new(), "nothing is written");
}

#[test]
fn a_profile_is_checked_before_anything_is_done() {
    let program = Program::new();
    for (text, parts) in [
        ("base = \"quick\"\nlearning_rat = 1\n", &["own.toml", "learning_rat"][..]),
        ("base = \"quick\"\n[adaptation]\nalpha = 1.5\n", &["own.toml", "alpha"]),
        ("base = \"quick\"\n[adaptation]\nsteps = 0\n", &["own.toml", "steps"]),
        ("base = \"own.toml\"\n", &["circle"]),
        ("base = \n", &["own.toml"]),
        ("base = \"quick\"\nname = \"../up\"\n", &["name"]),
    ] {
        fs::write(program.path("own.toml"), text).unwrap();
        fails(program.command(&["--profile", "own.toml"]).assert(), 2, parts);
    }
    assert_eq!(files(program.folder.path()), [PathBuf::from("own.toml")]);
}

#[test]
fn c35_a_triplet_loss_needs_two_images_of_a_person() {
    let program = Program::new();
    for part in ["adaptation", "pretraining"] {
        let text = format!("base = \"miniature\"\nname = \"own\"\n[{part}]\nbatch = {{ instances = 1 }}\n");
        fs::write(program.path("own.toml"), text).unwrap();
        for command in ["plan", "run"] {
            fails(
                program.command(&[command, "--profile", "own.toml"]).assert(),
                2,
                &["instances", "at least 2"],
            );
        }
    }
}

#[test]
fn more_clusters_than_images_are_refused_before_training() {
    let program = Program::new();
    fs::write(
        program.path("own.toml"),
        "base = \"miniature\"\nname = \"own\"\n[adaptation]\nclustering = { clusters = 4000 }\n",
    )
    .unwrap();
    let mut command = program.command(&["--profile", "own.toml", "--task", "market-to-duke"]);
    let assert = command.arg("--domains-dir").arg(DOMAINS.path()).assert();
    fails(assert, 2, &["clusters: 4000 needed", "48 training images"]);
    assert!(!program.path("runs/own/pretrain").exists());
}

#[test]
fn without_records_of_the_tests_there_is_no_agreement_report() {
    let program = Program::new();
    let assert = program.command(&["agreement"]).assert();
    fails(assert, 1, &["target/agreement", "cargo test --test suite"]);
    assert_eq!(files(program.folder.path()), Vec::<PathBuf>::new(), "nothing is written");
}

fn real(program: &Program, root: &Path, arguments: &[&str]) -> assert_cmd::assert::Assert {
    let mut command =
        program.command(&["--profile", "miniature", "--out", "runs", "--method", "pre-trained"]);
    command.args(arguments).arg("--data-root").arg(root).assert()
}

#[test]
fn a_data_root_runs_and_absent_datasets_are_named() {
    let program = Program::new();
    let root = data_root(&program);
    let assert = real(&program, &root, &[]).success();
    assert!(String::from_utf8_lossy(&assert.get_output().stdout).contains("real"));
    // Only the tasks of the miniature profile; without Duke neither can run.
    fs::remove_dir_all(root.join("dukemtmc")).unwrap();
    fails(real(&program, &root, &[]), 1, &["bounding_box_train"]);
    let assert = real(&program, &root, &["--task", "market-to-msmt"]);
    if root.join("msmt17").exists() {
        assert.success();
    } else {
        fails(assert, 1, &["msmt17"]);
    }
}

#[test]
fn a_broken_image_is_named_and_nothing_is_half_written() {
    let program = Program::new();
    let root = data_root(&program);
    let folder = root.join("dukemtmc/DukeMTMC-reID/bounding_box_train");
    let image = fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
    let bytes = fs::read(&image).unwrap();
    let name = image.file_name().unwrap().to_str().unwrap();
    for broken in [&bytes[..bytes.len() / 2], b"no image", b""] {
        fs::write(&image, broken).unwrap();
        fails(real(&program, &root, &[]), 1, &[name]);
        assert!(!program.path("runs/miniature/adapt").exists());
    }
    fs::write(&image, &bytes).unwrap();
    for file in fs::read_dir(&folder).unwrap() {
        fs::remove_file(file.unwrap().path()).unwrap();
    }
    fails(real(&program, &root, &[]), 1, &["bounding_box_train"]);
}

#[test]
fn an_output_folder_that_cannot_be_made_is_named() {
    let program = Program::new();
    // A file in the way: unlike permissions, it stops the superuser, too.
    fs::write(program.out(), "").unwrap();
    fails(program.miniature(&[]).assert(), 1, &["runs"]);
}

#[test]
fn a_folder_without_runs_has_no_report() {
    let program = Program::new();
    fails(program.command(&["report", "nothing-here"]).assert(), 1, &["nothing-here"]);
}
