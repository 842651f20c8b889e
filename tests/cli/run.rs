//! Whole runs of the miniature profile.

use std::fs;
use std::path::Path;

use mmt::record::{
    EVALUATIONS, EvaluationRecord, QUERIES, QueryRecord, RANKED_IMAGES, RANKED_LISTS, RankedRecord, Split,
    TENSORBOARD, read_csv,
};

use super::{Program, fails, files};

/// Every record of a run that must be the same in an equal one.
pub fn records(folder: &Path) -> Vec<(String, Vec<u8>)> {
    files(folder)
        .into_iter()
        .filter(|path| {
            [
                "epochs.csv",
                "evaluations.csv",
                "labels.csv",
                "queries.csv",
                "galleries.csv",
                "galleries.jpg",
                TENSORBOARD,
            ]
            .iter()
            .any(|name| path.ends_with(name))
        })
        .map(|path| (path.display().to_string(), fs::read(folder.join(&path)).unwrap()))
        .collect()
}

#[test]
fn a_run_ends_with_tables_and_figures_and_an_equal_one_with_equal_records() {
    let (one, two) = (Program::new(), Program::new());
    let assert = one.miniature(&[]).assert().success();
    let text = String::from_utf8_lossy(&assert.get_output().stdout).into_owned();
    for part in [
        "Market-like → Duke-like",
        "Pre-trained",
        "Baseline",
        "MMT-6",
        "Oracle",
        "synthetic",
        "mAP",
        "top-10",
    ] {
        assert!(text.contains(part), "`{part}` is not in: {text}");
    }
    let folder = one.out().join("miniature");
    let page = text.lines().last().and_then(|line| line.strip_prefix("open ")).unwrap();
    assert!(page.ends_with("report.html") && Path::new(page).exists(), "{text}");
    for name in ["figures/map_over_epochs.png", "figures/map_by_task.svg", "tables/results_last_epoch.csv"] {
        assert!(folder.join("report").join(name).exists(), "{name}");
    }
    two.miniature(&[]).assert().success();
    let first = records(&folder);
    // Three rows that adapt or not and two pairs of pre-trainings, each with its evaluations.
    assert_eq!(first.iter().filter(|(name, _)| name.ends_with("evaluations.csv")).count(), 4 + 4);
    assert!(first.iter().any(|(name, _)| name.ends_with(TENSORBOARD)));
    assert_eq!(first, records(&two.out().join("miniature")));
}

/// Every query of every network has its average precision, and their mean is the recorded mAP.
#[test]
fn queries_and_ranked_lists_are_recorded_of_the_last_epoch() {
    let program = Program::new();
    program.miniature(&["--method", "mmt"]).assert().success();
    let folder = program.out().join("miniature/adapt/market-to-duke/mmt-k/domain-1/seed-1");
    let evaluations: Vec<EvaluationRecord> = read_csv(&folder.join(EVALUATIONS)).unwrap();
    let queries: Vec<QueryRecord> = read_csv(&folder.join(QUERIES)).unwrap();
    let last = evaluations.iter().map(|record| record.epoch).max().unwrap();
    assert!(queries.iter().all(|record| record.epoch == last));
    let at_end: Vec<_> = evaluations.iter().filter(|record| record.epoch == last).collect();
    assert_eq!(at_end.len(), 4, "two mean networks and two students");
    for found in at_end {
        let of: Vec<f64> =
            queries.iter().filter(|record| record.network == found.network).map(|record| record.ap).collect();
        assert!((of.iter().sum::<f64>() / of.len() as f64 - found.map).abs() < 1e-12, "{}", found.network);
    }
    let lists: Vec<RankedRecord> = read_csv(&folder.join(RANKED_LISTS)).unwrap();
    let mut chosen: Vec<usize> = lists.iter().map(|record| record.query).collect();
    chosen.dedup();
    assert!(!chosen.is_empty() && chosen.is_sorted());
    for query in &chosen {
        let list: Vec<_> = lists.iter().filter(|record| record.query == *query).collect();
        let ap = queries
            .iter()
            .find(|record| record.network == list[0].network && record.query == *query)
            .unwrap()
            .ap;
        assert!(
            list.len() > 1
                && list.iter().enumerate().all(|(at, record)| record.rank == at && record.ap == ap)
        );
        assert!(list.windows(2).all(|pair| pair[0].distance <= pair[1].distance + 1e-6), "nearest first");
        assert!(list.iter().all(|record| record.right == (record.identity == list[0].identity)));
        let same_shot =
            |record: &&&RankedRecord| (record.identity, record.camera) == (list[0].identity, list[0].camera);
        assert_eq!(list.iter().filter(same_shot).count(), 1, "only the query itself");
    }
    let sheet = image::open(folder.join(RANKED_IMAGES)).unwrap();
    assert_eq!((sheet.width() % 11, sheet.height() as usize % chosen.len()), (0, 0));
}

#[test]
fn a_finished_run_is_not_run_again_and_a_stopped_one_goes_on() {
    let program = Program::new();
    program.miniature(&["--method", "mmt"]).assert().success();
    let folder = program.out().join("miniature");
    let adapted = folder.join("adapt/market-to-duke/mmt-k/domain-1/seed-1");
    let before =
        (records(&folder), fs::metadata(adapted.join("checkpoint.safetensors")).unwrap().modified().unwrap());
    program.miniature(&["--method", "mmt"]).assert().success();
    let after =
        (records(&folder), fs::metadata(adapted.join("checkpoint.safetensors")).unwrap().modified().unwrap());
    assert_eq!(before, after);
    // As if the power had failed after the last epoch's checkpoint, and then within the first epoch.
    fs::remove_file(adapted.join("DONE")).unwrap();
    program.miniature(&["--method", "mmt"]).assert().success();
    assert_eq!(records(&folder), before.0);
    fs::remove_file(adapted.join("DONE")).unwrap();
    fs::remove_file(adapted.join("checkpoint.safetensors")).unwrap();
    program.miniature(&["--method", "mmt"]).assert().success();
    assert_eq!(records(&folder), before.0);
}

#[test]
fn a_run_of_other_settings_is_refused_and_names_them() {
    let program = Program::new();
    program.miniature(&["--method", "pre-trained"]).assert().success();
    let profile = program.path("own.toml");
    fs::write(&profile, "base = \"miniature\"\n[pretraining]\nweight_decay = 0.125\n").unwrap();
    let mut command =
        program.command(&["--profile", "own.toml", "--task", "market-to-duke", "--method", "pre-trained"]);
    let assert =
        command.arg("--out").arg(program.out()).arg("--domains-dir").arg(super::DOMAINS.path()).assert();
    fails(assert, 2, &["weight_decay", "--out"]);
}

#[test]
fn runs_that_re_rank_record_both() {
    let program = Program::new();
    let assert = program.miniature(&["--method", "baseline", "--rerank"]).assert().success();
    let said = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
    assert!(said.contains("re-ranked mAP"), "{said}");
    let adapted =
        program.out().join("miniature/adapt/market-to-duke/baseline/domain-1/seed-1/evaluations.csv");
    let evaluations: Vec<EvaluationRecord> = read_csv(&adapted).unwrap();
    let of = |split| -> Vec<f64> {
        evaluations.iter().filter(|record| record.split == split).map(|record| record.map).collect()
    };
    let (plain, re_ranked) = (of(Split::TargetTest), of(Split::TargetTestReRanked));
    // Two networks, epochs 0 to 2.
    assert_eq!((plain.len(), re_ranked.len()), (6, 6));
    assert_ne!(plain, re_ranked);
    let text = String::from_utf8_lossy(&assert.get_output().stdout).into_owned();
    let again = Program::new().miniature(&["--method", "baseline"]).assert().success();
    assert!(text.contains("Results with re-ranking"), "{text}");
    let table = |text: &str| text.lines().find(|line| line.contains("Baseline")).unwrap().to_owned();
    assert_eq!(
        table(&text),
        table(&String::from_utf8_lossy(&again.get_output().stdout)),
        "tables show plain ranks"
    );
    fails(program.miniature(&["--method", "baseline"]).assert(), 2, &["rerank"]);
}

#[test]
fn the_report_can_be_made_again() {
    let program = Program::new();
    program.miniature(&["--method", "pre-trained", "--quiet"]).assert().success();
    let folder = program.out().join("miniature");
    fs::remove_dir_all(folder.join("report")).unwrap();
    let assert = program.command(&["report", folder.to_str().unwrap()]).assert().success();
    assert!(String::from_utf8_lossy(&assert.get_output().stdout).contains("Pre-trained"));
    assert!(folder.join("report/report.md").exists());
}

/// SIGINT in the middle of a run: it ends soon, and the same command goes on from there.
#[cfg(unix)]
#[test]
fn ctrl_c_leaves_a_run_that_goes_on() {
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    let program = Program::new();
    let profile = program.path("long.toml");
    fs::write(&profile, "base = \"miniature\"\nname = \"long\"\n[adaptation]\nepochs = 4\nsteps = 20\n")
        .unwrap();
    let arguments = |command: &mut Command| {
        command.args([
            "--profile",
            "long.toml",
            "--task",
            "market-to-duke",
            "--method",
            "mmt",
            "--out",
            "runs",
        ]);
        command.arg("--domains-dir").arg(super::DOMAINS.path()).current_dir(program.folder.path());
        command.stdout(Stdio::null()).stderr(Stdio::null());
    };
    let mut command = Command::new(assert_cmd::cargo::cargo_bin("reproduce"));
    arguments(&mut command);
    let mut child = command.spawn().unwrap();
    let adapted = program.out().join("long/adapt/market-to-duke/mmt-k/domain-1/seed-1");
    let patience = Instant::now();
    while !adapted.join("checkpoint.safetensors").exists() && patience.elapsed() < Duration::from_secs(120) {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(130));
    assert!(!adapted.join("DONE").exists(), "it was over before it could be stopped");
    let mut command = Command::new(assert_cmd::cargo::cargo_bin("reproduce"));
    arguments(&mut command);
    assert!(command.status().unwrap().success());
    assert!(adapted.join("DONE").exists());
    let whole = Program::new();
    fs::copy(&profile, whole.path("long.toml")).unwrap();
    let mut command = Command::new(assert_cmd::cargo::cargo_bin("reproduce"));
    arguments(&mut command);
    assert!(command.current_dir(whole.folder.path()).status().unwrap().success());
    assert_eq!(records(&program.out()), records(&whole.out()));
}
