//! Gains of mutual mean-teaching: over its baseline, and over no adaptation.

use mmt_vocabulary::error::Result;
use mmt_vocabulary::record::DomainKind;

use super::super::results::Results;
use super::super::rows::{Row, baseline_of, is_full};
use super::super::runs::Draw;
use super::super::statistics::{ByRun, Estimate};
use super::scope;
use super::scores::Scores;

/// A gain on a task, or on the mean of several.
#[derive(Debug, Clone)]
pub(crate) struct GainLine {
    pub tasks: Vec<String>,
    /// `mAP`, `top-1`.
    pub measure: &'static str,
    pub upper: String,
    /// The row that it is compared with.
    pub lower: String,
    /// `MMT-100 − Baseline`.
    pub compared: String,
    /// By run; of several tasks their mean, over runs that have all of them.
    pub runs: ByRun,
    pub gain: Estimate,
}

impl GainLine {
    /// `Market → Duke`, `Mean of 4 tasks`.
    pub fn scope(&self, domains: DomainKind) -> String {
        scope(&self.tasks, domains)
    }
}

/// Every row of mutual mean-teaching minus its baseline, and minus the pre-trained networks.
#[derive(Debug, Clone)]
pub(crate) struct Gains {
    pub lines: Vec<GainLine>,
}

impl Gains {
    /// In mAP, then in top-1.
    pub fn new(results: &Results) -> Result<Self> {
        let mut lines = lines(results, "mAP", &Scores::new(results, "map")?);
        lines.extend(self::lines(results, "top-1", &Scores::new(results, "top1")?));
        Ok(Self { lines })
    }
}

/// Returns the rows that a full row is compared with.
pub(super) fn lower_rows<'a>(rows: &'a [Row], full: &Row) -> Vec<&'a Row> {
    let start = rows.iter().find(|row| row.is_start());
    baseline_of(rows, full).into_iter().chain(start).collect()
}

fn lines(results: &Results, measure: &'static str, scores: &Scores) -> Vec<GainLine> {
    let mut lines = Vec::new();
    for full in results.rows.iter().filter(|row| is_full(row)) {
        for lower in lower_rows(&results.rows, full) {
            let of = |task: &String| scores.difference(task, &lower.name, &full.name);
            let mut push = |tasks: &[String]| {
                let differences: Vec<ByRun> = tasks.iter().map(of).collect();
                lines.push(GainLine {
                    tasks: tasks.to_vec(),
                    measure,
                    upper: full.name.clone(),
                    lower: lower.name.clone(),
                    compared: format!("{} − {}", results.label(full), results.label(lower)),
                    runs: run_means(&differences),
                    gain: Estimate::of_differences(&differences, results.domains),
                });
            };
            results.tasks.iter().for_each(|task| push(std::slice::from_ref(task)));
            let run: Vec<String> =
                results.tasks.iter().filter(|task| !of(task).is_empty()).cloned().collect();
            if run.len() > 1 {
                push(&run);
            }
        }
    }
    lines
}

/// The mean over `tasks` of each run that has all of them.
fn run_means(tasks: &[ByRun]) -> ByRun {
    let Some(first) = tasks.first() else { return ByRun::new() };
    let mean = |draw: &Draw| {
        let values: Option<Vec<f64>> = tasks.iter().map(|task| task.get(draw).copied()).collect();
        Some((*draw, values?.iter().sum::<f64>() / tasks.len() as f64))
    };
    first.keys().filter_map(mean).collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::fixture::Fixture;
    use super::super::super::runs::load;
    use super::*;

    #[test]
    fn gains_are_over_the_baseline_and_over_no_adaptation() {
        let fixture = Fixture::new();
        for (task, base) in [("market-to-duke", 0.25), ("duke-to-market", 0.5)] {
            for seed in [1, 2] {
                let at = base + 0.01 * seed as f64;
                fixture.run(task, "pre-trained", "pre-trained", seed, &[base]);
                fixture.run(task, "baseline", "baseline", seed, &[0.2, at - 0.02]);
                fixture.run(task, "mmt-k", "mmt", seed, &[0.2, at]);
            }
        }
        let runs = load(&fixture.roots()).unwrap().runs;
        let gains = Gains::new(&Results::new(&runs).unwrap()).unwrap();
        let lines: Vec<String> = gains
            .lines
            .iter()
            .filter(|line| line.measure == "mAP")
            .map(|line| {
                let scope = line.scope(DomainKind::Synthetic);
                format!("{scope}: {} {}", line.compared, line.gain.mean_text())
            })
            .collect();
        assert_eq!(
            lines,
            [
                "Market-like → Duke-like: MMT-100 − Baseline +2.0",
                "Duke-like → Market-like: MMT-100 − Baseline +2.0",
                "Mean of 2 tasks: MMT-100 − Baseline +2.0",
                "Market-like → Duke-like: MMT-100 − Pre-trained +1.5",
                "Duke-like → Market-like: MMT-100 − Pre-trained +1.5",
                "Mean of 2 tasks: MMT-100 − Pre-trained +1.5",
            ]
        );
    }
}
