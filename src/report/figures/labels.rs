//! Pseudo labels against true identities over epochs.

use std::collections::BTreeMap;

use super::super::frames::Value;
use super::super::results::{Cells, Results, Row};
use super::super::runs::RunRecords;
use super::super::summary::Context;
use super::curves::{Curves, Line, Panel, ends, lines, points};
use super::legend::{Legend, Sample};
use crate::record::LabelRecord;

/// A panel of label quality; a task has one for each of [`measures`], beside each other.
const SMALL_PANEL: (u32, u32) = (330, 270);

impl Curves {
    /// ARI, NMI, images without a label and clusters of all tasks that have some, without what is the same everywhere, as both are with
    /// k-means; none where no row has more than one epoch.
    pub fn labels(runs: &[RunRecords], results: &Results, context: &Context) -> Option<Self> {
        let labelled = |row: &Row| runs.iter().any(|run| run.info.row == row.name && !run.labels.is_empty());
        let rows: Vec<Row> = results.main_rows().into_iter().filter(labelled).collect();
        let epochs = runs.iter().flat_map(|run| &run.labels).map(|record| record.epoch).max().unwrap_or(0);
        let drawn: Vec<&RunRecords> =
            runs.iter().filter(|run| rows.iter().any(|row| row.name == run.info.row)).collect();
        let measures: Vec<_> = measures(runs).into_iter().filter(|(.., of)| varies(&drawn, *of)).collect();
        let mut panels = Vec::new();
        for task in &results.tasks {
            for (axis, digits, of) in &measures {
                let lines = lines(task, &rows, &quality(runs, task, *of));
                let range = from_zero(&lines);
                panels.push(Panel { title: context.task(task), axis: (axis, *digits), range, lines });
            }
        }
        panels.retain(|panel| !panel.lines.is_empty());
        let columns = measures.len();
        (epochs > 1 && !panels.is_empty()).then(|| Self {
            title: "Pseudo labels over epochs",
            subtitle: context.label(),
            legend: Legend::new(&rows, Sample::Line, columns as u32 * SMALL_PANEL.0),
            panels,
            columns,
            panel: SMALL_PANEL,
            epochs: 1..epochs as i32,
        })
    }
}

/// The range of an axis that begins at zero, or below it where a line does.
fn from_zero(lines: &[Line]) -> (f64, f64) {
    let (low, high) = ends(points(lines));
    (low.min(0.0), if high > 0.0 { 1.1 * high } else { 1.0 })
}

/// A number of the pseudo labels of a run.
type Measure = fn(&RunRecords, &LabelRecord) -> f64;

/// Names, decimals and numbers of the panels. Images without a label are a share where the configurations say of how many.
fn measures(runs: &[RunRecords]) -> [(&'static str, usize, Measure); 4] {
    let noise: (_, _, Measure) =
        if runs.iter().filter(|run| !run.labels.is_empty()).all(|run| images(run).is_some()) {
            ("without a label (%)", 0, |run, record| {
                100.0 * record.unassigned as f64 / images(run).unwrap_or(f64::NAN)
            })
        } else {
            ("images without a label", 0, |_, record| record.unassigned as f64)
        };
    [
        ("ARI", 2, |_, record| record.ari),
        ("NMI", 2, |_, record| record.nmi),
        noise,
        ("clusters", 0, |_, record| record.clusters as f64),
    ]
}

/// Whether a number is not the same in all records of the runs that are drawn.
fn varies(runs: &[&RunRecords], of: Measure) -> bool {
    let mut values = runs.iter().flat_map(|run| run.labels.iter().map(move |record| of(run, record)));
    let first = values.next();
    values.any(|value| Some(value) != first)
}

/// Training images of the drawn domains; those of real data are not in the configuration.
fn images(run: &RunRecords) -> Option<f64> {
    let generator = run.config.get("domains")?.get("generator")?;
    let number = |key: &str| generator.get(key)?.as_integer();
    Some(number("train_identities")? as f64 * number("train_images")? as f64).filter(|images| *images > 0.0)
}

/// (task, row) → (epoch, value over seeds), epochs ascending.
fn quality(runs: &[RunRecords], task: &str, of: Measure) -> Cells<Vec<(u32, Value)>> {
    let mut found: Cells<BTreeMap<u32, Vec<f64>>> = Cells::new();
    for run in runs.iter().filter(|run| run.info.task == task && !run.is_pretraining()) {
        let cell = (run.info.task.clone(), run.info.row.clone());
        for record in &run.labels {
            found
                .entry(cell.clone())
                .or_default()
                .entry(record.epoch as u32)
                .or_default()
                .push(of(run, record));
        }
    }
    let points = |epochs: BTreeMap<u32, Vec<f64>>| {
        epochs.into_iter().filter_map(|(epoch, sample)| Some((epoch, Value::of(&sample)?))).collect()
    };
    found.into_iter().map(|(cell, epochs)| (cell, points(epochs))).collect()
}
