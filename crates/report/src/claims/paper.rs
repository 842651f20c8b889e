//! The claims C1 to C8.

use mmt_vocabulary::ClusteringKind;
use mmt_vocabulary::error::Result;

use super::super::results::Results;
use super::super::rows::{PARTS, Part, Row, baseline_of, clustering, clusters, differs_in, is_full};
use super::super::runs::RunRecords;
use super::super::statistics::{ByRun, Estimate};
use super::scores::{Scores, over_students};
use super::{Claim, correct, lines};

/// The claims, in one line each.
pub(crate) const CLAIMS: [(&str, &str); 8] = [
    ("C1", "mutual mean-teaching gains over hard pseudo labels alone"),
    ("C2", "each part of it helps: the whole is above the whole without that part"),
    ("C3", "mean networks are above the networks that they average"),
    ("C4", "two networks are above one"),
    ("C5", "the soft triplet loss helps"),
    ("C6", "it closes more than half of the gap between the pre-trained networks and the oracle"),
    ("C7", "k need not be exact: with each of several k it is above the baseline of the same k"),
    ("C8", "mutual mean-teaching gains over no adaptation"),
];

/// Judges C1 to C8 on every task, and on the mean of the tasks; what has no rows is there as not run.
pub(crate) fn judge(results: &Results, runs: &[RunRecords]) -> Result<Vec<Claim>> {
    let judge = Judge { results, runs, scores: Scores::new(results, "map")? };
    let mut claims = judge.over_baseline();
    claims.extend(PARTS.iter().flat_map(|part| judge.part(part)));
    claims.extend(judge.over_students());
    claims.extend(judge.near_oracle());
    claims.extend(judge.every_k());
    claims.extend(judge.over_start());
    for (number, text) in CLAIMS {
        if !claims.iter().any(|claim| claim.number == number) {
            claims.push(Claim::not_run(number, text));
        }
    }
    correct(&mut claims);
    // Stable: within a claim the order above stays.
    claims.sort_by_key(|claim| claim.number);
    Ok(claims)
}

/// The baseline of the very clustering of `row`.
fn baseline_of_same_k<'a>(rows: &'a [Row], row: &Row) -> Option<&'a Row> {
    baseline_of(rows, row).filter(|baseline| clusters(baseline) == clusters(row))
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

    fn first(&self, of: fn(&Row) -> bool) -> Option<&Row> {
        self.results.rows.iter().find(|row| of(row))
    }

    /// The lines of a statement about differences.
    fn differences(
        &self,
        words: (&'static str, &str),
        row: &Row,
        of: impl Fn(&String) -> ByRun,
    ) -> Vec<Claim> {
        lines(words, row, &self.results.tasks, |tasks| {
            let found: Vec<ByRun> = tasks.iter().map(|task| of(task)).collect();
            Estimate::of_differences(&found, self.results.domains)
        })
    }

    /// The lines of `upper` being above `lower`.
    fn above(&self, words: (&'static str, &str), row: &Row, lower: &Row, upper: &Row) -> Vec<Claim> {
        self.differences(words, row, |task| self.scores.difference(task, &lower.name, &upper.name))
    }

    fn over_baseline(&self) -> Vec<Claim> {
        let claims = |full: &Row| {
            let baseline = baseline_of(&self.results.rows, full)?;
            let statement = format!("{} is above {}", self.results.label(full), self.results.label(baseline));
            Some(self.above(("C1", &statement), full, baseline, full))
        };
        self.full().filter_map(claims).flatten().collect()
    }

    fn over_start(&self) -> Vec<Claim> {
        let Some(start) = self.first(Row::is_start) else { return Vec::new() };
        let claims = |full: &Row| {
            let statement = format!("{} is above {}", self.results.label(full), self.results.label(start));
            self.above(("C8", &statement), full, start, full)
        };
        self.full().flat_map(claims).collect()
    }

    /// One part of the method; not run where no row does without it.
    fn part(&self, part: &Part) -> Vec<Claim> {
        let pairs = self.full().flat_map(|full| {
            let without = self.results.rows.iter().filter(|row| part.is_taken_from(full, row));
            without.map(move |row| (full, row))
        });
        let claims: Vec<Claim> = pairs
            .flat_map(|(full, without)| {
                let (full_name, name) = (self.results.label(full), self.results.label(without));
                let statement = format!("{} helps: {full_name} is above {name}", part.name);
                self.above((part.claim, &statement), full, without, full)
            })
            .collect();
        if claims.is_empty() {
            return vec![Claim::not_run(part.claim, &format!("{} helps", part.name))];
        }
        claims
    }

    fn over_students(&self) -> Vec<Claim> {
        let claims = |full: &Row| {
            let statement = format!("mean networks of {} are above their networks", self.results.label(full));
            self.differences(("C3", &statement), full, |task| over_students(self.runs, task, &full.name))
        };
        self.full().flat_map(claims).collect()
    }

    fn near_oracle(&self) -> Vec<Claim> {
        let (Some(start), Some(oracle)) = (self.first(Row::is_start), self.first(Row::is_oracle)) else {
            return Vec::new();
        };
        let claims = |full: &Row| {
            let statement = format!(
                "{} closes more than half of the gap from {} to {}",
                self.results.label(full),
                self.results.label(start),
                self.results.label(oracle)
            );
            lines(("C6", &statement), full, &self.results.tasks, |tasks| {
                let to = |upper: &Row| -> Vec<ByRun> {
                    tasks.iter().map(|task| self.scores.difference(task, &start.name, &upper.name)).collect()
                };
                Estimate::of_shares(&to(full), &to(oracle), self.results.domains)
            })
        };
        self.full().flat_map(claims).collect()
    }

    /// A statement for each k, where there are several; not run for a k without a baseline of that k.
    fn every_k(&self) -> Vec<Claim> {
        let mut rows: Vec<&Row> =
            self.full().filter(|row| clustering(row) == Some(ClusteringKind::KMeans)).collect();
        let other_k = |row: &&Row| {
            !row.is_of_table1() && rows.first().is_some_and(|full| differs_in(full, row, "clusters"))
        };
        let others: Vec<&Row> = self.results.rows.iter().filter(other_k).collect();
        rows.extend(others);
        rows.sort_by_key(|row| clusters(row));
        rows.dedup_by_key(|row| clusters(row));
        if rows.len() < 2 {
            return Vec::new();
        }
        let claims = |row: &&Row| {
            let k = clusters(row).unwrap_or_default();
            let statement = format!("with k = {k} it is above the baseline of the same k");
            match baseline_of_same_k(&self.results.rows, row) {
                Some(baseline) => self.above(("C7", &statement), row, baseline, row),
                None => vec![Claim::not_run("C7", &statement).about(row)],
            }
        };
        rows.iter().flat_map(claims).collect()
    }
}

#[cfg(test)]
mod tests {
    use toml::Value;

    use super::super::super::fixture::Fixture;
    use super::super::super::runs::load;
    use super::super::Verdict;
    use super::*;
    use mmt_vocabulary::record::DomainKind;

    const TASK: &str = "market-to-duke";

    fn judged(fixture: &Fixture) -> Vec<Claim> {
        let runs = load(&fixture.roots()).unwrap().runs;
        judge(&Results::new(&runs).unwrap(), &runs).unwrap()
    }

    /// Number, statement, scope and verdict of each claim with `number`.
    fn lines(claims: &[Claim], number: &str) -> Vec<String> {
        let wanted = claims.iter().filter(|claim| claim.number == number);
        wanted
            .map(|claim| {
                let scope = claim.scope(DomainKind::Synthetic);
                format!("{scope}: {}: {}", claim.statement, claim.verdict().text(&claim.estimate))
            })
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
                "Market-like → Duke-like: MMT-100 is above Baseline: △ leans (3 of 3; verdicts need five)",
                "Duke-like → Market-like: MMT-100 is above Baseline: △ leans (3 of 3; verdicts need five)",
                "Mean of 2 tasks: MMT-100 is above Baseline: △ leans (3 of 3; verdicts need five)",
                "Market-like → Duke-like: MMT-DBSCAN is above Baseline-DBSCAN: ▽ leans opposite (3 of 3; verdicts need five)",
                "Duke-like → Market-like: MMT-DBSCAN is above Baseline-DBSCAN: not run",
            ]
        );
        let close = |gain: f64, expected: f64| (gain - expected).abs() < 1e-9;
        assert!(close(claims[0].estimate.mean().unwrap(), 20.0), "{:?}", claims[0]);
        assert!(close(claims[2].estimate.values[&3], (20.0 + 30.0) / 2.0), "{:?}", claims[2]);
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
                "Market-like → Duke-like: the soft identity loss helps: Whole is above A: △ leans (3 of 3; verdicts need five)",
                "Every task: the hard identity loss helps: not run",
                "Every task: learning from hard labels helps: not run",
                "Market-like → Duke-like: teaching by mean networks helps: Whole is above D: ○ mixed (0 of 3 above)",
                "Every task: clustering the mean networks' features helps: not run",
                "Every task: a classifier from the centroids of every epoch helps: not run",
            ]
        );
        assert_eq!(
            lines(&claims, "C4"),
            [
                "Market-like → Duke-like: a second network helps: Whole is above C: ▽ leans opposite (3 of 3; verdicts need five)"
            ]
        );
        assert_eq!(
            lines(&claims, "C5"),
            [
                "Market-like → Duke-like: the soft triplet loss helps: Whole is above B: △ leans (3 of 3; verdicts need five)"
            ]
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
        assert_eq!(
            lines(&judged(&fixture), "C1"),
            ["Market-like → Duke-like: MMT-100 is above Baseline: △ leans (3 of 3; verdicts need five)"]
        );
        let runs = load(&fixture.roots()).unwrap().runs;
        let order = super::super::Order::new(&Results::new(&runs).unwrap()).unwrap();
        let steps: Vec<&str> = order.steps.iter().map(|step| step.statement.as_str()).collect();
        assert_eq!(steps, ["Baseline < MMT-100"]);
    }

    /// The fixture's student 1 is 9 points below its mean network, and there is no student 2.
    #[test]
    fn mean_networks_are_compared_with_their_own_networks() {
        let fixture = Fixture::new();
        row(&fixture, "mmt-k", "mmt", 0.5, &[]);
        let claims = judged(&fixture);
        assert_eq!(
            lines(&claims, "C3"),
            [
                "Market-like → Duke-like: mean networks of MMT-100 are above their networks: △ leans (3 of 3; verdicts need five)"
            ]
        );
        let claim = claims.iter().find(|claim| claim.number == "C3").unwrap();
        assert!((claim.estimate.mean().unwrap() - 9.0).abs() < 1e-9, "{claim:?}");
    }

    /// From 20 % to 80 %: 35 of 60 points are 58 %, 25 are 42 %.
    #[test]
    fn near_the_oracle_is_a_share_of_the_gap() {
        let near = |oracle: f64, map: f64| {
            let fixture = Fixture::new();
            for seed in 1..=3 {
                fixture.run(TASK, "pre-trained", "pre-trained", seed, &[0.2 + 0.01 * seed as f64]);
                fixture.run(TASK, "oracle", "oracle", seed, &[oracle + 0.01 * seed as f64]);
            }
            row(&fixture, "mmt-k", "mmt", map, &[]);
            let claims = judged(&fixture);
            let claim = claims.iter().find(|claim| claim.number == "C6").unwrap();
            (claim.estimate.mean_text(), lines(&claims, "C6")[0].clone())
        };
        let (share, line) = near(0.8, 0.55);
        assert_eq!(share, "58 %");
        assert_eq!(
            line,
            "Market-like → Duke-like: MMT-100 closes more than half of the gap from Pre-trained to Oracle: \
             △ leans (3 of 3; verdicts need five)"
        );
        let (share, line) = near(0.8, 0.45);
        assert!(
            share == "42 %" && line.ends_with("▽ leans opposite (3 of 3; verdicts need five)"),
            "{share} {line}"
        );
        // An oracle below the start once made MMT above the start look far from it.
        let (share, line) = near(0.1, 0.45);
        assert!(
            share.is_empty() && line.ends_with("undefined (oracle not above the start in 3 of 3)"),
            "{share} {line}"
        );
    }

    #[test]
    fn each_k_is_held_against_the_baseline_of_the_same_k() {
        let fixture = Fixture::new();
        row(&fixture, "baseline", "baseline", 0.3, &[("clustering", kmeans(500))]);
        row(&fixture, "mmt-500", "mmt", 0.5, &[("clustering", kmeans(500))]);
        assert!(lines(&judged(&fixture), "C7")[0].ends_with("not run"), "one k says nothing");
        row(&fixture, "k-twice", "variant", 0.4, &[("clustering", kmeans(900))]);
        let at_500 = "Market-like → Duke-like: with k = 500 it is above the baseline of the same k: \
                      △ leans (3 of 3; verdicts need five)";
        let other = "with k = 900 it is above the baseline of the same k";
        assert_eq!(lines(&judged(&fixture), "C7"), [at_500, &format!("Every task: {other}: not run")]);
        row(&fixture, "baseline-900", "baseline", 0.45, &[("clustering", kmeans(900))]);
        let claims = judged(&fixture);
        let at_900 =
            format!("Market-like → Duke-like: {other}: ▽ leans opposite (3 of 3; verdicts need five)");
        assert_eq!(lines(&claims, "C7"), [at_500, &at_900]);
        let last = claims.iter().rfind(|claim| claim.number == "C7").unwrap();
        assert!((last.estimate.mean().unwrap() + 5.0).abs() < 1e-9);
    }

    #[test]
    fn hard_losses_are_parts_as_well_and_no_adaptation_is_a_comparison() {
        let fixture = Fixture::new();
        row(&fixture, "mmt-k", "mmt", 0.5, &[]);
        row(&fixture, "without-ce", "variant", 0.4, &[("soft_ce_weight", 1.0.into())]);
        let only_soft = [("soft_ce_weight", 1.0.into()), ("soft_tri_weight", 1.0.into())];
        row(&fixture, "only-soft", "variant", 0.45, &only_soft);
        for seed in 1..=3 {
            fixture.run(TASK, "pre-trained", "pre-trained", seed, &[0.2]);
        }
        let claims = judged(&fixture);
        let means: Vec<String> = claims
            .iter()
            .filter(|claim| ["C2", "C8"].contains(&claim.number) && claim.estimate.n() > 0)
            .map(|claim| format!("{}: {}", claim.statement, claim.estimate.mean_text()))
            .collect();
        assert_eq!(
            means,
            [
                "the hard identity loss helps: MMT-100 is above MMT w/o L_id: +10.0",
                "learning from hard labels helps: MMT-100 is above MMT, only L_sid and L_stri: +5.0",
                "MMT-100 is above Pre-trained: +32.0",
            ]
        );
    }

    /// Of two tasks the mean is the line that counts, of one that one; a statement has one such line.
    #[test]
    fn every_statement_has_one_confirmatory_line() {
        let fixture = Fixture::new();
        row(&fixture, "baseline", "baseline", 0.3, &[]);
        row(&fixture, "mmt-k", "mmt", 0.5, &[]);
        let confirmatory = |claims: &[Claim]| -> Vec<usize> {
            let wanted = claims.iter().filter(|claim| claim.confirmatory && claim.number == "C1");
            wanted.map(|claim| claim.tasks.len()).collect()
        };
        assert_eq!(confirmatory(&judged(&fixture)), [1]);
        for seed in 1..=3 {
            fixture.run("duke-to-market", "baseline", "baseline", seed, &[0.2, 0.4]);
            fixture.run("duke-to-market", "mmt-k", "mmt", seed, &[0.2, 0.5]);
        }
        assert_eq!(confirmatory(&judged(&fixture)), [2]);
    }
}
