//! Where the minutes went.

use std::collections::{BTreeMap, BTreeSet};

use mmt_vocabulary::error::Result;
use mmt_vocabulary::record::PRETRAIN;
use polars::prelude::*;

use super::context::Context;
use super::frames::{numbers, refused, sums, texts};
use super::names::row_key;
use super::runs::RunRecords;
use super::settings::Setting;
use super::table::{Table, columns};

/// The table of minutes per stage; none where nothing was timed.
pub(super) fn table(runs: &[RunRecords], context: &Context) -> Result<Option<Table>> {
    if runs.iter().all(|run| run.timings.is_empty()) {
        return Ok(None);
    }
    make(runs, context).map(Some).map_err(refused("the table of timings"))
}

fn make(runs: &[RunRecords], context: &Context) -> PolarsResult<Table> {
    let frame = per_stage(runs)?;
    let counts = runs_per_row(runs);
    let stages = texts(&frame, "stage")?;
    let minutes: Vec<f64> = numbers(&frame, "minutes")?.into_iter().flatten().collect();
    let (mut rows, mut settings) = (Vec::new(), Vec::new());
    for ((row, stage), minutes) in texts(&frame, "row")?.iter().zip(&stages).zip(&minutes) {
        let count = counts.get(row).copied().unwrap_or(0);
        let label = if row == PRETRAIN { "Source pre-training".to_owned() } else { context.row(row) };
        settings.push(Setting { minutes: None, ..context.settings.of_row(row) });
        rows.push(vec![label, stage.clone(), count.to_string(), format!("{minutes:.2}")]);
    }
    settings.push(Setting::default());
    rows.push(vec![
        "All".to_owned(),
        String::new(),
        runs.len().to_string(),
        format!("{:.2}", minutes.iter().sum::<f64>()),
    ]);
    Ok(Table {
        name: "timings",
        title: "Minutes per stage".to_owned(),
        caption: "Wall-clock minutes, summed over the runs of a row. Runs at work at the same time share the processor, so the \
                  sum may exceed the time that passed."
            .to_owned(),
        data: context.stamped(frame)?,
        header: columns(["Row", "stage", "runs", "minutes"]),
        rows,
        settings,
        names: 2,
    })
}

/// One line per row and stage, pre-training first, stages by name.
fn per_stage(runs: &[RunRecords]) -> PolarsResult<DataFrame> {
    let mut lines = Vec::new();
    for run in runs {
        let key =
            if run.is_pretraining() { Default::default() } else { row_key(run.method(), &run.info.row) };
        lines.extend(run.timings.iter().map(|record| ((key.clone(), &record.stage), &run.info.row, record)));
    }
    lines.sort_by(|a, b| a.0.cmp(&b.0));
    let frame = df!(
        "row" => lines.iter().map(|(_, row, _)| row.as_str()).collect::<Vec<_>>(),
        "stage" => lines.iter().map(|(_, _, record)| record.stage.as_str()).collect::<Vec<_>>(),
        "minutes" => lines.iter().map(|(_, _, record)| record.seconds / 60.0).collect::<Vec<_>>(),
    )?;
    sums(&frame, &["row", "stage"], "minutes")
}

fn runs_per_row(runs: &[RunRecords]) -> BTreeMap<String, usize> {
    let rows: BTreeSet<&String> = runs.iter().map(|run| &run.info.row).collect();
    let count = |row: &String| runs.iter().filter(|run| run.info.row == *row).count();
    rows.into_iter().map(|row| (row.clone(), count(row))).collect()
}
