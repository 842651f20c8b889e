//! DBSCAN rows from one command: noise is left out, eps stays, a run goes on, and a clustering that finds too little ends it.

use std::fs;
use std::path::{Path, PathBuf};

use mmt::model::read_tensors;
use mmt::record::{LABELS, LabelRecord, read_csv};

use super::run::records;
use super::{DOMAINS, Program, fails};

/// Images of the miniature training set.
const IMAGES: usize = 48;
const ROWS: [&str; 2] = ["baseline-dbscan", "mmt-dbscan"];

/// A profile of both rows that adapts for `epochs` epochs.
fn profile(program: &Program, epochs: usize, settings: &str) {
    let text = format!(
        "base = \"miniature\"\nname = \"density\"\n[adaptation]\nepochs = {epochs}\n\
         clustering = {{ kind = \"dbscan\", {settings} }}\n\
         [[rows]]\nname = \"baseline-dbscan\"\nmethod = \"baseline\"\n\
         [[rows]]\nname = \"mmt-dbscan\"\nmethod = \"mmt\"\n"
    );
    fs::write(program.path("density.toml"), text).unwrap();
}

fn run(program: &Program) -> assert_cmd::assert::Assert {
    let mut command =
        program.command(&["--profile", "density.toml", "--task", "market-to-duke", "--threads", "2"]);
    command.arg("--out").arg(program.out()).arg("--domains-dir").arg(DOMAINS.path()).assert()
}

fn folder(program: &Program, row: &str) -> PathBuf {
    program.out().join("density/adapt/market-to-duke").join(row).join("domain-1/seed-1")
}

fn eps(folder: &Path) -> f64 {
    read_tensors(&folder.join("checkpoint.safetensors")).unwrap()["eps"].double_value(&[])
}

/// Few neighbours and a large share: 48 images have 1128 distances.
const SETTINGS: &str = "k1 = 6, k2 = 2, rho = 0.08, min_samples = 3";

#[test]
fn dbscan_rows_run_go_on_and_keep_eps() {
    let program = Program::new();
    profile(&program, 2, SETTINGS);
    let assert = run(&program).success();
    let text = String::from_utf8_lossy(&assert.get_output().stdout).into_owned();
    assert!(text.contains("Baseline-DBSCAN") && text.contains("MMT-DBSCAN"), "{text}");
    let whole = records(&program.out());

    let short = Program::new();
    profile(&short, 1, SETTINGS);
    run(&short).success();
    for row in ROWS {
        let labels: Vec<LabelRecord> = read_csv(&folder(&program, row).join(LABELS)).unwrap();
        assert_eq!(labels.len(), 2);
        assert!(labels.iter().all(|epoch| epoch.clusters >= 2 && epoch.unassigned < IMAGES), "{labels:?}");
        assert!(
            labels.iter().any(|epoch| epoch.unassigned > 0),
            "no noise, so nothing is tested: {labels:?}"
        );
        assert_eq!(eps(&folder(&program, row)), eps(&folder(&short, row)), "{row}: eps of the first epoch");
        // As if the power had failed in the second epoch.
        let checkpoint = |program: &Program| folder(program, row).join("checkpoint.safetensors");
        fs::copy(checkpoint(&short), checkpoint(&program)).unwrap();
        fs::remove_file(folder(&program, row).join("DONE")).unwrap();
    }
    run(&program).success();
    assert_eq!(records(&program.out()), whole);
}

#[test]
fn a_clustering_that_finds_too_little_ends_the_run_and_keeps_what_was_done() {
    let program = Program::new();
    profile(&program, 2, "k1 = 6, k2 = 2, rho = 1.6e-3, min_samples = 40");
    let parts =
        ["dbscan", "clustering of epoch 1", "0 clusters", "48 noise images among 48", "eps 0.", "rho"];
    fails(run(&program), 1, &parts);
    let start = program.out().join("density/adapt/market-to-duke/pre-trained/domain-1/seed-1");
    assert!(start.join("DONE").exists(), "the start is kept");
    let kept = fs::metadata(start.join("evaluations.csv")).unwrap().modified().unwrap();
    for row in ROWS {
        let adapted = folder(&program, row);
        assert!(!adapted.join("DONE").exists() && !adapted.join(LABELS).exists());
    }
    fails(run(&program), 1, &parts);
    assert_eq!(fs::metadata(start.join("evaluations.csv")).unwrap().modified().unwrap(), kept);
}

#[test]
fn settings_that_so_few_images_cannot_meet_are_refused_before_training() {
    let program = Program::new();
    for (settings, part) in [
        ("k1 = 6, k2 = 49, rho = 0.03, min_samples = 3", "k2: 49 needed, 48 given"),
        // 1128 distances, of which none is asked for.
        (
            "k1 = 6, k2 = 2, rho = 4e-4, min_samples = 3",
            "a larger rho takes more of them): 1251 needed, 1128 given",
        ),
    ] {
        profile(&program, 1, settings);
        fails(run(&program), 2, &["baseline-dbscan", part, "48 training images"]);
        assert!(!program.out().join("density/pretrain").exists());
    }
}
