//! The page: an overview, then a section per definition.

use super::equations;
use super::records::{Comparison, Definition, Records, Source};
use super::rows::percent;
use crate::table::Table;

const HEAD: &str = "# Agreement, definition by definition

How far the fast implementation is from the plain f64 reference, and both are from what the published code returns, as the
tests saw it. Made by `cargo test --test suite && cargo run --bin reproduce -- agreement`; nothing here is written by hand.

The allowed error of a comparison with the reference is a row of `conformance/src/tolerance.rs`: `1e-13 u + 1e-12 |x|` allows 1e-13 times
the unit of the inputs (their largest norm or logit, at least 1) plus 1e-12 times the expected value. For the published code it is the
rule beside each output in `tests/golden/manifest.json`. Rows \"to reference\" include what the properties compare with the same allowance.
A comparison is a whole tensor, and counts once for each generated case.
";

/// The whole page.
pub(super) fn page(records: &Records, overview: &Table, rows: &[Comparison]) -> String {
    let comparisons: u64 = rows.iter().map(|row| row.comparisons).sum();
    let failures: u64 = rows.iter().map(|row| row.failures).sum();
    let mut text = format!(
        "{HEAD}\n{} tests of {} made {comparisons} comparisons in one run; {failures} did not hold.\n\n",
        records.tests,
        source(&records.source)
    );
    text += &overview.markdown();
    text += &format!("\n{}\n", overview.caption);
    for definition in &records.definitions {
        let own: Vec<&Comparison> = rows.iter().filter(|row| row.definition == definition.number).collect();
        text += &section(definition, &own);
    }
    text
}

/// The source as people read it.
fn source(source: &Source) -> String {
    let changed = if source.dirty { " with changes that are not committed" } else { "" };
    match &source.commit {
        Some(commit) => format!("commit `{commit}`{changed}"),
        None => "a source whose commit is not known".to_owned(),
    }
}

fn section(definition: &Definition, rows: &[&Comparison]) -> String {
    let Definition { number, name, reference, fast, properties_file, .. } = definition;
    let mut text = format!("\n## {number} {name}\n");
    if let Some(equation) = equations::of(number) {
        text += &format!("```math\n{equation}\n```\n");
    }
    let link = |path: &String| format!("[`{path}`](../{path})");
    let fast: Vec<String> = fast.iter().map(link).collect();
    let anchor = equations::anchor(number);
    text += &format!("- [definition](../docs/method.md#{anchor})");
    text += &equations::source(number).map_or_else(String::new, |source| format!("; source: {source}"));
    text += &format!("\n- reference {} · fast {}\n", link(reference), fast.join(", "));
    text += &golden(definition);
    text += &match (&definition.bench, &definition.bench_none) {
        (Some(bench), _) => format!("- bench `{bench}`\n"),
        (None, reason) => format!("- no bench: {}\n", reason.as_deref().unwrap_or("no reason given")),
    };
    text += &format!("- properties, in {}: {}\n", link(properties_file), words(&definition.properties));
    text += &table(rows);
    text
}

fn golden(definition: &Definition) -> String {
    match &definition.golden_none {
        Some(reason) => format!("- no golden case: {reason}\n"),
        None => {
            let functions: Vec<String> =
                definition.golden_functions.iter().map(|function| format!("`{function}`")).collect();
            format!("- golden: {} cases of {}\n", definition.golden_cases, functions.join(", "))
        }
    }
}

/// Names of tests as sentences.
fn words(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

fn table(rows: &[&Comparison]) -> String {
    let mut text =
        "\n| what | against | side | device | comparisons | failures | worst error | allowed | used | why that much |\n\
                    | --- | --- | --- | --- | ---: | ---: | ---: | --- | ---: | --- |\n"
            .to_owned();
    for row in rows {
        text += &format!(
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |\n",
            row.quantity,
            row.against,
            row.side,
            row.device,
            row.comparisons,
            row.failures,
            if row.worst_error == 0.0 { "0".to_owned() } else { format!("{:.1e}", row.worst_error) },
            row.allowed.replace('|', "\\|"),
            percent(row.worst_share),
            row.reason.replace('|', "\\|"),
        );
    }
    text
}
