//! Findings as people read them: rows, sentences, a page of Markdown.

use serde::Serialize;

use crate::case_file;
use crate::check::{Disagreement, Finding, Outcome, Plan};
use crate::implementation::Offer;
use crate::judge::Wrong;
use crate::value::Array;

/// A finding as a row of a table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// Number of the definition.
    pub definition: &'static str,
    /// Its name, and the part that was asked for.
    pub name: String,
    /// `f64` or `f32`; empty where it is not offered.
    pub width: &'static str,
    /// The outcome, in a word or two.
    pub verdict: &'static str,
    /// Cases that were answered and compared.
    pub compared: u64,
    /// Largest error of the answers that agree.
    pub worst_error: f64,
    /// The same as a share of what is allowed.
    pub worst_share: f64,
    /// The known reading that explains the answers.
    pub reading: &'static str,
    /// A sentence or two.
    pub remark: String,
}

/// A finding that has a case to show.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Shown {
    /// Stem of its file: `D7-f64`.
    pub stem: String,
    /// Heading.
    pub title: String,
    /// The fault.
    pub remark: String,
    /// The case, as its file has it.
    pub case: String,
    /// The program's last lines on standard error.
    pub last_words: Vec<String>,
}

/// A row for each finding.
pub fn rows(findings: &[Finding]) -> Vec<Row> {
    findings.iter().map(row).collect()
}

fn row(finding: &Finding) -> Row {
    let reading = disagreement(finding).and_then(|found| found.reading).unwrap_or_default();
    Row {
        definition: finding.definition.number,
        name: finding.definition.title(),
        width: finding.width.map_or("", |width| width.name()),
        verdict: verdict(&finding.outcome),
        compared: finding.compared,
        worst_error: finding.worst.error,
        worst_share: finding.worst.share,
        reading,
        remark: remark(finding),
    }
}

/// Names an outcome.
fn verdict(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Agrees => "agrees",
        Outcome::AgreesBut(_) => "agrees, but",
        Outcome::Differs(_) => "differs",
        Outcome::Fails(..) => "fails",
        Outcome::Declines => "declined",
        Outcome::NotOffered => "not offered",
    }
}

fn disagreement(finding: &Finding) -> Option<&Disagreement> {
    match &finding.outcome {
        Outcome::Differs(found) | Outcome::AgreesBut(found) => Some(found),
        _ => None,
    }
}

/// Says what there is to say beside the verdict.
fn remark(finding: &Finding) -> String {
    let mut sentences = Vec::new();
    if let Some(found) = disagreement(finding) {
        sentences.push(difference(found, finding.compared));
        if let Some(open) = found.complaint.open {
            sentences.push(format!("The definition's source leaves this open: {open}."));
        }
        if let Some(reading) = found.reading {
            sentences.push(format!("It is another reading: {reading}."));
        }
    }
    if let Outcome::Fails(fault, ..) = &finding.outcome {
        sentences.push(format!("{fault}."));
    }
    if !finding.missing.is_empty() {
        sentences.push(format!("Not returned: {}.", finding.missing.join(", ")));
    }
    for (reason, count) in &finding.declined {
        sentences.push(format!("{count} cases declined: {reason}."));
    }
    sentences.join(" ")
}

fn difference(found: &Disagreement, compared: u64) -> String {
    let output = found.complaint.output;
    let what = match &found.complaint.wrong {
        Wrong::Shape { expected, found } => format!("`{output}` has the shape {found:?}, not {expected:?}"),
        Wrong::NotFinite => format!("`{output}` holds NaN or infinite numbers"),
        Wrong::Value { place, expected, found: number, share } => {
            // A sum of nothing is −0.
            let (expected, number) = (expected + 0.0, number + 0.0);
            let place = found.expected.get(output).map_or_else(String::new, |array| at(array, *place));
            let share = if share.is_finite() {
                format!("{} times the allowed error", short(*share))
            } else {
                "it must be equal".to_owned()
            };
            format!("`{output}`{place} is {number}, not {expected}: {share}")
        }
    };
    format!("{what}. In {} of {compared} cases.", found.differing)
}

fn short(number: f64) -> String {
    if (0.01..1e5).contains(&number) { format!("{number:.3}") } else { format!("{number:.1e}") }
}

/// A place of an array, `[2, 0]`.
fn at(array: &Array, place: usize) -> String {
    if array.shape.is_empty() {
        return String::new();
    }
    let mut rest = place;
    let mut indices = Vec::new();
    for &size in array.shape.iter().rev() {
        indices.push((rest % size.max(1)).to_string());
        rest /= size.max(1);
    }
    indices.reverse();
    format!("[{}]", indices.join(", "))
}

/// The findings that have a case to show.
pub fn shown(findings: &[Finding]) -> Vec<Shown> {
    let shown = |finding: &Finding| {
        let row = row(finding);
        let last_words = match &finding.outcome {
            Outcome::Fails(_, _, words) => words.clone(),
            _ => Vec::new(),
        };
        Some(Shown {
            stem: format!("{}-{}", row.definition, row.width),
            title: format!("{} {}, {}: {}", row.definition, row.name, row.width, row.verdict),
            remark: row.remark,
            case: case_file::text(finding)?,
            last_words,
        })
    };
    findings.iter().filter_map(shown).collect()
}

/// Says in a line what was put to what.
pub fn summary(offer: &Offer, plan: &Plan, findings: &[Finding]) -> String {
    let count = |verdict: &str| rows(findings).iter().filter(|row| row.verdict == verdict).count();
    let counts: Vec<String> = ["agrees", "agrees, but", "differs", "fails", "declined", "not offered"]
        .into_iter()
        .map(|verdict| (verdict, count(verdict)))
        .filter(|(_, count)| *count > 0)
        .map(|(verdict, count)| format!("{verdict}: {count}"))
        .collect();
    let golden = match plan.golden.len() {
        0 => String::new(),
        count => format!("{count} golden cases, "),
    };
    format!("{}, {golden}{} cases of seed {}: {}", offer.name, plan.cases, plan.seed, counts.join(" · "))
}

/// The page.
pub fn markdown(offer: &Offer, plan: &Plan, findings: &[Finding]) -> String {
    let cell = |text: &str| text.replace('|', "\\|").replace(['\n', '\r'], " ");
    let mut text = format!("# Conformance of {}\n\n", cell(&offer.name));
    text += &format!("{}.\n\n", cell(&summary(offer, plan, findings)));
    text += "| definition | width | verdict | cases | worst error | of allowed | remark |\n";
    text += "| --- | --- | --- | ---: | ---: | ---: | --- |\n";
    for row in rows(findings) {
        let number = |number: f64| if row.compared == 0 { String::new() } else { short_error(number) };
        text += &format!(
            "| {} {} | {} | {} | {} | {} | {} | {} |\n",
            row.definition,
            row.name,
            row.width,
            row.verdict,
            row.compared,
            number(row.worst_error),
            number(row.worst_share),
            cell(&row.remark)
        );
    }
    for shown in shown(findings) {
        text += &format!("\n## {}\n{}\n\n", shown.title, shown.remark);
        text += &format!("Smallest case, `cases/{}.json`:\n```json\n{}```\n", shown.stem, shown.case);
        if !shown.last_words.is_empty() {
            text +=
                &format!("Last lines of standard error:\n```text\n{}\n```\n", shown.last_words.join("\n"));
        }
    }
    text
}

fn short_error(error: f64) -> String {
    if error == 0.0 { "0".to_owned() } else { format!("{error:.1e}") }
}
