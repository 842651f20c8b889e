//! Percentages by seed, and within a seed by query where the runs kept them; how they are combined into differences.

use std::collections::BTreeMap;

use super::super::queries::{self, ByQuery};
use super::super::results::{Cells, Results};
use super::super::runs::RunRecords;
use crate::error::Result;
use crate::record::{EvaluationRecord, Split};

/// A number of one seed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Score {
    /// Percent.
    pub value: f64,
    /// The same by query: a set for each task, `value` being the mean of the means of the sets. None where a run did not keep them.
    pub queries: Option<Vec<ByQuery>>,
}

/// A number per seed.
pub(super) type BySeed = BTreeMap<u64, Score>;

impl Score {
    /// A linear function of several numbers, of their values and query by query. The queries are lost where one has none, or others.
    fn linear(parts: &[&Self], of: impl Fn(&[f64]) -> f64) -> Self {
        let values: Vec<f64> = parts.iter().map(|part| part.value).collect();
        let sets = parts.iter().map(|part| part.queries.as_ref()).collect::<Option<Vec<_>>>();
        let queries = sets.and_then(|sets| {
            let count = sets.first()?.len();
            let same = sets.iter().all(|set| set.len() == count);
            let set = |at: usize| paired(&sets.iter().map(|sets| &sets[at]).collect::<Vec<_>>(), &of);
            if same { (0..count).map(set).collect() } else { None }
        });
        Self { value: of(&values), queries }
    }

    /// The mean of numbers of several tasks, whose queries have nothing to do with each other.
    fn pooled(parts: &[&Self]) -> Self {
        let sets = parts.iter().map(|part| part.queries.clone()).collect::<Option<Vec<_>>>();
        Self {
            value: mean(&parts.iter().map(|part| part.value).collect::<Vec<_>>()),
            queries: sets.map(|sets| sets.concat()),
        }
    }
}

/// `of` the values of each query; none where a part lacks a query that another has.
fn paired(parts: &[&ByQuery], of: impl Fn(&[f64]) -> f64) -> Option<ByQuery> {
    let first = parts.first()?;
    if parts.iter().any(|part| part.len() != first.len()) {
        return None;
    }
    let all = |query: &usize| parts.iter().map(|part| part.get(query).copied()).collect::<Option<Vec<f64>>>();
    first.keys().map(|query| Some((*query, of(&all(query)?)))).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// A measure of every run at its last epoch, in percent.
pub(super) struct Scores {
    found: Cells<BySeed>,
}

impl Scores {
    /// mAP, with the precisions of the queries that `runs` kept.
    pub fn map(results: &Results, runs: &[RunRecords]) -> Result<Self> {
        let mut scores = Self::of_measure(results, "map")?;
        for run in runs {
            let cell = scores.found.get_mut(&(run.info.task.clone(), run.info.row.clone()));
            if let Some(score) = cell.and_then(|cell| cell.get_mut(&run.info.seed)) {
                score.queries = queries::of_run(run).map(|found| vec![found]);
            }
        }
        Ok(scores)
    }

    /// `measure` is `top1` …; no number of a single query.
    pub fn of_measure(results: &Results, measure: &str) -> Result<Self> {
        let score = |(seed, value)| (seed, Score { value, queries: None });
        let by_seed = |seeds: BTreeMap<u64, f64>| seeds.into_iter().map(score).collect();
        let found = results.seeds(measure)?.into_iter().map(|(cell, seeds)| (cell, by_seed(seeds)));
        Ok(Self { found: found.collect() })
    }

    /// The seeds of a row on a task; none where it was not run.
    pub fn of(&self, task: &str, row: &str) -> BySeed {
        self.found.get(&(task.to_owned(), row.to_owned())).cloned().unwrap_or_default()
    }
}

/// `of` the numbers of each seed that all of `parts` have.
fn combined(parts: &[BySeed], of: impl Fn(&[&Score]) -> Score) -> BySeed {
    let Some(first) = parts.first() else { return BySeed::new() };
    let all = |seed: &u64| parts.iter().map(|part| part.get(seed)).collect::<Option<Vec<&Score>>>();
    first.keys().filter_map(|seed| Some((*seed, of(&all(seed)?)))).collect()
}

/// The lowest number, seed by seed. Which one that is, is no linear matter: queries are not kept.
pub(super) fn lowest(parts: &[BySeed]) -> BySeed {
    let lowest = |scores: &[&Score]| scores.iter().map(|score| score.value).fold(f64::INFINITY, f64::min);
    combined(parts, |scores| Score { value: lowest(scores), queries: None })
}

/// The second number minus the first, seed by seed and query by query.
pub(super) fn difference(lower: BySeed, upper: BySeed) -> BySeed {
    combined(&[lower, upper], |scores| Score::linear(scores, |values| values[1] - values[0]))
}

/// The mean of rows of one task.
pub(super) fn of_rows(parts: &[BySeed]) -> BySeed {
    combined(parts, |scores| Score::linear(scores, mean))
}

/// The mean over tasks.
pub(super) fn over_tasks(parts: &[BySeed]) -> BySeed {
    combined(parts, Score::pooled)
}

/// mAP of the mean networks minus that of the networks they average, at the last epoch, in percent.
pub(super) fn over_students(runs: &[RunRecords], task: &str, row: &str) -> BySeed {
    let wanted = |run: &&RunRecords| run.info.task == task && run.info.row == row;
    runs.iter().filter(wanted).filter_map(|run| Some((run.info.seed, over_student(run)?))).collect()
}

fn over_student(run: &RunRecords) -> Option<Score> {
    let last = run.evaluations.iter().map(|record| record.epoch).max()?;
    let at_end = |record: &&EvaluationRecord| record.epoch == last && record.split == Split::TargetTest;
    let score = |name: String| {
        let found = run.evaluations.iter().filter(at_end).find(|record| record.network == name)?;
        let queries = queries::of_network(run, &name).map(|found| vec![found]);
        Some(Score { value: 100.0 * found.map, queries })
    };
    let pair = |number: usize| {
        let (student, network) = (score(format!("student-{number}"))?, score(format!("network-{number}"))?);
        Some(Score::linear(&[&student, &network], |values| values[1] - values[0]))
    };
    let gains: Vec<Score> = (1..=2).filter_map(pair).collect();
    (!gains.is_empty()).then(|| Score::linear(&gains.iter().collect::<Vec<_>>(), mean))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(queries: &[(usize, f64)]) -> Score {
        let values: Vec<f64> = queries.iter().map(|(_, value)| *value).collect();
        Score { value: mean(&values), queries: Some(vec![queries.iter().copied().collect()]) }
    }

    #[test]
    fn queries_are_paired_by_their_number_and_never_by_their_place() {
        let lower = BySeed::from([(1, score(&[(3, 10.0), (7, 40.0)]))]);
        let upper = BySeed::from([(1, score(&[(7, 50.0), (3, 30.0)]))]);
        let found = difference(lower.clone(), upper);
        assert_eq!(found[&1], score(&[(3, 20.0), (7, 10.0)]));
        let other = BySeed::from([(1, score(&[(3, 30.0), (8, 50.0)]))]);
        let found = difference(lower.clone(), other);
        assert_eq!(found[&1], Score { value: 15.0, queries: None }, "query 7 has no partner");
        let more = BySeed::from([(1, score(&[(3, 30.0), (7, 50.0), (8, 10.0)]))]);
        assert_eq!(difference(lower, more)[&1].queries, None);
    }

    #[test]
    fn tasks_keep_their_queries_apart() {
        let one = BySeed::from([(1, score(&[(0, 10.0), (1, 20.0)]))]);
        let two = BySeed::from([(1, score(&[(0, 45.0)]))]);
        let both = over_tasks(&[one, two]);
        assert_eq!(both[&1].value, 30.0);
        assert_eq!(both[&1].queries.as_ref().unwrap().iter().map(BTreeMap::len).collect::<Vec<_>>(), [2, 1]);
    }
}
