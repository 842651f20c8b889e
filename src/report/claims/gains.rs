//! Gains of mutual mean-teaching over its baseline.

use super::super::names::{row_label, task_label};
use super::super::results::Results;
use super::super::runs::RunRecords;
use super::Gain;
use super::paper::baseline_of;
use super::rows::is_full;
use super::scores::{BySeed, Scores, difference, over_tasks};
use crate::error::Result;

/// A gain on a task, or on the mean of several.
#[derive(Debug, Clone)]
pub(in crate::report) struct GainLine {
    pub tasks: Vec<String>,
    /// `mAP`, `top-1`.
    pub measure: &'static str,
    pub lower: String,
    pub upper: String,
    pub gain: Gain,
}

impl GainLine {
    /// `Market → Duke`, `Mean of 4 tasks`.
    pub fn scope(&self) -> String {
        match &self.tasks[..] {
            [task] => task_label(task),
            tasks => format!("Mean of {} tasks", tasks.len()),
        }
    }

    /// `MMT-k − Baseline`.
    pub fn compared(&self) -> String {
        format!("{} − {}", row_label(&self.upper), row_label(&self.lower))
    }
}

/// Every row of mutual mean-teaching minus its baseline.
#[derive(Debug, Clone)]
pub(in crate::report) struct Gains {
    pub lines: Vec<GainLine>,
}

impl Gains {
    /// In mAP, then in top-1.
    pub fn new(results: &Results, runs: &[RunRecords]) -> Result<Self> {
        let mut lines = lines(results, "mAP", &Scores::map(results, runs)?);
        lines.extend(self::lines(results, "top-1", &Scores::of_measure(results, "top1")?));
        Ok(Self { lines })
    }
}

fn lines(results: &Results, measure: &'static str, scores: &Scores) -> Vec<GainLine> {
    let mut lines = Vec::new();
    for full in results.rows.iter().filter(|row| is_full(row)) {
        let Some(baseline) = baseline_of(&results.rows, full) else { continue };
        let of = |task: &String| difference(scores.of(task, &baseline.name), scores.of(task, &full.name));
        let mut push = |tasks: &[String], gain: BySeed| {
            lines.push(GainLine {
                tasks: tasks.to_vec(),
                measure,
                lower: baseline.name.clone(),
                upper: full.name.clone(),
                gain: Gain::new(gain),
            });
        };
        results.tasks.iter().for_each(|task| push(std::slice::from_ref(task), of(task)));
        if results.tasks.len() > 1 {
            push(&results.tasks, over_tasks(&results.tasks.iter().map(of).collect::<Vec<_>>()));
        }
    }
    lines
}
