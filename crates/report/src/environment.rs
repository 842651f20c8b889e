//! The environments that the runs ran in.

use std::collections::BTreeMap;

use mmt_vocabulary::error::{Error, Result};
use polars::prelude::*;
use serde::Serialize;

use super::context::Context;
use super::frames::refused;
use super::runs::RunRecords;
use super::table::{Table, columns};

/// The same for programs.
pub(super) const FILE: &str = "environment.json";

/// The table of environments; none where no run kept one.
pub(super) fn table(runs: &[RunRecords], context: &Context) -> Result<Option<Table>> {
    let mut counts: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    for (name, value) in runs.iter().flat_map(|run| &run.environment) {
        *counts.entry((name, value)).or_default() += 1;
    }
    if counts.is_empty() {
        return Ok(None);
    }
    make(&counts, context).map(Some).map_err(refused("the table of environments"))
}

/// Every environment of the runs with the number of runs that had it, as JSON.
pub(super) fn json(runs: &[RunRecords]) -> Result<Vec<u8>> {
    #[derive(Serialize)]
    struct Environment<'a> {
        runs: u32,
        #[serde(flatten)]
        values: &'a BTreeMap<String, String>,
    }
    let mut counts: BTreeMap<&BTreeMap<String, String>, u32> = BTreeMap::new();
    for run in runs {
        *counts.entry(&run.environment).or_default() += 1;
    }
    let all: Vec<_> = counts.into_iter().map(|(values, runs)| Environment { runs, values }).collect();
    let mut text = serde_json::to_vec_pretty(&all).map_err(|error| Error::file(FILE, error.to_string()))?;
    text.push(b'\n');
    Ok(text)
}

fn make(counts: &BTreeMap<(&str, &str), u32>, context: &Context) -> PolarsResult<Table> {
    let frame = df!(
        "name" => counts.keys().map(|(name, _)| *name).collect::<Vec<_>>(),
        "value" => counts.keys().map(|(_, value)| *value).collect::<Vec<_>>(),
        "runs" => counts.values().copied().collect::<Vec<_>>(),
    )?;
    let row = |((name, value), runs): (&(&str, &str), &u32)| {
        vec![name.replace('_', " "), (*value).to_owned(), runs.to_string()]
    };
    Ok(Table {
        name: "environment",
        title: "What it ran on".to_owned(),
        caption: "How many of the runs had each value. Another device, number of threads or libtorch may change last digits, and \
                  training enlarges those."
            .to_owned(),
        data: context.stamped(frame)?,
        header: columns(["What", "value", "runs"]),
        rows: counts.iter().map(row).collect(),
        settings: Vec::new(),
        names: 2,
    })
}
