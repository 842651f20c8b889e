//! Facts about what was run: source, command, day, seeds, machine, settings. Named once, at the head of a page.

use std::collections::BTreeSet;

use mmt_vocabulary::record::Provenance;

use super::context::Context;
use super::names::minus;
use super::results::Results;
use super::runs::RunRecords;

/// A fact and its name.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub(super) struct Fact {
    pub name: &'static str,
    pub text: String,
}

/// The entries of an environment about its machine, in the order of a sentence.
const MACHINE: [&str; 4] = ["processor", "system", "device", "torch_binding"];

/// The facts of checked runs; what no run kept is left out.
pub(super) fn facts(runs: &[RunRecords], results: &Results, context: &Context) -> Vec<Fact> {
    let own: Vec<&RunRecords> = runs.iter().filter(|run| !run.is_pretraining()).collect();
    let provenance = |of: fn(&Provenance) -> Option<String>| {
        distinct(runs.iter().filter_map(|run| of(run.provenance.as_ref()?)))
    };
    let environment =
        |name: &&str| distinct(runs.iter().filter_map(|run| run.environment.get(*name).cloned()));
    let machine: Vec<String> = MACHINE.iter().map(environment).filter(|text| !text.is_empty()).collect();
    let seeds = |of: fn(&RunRecords) -> Option<u64>| numbers(own.iter().filter_map(|run| of(run)));
    let facts = [
        ("Profile", context.label()),
        (
            "Runs",
            format!(
                "{}: {} on {}",
                counted(own.len(), "run"),
                counted(results.rows.len(), "row"),
                counted(results.tasks.len(), "task")
            ),
        ),
        ("Domain seeds", seeds(|run| run.info.domain_seed)),
        ("Training seeds", seeds(|run| Some(run.info.seed))),
        ("Settings", settings(results, context)),
        ("Source", provenance(|found| found.commit.clone().map(|commit| format!("commit {commit}")))),
        ("Commands", provenance(|found| Some(found.command.clone()))),
        ("Begun", span(runs)),
        ("Machine", machine.join("; ")),
        ("Time", minutes(runs)),
    ];
    facts.into_iter().filter(|(_, text)| !text.is_empty()).map(|(name, text)| Fact { name, text }).collect()
}

fn distinct(values: impl Iterator<Item = String>) -> String {
    values.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join("; ")
}

/// `1 run`, `2 runs`.
fn counted(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

fn numbers(values: impl Iterator<Item = u64>) -> String {
    let found: BTreeSet<u64> = values.collect();
    found.into_iter().map(|number| number.to_string()).collect::<Vec<_>>().join(", ")
}

/// Those of the method; of all rows where it was not run.
fn settings(results: &Results, context: &Context) -> String {
    let row = results.full().or(results.rows.first());
    row.map_or(String::new(), |row| {
        format!("{}: {}", results.label(row), context.settings.of_row(&row.name).compact())
    })
}

/// The first and the last beginning.
fn span(runs: &[RunRecords]) -> String {
    let begun: BTreeSet<&str> =
        runs.iter().filter_map(|run| Some(run.provenance.as_ref()?.begun.as_str())).collect();
    match (begun.first(), begun.last()) {
        (Some(first), Some(last)) if first != last => format!("{first} to {last}"),
        (Some(first), _) => (*first).to_owned(),
        _ => String::new(),
    }
}

fn minutes(runs: &[RunRecords]) -> String {
    let seconds: f64 = runs.iter().flat_map(|run| &run.timings).map(|record| record.seconds).sum();
    if seconds > 0.0 {
        minus(&format!("{:.1} minutes of work, summed over runs", seconds / 60.0))
    } else {
        String::new()
    }
}

#[cfg(test)]
mod tests {
    use super::super::context::Context;
    use super::super::fixture::Fixture;
    use super::super::runs::load;
    use super::*;
    use mmt_vocabulary::record::{PROVENANCE, SCHEMA_VERSION, write_json};

    #[test]
    fn facts_name_source_command_day_and_seeds() {
        let fixture = Fixture::new();
        for (seed, begun) in [(7, "2026-11-27 02:40 UTC"), (9, "2026-11-26 10:00 UTC")] {
            let folder = fixture.run("market-to-duke", "mmt-k", "mmt", seed, &[0.2, 0.3]);
            let provenance = Provenance {
                schema: SCHEMA_VERSION,
                commit: Some("0123abc".to_owned()),
                command: "reproduce --seeds 7,9".to_owned(),
                begun: begun.to_owned(),
            };
            write_json(&folder.join(PROVENANCE), &provenance).unwrap();
        }
        let loaded = load(&fixture.roots()).unwrap();
        let results = Results::new(&loaded.runs).unwrap();
        let found = facts(&loaded.runs, &results, &Context::new(&loaded, &[]));
        let of = |name: &str| found.iter().find(|fact| fact.name == name).map(|fact| fact.text.as_str());
        assert_eq!(of("Source"), Some("commit 0123abc"));
        assert_eq!(of("Commands"), Some("reproduce --seeds 7,9"));
        assert_eq!(of("Begun"), Some("2026-11-26 10:00 UTC to 2026-11-27 02:40 UTC"));
        assert_eq!((of("Domain seeds"), of("Training seeds")), (Some("7, 9"), Some("7, 9")));
        assert_eq!(of("Runs"), Some("2 runs: 1 row on 1 task"));
        assert_eq!(of("Machine"), Some("linux x86_64; Cpu"));
        // Two epochs of a minute and two evaluations of half a minute.
        assert_eq!(of("Time"), Some("3.0 minutes of work, summed over runs"));
    }
}
