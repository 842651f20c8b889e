//! The claims C1 to C7.

use super::super::names::{METHODS, row_label};
use super::super::results::{Results, Row};
use super::super::runs::RunRecords;
use super::Claim;
use super::rows::{PARTS, Part, clustering, clusters, comparable, differs_in, has_two_networks, is_full};
use super::scores::{BySeed, Scores, difference, lowest, of_rows, over_students, over_tasks};
use crate::error::Result;

/// What the claims are about, in one line each.
pub(in crate::report) const CLAIMS: [(&str, &str); 7] = [
    ("C1", "mutual mean-teaching gains over hard pseudo labels alone"),
    ("C2", "each part of it helps: the whole is above the whole without that part"),
    ("C3", "mean networks are above the networks that they average"),
    ("C4", "two networks are above one"),
    ("C5", "the soft triplet loss helps"),
    ("C6", "it comes near the oracle: nearer to it than to the pre-trained networks"),
    ("C7", "k need not be exact: with the worst of several k it is still above the baseline"),
];

/// Judges C1 to C7 on every task; what has no rows is there as not run.
pub(in crate::report) fn judge(results: &Results, runs: &[RunRecords]) -> Result<Vec<Claim>> {
    let judge = Judge { results, runs, scores: Scores::map(results, runs)? };
    let mut claims = judge.over_baseline();
    claims.extend(PARTS.iter().flat_map(|part| judge.part(part)));
    claims.extend(judge.over_students());
    claims.extend(judge.near_oracle());
    claims.extend(judge.any_k());
    for (number, text) in CLAIMS {
        if !claims.iter().any(|claim| claim.number == number) {
            claims.push(Claim::new(number, text.to_owned(), &[], BySeed::new()));
        }
    }
    // Stable: within a claim the order above stays.
    claims.sort_by_key(|claim| claim.number);
    Ok(claims)
}

/// The baseline that `full` gains over: hard labels alone for two networks, from the same kind of clustering.
pub(in crate::report) fn baseline_of<'a>(rows: &'a [Row], full: &Row) -> Option<&'a Row> {
    rows.iter().find(|row| row.method == METHODS[1] && has_two_networks(row) && comparable(row, full))
}

struct Judge<'a> {
    results: &'a Results,
    runs: &'a [RunRecords],
    scores: Scores,
}

impl Judge<'_> {
    fn full(&self) -> impl Iterator<Item = &Row> {
        self.results.rows.iter().filter(|row| is_full(row))
    }

    fn of_method(&self, method: &str) -> Option<&Row> {
        self.results.rows.iter().find(|row| row.method == method)
    }

    /// A claim for each task.
    fn on_tasks(
        &self,
        (number, statement): (&'static str, &str),
        row: &Row,
        of: impl Fn(&str) -> BySeed,
    ) -> Vec<Claim> {
        let claim = |task| Claim::new(number, statement.to_owned(), &[task], of(task)).about(row);
        self.results.tasks.iter().map(claim).collect()
    }

    fn gain(&self, task: &str, lower: &Row, upper: &Row) -> BySeed {
        difference(self.scores.of(task, &lower.name), self.scores.of(task, &upper.name))
    }

    fn over_baseline(&self) -> Vec<Claim> {
        let mut claims = Vec::new();
        for full in self.full() {
            let Some(baseline) = baseline_of(&self.results.rows, full) else { continue };
            let statement = format!("{} is above {}", row_label(&full.name), row_label(&baseline.name));
            claims.extend(self.on_tasks(("C1", &statement), full, |task| self.gain(task, baseline, full)));
            let tasks: Vec<&String> = self.results.tasks.iter().collect();
            if tasks.len() > 1 {
                let gains: Vec<BySeed> = tasks.iter().map(|task| self.gain(task, baseline, full)).collect();
                claims.push(Claim::new("C1", statement, &tasks, over_tasks(&gains)).about(full));
            }
        }
        claims
    }

    /// One part of the method; not run where no row does without it.
    fn part(&self, part: &Part) -> Vec<Claim> {
        let pairs = self.full().flat_map(|full| {
            let without = self.results.rows.iter().filter(|row| part.is_taken_from(full, row));
            without.map(move |row| (full, row))
        });
        let claims: Vec<Claim> = pairs
            .flat_map(|(full, without)| {
                let (full_name, name) = (row_label(&full.name), row_label(&without.name));
                let statement = format!("{} helps: {full_name} is above {name}", part.name);
                self.on_tasks((part.claim, &statement), full, |task| self.gain(task, without, full))
            })
            .collect();
        if claims.is_empty() {
            return vec![Claim::new(part.claim, format!("{} helps", part.name), &[], BySeed::new())];
        }
        claims
    }

    fn over_students(&self) -> Vec<Claim> {
        self.full()
            .flat_map(|full| {
                let statement =
                    format!("mean networks of {} are above their networks", row_label(&full.name));
                self.on_tasks(("C3", &statement), full, |task| over_students(self.runs, task, &full.name))
            })
            .collect()
    }

    fn near_oracle(&self) -> Vec<Claim> {
        let (Some(start), Some(oracle)) = (self.of_method(METHODS[0]), self.of_method(METHODS[3])) else {
            return Vec::new();
        };
        self.full()
            .flat_map(|full| {
                let statement = format!(
                    "{} is nearer to {} than to {}",
                    row_label(&full.name),
                    row_label(&oracle.name),
                    row_label(&start.name)
                );
                self.on_tasks(("C6", &statement), full, |task| {
                    let ends = [start, oracle].map(|row| self.scores.of(task, &row.name));
                    difference(of_rows(&ends), self.scores.of(task, &full.name))
                })
            })
            .collect()
    }

    /// Only tasks with several k; published profiles have other k for MSMT17.
    fn any_k(&self) -> Vec<Claim> {
        let mut rows: Vec<&Row> = self.full().filter(|row| clustering(row) == Some("kmeans")).collect();
        let other_k = |row: &&Row| {
            row.method == "variant" && rows.first().is_some_and(|full| differs_in(full, row, "clusters"))
        };
        let others: Vec<&Row> = self.results.rows.iter().filter(other_k).collect();
        rows.extend(others);
        let Some(baseline) = rows.first().and_then(|full| baseline_of(&self.results.rows, full)) else {
            return Vec::new();
        };
        let mut claims = Vec::new();
        for task in &self.results.tasks {
            let run: Vec<(&Row, BySeed)> = rows
                .iter()
                .map(|row| (*row, self.scores.of(task, &row.name)))
                .filter(|(_, found)| !found.is_empty())
                .collect();
            let mut all: Vec<i64> = run.iter().filter_map(|(row, _)| clusters(row)).collect();
            all.sort_unstable();
            all.dedup();
            if all.len() < 2 {
                continue;
            }
            let found: Vec<BySeed> = run.into_iter().map(|(_, found)| found).collect();
            let worst = lowest(&found);
            let names: Vec<String> = all.iter().map(i64::to_string).collect();
            let statement =
                format!("the worst of k = {} is above {}", names.join(", "), row_label(&baseline.name));
            let gain = difference(self.scores.of(task, &baseline.name), worst);
            claims.push(Claim::new("C7", statement, &[task], gain).about(rows[0]));
        }
        claims
    }
}

#[cfg(test)]
mod tests {
    use toml::Value;

    use super::super::super::fixture::Fixture;
    use super::super::super::runs::load;
    use super::super::Verdict;
    use super::*;

    const TASK: &str = "market-to-duke";

    fn judged(fixture: &Fixture) -> Vec<Claim> {
        let runs = load(&fixture.roots()).unwrap().runs;
        judge(&Results::new(&runs).unwrap(), &runs).unwrap()
    }

    /// Number, statement, scope and verdict of each claim with `number`.
    fn lines(claims: &[Claim], number: &str) -> Vec<String> {
        let wanted = claims.iter().filter(|claim| claim.number == number);
        wanted
            .map(|claim| format!("{}: {}: {}", claim.scope(), claim.statement, claim.verdict().text()))
            .collect()
    }

    /// Three seeds of a row that ends at `map`, with settings changed.
    fn row(fixture: &Fixture, row: &str, method: &str, map: f64, changes: &[(&str, Value)]) {
        for seed in 1..=3 {
            let folder = fixture.run(TASK, row, method, seed, &[0.2, map + 0.01 * seed as f64]);
            if !changes.is_empty() {
                fixture.reconfigure(&folder, |adaptation| {
                    adaptation.extend(changes.iter().map(|(key, value)| ((*key).to_owned(), value.clone())));
                });
            }
        }
    }

    fn kmeans(clusters: i64) -> Value {
        let text = format!("kind = 'kmeans'\nclusters = {clusters}");
        Value::Table(text.parse().unwrap())
    }

    #[test]
    fn without_its_rows_a_claim_is_not_run() {
        let fixture = Fixture::new();
        row(&fixture, "baseline", "baseline", 0.3, &[]);
        let claims = judged(&fixture);
        let mut numbers: Vec<&str> = claims.iter().map(|claim| claim.number).collect();
        numbers.dedup();
        assert_eq!(numbers, CLAIMS.map(|(number, _)| number));
        assert!(claims.iter().all(|claim| claim.verdict() == Verdict::NotRun));
        assert_eq!(lines(&claims, "C5"), ["Every task: the soft triplet loss helps: not run"]);
    }

    #[test]
    fn gains_are_paired_by_seed_and_by_kind_of_clustering() {
        let fixture = Fixture::new();
        row(&fixture, "baseline", "baseline", 0.3, &[]);
        row(&fixture, "baseline-dbscan", "baseline", 0.6, &[]);
        row(&fixture, "mmt-k", "mmt", 0.5, &[]);
        row(&fixture, "mmt-dbscan", "mmt", 0.4, &[]);
        for seed in 1..=3 {
            fixture.run("duke-to-market", "baseline", "baseline", seed, &[0.2, 0.4]);
            fixture.run("duke-to-market", "mmt-k", "mmt", seed, &[0.2, 0.4 + 0.1 * seed as f64]);
        }
        let claims = judged(&fixture);
        assert_eq!(
            lines(&claims, "C1"),
            [
                "Market → Duke: MMT-k is above Baseline: holds",
                "Duke → Market: MMT-k is above Baseline: holds",
                "Mean of 2 tasks: MMT-k is above Baseline: holds",
                "Market → Duke: MMT-DBSCAN is above Baseline-DBSCAN: does not hold",
                "Duke → Market: MMT-DBSCAN is above Baseline-DBSCAN: not run",
                "Mean of 2 tasks: MMT-DBSCAN is above Baseline-DBSCAN: not run",
            ]
        );
        let close = |gain: f64, expected: f64| (gain - expected).abs() < 1e-9;
        assert!(close(claims[0].gain.mean().unwrap(), 20.0), "{:?}", claims[0]);
        assert!(close(claims[2].gain.differences[2], (20.0 + 30.0) / 2.0), "{:?}", claims[2]);
    }

    #[test]
    fn a_part_is_told_by_its_setting_and_by_nothing_else_that_differs() {
        let fixture = Fixture::new();
        row(&fixture, "whole", "mmt", 0.5, &[]);
        row(&fixture, "a", "mmt", 0.4, &[("soft_ce_weight", 0.0.into())]);
        row(&fixture, "b", "variant", 0.45, &[("soft_tri_weight", 0.0.into())]);
        row(&fixture, "c", "mmt", 0.6, &[("teachers", "own-mean".into())]);
        row(&fixture, "d", "variant", 0.5, &[("teachers", "mutual-current".into())]);
        row(&fixture, "e", "mmt", 0.1, &[("soft_tri_weight", 0.0.into()), ("alpha", 0.9.into())]);
        let claims = judged(&fixture);
        assert_eq!(
            lines(&claims, "C2"),
            [
                "Market → Duke: the soft identity loss helps: Whole is above A: holds",
                "Market → Duke: teaching by mean networks helps: Whole is above D: cannot tell",
                "Every task: clustering the mean networks' features helps: not run",
                "Every task: a classifier from the centroids of every epoch helps: not run",
            ]
        );
        assert_eq!(
            lines(&claims, "C4"),
            ["Market → Duke: a second network helps: Whole is above C: does not hold"]
        );
        assert_eq!(
            lines(&claims, "C5"),
            ["Market → Duke: the soft triplet loss helps: Whole is above B: holds"]
        );
    }

    #[test]
    fn the_single_network_baseline_is_no_baseline_of_two_networks() {
        let fixture = Fixture::new();
        row(&fixture, "a-single", "baseline", 0.6, &[("teachers", "own-mean".into())]);
        row(&fixture, "mmt-k", "mmt", 0.5, &[]);
        assert_eq!(lines(&judged(&fixture), "C1").len(), 1);
        assert!(lines(&judged(&fixture), "C1")[0].ends_with("not run"));
        row(&fixture, "baseline", "baseline", 0.3, &[]);
        assert_eq!(lines(&judged(&fixture), "C1"), ["Market → Duke: MMT-k is above Baseline: holds"]);
        let runs = load(&fixture.roots()).unwrap().runs;
        let order = super::super::Order::new(&Results::new(&runs).unwrap(), &runs).unwrap();
        let steps: Vec<&str> = order.steps.iter().map(|step| step.statement.as_str()).collect();
        assert_eq!(steps, ["Baseline < MMT-k"]);
    }

    /// The fixture's student 1 is 9 points below its mean network, and there is no student 2.
    #[test]
    fn mean_networks_are_compared_with_their_own_networks() {
        let fixture = Fixture::new();
        row(&fixture, "mmt-k", "mmt", 0.5, &[]);
        let claims = judged(&fixture);
        assert_eq!(
            lines(&claims, "C3"),
            ["Market → Duke: mean networks of MMT-k are above their networks: holds"]
        );
        let claim = claims.iter().find(|claim| claim.number == "C3").unwrap();
        assert!((claim.gain.mean().unwrap() - 9.0).abs() < 1e-9, "{claim:?}");
    }

    #[test]
    fn near_the_oracle_is_past_the_middle() {
        let near = |map: f64| {
            let fixture = Fixture::new();
            for seed in 1..=3 {
                fixture.run(TASK, "pre-trained", "pre-trained", seed, &[0.2 + 0.01 * seed as f64]);
                fixture.run(TASK, "oracle", "oracle", seed, &[0.8 + 0.01 * seed as f64]);
            }
            row(&fixture, "mmt-k", "mmt", map, &[]);
            lines(&judged(&fixture), "C6")
        };
        assert_eq!(near(0.55), ["Market → Duke: MMT-k is nearer to Oracle than to Pre-trained: holds"]);
        assert!(near(0.45)[0].ends_with("does not hold"));
    }

    #[test]
    fn the_worst_k_is_held_against_the_baseline() {
        let fixture = Fixture::new();
        row(&fixture, "baseline", "baseline", 0.3, &[("clustering", kmeans(500))]);
        row(&fixture, "mmt-500", "mmt", 0.5, &[("clustering", kmeans(500))]);
        assert!(lines(&judged(&fixture), "C7")[0].ends_with("not run"), "one k says nothing");
        row(&fixture, "k-twice", "variant", 0.4, &[("clustering", kmeans(900))]);
        let claims = judged(&fixture);
        assert_eq!(
            lines(&claims, "C7"),
            ["Market → Duke: the worst of k = 500, 900 is above Baseline: holds"]
        );
        assert!((claims.last().unwrap().gain.mean().unwrap() - 10.0).abs() < 1e-9);
    }
}
