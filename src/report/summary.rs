//! What stands around the tables: which runs they are of, the summary page, the text for a terminal.

use std::collections::BTreeSet;

use polars::prelude::*;

use super::claims::Claim;
use super::figures::Figure;
use super::names::task_label;
use super::runs::Loaded;
use super::table::Table;
use crate::record::DomainKind;

/// What all tables of a report share.
#[derive(Debug, Clone)]
pub(super) struct Context {
    /// Where the images come from.
    pub domains: DomainKind,
    profile: String,
    backbones: String,
    notes: Vec<String>,
}

impl Context {
    /// The context of checked runs; there is at least one.
    pub fn new(loaded: &Loaded, left_out: &[(String, String)]) -> Self {
        let backbones: BTreeSet<&str> = loaded.runs.iter().map(|run| run.info.backbone.as_str()).collect();
        let first = loaded.runs.first().map(|run| &run.info);
        let tasks = left_out.iter().map(|(task, reason)| format!("not run: {}: {reason}", task_label(task)));
        Self {
            domains: first.map_or(DomainKind::Synthetic, |info| info.domains),
            profile: first.map_or(String::new(), |info| info.profile.clone()),
            backbones: backbones.into_iter().collect::<Vec<_>>().join(", "),
            notes: tasks.chain(loaded.warnings.iter().cloned()).collect(),
        }
    }

    /// `synthetic domains, profile quick, backbone small`.
    pub fn label(&self) -> String {
        format!("{}, profile {}, backbone {}", self.domains(), self.profile, self.backbones)
    }

    fn domains(&self) -> &'static str {
        match self.domains {
            DomainKind::Synthetic => "synthetic domains",
            DomainKind::Real => "real data",
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

/// The main tables and what is missing in them, for a terminal.
pub(super) fn text(context: &Context, tables: &[Table], order: &str) -> String {
    let mut text = String::new();
    for table in tables.iter().filter(|table| is_result(table)) {
        text += &format!("{}\n{}\n", table.title, table.text());
    }
    if !order.is_empty() {
        text += &format!("{order}\n");
    }
    for note in &context.notes {
        text += &format!("{note}\n");
    }
    text
}

/// The page `summary.md`.
pub(super) fn markdown(
    context: &Context,
    tables: &[Table],
    figures: &[Figure],
    (order, claims): (&str, &[Claim]),
) -> String {
    let mut page = format!("# Mutual mean-teaching: {}\n\nMade from run records alone.\n", context.label());
    if !context.notes.is_empty() {
        page += "\n## Left out\n\n";
        page.extend(context.notes.iter().map(|note| format!("- {}\n", note.replace('\n', " "))));
    }
    let (results, others): (Vec<&Table>, Vec<&Table>) = tables.iter().partition(|table| is_result(table));
    let section =
        |table: &&Table| format!("\n## {}\n\n{}\n{}\n", table.title, table.markdown(), table.caption);
    page.extend(results.iter().map(section));
    for figure in figures {
        page += &format!(
            "\n## {}\n\n![{}](figures/{})\n\n{}\n",
            figure.title,
            figure.title,
            figure.link(),
            figure.caption
        );
    }
    page += &steps(context, order, claims);
    page.extend(others.iter().map(section));
    page
}

fn is_result(table: &Table) -> bool {
    table.name.starts_with("results")
}

/// The paper's order of methods, step by step.
fn steps(context: &Context, order: &str, claims: &[Claim]) -> String {
    if claims.is_empty() {
        return String::new();
    }
    let mut text = format!("\n## Order of the methods ({})\n\n", context.label());
    text += "| Claim | | mAP, difference | seeds |\n| --- | --- | ---: | ---: |\n";
    for claim in claims {
        let (verdict, difference) = (claim.verdict(), claim.difference());
        text += &format!("| {} | {verdict} | {difference} | {} |\n", claim.text, claim.differences.len());
    }
    text += &format!("\n{order}. ");
    text += "A step is *held* where the mean difference over the seeds \
             that both have is above zero; last epochs, percentage points, ± sample standard deviation over seeds.\n";
    text
}
