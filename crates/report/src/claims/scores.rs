//! Percentages of single runs, and the differences that they are combined into.

use std::collections::BTreeMap;

use mmt_vocabulary::error::Result;
use mmt_vocabulary::record::{EvaluationRecord, NetworkName, Split};

use super::super::results::{Cells, Results};
use super::super::runs::RunRecords;
use super::super::statistics::ByRun;

/// A measure of every run at its last epoch, in percent.
pub(crate) struct Scores {
    found: Cells<ByRun>,
}

impl Scores {
    /// `measure` is `map`, `top1` …
    pub fn new(results: &Results, measure: &str) -> Result<Self> {
        Ok(Self { found: results.by_run(measure)? })
    }

    /// The runs of a row on a task; none where it was not run.
    pub fn of(&self, task: &str, row: &str) -> ByRun {
        self.found.get(&(task.to_owned(), row.to_owned())).cloned().unwrap_or_default()
    }

    /// `upper` minus `lower` on a task, run by run: both of the same domains and the same training seed.
    pub fn difference(&self, task: &str, lower: &str, upper: &str) -> ByRun {
        let lower = self.of(task, lower);
        let pair = |(draw, upper)| Some((draw, upper - lower.get(&draw)?));
        self.of(task, upper).into_iter().filter_map(pair).collect()
    }
}

/// mAP of the mean networks minus that of the networks they average, at the last epoch, in percent.
pub(super) fn over_students(runs: &[RunRecords], task: &str, row: &str) -> ByRun {
    let wanted = |run: &&RunRecords| run.info.task == task && run.info.row == row;
    runs.iter().filter(wanted).filter_map(|run| Some((run.draw(), over_student(run)?))).collect()
}

fn over_student(run: &RunRecords) -> Option<f64> {
    let last = run.evaluations.iter().map(|record| record.epoch).max()?;
    let at_end = |record: &&EvaluationRecord| record.epoch == last && record.split == Split::TargetTest;
    let maps: BTreeMap<NetworkName, f64> =
        run.evaluations.iter().filter(at_end).map(|record| (record.network, 100.0 * record.map)).collect();
    let of = |name| maps.get(&name).copied();
    let pair = |number: usize| Some(of(NetworkName::Answering(number))? - of(NetworkName::Student(number))?);
    let gains: Vec<f64> = (1..=2).filter_map(pair).collect();
    (!gains.is_empty()).then(|| gains.iter().sum::<f64>() / gains.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::super::super::fixture::Fixture;
    use super::super::super::runs::{Draw, load};
    use super::*;

    #[test]
    fn a_difference_is_of_the_same_run_and_of_the_last_epoch() {
        let fixture = Fixture::new();
        for (seed, map) in [(1, 0.25), (2, 0.5), (4, 0.75)] {
            fixture.run("market-to-duke", "mmt-k", "mmt", seed, &[0.2, 0.9, map]);
        }
        for (seed, map) in [(2, 0.125), (3, 0.375), (1, 0.5)] {
            fixture.run("market-to-duke", "baseline", "baseline", seed, &[0.2, map]);
        }
        let runs = load(&fixture.roots()).unwrap().runs;
        let scores = Scores::new(&Results::new(&runs).unwrap(), "map").unwrap();
        let found = scores.difference("market-to-duke", "baseline", "mmt-k");
        let draws: Vec<u64> = found.keys().map(|draw| draw.seed).collect();
        assert_eq!(draws, [1, 2]);
        let near = |seed: u64, expected: f64| {
            let draw: &Draw = found.keys().find(|draw| draw.seed == seed).unwrap();
            assert!((found[draw] - expected).abs() < 1e-9, "{found:?}");
        };
        near(1, -25.0);
        near(2, 37.5);
        assert!(scores.difference("duke-to-market", "baseline", "mmt-k").is_empty());
    }

    #[test]
    fn runs_of_other_domains_are_no_pair_even_of_one_training_seed() {
        let fixture = Fixture::new();
        for (row, method, domain, map) in
            [("baseline", "baseline", 1, 0.25), ("baseline", "baseline", 2, 0.5), ("mmt-k", "mmt", 2, 0.75)]
        {
            let mut info = Fixture::info("market-to-duke", row, method, 1);
            info.domain_seed = Some(domain);
            fixture.write(&info, &[0.2, map]);
        }
        let runs = load(&fixture.roots()).unwrap().runs;
        let scores = Scores::new(&Results::new(&runs).unwrap(), "map").unwrap();
        let found: Vec<f64> =
            scores.difference("market-to-duke", "baseline", "mmt-k").into_values().collect();
        assert!(found.len() == 1 && (found[0] - 25.0).abs() < 1e-9, "{found:?}");
    }

    #[test]
    fn both_mean_networks_are_compared_with_their_students_at_the_last_epoch() {
        let fixture = Fixture::new();
        fixture.run("market-to-duke", "mmt-k", "mmt", 1, &[0.2, 0.3, 0.4]);
        let mut runs = load(&fixture.roots()).unwrap().runs;
        let mut second = runs[0].evaluations.clone();
        second.retain(|record| record.network == NetworkName::Student(1));
        second.iter_mut().for_each(|record| record.network = NetworkName::Student(2));
        runs[0].evaluations.extend(second);
        for record in &mut runs[0].evaluations {
            record.map = match (record.epoch, record.network.to_string().as_str()) {
                (2, "network-1") => 0.5,
                (2, "student-1") => 0.25,
                (2, "network-2") => 0.75,
                (2, "student-2") => 0.25,
                _ => 0.125,
            };
        }
        let found: Vec<f64> = over_students(&runs, "market-to-duke", "mmt-k").into_values().collect();
        assert_eq!(found, [37.5], "the mean of 25 and 50");
        assert!(over_students(&runs, "market-to-duke", "baseline").is_empty());
    }
}
