//! Experiments, plans and shards.

use std::fs;

use mmt::experiment::{Experiment, Profile};
use mmt::record::{EpochRecord, EvaluationRecord, NetworkName, read_csv};

use super::run::records;
use super::{Program, fails, files};

#[test]
fn unknown_experiments_and_shards_are_usage_errors() {
    let program = Program::new();
    fs::write(
        program.path("own.toml"),
        "name = \"own\"\n[[rows]]\nname = \"x\"\nadaptation = { alpha = 2.0 }\n",
    )
    .unwrap();
    fs::write(
        program.path("typo.toml"),
        "name = \"typo\"\n[[rows]]\nname = \"x\"\nadaption = { alpha = 0.5 }\n",
    )
    .unwrap();
    fs::write(
        program.path("heavy.toml"),
        "name = \"heavy\"\n[[rows]]\nname = \"x\"\nadaptation = { weight_decay = inf }\n",
    )
    .unwrap();
    for (arguments, parts) in [
        (&["--experiment", "heavy.toml"][..], &["heavy", "weight_decay"][..]),
        (&["--experiment", "table9"], &["table9", "table2", "sensitivity"]),
        (&["--experiment", "own.toml"], &["own", "alpha"]),
        (&["--experiment", "typo.toml"], &["adaption"]),
        (&["--shard", "3/2"], &["3/2", "I/N"]),
        (&["plan", "--profile", "slow"], &["slow"]),
    ] {
        fails(program.command(arguments).assert(), 2, parts);
    }
    assert_eq!(files(program.folder.path()).len(), 3, "nothing is written");
}

/// Returns what `plan` prints for the miniature profile's one task.
fn plan(program: &Program, arguments: &[&str]) -> String {
    let assert = program.miniature_by(&["plan"], arguments).assert().success();
    String::from_utf8_lossy(&assert.get_output().stdout).into_owned()
}

/// The line of a job.
fn line<'a>(plan: &'a str, job: &str) -> &'a str {
    plan.lines().find(|line| line.contains(job)).unwrap_or_else(|| panic!("no {job} in {plan}"))
}

#[test]
fn a_plan_says_what_is_done_and_how_long_the_rest_takes() {
    let program = Program::new();
    let before = plan(&program, &[]);
    assert_eq!(before.matches("missing").count(), 8 + 1, "{before}");
    assert!(before.contains("unknown") && before.contains("0/2"), "{before}");
    assert!(before.contains("memory: about ") && before.contains(" MiB for a job in training"), "{before}");
    assert!(!program.out().exists(), "a plan makes nothing");
    program.miniature(&["--method", "mmt"]).assert().success();
    let after = plan(&program, &[]);
    assert!(line(&after, "mmt-k").contains("done"), "{after}");
    assert!(
        line(&after, "duke pretrain 1").contains("missing")
            && !line(&after, "duke pretrain 1").contains("unknown")
    );
    assert!(line(&after, "baseline").contains("unknown"), "no baseline has run: {after}");
    // As if it had been stopped after its second epoch's checkpoint.
    let adapted = program.out().join("miniature/adapt/market-to-duke/mmt-k/domain-1/seed-1");
    fs::remove_file(adapted.join("DONE")).unwrap();
    let stopped = plan(&program, &["--method", "mmt"]);
    let stopped = line(&stopped, "mmt-k");
    assert!(stopped.contains("partly") && stopped.contains("2/2"), "{stopped}");
    // Another machine's seconds say nothing about this one.
    for file in files(&program.out()).iter().filter(|file| file.ends_with("environment.json")) {
        let path = program.out().join(file);
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replace("threads\"", "threads, elsewhere\"")).unwrap();
    }
    assert!(line(&plan(&program, &[]), "duke pretrain 1").contains("unknown"));
}

#[test]
fn a_plan_lists_the_rows_of_every_experiment() {
    let program = Program::new();
    let profile = Profile::load("miniature").unwrap();
    for name in Experiment::names() {
        let rows = Experiment::load(name).unwrap().of(&profile).unwrap().rows;
        assert!(rows.len() >= 3, "{name}");
        let plan = plan(&program, &["--experiment", name]);
        for row in rows {
            assert!(
                line(&plan, &format!("market-to-duke {} domain 1 seed 1", row.name)).contains("missing"),
                "{name}: {plan}"
            );
        }
    }
}

#[test]
fn shards_together_are_the_whole_run() {
    let (whole, parts) = (Program::new(), Program::new());
    whole.miniature(&[]).assert().success();
    let mut before = 0;
    for shard in ["1/2", "2/2"] {
        parts.miniature_by(&["run"], &["--shard", shard]).assert().success();
        let now = records(&parts.out()).len();
        assert!(now > before, "{shard} has nothing to do");
        before = now;
    }
    assert_eq!(records(&parts.out()), records(&whole.out()));
    assert!(!parts.out().join("miniature/report").exists(), "parts make no report");
}

#[test]
fn two_at_once_share_the_work() {
    let (shared, alone) = (Program::new(), Program::new());
    alone.miniature(&[]).assert().success();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| shared.miniature(&[]).assert().success());
        }
    });
    assert_eq!(records(&shared.out()), records(&alone.out()));
}

#[test]
fn ablations_run_and_differ_from_the_full_method_where_they_should() {
    let program = Program::new();
    let switches = "name = \"switches\"\nprofile_rows = [\"mmt\"]\n\
         [[rows]]\nname = \"kept-classifier\"\nadaptation = { reset_classifier = false }\n\
         [[rows]]\nname = \"kept-optimizer\"\nadaptation = { reset_optimizer = false }\n\
         [[rows]]\nname = \"by-students\"\nadaptation = { cluster_features = \"networks\" }\n";
    fs::write(program.path("switches.toml"), switches).unwrap();
    program.miniature(&["--experiment", "table2"]).assert().success();
    program.miniature(&["--experiment", "switches.toml"]).assert().success();
    let task = program.out().join("miniature/adapt/market-to-duke");
    let losses = |row: &str, epoch: usize| -> Vec<(String, f64)> {
        let records: Vec<EpochRecord> = read_csv(&task.join(row).join("domain-1/seed-1/epochs.csv")).unwrap();
        records
            .into_iter()
            .filter(|record| record.epoch == epoch)
            .map(|record| (record.loss, record.value))
            .collect()
    };
    // These switches come in with the second epoch.
    for row in ["kept-classifier", "kept-optimizer", "by-students"] {
        assert_eq!(losses(row, 1), losses("mmt-k", 1), "{row}");
        assert_ne!(losses(row, 2), losses("mmt-k", 2), "{row}");
    }
    for row in ["without-soft-ce", "without-soft-tri", "without-mean-networks", "only-soft", "without-ce"] {
        assert_ne!(losses(row, 1), losses("mmt-k", 1), "{row}");
    }
    let networks = |row: &str| -> Vec<String> {
        let path = task.join(row).join("domain-1/seed-1/evaluations.csv");
        let records: Vec<EvaluationRecord> = read_csv(&path).unwrap();
        records
            .into_iter()
            .filter(|record| record.epoch == 2)
            .map(|record| record.network.to_string())
            .collect()
    };
    assert_eq!(networks("without-second-network"), ["network-1", "student-1"]);
    assert_eq!(networks("without-mean-networks"), ["network-1", "network-2"]);
    assert_eq!(losses("without-second-network", 1).len(), 5);
    let report =
        program.command(&["report", program.out().join("miniature").to_str().unwrap()]).assert().success();
    let (text, warnings) = (&report.get_output().stdout, &report.get_output().stderr);
    let words: Vec<String> = String::from_utf8_lossy(text).split_whitespace().map(str::to_owned).collect();
    assert!(words.join(" ").contains("MMT w/o θ₂"), "{words:?}");
    assert_eq!(String::from_utf8_lossy(warnings), "", "no row is left out");
}

#[test]
fn an_optimizer_that_is_kept_is_kept_over_an_interruption() {
    let (whole, stopped) = (Program::new(), Program::new());
    let run = |program: &Program, epochs: usize| {
        let text = format!(
            "base = \"miniature\"\nname = \"kept\"\n[adaptation]\nepochs = {epochs}\nreset_optimizer = false\n\
             [[rows]]\nname = \"mmt-k\"\nmethod = \"mmt\"\n"
        );
        fs::write(program.path("kept.toml"), text).unwrap();
        let mut command =
            program.command(&["--profile", "kept.toml", "--task", "market-to-duke", "--threads", "2"]);
        command.arg("--out").arg(program.out()).arg("--domains-dir").arg(super::DOMAINS.path());
        command.assert().success();
        program.out().join("kept/adapt/market-to-duke/mmt-k/domain-1/seed-1")
    };
    let one = run(&stopped, 1);
    let two = run(&whole, 2);
    let expected = records(&whole.out());
    // As if the power had failed in the second epoch.
    fs::copy(one.join("checkpoint.safetensors"), two.join("checkpoint.safetensors")).unwrap();
    fs::remove_file(two.join("DONE")).unwrap();
    run(&whole, 2);
    assert_eq!(records(&whole.out()), expected);
}

#[test]
fn dbscan_options_and_paper_vs_code_run_into_one_report() {
    let program = Program::new();
    let experiments = ["dbscan-column", "options", "paper-vs-code"];
    for name in experiments {
        program.miniature(&["--experiment", name]).assert().success();
    }
    let task = program.out().join("miniature/adapt/market-to-duke");
    let profile = Profile::load("miniature").unwrap();
    for name in experiments {
        for row in Experiment::load(name).unwrap().of(&profile).unwrap().rows {
            assert!(task.join(&row.name).join("domain-1/seed-1/DONE").exists(), "{name}: {}", row.name);
        }
    }
    for row in ["baseline-single", "baseline-single-dbscan"] {
        let folder = task.join(row).join("domain-1/seed-1");
        let losses: Vec<EpochRecord> = read_csv(&folder.join("epochs.csv")).unwrap();
        let losses: Vec<&str> = losses.iter().map(|record| record.loss.as_str()).collect();
        assert_eq!(losses, ["ce_1", "tri_1", "total"].repeat(2), "{row}");
        let evaluations: Vec<EvaluationRecord> = read_csv(&folder.join("evaluations.csv")).unwrap();
        assert_eq!(evaluations.len(), 3, "{row}: epochs 0 to 2");
        assert!(evaluations.iter().all(|record| record.network == NetworkName::Answering(1)), "{row}");
    }
    for row in ["baseline-dbscan", "mmt-dbscan", "baseline-single-dbscan"] {
        let config = fs::read_to_string(task.join(row).join("domain-1/seed-1/config.toml")).unwrap();
        assert!(config.contains("kind = \"dbscan\""), "{row}: {config}");
    }
    let report =
        program.command(&["report", program.out().join("miniature").to_str().unwrap()]).assert().success();
    let text = String::from_utf8_lossy(&report.get_output().stdout).into_owned();
    for part in ["Baseline-DBSCAN", "MMT-DBSCAN", "Baseline-single-DBSCAN", "classifier kept"] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    assert_eq!(String::from_utf8_lossy(&report.get_output().stderr), "", "no row is left out");
    let claims = fs::read_to_string(program.out().join("miniature/report/tables/claims.csv")).unwrap();
    assert!(claims.contains("MMT-DBSCAN is above Baseline-DBSCAN"), "{claims}");
}
