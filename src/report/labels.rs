//! How good the pseudo labels were.

use polars::prelude::*;

use super::frames::{fill, refused, statistics, texts, values};
use super::results::{Results, settings_of, task_row_runs};
use super::runs::RunRecords;
use super::summary::Context;
use super::table::{Table, columns};
use crate::error::Result;
use crate::record::LabelRecord;

/// What is shown of the last epoch, with its decimals.
const SHOWN: [(&str, usize); 10] = [
    ("clusters", 0),
    ("unassigned", 0),
    ("first_ari", 3),
    ("ari", 3),
    ("nmi", 3),
    ("purity", 3),
    ("wrong_merges", 3),
    ("wrong_splits", 3),
    ("one_camera", 3),
    ("one_camera_by_chance", 3),
];

/// The table of label quality; none where no run made pseudo labels.
pub(super) fn table(runs: &[RunRecords], results: &Results, context: &Context) -> Result<Option<Table>> {
    let runs: Vec<&RunRecords> = runs.iter().filter(|run| !run.labels.is_empty()).collect();
    if runs.is_empty() {
        return Ok(None);
    }
    make(&runs, results, context).map(Some).map_err(refused("the table of label quality"))
}

fn make(runs: &[&RunRecords], results: &Results, context: &Context) -> PolarsResult<Table> {
    let measures = SHOWN.map(|(name, _)| name);
    let found = statistics(&per_run(runs)?, &["task", "row"], &measures)?;
    let labelled: Vec<String> = texts(&found, "row")?;
    let grid = results.grid()?;
    // Methods that never cluster have no place in this table.
    let clusters: BooleanChunked =
        texts(&grid, "row")?.iter().map(|row| Some(labelled.contains(row))).collect();
    let frame = fill(&grid.filter(&clusters)?, &found, &["task", "row"])?;
    Ok(Table {
        name: "label_quality",
        title: "Pseudo labels against true identities".to_owned(),
        caption: "The clustering of the last epoch, and the ARI of the first; mean ± sample standard deviation over runs. Wrong \
                  merges: share of the pairs in one cluster that are two persons; wrong splits: share of a person's pairs in two \
                  clusters; in one camera: share of the wrong merges, and of any two persons' pairs by chance. True \
                  identities of training images are used for this table and for the figure of pseudo labels only; no training sees them."
            .to_owned(),
        rows: shown(&frame, context)?,
        settings: settings_of(&frame, context)?,
        data: context.stamped(frame)?,
        header: columns([
            "Task",
            "Method",
            "runs",
            "clusters",
            "unassigned",
            "ARI, first",
            "ARI",
            "NMI",
            "purity",
            "wrong merges",
            "wrong splits",
            "in one camera",
            "by chance",
        ]),
        names: 2,
    })
}

/// One line per run: its last clustering and the ARI of its first.
fn per_run(runs: &[&RunRecords]) -> PolarsResult<DataFrame> {
    let at_end = |of: fn(&LabelRecord) -> Option<f64>| -> Vec<Option<f64>> {
        runs.iter().map(|run| run.labels.iter().max_by_key(|record| record.epoch).and_then(of)).collect()
    };
    let first =
        runs.iter().map(|run| run.labels.iter().min_by_key(|record| record.epoch).map(|record| record.ari));
    df!(
        "task" => runs.iter().map(|run| run.info.task.as_str()).collect::<Vec<_>>(),
        "row" => runs.iter().map(|run| run.info.row.as_str()).collect::<Vec<_>>(),
        "clusters" => at_end(|record| Some(record.clusters as f64)),
        "unassigned" => at_end(|record| Some(record.unassigned as f64)),
        "first_ari" => first.collect::<Vec<_>>(),
        "ari" => at_end(|record| Some(record.ari)),
        "nmi" => at_end(|record| Some(record.nmi)),
        "purity" => at_end(|record| Some(record.purity)),
        "wrong_merges" => at_end(|record| record.wrong_merges),
        "wrong_splits" => at_end(|record| record.wrong_splits),
        "one_camera" => at_end(|record| record.one_camera),
        "one_camera_by_chance" => at_end(|record| record.one_camera_by_chance),
    )
}

fn shown(frame: &DataFrame, context: &Context) -> PolarsResult<Vec<Vec<String>>> {
    let mut rows = task_row_runs(frame, context)?;
    let mut push = |cells: Vec<String>| rows.iter_mut().zip(cells).for_each(|(row, cell)| row.push(cell));
    for (name, digits) in SHOWN {
        let text =
            |value: &Option<super::frames::Value>| value.map_or(String::new(), |value| value.text(digits));
        push(values(frame, name)?.iter().map(text).collect());
    }
    Ok(rows)
}
