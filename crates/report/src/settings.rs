//! The settings of each row: the columns that every table of rows carries.

use std::collections::{BTreeMap, BTreeSet};

use mmt_vocabulary::{ClusteringKind, Method, Stage};
use polars::prelude::*;

use super::runs::RunRecords;

/// Names of the texts of a setting.
const NAMES: [&str; 5] = ["backbone", "initial weights", "clustering", "BN group", "learning rate"];

/// Settings of runs. Where runs that stand in one row differ, a text names all values.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Setting {
    pub backbone: String,
    /// `random`, or the beginning of a checkpoint's SHA-256.
    pub weights: String,
    /// `k-means 500`, `DBSCAN`, `none`.
    pub clustering: String,
    /// `whole batch`, or the number of images.
    pub bn_group: String,
    /// Adam's at the beginning of the stage that made the networks.
    pub learning_rate: String,
    /// Training time, mean over runs.
    pub minutes: Option<f64>,
}

impl Setting {
    /// The texts in the order of [`NAMES`].
    pub fn texts(&self) -> [&str; 5] {
        [&self.backbone, &self.weights, &self.clustering, &self.bn_group, &self.learning_rate]
    }

    /// `small, random init, k-means 100, BN 16, lr 0.00035`; empty where nothing was run.
    pub fn compact(&self) -> String {
        if self.backbone.is_empty() {
            return String::new();
        }
        let clustering = if self.clustering == "none" { "no clustering" } else { &self.clustering };
        let Self { backbone, weights, bn_group, learning_rate, .. } = self;
        format!("{backbone}, {weights} init, {clustering}, BN {bn_group}, lr {learning_rate}")
    }

    fn of_all(settings: &[&Self]) -> Self {
        let text = |at: usize| {
            let values: BTreeSet<&str> = settings.iter().map(|setting| setting.texts()[at]).collect();
            values.into_iter().filter(|value| !value.is_empty()).collect::<Vec<_>>().join(" / ")
        };
        let minutes: Vec<f64> = settings.iter().filter_map(|setting| setting.minutes).collect();
        Self {
            backbone: text(0),
            weights: text(1),
            clustering: text(2),
            bn_group: text(3),
            learning_rate: text(4),
            minutes: (!minutes.is_empty()).then(|| minutes.iter().sum::<f64>() / minutes.len() as f64),
        }
    }
}

/// The settings of all runs.
#[derive(Debug, Clone, Default)]
pub(super) struct Settings {
    /// Task, row and setting of each run.
    runs: Vec<(String, String, Setting)>,
}

impl Settings {
    /// Gathers the settings of checked runs.
    pub fn new(runs: &[RunRecords]) -> Self {
        let known: BTreeMap<&str, &RunRecords> =
            runs.iter().map(|run| (run.info.config.as_str(), run)).collect();
        let entry = |run: &RunRecords| (run.info.task.clone(), run.info.row.clone(), setting(run, &known));
        Self { runs: runs.iter().map(entry).collect() }
    }

    /// The setting of a row on `tasks`, its minutes a mean over tasks and seeds; of a row that was run on none of them that of its
    /// other tasks, without minutes.
    pub fn of(&self, tasks: &[String], row: &str) -> Setting {
        let all = || self.runs.iter().filter(|(_, name, _)| name == row);
        let found: Vec<&Setting> =
            all().filter(|(task, ..)| tasks.contains(task)).map(|(.., setting)| setting).collect();
        if !found.is_empty() {
            return Setting::of_all(&found);
        }
        let elsewhere: Vec<&Setting> = all().map(|(.., setting)| setting).collect();
        Setting { minutes: None, ..Setting::of_all(&elsewhere) }
    }

    /// The setting of a row over all its tasks.
    pub fn of_row(&self, row: &str) -> Setting {
        let found: Vec<&Setting> =
            self.runs.iter().filter(|(_, name, _)| name == row).map(|(.., setting)| setting).collect();
        Setting::of_all(&found)
    }
}

/// The texts that are not the same in all of `settings`, each with its name. Settings of nothing that was run are passed over.
pub(super) fn varying(settings: &[Setting]) -> Vec<(&'static str, Vec<String>)> {
    let of = |at: usize| settings.iter().map(move |setting| setting.texts()[at].to_owned());
    let differs = |at: usize| of(at).filter(|text| !text.is_empty()).collect::<BTreeSet<_>>().len() > 1;
    (0..NAMES.len()).filter(|at| differs(*at)).map(|at| (NAMES[at], of(at).collect())).collect()
}

/// Columns of a CSV.
pub(super) fn columns(settings: &[Setting]) -> Vec<Column> {
    let names = ["backbone", "initial_weights", "clustering", "bn_group", "learning_rate"];
    let text = |(at, name): (usize, &str)| {
        Column::new(
            name.into(),
            settings.iter().map(|setting| setting.texts()[at].to_owned()).collect::<Vec<_>>(),
        )
    };
    let mut columns: Vec<Column> = names.into_iter().enumerate().map(text).collect();
    let minutes: Vec<Option<f64>> = settings.iter().map(|setting| setting.minutes).collect();
    columns.push(Column::new("training_minutes".into(), minutes));
    columns
}

fn setting(run: &RunRecords, known: &BTreeMap<&str, &RunRecords>) -> Setting {
    let networks = trainings(run, known);
    let of = |text: &dyn Fn(&RunRecords) -> String, none: &str| {
        let values: BTreeSet<String> = networks.iter().map(|network| text(network)).collect();
        let values: Vec<String> = values.into_iter().collect();
        if values.is_empty() { none.to_owned() } else { values.join(" / ") }
    };
    let adapts = run.adaptation().is_some();
    let of_stage = |text: fn(&RunRecords, &str) -> String| {
        if adapts { text(run, "adaptation") } else { of(&|network| text(network, "pretraining"), "unknown") }
    };
    Setting {
        backbone: run.info.backbone.clone(),
        weights: of(&weights, "unknown"),
        clustering: clustering(run),
        bn_group: of_stage(group),
        learning_rate: of_stage(rate),
        minutes: if adapts { minutes(&[run]) } else { minutes(&networks) },
    }
}

/// The pre-trainings that a run goes back to, as far as they are at hand; of one of them itself.
fn trainings<'a>(run: &'a RunRecords, known: &BTreeMap<&str, &'a RunRecords>) -> Vec<&'a RunRecords> {
    if run.is_pretraining() {
        return vec![run];
    }
    let parents = run.parents().into_iter().filter_map(|parent| known.get(parent));
    parents.flat_map(|parent| trainings(parent, known)).collect()
}

/// Whether pre-training kept its best epoch rather than the last one: that of source networks, and that of the oracle.
pub(super) fn kept_best(runs: &[RunRecords]) -> [bool; 2] {
    let known: BTreeMap<&str, &RunRecords> = runs.iter().map(|run| (run.info.config.as_str(), run)).collect();
    let best = |run: &&RunRecords| {
        let settings = run.config.get("pretraining").and_then(|settings| settings.get("keep_best"));
        settings.and_then(|keep| keep.as_bool()) == Some(true)
    };
    [false, true].map(|oracle| {
        let own = runs
            .iter()
            .filter(|run| !run.is_pretraining() && (run.method() == Some(Method::Oracle)) == oracle);
        own.flat_map(|run| trainings(run, &known)).any(|network| best(&network))
    })
}

fn weights(network: &RunRecords) -> String {
    network.start().map_or("random".to_owned(), |sha256| sha256.chars().take(12).collect())
}

fn clustering(run: &RunRecords) -> String {
    let Some(clustering) = run.adaptation().and_then(|settings| settings.get("clustering")) else {
        return "none".to_owned();
    };
    let kind = clustering.get("kind").cloned().and_then(|kind| kind.try_into::<ClusteringKind>().ok());
    match (kind, run.clusters()) {
        (None, _) => "unknown".to_owned(),
        (Some(kind), None) => kind.to_string(),
        (Some(kind), Some(clusters)) => format!("{kind} {clusters}"),
    }
}

/// 0 is how settings say the whole batch.
fn group(run: &RunRecords, stage: &str) -> String {
    let batch = run.config.get(stage).and_then(|settings| settings.get("batch"));
    match batch.and_then(|batch| batch.get("bn_group")?.as_integer()) {
        Some(0) => "whole batch".to_owned(),
        Some(images) => images.to_string(),
        None => "unknown".to_owned(),
    }
}

fn rate(run: &RunRecords, stage: &str) -> String {
    let rate = run.config.get(stage).and_then(|settings| settings.get("learning_rate")?.as_float());
    rate.map_or("unknown".to_owned(), |rate| rate.to_string())
}

fn minutes(runs: &[&RunRecords]) -> Option<f64> {
    let timed =
        runs.iter().flat_map(|run| &run.timings).filter(|record| record.stage != Stage::Evaluation.name());
    let seconds: Vec<f64> = timed.map(|record| record.seconds).collect();
    (!seconds.is_empty()).then(|| seconds.iter().sum::<f64>() / 60.0)
}

#[cfg(test)]
mod tests {
    use super::super::fixture::Fixture;
    use super::super::runs::load;
    use super::*;

    const TASK: &str = "market-to-duke";

    #[test]
    fn settings_come_from_the_runs_and_from_what_they_build_on() {
        let fixture = Fixture::new();
        fixture.run(TASK, "mmt-k", "mmt", 1, &[0.2, 0.3, 0.4]);
        fixture.run(TASK, "pre-trained", "pre-trained", 1, &[0.2]);
        fixture.run("market", "pretrain", "pretrain", 1, &[0.3, 0.4]);
        let mut runs = load(&fixture.roots()).unwrap().runs;
        let text = "init = { sha256 = '0123456789abcdef' }\n[pretraining]\nlearning_rate = 0.00035\nbatch = { bn_group = 16 }";
        for run in &mut runs {
            if run.is_pretraining() {
                run.info.config = format!("start of {TASK} 1");
                run.config = text.parse().unwrap();
            }
        }
        let settings = Settings::new(&runs);
        let mmt = settings.of(&[TASK.to_owned()], "mmt-k");
        // Two epochs of a minute; the evaluation is not counted.
        assert_eq!(mmt.compact(), "small, 0123456789ab init, k-means 100, BN whole batch, lr 0.0014");
        assert_eq!(mmt.minutes, Some(2.0));
        let start = settings.of(&[TASK.to_owned()], "pre-trained");
        assert_eq!(start.texts(), ["small", "0123456789ab", "none", "16", "0.00035"]);
        assert_eq!(start.minutes, Some(1.0), "of its network");
        let elsewhere = settings.of(&["duke-to-market".to_owned()], "mmt-k");
        assert_eq!((elsewhere.clustering.as_str(), elsewhere.minutes), ("k-means 100", None));
    }

    /// The oracle's test set is the target's: an epoch that is kept there was chosen on what it is judged by.
    #[test]
    fn an_epoch_that_pre_training_chose_is_known() {
        let fixture = Fixture::new();
        fixture.run(TASK, "oracle", "oracle", 1, &[0.7]);
        fixture.run(TASK, "pre-trained", "pre-trained", 2, &[0.2]);
        fixture.run("duke", "pretrain", "pretrain", 1, &[0.3, 0.4]);
        fixture.run("market", "pretrain", "pretrain", 2, &[0.3, 0.4]);
        let kept = |of: u64| {
            let mut runs = load(&fixture.roots()).unwrap().runs;
            for run in runs.iter_mut().filter(|run| run.is_pretraining()) {
                run.info.config = format!("start of {TASK} {}", run.info.seed);
                let best = run.info.seed == of;
                run.config = format!("[pretraining]\nkeep_best = {best}").parse().unwrap();
            }
            kept_best(&runs)
        };
        assert_eq!([kept(0), kept(1), kept(2)], [[false, false], [false, true], [true, false]]);
    }

    #[test]
    fn values_that_differ_are_all_named() {
        let one = Setting { weights: "random".to_owned(), minutes: Some(1.0), ..Setting::default() };
        let two = Setting { weights: "0123".to_owned(), minutes: Some(2.0), ..Setting::default() };
        let both = Setting::of_all(&[&one, &two, &one]);
        assert_eq!((both.weights.as_str(), both.minutes), ("0123 / random", Some(4.0 / 3.0)));
    }
}
