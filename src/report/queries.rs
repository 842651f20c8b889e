//! The average precision of single queries: what is wrong with those of a run, and whether runs can be compared query by query.

use std::collections::{BTreeMap, BTreeSet};

use super::runs::RunRecords;
use crate::record::{EVALUATIONS, QUERIES, QueryRecord, Split};

/// Percent of each query.
pub(super) type ByQuery = BTreeMap<usize, f64>;

/// How far the mean of the precisions may be from the recorded mAP: rounding, no more.
const TOLERANCE: f64 = 1e-6;

/// The first fault that is found; none for sound records, and for runs that have none.
pub(super) fn fault(run: &RunRecords) -> Option<String> {
    let epoch = run.evaluations.iter().map(|record| record.epoch).max().unwrap_or(0);
    let mut seen = BTreeSet::new();
    for QueryRecord { network, query, ap, epoch: found, .. } in &run.queries {
        if !ap.is_finite() {
            return Some(format!("{QUERIES}: NaN or infinite values of query {query}"));
        }
        if !(0.0..=1.0).contains(ap) {
            return Some(format!("{QUERIES}: values outside 0 to 1 of query {query}"));
        }
        if *found != epoch {
            return Some(format!(
                "{QUERIES}: epoch {found}, but the last one that {EVALUATIONS} has is {epoch}"
            ));
        }
        if !seen.insert((network, query)) {
            return Some(format!("{QUERIES}: query {query} of {network} stands twice"));
        }
    }
    let networks: BTreeSet<&String> = run.queries.iter().map(|record| &record.network).collect();
    networks.into_iter().find_map(|network| other_mean(run, network, epoch)).or_else(|| other_queries(run))
}

/// A file that is cut off, or not of this run.
fn other_mean(run: &RunRecords, network: &str, epoch: usize) -> Option<String> {
    let wanted = |split, of: &str, at| split == Split::TargetTest && of == network && at == epoch;
    let evaluation =
        run.evaluations.iter().find(|record| wanted(record.split, &record.network, record.epoch));
    let Some(evaluation) = evaluation else {
        return Some(format!("{QUERIES}: {network} has no evaluation at epoch {epoch}"));
    };
    let precisions: Vec<f64> =
        run.queries.iter().filter(|record| record.network == network).map(|record| record.ap).collect();
    let mean = precisions.iter().sum::<f64>() / precisions.len() as f64;
    let reason = || {
        format!(
            "{QUERIES}: the mean of {network} is not its mAP in {EVALUATIONS}; the file is cut off or of another run"
        )
    };
    ((mean - evaluation.map).abs() > TOLERANCE).then(reason)
}

fn other_queries(run: &RunRecords) -> Option<String> {
    let mut sets: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    for record in &run.queries {
        sets.entry(&record.network).or_default().insert(record.query);
    }
    let first = sets.values().next()?;
    let (network, _) = sets.iter().find(|(_, set)| *set != first)?;
    Some(format!("{QUERIES}: {network} has other queries than the network before it"))
}

/// Percent of each query of a network; none where the run has none.
pub(super) fn of_network(run: &RunRecords, network: &str) -> Option<ByQuery> {
    let records = run.queries.iter().filter(|record| record.network == network);
    let found: ByQuery = records.map(|record| (record.query, 100.0 * record.ap)).collect();
    (!found.is_empty()).then_some(found)
}

/// Percent of each query, averaged over the networks that the run answers for.
pub(super) fn of_run(run: &RunRecords) -> Option<ByQuery> {
    let mut found: BTreeMap<usize, (f64, f64)> = BTreeMap::new();
    for record in run.queries.iter().filter(|record| record.network.starts_with("network-")) {
        let (sum, n) = found.entry(record.query).or_default();
        (*sum, *n) = (*sum + 100.0 * record.ap, *n + 1.0);
    }
    (!found.is_empty()).then(|| found.into_iter().map(|(query, (sum, n))| (query, sum / n)).collect())
}

/// Takes the queries away from runs of one task and seed that have different ones: nothing can be paired there.
pub(super) fn comparable(runs: &mut [RunRecords], warnings: &mut Vec<String>) {
    let mut sets: BTreeMap<(String, u64), BTreeSet<Vec<usize>>> = BTreeMap::new();
    for run in runs.iter() {
        if let Some(found) = of_run(run) {
            let key = (run.info.task.clone(), run.info.seed);
            sets.entry(key).or_default().insert(found.into_keys().collect());
        }
    }
    for ((task, seed), _) in sets.into_iter().filter(|(_, sets)| sets.len() > 1) {
        warnings.push(format!(
            "{QUERIES}: the runs of {task} seed {seed} were evaluated on different queries; intervals do without them"
        ));
        let own = |run: &&mut RunRecords| run.info.task == task && run.info.seed == seed;
        runs.iter_mut().filter(own).for_each(|run| run.queries.clear());
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::Fixture;
    use super::super::runs::load;
    use super::*;

    /// A run whose networks have precisions of mean 0.29 and 0.31, with `change` made to its records.
    fn run(change: impl Fn(&mut RunRecords)) -> RunRecords {
        let fixture = Fixture::new();
        let folder = fixture.run("market-to-duke", "mmt-k", "mmt", 1, &[0.2, 0.3]);
        fixture.queries(&folder, &[0.1, 0.0, -0.1]);
        let mut run = load(&fixture.roots()).unwrap().runs.remove(0);
        change(&mut run);
        run
    }

    fn found(change: impl Fn(&mut RunRecords)) -> String {
        fault(&run(change)).unwrap_or_default()
    }

    #[test]
    fn sound_queries_have_no_fault_in_any_order() {
        assert_eq!(found(|_| {}), "");
        assert_eq!(found(|run| run.queries.reverse()), "");
        assert_eq!(found(|run| run.queries.clear()), "", "older runs have none");
    }

    #[test]
    fn faults_are_named() {
        assert!(found(|run| run.queries[0].ap = f64::NAN).contains("NaN"));
        assert!(found(|run| run.queries[0].ap = 1.5).contains("outside 0 to 1"));
        assert!(found(|run| run.queries[0].epoch = 0).contains("epoch 0, but the last one"));
        assert!(found(|run| run.queries.push(run.queries[0].clone())).contains("stands twice"));
        assert!(found(|run| run.queries.truncate(2)).contains("cut off"));
        let other = found(|run| {
            run.queries
                .iter_mut()
                .filter(|record| record.network == "network-2")
                .for_each(|record| record.query += 1)
        });
        assert!(other.contains("other queries"), "{other}");
        assert!(found(|run| run.queries[0].network = "else".to_owned()).contains("else has no evaluation"));
    }

    #[test]
    fn runs_of_other_queries_are_not_paired() {
        let (one, mut two) = (run(|_| {}), run(|_| {}));
        two.queries.iter_mut().for_each(|record| record.query += 1);
        let mut warnings = Vec::new();
        let mut runs = [one.clone(), one.clone()];
        comparable(&mut runs, &mut warnings);
        assert!(warnings.is_empty() && runs[1].queries == one.queries);
        let mut runs = [one, two];
        comparable(&mut runs, &mut warnings);
        assert!(warnings[0].contains("market-to-duke seed 1"), "{warnings:?}");
        assert!(runs.iter().all(|run| run.queries.is_empty()));
    }

    #[test]
    fn precisions_are_averaged_over_the_networks_that_answer() {
        let found = of_run(&run(|_| {})).unwrap();
        let expected = [(0, 40.0), (1, 30.0), (2, 20.0)];
        assert!(found.into_iter().zip(expected).all(|(a, b)| a.0 == b.0 && (a.1 - b.1).abs() < 1e-9));
    }
}
