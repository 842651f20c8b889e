//! The order that the paper claims: Pre-trained < Baseline < MMT < Oracle.

use std::collections::{BTreeMap, BTreeSet};

use super::names::{METHODS, row_label, task_label};
use super::results::{Cells, Results, Row};
use crate::error::Result;

/// mAP by task and row, then by seed.
type Seeds = Cells<BTreeMap<u64, f64>>;

/// A claim and what was measured.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Claim {
    /// `Market → Duke: Baseline < MMT-k`.
    pub text: String,
    /// The task; `None` for a claim about the mean of all.
    pub task: Option<String>,
    /// Differences in mAP, seed by seed.
    pub differences: Vec<f64>,
}

impl Claim {
    /// Mean difference.
    pub fn mean(&self) -> f64 {
        self.differences.iter().sum::<f64>() / self.differences.len() as f64
    }

    /// `held` where the mean difference is above zero; `not run` without a seed that both rows share.
    pub fn verdict(&self) -> &'static str {
        match self.differences.is_empty() {
            true => "not run",
            false if self.mean() > 0.0 => "held",
            false => "not held",
        }
    }

    /// `+5.8 ± 1.2`, the deviation where there are several seeds.
    pub fn difference(&self) -> String {
        let n = self.differences.len();
        let mean = self.mean();
        let squares = self.differences.iter().map(|difference| (difference - mean).powi(2)).sum::<f64>();
        match n {
            0 => String::new(),
            1 => format!("{mean:+.1}"),
            _ => format!("{mean:+.1} ± {:.1}", (squares / (n - 1) as f64).sqrt()),
        }
    }
}

/// Every step of the order on every task, and MMT above Baseline on the mean of the tasks.
pub(super) fn judge(results: &Results) -> Result<Vec<Claim>> {
    let seeds = results.seeds()?;
    let steps = steps(&results.rows);
    let mut claims = Vec::new();
    for task in &results.tasks {
        claims.extend(steps.iter().map(|(lower, upper)| claim(&seeds, &[task], lower, upper)));
    }
    if results.tasks.len() > 1 {
        let tasks: Vec<&String> = results.tasks.iter().collect();
        let gains = steps.iter().filter(|(_, upper)| upper.method == "mmt");
        claims.extend(gains.map(|(lower, upper)| claim(&seeds, &tasks, lower, upper)));
    }
    Ok(claims)
}

/// One line on the whole order: `Pre-trained < Baseline < MMT < Oracle held on 3 of 4 tasks`, of the methods that have a row.
pub(super) fn whole_order(results: &Results, claims: &[Claim]) -> Option<String> {
    let has = |method: &&str| results.rows.iter().any(|row| row.method == *method);
    let methods: Vec<String> = METHODS.into_iter().filter(has).map(row_label).collect();
    let (held, tasks) = tasks_held(claims);
    (methods.len() > 1)
        .then(|| format!("{} held on {held} of {tasks} tasks (mAP, last epoch)", methods.join(" < ")))
}

/// On how many tasks every step held, and of how many.
fn tasks_held(claims: &[Claim]) -> (usize, usize) {
    let tasks: BTreeSet<&String> = claims.iter().filter_map(|claim| claim.task.as_ref()).collect();
    let holds = |task: &&&String| {
        claims
            .iter()
            .filter(|claim| claim.task.as_ref() == Some(**task))
            .all(|claim| claim.verdict() == "held")
    };
    (tasks.iter().filter(holds).count(), tasks.len())
}

/// Pairs of rows of neighbouring methods; a method without a row is stepped over.
fn steps(rows: &[Row]) -> Vec<(&Row, &Row)> {
    let of = |method: &&str| rows.iter().filter(|row| row.method == **method).collect::<Vec<_>>();
    let levels: Vec<Vec<&Row>> = METHODS.iter().map(of).filter(|level| !level.is_empty()).collect();
    let mut steps = Vec::new();
    for (lower, upper) in levels.iter().zip(levels.iter().skip(1)) {
        steps.extend(lower.iter().flat_map(|lower| upper.iter().map(|upper| (*lower, *upper))));
    }
    steps
}

/// Differences of the seeds that both rows have on all of `tasks`, averaged over these.
fn claim(seeds: &Seeds, tasks: &[&String], lower: &Row, upper: &Row) -> Claim {
    let name = match tasks {
        [task] => task_label(task),
        _ => format!("Mean of {} tasks", tasks.len()),
    };
    let cells = |row: &Row| -> Option<Vec<&BTreeMap<u64, f64>>> {
        tasks.iter().map(|task| seeds.get(&((*task).clone(), row.name.clone()))).collect()
    };
    let mut differences = Vec::new();
    if let (Some(lower), Some(upper)) = (cells(lower), cells(upper)) {
        let found = lower[0].keys().filter_map(|seed| {
            let gains: Option<Vec<f64>> = upper
                .iter()
                .zip(&lower)
                .map(|(upper, lower)| Some(upper.get(seed)? - lower.get(seed)?))
                .collect();
            gains.map(|gains| gains.iter().sum::<f64>() / gains.len() as f64)
        });
        differences.extend(found);
    }
    let text = format!("{name}: {} < {}", row_label(&lower.name), row_label(&upper.name));
    Claim { text, task: (tasks.len() == 1).then(|| tasks[0].clone()), differences }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::Fixture;
    use super::super::runs::load;
    use super::*;

    #[test]
    fn the_order_is_judged_seed_by_seed() {
        let fixture = Fixture::new();
        for (task, mmt) in [("market-to-duke", [0.5, 0.6]), ("duke-to-market", [0.1, 0.3])] {
            for (seed, mmt) in [(1, mmt[0]), (2, mmt[1])] {
                fixture.run(task, "baseline", "baseline", seed, &[0.2, 0.3]);
                fixture.run(task, "mmt-k", "mmt", seed, &[0.2, mmt]);
            }
        }
        fixture.run("market-to-duke", "oracle", "oracle", 3, &[0.7]);
        let results = Results::new(&load(fixture.runs()).unwrap().runs).unwrap();
        let claims = judge(&results).unwrap();
        assert_eq!(tasks_held(&claims[..1]), (1, 1));
        assert_eq!(tasks_held(&claims), (0, 2), "a step that was not run has not held");
        let line = whole_order(&results, &claims).unwrap();
        assert_eq!(line, "Baseline < MMT < Oracle held on 0 of 2 tasks (mAP, last epoch)");
        let lines: Vec<String> = claims
            .iter()
            .map(|claim| format!("{} {} {}", claim.text, claim.verdict(), claim.difference()))
            .collect();
        assert_eq!(
            lines,
            [
                "Market → Duke: Baseline < MMT-k held +25.0 ± 7.1",
                "Market → Duke: MMT-k < Oracle not run ",
                "Duke → Market: Baseline < MMT-k not held -10.0 ± 14.1",
                "Duke → Market: MMT-k < Oracle not run ",
                "Mean of 2 tasks: Baseline < MMT-k held +7.5 ± 10.6",
            ]
        );
    }
}
