//! Percentages by seed, and how they are combined into differences.

use std::collections::BTreeMap;

use super::super::results::{Cells, Results};
use super::super::runs::RunRecords;
use crate::error::Result;
use crate::record::{EvaluationRecord, Split};

/// A number per seed.
pub(super) type BySeed = BTreeMap<u64, f64>;

/// A measure of every run at its last epoch, in percent.
pub(super) struct Scores {
    found: Cells<BySeed>,
}

impl Scores {
    /// `measure` is `map`, `top1` …
    pub fn new(results: &Results, measure: &str) -> Result<Self> {
        Ok(Self { found: results.seeds(measure)? })
    }

    /// The seeds of a row on a task; none where it was not run.
    pub fn of(&self, task: &str, row: &str) -> BySeed {
        self.found.get(&(task.to_owned(), row.to_owned())).cloned().unwrap_or_default()
    }
}

/// `of` the numbers of each seed that all of `parts` have.
pub(super) fn combined(parts: &[BySeed], of: impl Fn(&[f64]) -> f64) -> BySeed {
    let Some(first) = parts.first() else { return BySeed::new() };
    let all = |seed: &u64| parts.iter().map(|part| part.get(seed).copied()).collect::<Option<Vec<f64>>>();
    first.keys().filter_map(|seed| Some((*seed, of(&all(seed)?)))).collect()
}

/// The second number minus the first, seed by seed.
pub(super) fn difference(lower: BySeed, upper: BySeed) -> BySeed {
    combined(&[lower, upper], |values| values[1] - values[0])
}

/// The mean, seed by seed.
pub(super) fn average(parts: &[BySeed]) -> BySeed {
    combined(parts, |values| values.iter().sum::<f64>() / values.len() as f64)
}

/// mAP of the mean networks minus that of the networks they average, at the last epoch, in percent.
pub(super) fn over_students(runs: &[RunRecords], task: &str, row: &str) -> BySeed {
    let wanted = |run: &&RunRecords| run.info.task == task && run.info.row == row;
    runs.iter().filter(wanted).filter_map(|run| Some((run.info.seed, over_student(run)?))).collect()
}

fn over_student(run: &RunRecords) -> Option<f64> {
    let last = run.evaluations.iter().map(|record| record.epoch).max()?;
    let at_end = |record: &&EvaluationRecord| record.epoch == last && record.split == Split::TargetTest;
    let map = |name: String| {
        run.evaluations.iter().filter(at_end).find(|record| record.network == name).map(|record| record.map)
    };
    let pair = |number: usize| Some(map(format!("network-{number}"))? - map(format!("student-{number}"))?);
    let gains: Vec<f64> = (1..=2).filter_map(pair).collect();
    (!gains.is_empty()).then(|| 100.0 * gains.iter().sum::<f64>() / gains.len() as f64)
}
