//! What stands around the tables: which runs they are of, the text for a terminal, the page `report.md`.

use std::collections::BTreeSet;

use mmt_vocabulary::record::DomainKind;
use polars::prelude::*;

use super::claims::{Claim, Matrix};
use super::facts::Fact;
use super::figures::Figure;
use super::names::{Labels, task_label};
use super::notation;
use super::runs::{Loaded, RunRecords};
use super::settings::{self, Settings};
use super::story::{Content, Item, Tables};

/// What all tables of a report share.
#[derive(Debug, Clone)]
pub(super) struct Context {
    /// Where the images come from.
    pub domains: DomainKind,
    /// Tasks that were not run, runs that were left out, and why.
    pub notes: Vec<String>,
    /// What the rows were run with.
    pub settings: Settings,
    labels: Labels,
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
            labels: Labels::new(&loaded.runs),
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

    /// What tables call a row.
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

/// Widest line of a terminal.
const TERMINAL: usize = 100;

/// Results in the paper's form, a sentence for each claim, and what is missing, for a terminal of 100 columns.
pub(super) fn text(context: &Context, tables: &Tables, sentences: &[String]) -> String {
    let mut text = String::new();
    if let Some(grid) = &tables.methods {
        text += &format!("{}, last epoch, percent\n\n{}", grid.heading(), grid.text());
    }
    if let Some(table) = &tables.re_ranked {
        text += &format!("{}\n{}\n", table.title, table.text());
    }
    for line in sentences.iter().chain(&context.notes) {
        text += &format!("{}\n", wrapped(line));
    }
    text
}

/// `line` broken before words, further lines moved in.
fn wrapped(line: &str) -> String {
    let (mut text, mut width) = (String::new(), 0);
    for word in line.split_inclusive(' ') {
        let length = word.trim_end().chars().count();
        if width > 0 && width + length > TERMINAL {
            text.truncate(text.trim_end().len());
            text += "\n    ";
            width = 4;
        }
        text += word;
        width += word.chars().count();
    }
    text
}

/// The page `report.md`: the same order as the page, its small tables alone; the others are files.
pub(super) fn markdown(context: &Context, facts: &[Fact], content: &Content<'_>) -> String {
    let mut page =
        format!("# Mutual mean-teaching: {}\n\n{}\n\n## What was run\n\n", context.label(), context.remark());
    page.extend(facts.iter().map(|fact| format!("- {}: {}\n", fact.name, fact.text)));
    if !context.notes.is_empty() {
        page += "\n### Left out\n\n";
        page.extend(context.notes.iter().map(|note| format!("- {note}\n")));
    }
    page += &content.domains().map_or(String::new(), picture);
    page += "\n## Claims\n\n";
    page.extend(content.sentences.iter().map(|sentence| format!("{sentence}\n\n")));
    page += &matrix(content.matrix);
    page += "\n▲ holds, ▼ opposite: five units or more and a corrected test; △ leans, ▽ leans opposite: all units on one side, which is no verdict; \
             ○ mixed; – not run. Differences of mAP in percentage points, or shares of a gap in percent. Every line with its interval: \
             [tables/claims.csv](tables/claims.csv).\n";
    for part in content.parts() {
        page += &format!("\n## {}\n", part.title);
        page.extend(part.items.iter().map(item));
    }
    page
}

fn item(item: &Item<'_>) -> String {
    match item {
        Item::Figure(figure) | Item::More(figure) => picture(figure),
        Item::Grid(grid) => {
            format!("\n### {}\n\n{}\n{}\n", grid.heading(), grid.markdown(), notation::html(&grid.caption))
        }
        Item::Table(table) => format!("\n[{}](tables/{}.csv)\n", table.title, table.name),
    }
}

fn picture(figure: &Figure) -> String {
    let Figure { name, title, caption, .. } = figure;
    format!("\n### {title}\n\n![{title}](figures/{name}.svg)\n\n{}\n", notation::html(caption))
}

/// Statements by tasks.
fn matrix(matrix: &Matrix<'_>) -> String {
    let row = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let mut text = row(["Claim".to_owned()].into_iter().chain(matrix.scopes.iter().cloned()).collect());
    text +=
        &row(["---"].into_iter().chain(matrix.scopes.iter().map(|_| "---:")).map(str::to_owned).collect());
    for found in &matrix.statements {
        let cell = |claim: &Option<&Claim>| match claim {
            Some(claim) => format!("{}{}", claim.verdict().sign(), claim.estimate.mean_text()),
            None => "–".to_owned(),
        };
        let name = notation::html(&format!("{} {}", found.number, found.statement)).replace('|', "\\|");
        text += &row([name].into_iter().chain(found.cells.iter().map(cell)).collect());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_before_words() {
        assert_eq!(wrapped("short"), "short");
        let long = format!("{} end", "word ".repeat(30).trim_end());
        let found = wrapped(&long);
        let lines: Vec<&str> = found.lines().collect();
        assert_eq!(lines.len(), 2);
        assert!(lines.iter().all(|line| line.chars().count() <= TERMINAL), "{found}");
        assert!(lines[1].starts_with("    word") && lines[1].ends_with("end"));
        assert_eq!(found.split_whitespace().collect::<Vec<_>>(), long.split_whitespace().collect::<Vec<_>>());
    }
}
