//! Everything that all tables of a report share: which runs they are of, and what that means for the numbers.

use std::collections::BTreeSet;

use mmt_vocabulary::record::DomainKind;
use polars::prelude::*;

use super::names::{Labels, task_label};
use super::runs::{Loaded, RunRecords};
use super::settings::{self, Settings};

/// Everything that all tables of a report share.
#[derive(Debug, Clone)]
pub(super) struct Context {
    /// Where the images come from.
    pub domains: DomainKind,
    /// Tasks that were not run, runs that were left out, and why.
    pub notes: Vec<String>,
    /// The settings that the rows were run with.
    pub settings: Settings,
    labels: Labels,
    profile: String,
    backbones: String,
    /// Whether the source networks, and the oracle's, are those of their best epoch.
    kept_best: [bool; 2],
    /// The starts of the source networks: the SHA-256 of a checkpoint; none for random weights.
    starts: BTreeSet<Option<String>>,
}

impl Context {
    /// The context of checked runs; there is at least one.
    pub fn new(loaded: &Loaded, left_out: &[(String, String)]) -> Self {
        let backbones: BTreeSet<&str> = loaded.runs.iter().map(|run| run.info.backbone.as_str()).collect();
        let first = loaded.runs.first().map(|run| &run.info);
        let domains = first.map_or(DomainKind::Synthetic, |info| info.domains);
        let tasks =
            left_out.iter().map(|(task, reason)| format!("not run: {}: {reason}", task_label(task, domains)));
        Self {
            domains,
            kept_best: settings::kept_best(&loaded.runs),
            notes: tasks.chain(loaded.warnings.iter().cloned()).map(|note| note.replace('\n', " ")).collect(),
            settings: Settings::new(&loaded.runs),
            labels: Labels::new(&loaded.runs),
            profile: first.map_or(String::new(), |info| info.profile.clone()),
            backbones: backbones.into_iter().collect::<Vec<_>>().join(", "),
            starts: loaded.runs.iter().filter(|run| run.is_pretraining()).map(RunRecords::start).collect(),
        }
    }

    /// Says in a sentence what the source networks started from; empty where no pre-training is among the runs.
    pub fn starts(&self) -> String {
        let name = |start: &Option<String>| match start {
            None => "random weights".to_owned(),
            Some(sha256) => format!("a checkpoint (SHA-256 {})", &sha256[..sha256.len().min(12)]),
        };
        let names: Vec<String> = self.starts.iter().map(name).collect();
        if names.is_empty() {
            String::new()
        } else {
            format!("Source networks started from {}.", names.join(" and "))
        }
    }

    /// Says what was chosen before adaptation, in sentences with a space at the end; empty where nothing was.
    pub fn kept_best(&self) -> String {
        let [source, oracle] = self.kept_best;
        let mut text = String::new();
        if source {
            text += "Source networks are those of their best epoch on the source's test set. ";
        }
        if oracle {
            text += "The oracle's networks are those of their best epoch on the target's test set, which flatters the oracle. ";
        }
        text
    }

    /// `Market-like → Duke-like` on drawn domains, `Market → Duke` on real data.
    pub fn task(&self, task: &str) -> String {
        task_label(task, self.domains)
    }

    /// Returns the name of a row in tables.
    pub fn row(&self, row: &str) -> String {
        self.labels.of(row)
    }

    /// `synthetic domains, profile quick, backbone small`.
    pub fn label(&self) -> String {
        format!("{}, profile {}, backbone {}", self.domains(), self.profile, self.backbones)
    }

    /// `synthetic domains` or `real data`.
    pub fn domains(&self) -> &'static str {
        match self.domains {
            DomainKind::Synthetic => "synthetic domains",
            DomainKind::Real => "real data",
        }
    }

    /// Says in a sentence what the kind of domains means for the numbers.
    pub fn remark(&self) -> &'static str {
        match self.domains {
            DomainKind::Synthetic => {
                "These are synthetic numbers: measured on procedural drawings, not on Market-1501, DukeMTMC-reID or MSMT17, and not \
                 to be set beside published ones."
            }
            DomainKind::Real => {
                "These numbers were measured on real datasets, in full or in part as they were at hand."
            }
        }
    }

    /// `frame` with columns that say what it is of, for those who read the CSV alone.
    pub fn stamped(&self, frame: DataFrame) -> PolarsResult<DataFrame> {
        let column = |name: &str, value: &str| Column::new(name.into(), vec![value; frame.height()]);
        let mut stamped = vec![
            column("domains", self.domains()),
            column("profile", &self.profile),
            column("backbone", &self.backbones),
        ];
        stamped.extend(frame.columns().iter().cloned());
        DataFrame::new(frame.height(), stamped)
    }
}
