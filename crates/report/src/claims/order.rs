//! The order that the paper's tables show: Pre-trained < Baseline < MMT < Oracle.

use mmt_vocabulary::Method;
use mmt_vocabulary::error::Result;

use super::super::names::{METHODS, row_label};
use super::super::results::Results;
use super::super::rows::{Row, comparable, has_two_networks, is_full};
use super::super::statistics::{ByRun, Estimate};
use super::scores::Scores;
use super::{Claim, Verdict, correct};

/// The order, step by step.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    /// Every step on every task, and steps to MMT on the mean of the tasks.
    pub steps: Vec<Claim>,
    methods: Vec<String>,
    tasks: Vec<String>,
}

impl Order {
    /// The order of the methods that have a row.
    pub fn new(results: &Results) -> Result<Self> {
        let scores = Scores::new(results, "map")?;
        let tasks: Vec<&String> = results.tasks.iter().collect();
        let pairs = pairs(&results.rows);
        let mut steps = Vec::new();
        for task in &tasks {
            steps.extend(pairs.iter().map(|pair| step(results, &scores, &[task], *pair)));
        }
        if tasks.len() > 1 {
            let gains = pairs.iter().filter(|(_, upper)| upper.method == Some(Method::Mmt));
            steps.extend(gains.map(|pair| step(results, &scores, &tasks, *pair)));
        }
        correct(&mut steps);
        let has = |method: &Method| results.rows.iter().any(|row| row.method == Some(*method));
        let methods = METHODS.into_iter().filter(has).map(|method| row_label(&method.to_string())).collect();
        Ok(Self { steps, methods, tasks: results.tasks.clone() })
    }

    /// One line on the whole; none where one method alone was run.
    pub fn line(&self) -> Option<String> {
        let on_tasks = |holds: &dyn Fn(&Claim) -> bool| {
            let whole =
                |task: &&String| self.steps.iter().filter(|step| step.tasks == [(**task).clone()]).all(holds);
            self.tasks.iter().filter(whole).count()
        };
        let means = on_tasks(&|step| step.estimate.mean().is_some_and(|mean| mean > 0.0));
        let holds = on_tasks(&|step| step.verdict() == Verdict::Holds);
        let (order, n) = (self.methods.join(" < "), self.tasks.len());
        (self.methods.len() > 1).then(|| {
            format!("{order} (mAP, last epoch): the means stand in this order on {means} of {n} tasks; every step holds on {holds}")
        })
    }
}

/// Rows of neighbouring methods; a method without a row is stepped over, and so are rows that lack a part of MMT or the baseline's
/// second network.
fn pairs(rows: &[Row]) -> Vec<(&Row, &Row)> {
    let whole = |row: &&Row| has_two_networks(row) && (row.method != Some(Method::Mmt) || is_full(row));
    let of = |method: &Method| {
        rows.iter().filter(|row| row.method == Some(*method)).filter(whole).collect::<Vec<_>>()
    };
    let levels: Vec<Vec<&Row>> = METHODS.iter().map(of).filter(|level| !level.is_empty()).collect();
    let mut pairs = Vec::new();
    for (lower, upper) in levels.iter().zip(levels.iter().skip(1)) {
        let all = lower.iter().flat_map(|lower| upper.iter().map(|upper| (*lower, *upper)));
        pairs.extend(all.filter(|(lower, upper)| comparable(lower, upper)));
    }
    pairs
}

/// A step on the mean of `tasks`.
fn step(results: &Results, scores: &Scores, tasks: &[&String], (lower, upper): (&Row, &Row)) -> Claim {
    let found: Vec<ByRun> =
        tasks.iter().map(|task| scores.difference(task, &lower.name, &upper.name)).collect();
    let statement = format!("{} < {}", results.label(lower), results.label(upper));
    Claim::new("Order", &statement, tasks, Estimate::of_differences(&found, results.domains)).about(upper)
}

#[cfg(test)]
mod tests {
    use super::super::super::fixture::Fixture;
    use super::super::super::runs::load;
    use super::*;
    use mmt_vocabulary::record::DomainKind;

    #[test]
    fn the_order_is_judged_unit_by_unit() {
        let fixture = Fixture::new();
        for (task, mmt) in
            [("market-to-duke", [0.5, 0.6, 0.5, 0.55, 0.5]), ("duke-to-market", [0.2, 0.3, 0.8, 0.2, 0.3])]
        {
            for (seed, mmt) in (1..).zip(mmt) {
                fixture.run(task, "baseline", "baseline", seed, &[0.2, 0.3]);
                fixture.run(task, "mmt-k", "mmt", seed, &[0.2, mmt]);
            }
        }
        let order = || {
            let runs = load(&fixture.roots()).unwrap().runs;
            Order::new(&Results::new(&runs).unwrap()).unwrap()
        };
        let line = order().line().unwrap();
        assert!(line.starts_with("Baseline < MMT (mAP, last epoch): the means stand"), "{line}");
        assert!(line.ends_with("on 2 of 2 tasks; every step holds on 1"), "{line}");
        fixture.run("market-to-duke", "oracle", "oracle", 6, &[0.7]);
        let order = order();
        let line = order.line().unwrap();
        assert!(
            line.ends_with("on 0 of 2 tasks; every step holds on 0"),
            "a step not run has not held: {line}"
        );
        let lines: Vec<String> = order
            .steps
            .iter()
            .map(|step| {
                let (gain, verdict) = (step.estimate.mean_text(), step.verdict().word());
                format!("{}: {}: {verdict} {gain}", step.scope(DomainKind::Real), step.statement)
            })
            .collect();
        assert_eq!(
            lines,
            [
                "Market → Duke: Baseline < MMT-100: holds +23.0",
                "Market → Duke: MMT-100 < Oracle: not run ",
                "Duke → Market: Baseline < MMT-100: mixed +6.0",
                "Duke → Market: MMT-100 < Oracle: not run ",
                "Mean of 2 tasks: Baseline < MMT-100: leans +14.5",
            ]
        );
    }

    #[test]
    fn rows_of_two_kinds_of_clustering_are_no_step() {
        let row = |name: &str, method: Method, kind: &str| Row {
            name: name.to_owned(),
            method: Some(method),
            settings: format!("clustering = {{ kind = '{kind}' }}").parse().unwrap(),
        };
        let rows = [
            row("baseline", Method::Baseline, "kmeans"),
            row("mmt-k", Method::Mmt, "kmeans"),
            row("mmt-dbscan", Method::Mmt, "dbscan"),
        ];
        let names: Vec<_> =
            pairs(&rows).iter().map(|(one, other)| (one.name.as_str(), other.name.as_str())).collect();
        assert_eq!(names, [("baseline", "mmt-k")]);
    }
}
