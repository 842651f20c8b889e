//! The published code's values: every case of `tests/golden/manifest.json` (or of the folder `MMT_GOLDEN_DIR` names),
//! run by the reference and by the fast code in f64 and f32. Sizes, seeds, parameters and tolerances come from there.

mod clustering;
mod datasets;
mod dbscan_script;
mod evaluation;
mod losses;
mod models;
mod reference_network;
mod run;
mod samplers;
mod schedules;
mod serialization;
mod trajectories;
mod transforms;

use std::collections::{BTreeMap, BTreeSet};

use mmt_testkit::devices::{self, say};
use mmt_testkit::golden::Golden;
use mmt_testkit::tolerance::place;
use mmt_testkit::{Failure, Trial};

use run::{Outcome, Run};

/// How the cases of a group are run.
type Dispatch = fn(&mut Run) -> Trial;

/// Every group this suite runs.
const GROUPS: &[(&str, Dispatch)] = &[
    ("clustering", clustering::clustering),
    ("datasets", datasets::datasets),
    ("evaluation", evaluation::evaluation),
    ("losses", losses::losses),
    ("models", models::models),
    ("objective", losses::objective),
    ("samplers", samplers::samplers),
    ("schedules", schedules::schedules),
    ("serialization", serialization::serialization),
    ("trajectories", trajectories::trajectories),
    ("transforms", transforms::transforms),
];

/// Groups whose cases hold tensors.
const ON_DEVICES: [&str; 6] = ["clustering", "evaluation", "losses", "models", "objective", "trajectories"];

#[test]
fn clustering() {
    check("clustering");
}

#[test]
fn datasets() {
    check("datasets");
}

#[test]
fn evaluation() {
    check("evaluation");
}

#[test]
fn losses() {
    check("losses");
}

#[test]
fn models() {
    check("models");
}

#[test]
fn objective() {
    check("objective");
}

#[test]
fn samplers() {
    check("samplers");
}

#[test]
fn schedules() {
    check("schedules");
}

#[test]
fn serialization() {
    check("serialization");
}

#[test]
fn trajectories() {
    check("trajectories");
}

#[test]
fn transforms() {
    check("transforms");
}

#[test]
fn every_group_of_the_manifest_is_known_and_none_is_empty() {
    let golden = Golden::open().unwrap();
    let known: BTreeSet<&str> = GROUPS.iter().map(|(name, _)| *name).collect();
    assert_eq!(known.len(), GROUPS.len(), "a group is listed twice");
    let found: BTreeSet<&str> = golden.groups().into_keys().collect();
    assert_eq!(found, known, "groups of the manifest, and those this suite knows");
}

/// Runs all cases of a group on every device; prints what was compared and left out; fails with every case that does not agree.
fn check(group: &str) {
    let golden = Golden::open().unwrap();
    if !ON_DEVICES.contains(&group) {
        return check_here(&golden, group, "");
    }
    for device in devices::devices() {
        devices::on(device, || check_here(&golden, group, &format!(" on {}", place(device).name())));
    }
}

/// Runs all cases of a group on the device of the running test.
fn check_here(golden: &Golden, group: &str, place: &str) {
    let (_, dispatch) = GROUPS.iter().find(|(name, _)| *name == group).unwrap();
    let cases = golden.group(group);
    let mut failures = Vec::new();
    let mut summary = Summary::default();
    for case in &cases {
        devices::fresh();
        let mut run = Run::new(case);
        match dispatch(&mut run).and_then(|()| run.finish()) {
            Ok(outcome) => summary.add(&outcome),
            Err(failure) => failures.push(failure.at(case.name()).0),
        }
    }
    summary.print(&format!("{group}{place}"), cases.len());
    assert!(failures.is_empty(), "{} of {} cases:\n{}", failures.len(), cases.len(), failures.join("\n"));
    assert!(!summary.compared.is_empty(), "no case of the group {group} was compared");
}

/// A function the suite does not know is a failure, not a silent gap.
fn unknown_function(run: &Run) -> Trial {
    Err(Failure::new(format!("no test knows the function {}", run.case.function())))
}

/// Counts over the cases of a group.
#[derive(Default)]
struct Summary {
    compared: BTreeMap<String, (usize, f64)>,
    skipped: BTreeMap<String, usize>,
}

impl Summary {
    fn add(&mut self, outcome: &Outcome) {
        for (side, &share) in &outcome.compared {
            let entry = self.compared.entry(side.to_string()).or_default();
            *entry = (entry.0 + 1, entry.1.max(share));
        }
        for (side, reason) in &outcome.skipped {
            *self.skipped.entry(format!("{side}: {reason}")).or_default() += 1;
        }
        for (side, stem, reason) in &outcome.skipped_outputs {
            *self.skipped.entry(format!("{side}, output {stem} alone: {reason}")).or_default() += 1;
        }
    }

    fn print(&self, group: &str, cases: usize) {
        let mut text = format!("golden {group}: {cases} cases");
        for (side, (count, share)) in &self.compared {
            text +=
                &format!("\n  {side}: {count} compared, worst error {:.1} % of the allowed", 100.0 * share);
        }
        for (reason, count) in &self.skipped {
            text += &format!("\n  skipped {count} ({reason})");
        }
        say(&text);
    }
}
