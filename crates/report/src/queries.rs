//! The average precision of single queries: what is wrong with those of a run, and whether runs were evaluated on the same ones.

use std::collections::{BTreeMap, BTreeSet};

use mmt_vocabulary::record::{EVALUATIONS, NetworkName, QUERIES, QueryRecord, Split};

use super::runs::RunRecords;

/// How far the mean of the precisions may be from the recorded mAP: rounding, no more.
const TOLERANCE: f64 = 1e-6;
/// The most that rounding may add to an average precision of 1: earlier builds wrote 1.0000000000000002 for some perfect rankings.
const ROUNDING: f64 = 1e-12;

/// Of each query, in percent, the mean over the networks that answer.
pub(super) fn precisions(run: &RunRecords) -> BTreeMap<usize, f64> {
    let mut found: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
    for record in run.queries.iter().filter(|record| record.network.answers()) {
        found.entry(record.query).or_default().push(100.0 * record.ap);
    }
    found.into_iter().map(|(query, all)| (query, all.iter().sum::<f64>() / all.len() as f64)).collect()
}

/// The first fault that is found; none for sound records, and for runs that have none.
pub(super) fn fault(run: &RunRecords) -> Option<String> {
    let epoch = run.evaluations.iter().map(|record| record.epoch).max().unwrap_or(0);
    let mut seen = BTreeSet::new();
    for QueryRecord { network, query, ap, epoch: found, .. } in &run.queries {
        if !ap.is_finite() {
            return Some(format!("{QUERIES}: NaN or infinite values of query {query}"));
        }
        if !(0.0..=1.0 + ROUNDING).contains(ap) {
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
    let networks: BTreeSet<NetworkName> = run.queries.iter().map(|record| record.network).collect();
    networks.into_iter().find_map(|network| other_mean(run, network, epoch)).or_else(|| other_queries(run))
}

/// A file that is cut off, or not of this run.
fn other_mean(run: &RunRecords, network: NetworkName, epoch: usize) -> Option<String> {
    let wanted = |split, of, at| split == Split::TargetTest && of == network && at == epoch;
    let evaluation = run.evaluations.iter().find(|record| wanted(record.split, record.network, record.epoch));
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
    let mut sets: BTreeMap<NetworkName, BTreeSet<usize>> = BTreeMap::new();
    for record in &run.queries {
        sets.entry(record.network).or_default().insert(record.query);
    }
    let first = sets.values().next()?;
    let (network, _) = sets.iter().find(|(_, set)| *set != first)?;
    Some(format!("{QUERIES}: {network} has other queries than the network before it"))
}

/// Says which tasks have runs on the same domains that were evaluated on different queries: differences between those are of different
/// test sets.
pub(super) fn comparable(runs: &[RunRecords]) -> Vec<String> {
    let mut sets: BTreeMap<(&str, u64), BTreeSet<BTreeSet<usize>>> = BTreeMap::new();
    for run in runs.iter().filter(|run| !run.queries.is_empty()) {
        let key = (run.info.task.as_str(), run.draw().domain);
        sets.entry(key).or_default().insert(run.queries.iter().map(|record| record.query).collect());
    }
    let warning = |((task, domain), _): ((&str, u64), _)| {
        format!(
            "{QUERIES}: runs of {task} on domains {domain} were evaluated on different queries; differences between them are of \
             different test sets"
        )
    };
    sets.into_iter().filter(|(_, sets)| sets.len() > 1).map(warning).collect()
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
        assert!(found(|run| run.queries[0].ap = 1.0 + 1e-9).contains("outside 0 to 1"));
        assert!(!found(|run| run.queries[0].ap = 1.0 + f64::EPSILON).contains("outside 0 to 1"), "rounding");
        assert!(found(|run| run.queries[0].epoch = 0).contains("epoch 0, but the last one"));
        assert!(found(|run| run.queries.push(run.queries[0].clone())).contains("stands twice"));
        assert!(found(|run| run.queries.truncate(2)).contains("cut off"));
        let other = found(|run| {
            run.queries
                .iter_mut()
                .filter(|record| record.network == NetworkName::Answering(2))
                .for_each(|record| record.query += 1)
        });
        assert!(other.contains("other queries"), "{other}");
        assert!(
            found(|run| run.queries[0].network = NetworkName::Source).contains("network has no evaluation")
        );
    }

    #[test]
    fn runs_of_other_queries_are_named() {
        let (one, mut two) = (run(|_| {}), run(|_| {}));
        assert!(comparable(&[one.clone(), one.clone()]).is_empty());
        two.queries.iter_mut().for_each(|record| record.query += 1);
        let warnings = comparable(&[one.clone(), two.clone()]);
        assert!(warnings.len() == 1 && warnings[0].contains("market-to-duke on domains 1"), "{warnings:?}");
        two.info.domain_seed = Some(2);
        assert!(comparable(&[one, two]).is_empty(), "other domains have other queries");
    }
}
