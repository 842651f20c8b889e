//! What stands around the tables: which runs they are of, the text for a terminal, the page `report.md`.

use std::collections::BTreeSet;

use polars::prelude::*;

use super::figures::Figure;
use super::names::task_label;
use super::runs::{Loaded, RunRecords};
use super::settings::{self, Settings};
use super::table::Table;
use crate::record::DomainKind;

/// What all tables of a report share.
#[derive(Debug, Clone)]
pub(super) struct Context {
    /// Where the images come from.
    pub domains: DomainKind,
    /// Tasks that were not run, runs that were left out, and why.
    pub notes: Vec<String>,
    /// What the rows were run with.
    pub settings: Settings,
    profile: String,
    backbones: String,
    /// Whether the source networks, and the oracle's, are those of their best epoch.
    kept_best: [bool; 2],
    /// What the source networks started from: the SHA-256 of a checkpoint; none for random weights.
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
            profile: first.map_or(String::new(), |info| info.profile.clone()),
            backbones: backbones.into_iter().collect::<Vec<_>>().join(", "),
            starts: loaded.runs.iter().filter(|run| run.is_pretraining()).map(RunRecords::start).collect(),
        }
    }

    /// What the source networks started from, in a sentence; empty where no pre-training is among the runs.
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

    /// What was chosen before adaptation, in sentences with a space at the end; empty where nothing was.
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

    /// What the kind of domains means for the numbers, in a sentence.
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

/// A section of the pages.
#[derive(Debug, Clone, Copy)]
pub(super) enum Section<'a> {
    Table(&'a Table),
    Figure(&'a Figure),
}

/// The sections of both pages in their order: results, figures, then the other tables.
pub(super) fn sections<'a>(tables: &'a [Table], figures: &'a [Figure]) -> Vec<Section<'a>> {
    let (results, others): (Vec<&Table>, Vec<&Table>) = tables.iter().partition(|table| is_result(table));
    let results = results.into_iter().map(Section::Table);
    results.chain(figures.iter().map(Section::Figure)).chain(others.into_iter().map(Section::Table)).collect()
}

/// The results of the last epoch, what became of order and claims, and what is missing, for a terminal of 100 columns.
pub(super) fn text(context: &Context, tables: &[Table], verdicts: &[String]) -> String {
    let mut text = String::new();
    for table in tables.iter().filter(|table| is_result(table) && table.name.ends_with("last_epoch")) {
        text += &format!("{}\n{}\n", table.title, table.text());
    }
    for line in verdicts.iter().chain(&context.notes) {
        text += &format!("{line}\n");
    }
    text
}

/// The page `report.md`.
pub(super) fn markdown(context: &Context, sections: &[Section<'_>]) -> String {
    let mut page = format!(
        "# Mutual mean-teaching: {}\n\nMade by `reproduce report` from the records of the runs. {}\n",
        context.label(),
        context.remark()
    );
    if !context.notes.is_empty() {
        page += "\n## Left out\n\n";
        page.extend(context.notes.iter().map(|note| format!("- {note}\n")));
    }
    for section in sections {
        page += &match section {
            Section::Table(table) => {
                format!("\n## {}\n\n{}\n{}\n", table.title, table.markdown(), table.caption)
            }
            Section::Figure(figure) => format!(
                "\n## {}\n\n![{}](figures/{})\n\n{}\n",
                figure.title,
                figure.title,
                figure.link(),
                figure.caption
            ),
        };
    }
    page
}

fn is_result(table: &Table) -> bool {
    table.name.starts_with("results")
}
