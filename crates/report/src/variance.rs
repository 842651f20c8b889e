//! The sources of variance of single runs' differences (domains, training, the persons of a test set), and how many runs a claim needs.

use std::collections::BTreeMap;

use mmt_vocabulary::Task;
use mmt_vocabulary::error::Result;
use polars::prelude::*;

use super::claims::{GainLine, Gains};
use super::context::Context;
use super::frames::refused;
use super::queries::precisions;
use super::runs::{Draw, RunRecords};
use super::statistics::{Components, of_persons};
use super::table::{Table, columns};

/// The table's title; the figure is called the same.
pub(super) const TITLE: &str = "What differences between runs come from";
/// The shown values in words, for the table and the figure.
pub(super) const ABOUT: &str = "Standard deviation of the difference of mAP of single runs, in percentage points, by what is drawn: domains \
    (beyond the persons of their test sets), training (seeds on one set of domains), and persons (other queries of other persons, from the \
    precisions of all queries). By analysis of variance over the runs of the report, so a number of few runs is a rough one; needed are two \
    training seeds, and a domain can come out at 0 by chance. Another training: 95 % of new training runs on one of these sets of domains \
    come out within this of the mean of those that it has. Domains needed: the fewest of which a two-sided t test at 5 % finds a true \
    difference of 2 points in four of five cases, with one training run of each and with three.";
/// The difference that is to be found, in percentage points.
const POINTS: f64 = 2.0;
/// Training runs of each unit, for which the units needed are given.
pub(super) const RUNS: [usize; 2] = [1, 3];

/// A gain in mAP, and what it varies by.
#[derive(Debug, Clone)]
pub(super) struct Variance<'a> {
    pub line: &'a GainLine,
    pub components: Components,
}

impl Variance<'_> {
    /// Standard deviations in the order domains, training, persons.
    pub fn deviations(&self) -> [Option<f64>; 3] {
        let Components { runs, queries, .. } = self.components;
        [self.components.domains(), runs, queries].map(|variance| variance.map(f64::sqrt))
    }

    /// Units needed with each of [`RUNS`].
    pub fn needed(&self) -> [Option<u32>; 2] {
        RUNS.map(|runs| self.components.needed(runs, POINTS))
    }
}

/// Of every gain in mAP that has several training runs of one set of domains, or of one test set.
pub(super) fn variances<'a>(gains: &'a Gains, runs: &[RunRecords]) -> Vec<Variance<'a>> {
    let by_place: BTreeMap<Place<'_>, &RunRecords> =
        runs.iter().map(|run| ((&run.info.task[..], &run.info.row[..], run.draw()), run)).collect();
    let of = |line: &'a GainLine| {
        let queries = of_queries(line, &by_place);
        Variance { line, components: Components::new(&line.runs, line.gain.unit, queries) }
    };
    let lines = gains.lines.iter().filter(|line| line.measure == "mAP");
    lines.map(of).filter(|variance| variance.components.runs.is_some()).collect()
}

/// Task, row and what was drawn.
type Place<'a> = (&'a str, &'a str, Draw);

/// That of the persons of the test sets, mean over the runs that have them.
fn of_queries(line: &GainLine, runs: &BTreeMap<Place<'_>, &RunRecords>) -> Option<f64> {
    let found: Vec<f64> = line.runs.keys().filter_map(|draw| of_run(line, *draw, runs)).collect();
    (!found.is_empty()).then(|| found.iter().sum::<f64>() / found.len() as f64)
}

/// Tasks of one target share its persons; those of several targets are drawn apart.
fn of_run(line: &GainLine, draw: Draw, runs: &BTreeMap<Place<'_>, &RunRecords>) -> Option<f64> {
    let mut targets: BTreeMap<String, Vec<(i64, f64)>> = BTreeMap::new();
    for task in &line.tasks {
        let [upper, lower] =
            [&line.upper, &line.lower].map(|row| runs.get(&(&task[..], &row[..], draw)).copied());
        let target = task.parse::<Task>().ok()?.target.to_string();
        let shares = shares(upper?, lower?)?.into_iter();
        let of_mean = |(person, share)| (person, share / line.tasks.len() as f64);
        targets.entry(target).or_default().extend(shares.map(of_mean));
    }
    targets.values().map(|shares| of_persons(shares)).sum()
}

/// Returns what each query adds to the difference of two runs, about their mean, with the person on it; none without all persons.
fn shares(upper: &RunRecords, lower: &RunRecords) -> Option<Vec<(i64, f64)>> {
    let (upper_precisions, lower) = (precisions(upper), precisions(lower));
    let persons: BTreeMap<usize, Option<i64>> =
        upper.queries.iter().map(|record| (record.query, record.identity)).collect();
    let change = |(query, upper): (&usize, &f64)| Some(((*persons.get(query)?)?, upper - lower.get(query)?));
    let changes = upper_precisions.iter().map(change).collect::<Option<Vec<(i64, f64)>>>()?;
    let n = changes.len() as f64;
    let mean = changes.iter().map(|(_, change)| change).sum::<f64>() / n;
    Some(changes.into_iter().map(|(person, change)| (person, (change - mean) / n)).collect())
}

/// A line for each gain; none without any.
pub(super) fn table(variances: &[Variance<'_>], context: &Context) -> Result<Option<Table>> {
    if variances.is_empty() {
        return Ok(None);
    }
    make(variances, context).map(Some).map_err(refused("the table of variances"))
}

fn make(variances: &[Variance<'_>], context: &Context) -> PolarsResult<Table> {
    let scope = |variance: &Variance<'_>| variance.line.scope(context.domains);
    let deviation = |at: usize| variances.iter().map(|each| each.deviations()[at]).collect::<Vec<_>>();
    let needed = |at: usize| variances.iter().map(|each| each.needed()[at]).collect::<Vec<_>>();
    let frame = df!(
        "task" => variances.iter().map(scope).collect::<Vec<_>>(),
        "compared" => variances.iter().map(|each| each.line.compared.as_str()).collect::<Vec<_>>(),
        "sd_domains" => deviation(0),
        "sd_training" => deviation(1),
        "sd_persons" => deviation(2),
        "another_run_within" => variances.iter().map(|each| each.components.another).collect::<Vec<_>>(),
        "domains_needed_1_run" => needed(0),
        "domains_needed_3_runs" => needed(1),
    )?;
    let cells = |variance: &Variance<'_>| {
        let deviations =
            variance.deviations().map(|value| value.map_or(String::new(), |sd| format!("{sd:.1}")));
        let needed = variance.needed().map(|value| value.map_or(String::new(), |units| units.to_string()));
        let another = variance.components.another.map_or(String::new(), |half| format!("± {half:.1}"));
        let names = vec![scope(variance), variance.line.compared.clone()];
        [names, deviations.into(), vec![another], needed.into()].concat()
    };
    Ok(Table {
        name: "variance",
        title: TITLE.to_owned(),
        caption: ABOUT.to_owned(),
        data: context.stamped(frame)?,
        header: columns([
            "Task",
            "Compared",
            "domains",
            "training",
            "persons",
            "another training",
            "domains needed, 1 run each",
            "3 runs each",
        ]),
        rows: variances.iter().map(cells).collect(),
        settings: variances
            .iter()
            .map(|each| context.settings.of(&each.line.tasks, &each.line.upper))
            .collect(),
        names: 2,
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixture::Fixture;
    use super::super::results::Results;
    use super::super::runs::load;
    use super::*;

    const TASKS: [&str; 2] = ["market-to-msmt", "duke-to-msmt"];

    /// Baselines of mAP 0.25, and MMT above them by `gains` of domain and training seed, on two tasks of one target.
    fn fixture(gains: &[(u64, u64, f64)]) -> Fixture {
        let fixture = Fixture::new();
        for task in TASKS {
            for (domain, seed, gain) in gains {
                for (row, method, map) in [("baseline", "baseline", 0.25), ("mmt-k", "mmt", 0.25 + gain)] {
                    let mut info = Fixture::info(task, row, method, *seed);
                    info.domain_seed = Some(*domain);
                    let folder = fixture.write(&info, &[0.2, map]);
                    // MMT gains 0.06 more than the mean on query 0, and as much less on query 1.
                    let more = if row == "mmt-k" { 0.06 } else { 0.0 };
                    fixture.queries(&folder, &[0.1 + more, -more, -0.1]);
                }
            }
        }
        fixture
    }

    /// In each of the units the gains are 2 ± 1 and 8 ± 2 points: variance of runs 5, of the means of domains 18 − 5/2.
    const GAINS: [(u64, u64, f64); 4] = [(1, 1, 0.01), (1, 2, 0.03), (2, 1, 0.06), (2, 2, 0.10)];

    fn near(found: Option<f64>, expected: f64) {
        assert!(found.is_some_and(|found| (found - expected).abs() < 1e-9), "{found:?}, not {expected}");
    }

    #[test]
    fn domains_training_and_persons_are_told_apart() {
        let fixture = fixture(&GAINS);
        let runs = load(&fixture.roots()).unwrap().runs;
        let gains = Gains::new(&Results::new(&runs).unwrap()).unwrap();
        let found = variances(&gains, &runs);
        let scopes: Vec<usize> = found.iter().map(|variance| variance.line.tasks.len()).collect();
        assert_eq!(scopes, [1, 1, 2]);
        for variance in &found {
            near(variance.components.runs, 5.0);
            near(variance.components.units, 15.5);
            // Of one task: shares of 6/3, −6/3 and 0 points, n/(n − 1) (4 + 4) = 12. Of both: each person's shares are halved and, as both
            // have the same target, added again.
            near(variance.components.queries, 12.0);
            near(variance.deviations()[0], 3.5_f64.sqrt());
        }
    }

    /// The persons of another target are others: their halves do not add up.
    #[test]
    fn persons_of_two_targets_are_drawn_apart() {
        let fixture = fixture(&GAINS);
        let mut runs = load(&fixture.roots()).unwrap().runs;
        let other = runs.iter_mut().filter(|run| run.info.task == "duke-to-msmt");
        other.for_each(|run| run.info.task = "duke-to-market".to_owned());
        let gains = Gains::new(&Results::new(&runs).unwrap()).unwrap();
        let found = variances(&gains, &runs);
        near(found.last().unwrap().components.queries, 6.0);
    }

    #[test]
    fn without_persons_or_a_second_training_run_nothing_is_made_up() {
        let whole = fixture(&GAINS);
        let mut runs = load(&whole.roots()).unwrap().runs;
        for record in runs.iter_mut().flat_map(|run| &mut run.queries) {
            record.identity = None;
        }
        let gains = Gains::new(&Results::new(&runs).unwrap()).unwrap();
        let found = variances(&gains, &runs);
        assert_eq!((found[0].components.queries, found[0].deviations()[0]), (None, None));
        near(found[0].components.runs, 5.0);
        let fixture = fixture(&[(1, 1, 0.01), (2, 1, 0.03)]);
        let loaded = load(&fixture.roots()).unwrap();
        let gains = Gains::new(&Results::new(&loaded.runs).unwrap()).unwrap();
        let found = variances(&gains, &loaded.runs);
        assert!(found.is_empty());
        assert!(table(&found, &Context::new(&loaded, &[])).unwrap().is_none());
    }

    #[test]
    fn the_table_has_deviations_and_the_domains_needed() {
        let fixture = fixture(&GAINS);
        let loaded = load(&fixture.roots()).unwrap();
        let gains = Gains::new(&Results::new(&loaded.runs).unwrap()).unwrap();
        let found = variances(&gains, &loaded.runs);
        let table = table(&found, &Context::new(&loaded, &[])).unwrap().unwrap();
        // Another run: t of 2 degrees of freedom, 4.302653, times √(5 (1 + 1/2)).
        // Variances of a run of 15.5 + 5 and 15.5 + 5/3: (2.02 + 0.85)² × 20.5 / 4 and × 17.2 / 4.
        let cells = ["Mean of 2 tasks", "MMT-100 − Baseline", "1.9", "2.2", "3.5", "± 11.8", "43", "36"];
        assert_eq!(table.rows[2], cells);
        let csv = String::from_utf8(table.csv().unwrap()).unwrap();
        assert!(csv.contains(",1.8708,2.2361,3.4641,11.7833,43,36,"), "{csv}");
    }
}
