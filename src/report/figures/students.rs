//! mAP of mean networks beside that of the networks they average.

use std::collections::BTreeMap;

use super::super::claims::is_full;
use super::super::frames::Value;
use super::super::names::row_label;
use super::super::results::Results;
use super::super::runs::RunRecords;
use super::super::summary::Context;
use super::curves::{COLUMNS, Curves, Line, PANEL, Panel, points, rounded};
use super::legend::Legend;
use crate::record::{EvaluationRecord, Split};

impl Curves {
    /// mAP of the mean networks of mutual mean-teaching and of the networks that they average; none where no run has both.
    pub fn students(runs: &[RunRecords], results: &Results, context: &Context) -> Option<Self> {
        let full = results.rows.iter().find(|row| is_full(row))?;
        let mut panels = Vec::new();
        for task in &results.tasks {
            let of = |prefix: &str| networks(runs, (task, &full.name), prefix);
            let [means, students] = [of("network-"), of("student-")];
            if !students.is_empty() {
                let lines = vec![Line { row: 0, points: means }, Line { row: 1, points: students }];
                let range = rounded(points(&lines));
                panels.push(Panel { title: context.task(task), axis: ("mAP (%)", 0), range, lines });
            }
        }
        let all = panels.iter().flat_map(|panel| &panel.lines).flat_map(|line| &line.points);
        let epochs = all.map(|(epoch, _)| *epoch).max()?;
        let columns = COLUMNS.min(panels.len());
        let labels = vec![format!("mean networks of {}", row_label(&full.name)), "its networks".to_owned()];
        Some(Self {
            title: "Mean networks and networks",
            subtitle: context.label(),
            legend: Legend::named(labels, columns as u32 * PANEL.0),
            panels,
            columns,
            panel: PANEL,
            epochs: 0..epochs,
        })
    }
}

/// mAP by epoch of the networks of a (task, row) whose names begin with `prefix`: their mean in each run, over seeds.
fn networks(runs: &[RunRecords], (task, row): (&str, &str), prefix: &str) -> Vec<(i32, Value)> {
    let mut found: BTreeMap<i32, Vec<f64>> = BTreeMap::new();
    for run in runs.iter().filter(|run| run.info.task == task && run.info.row == row) {
        let mut own: BTreeMap<i32, Vec<f64>> = BTreeMap::new();
        let wanted = |record: &&EvaluationRecord| {
            record.split == Split::TargetTest && record.network.starts_with(prefix)
        };
        for record in run.evaluations.iter().filter(wanted) {
            own.entry(record.epoch as i32).or_default().push(100.0 * record.map);
        }
        for (epoch, maps) in own {
            found.entry(epoch).or_default().push(maps.iter().sum::<f64>() / maps.len() as f64);
        }
    }
    found.into_iter().filter_map(|(epoch, sample)| Some((epoch, Value::of(&sample)?))).collect()
}
