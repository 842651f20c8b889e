//! The worth of the soft triplet loss: rows that have it against the same rows without it, beside how much their teachers say.

use std::collections::BTreeMap;

use mmt_vocabulary::error::Result;
use polars::prelude::*;
use toml::{Table as Config, Value};

use super::claims::Scores;
use super::context::Context;
use super::frames::refused;
use super::names::signed;
use super::results::{Results, settings_of};
use super::runs::{Draw, RunRecords};
use super::statistics::{ByRun, Unit, unit_means};
use super::table::{Table, columns};

/// The table's title; the figure is called the same.
pub(super) const TITLE: &str = "What the soft triplet loss is worth, by how much its teacher says";
/// The comparison in words, for the table and the figure.
pub(super) const COMPARED: &str = "Difference of mAP on the target's test set after the last epoch, mean of the networks, with the soft triplet \
    loss minus without, in percentage points. Rows are compared with those that differ in λ_tri alone, on the same source networks, domains \
    and training seed. Certainty is that of the teachers of the row with the loss: mean distance from 1/2 of their probability that the \
    negative of a triplet is farther, over the steps of each epoch, then over epochs; 0 tells nothing, 1/2 is a hard label.";

/// λ_tri.
const WEIGHT: &str = "soft_tri_weight";

/// The measurements of a unit, its training runs averaged.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Point {
    /// Of the teachers (D35), from 0 to 1/2.
    pub certainty: f64,
    /// mAP with the loss minus without, in percentage points.
    pub gain: f64,
}

/// A row with the soft triplet loss on a task, and the same row without it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Worth {
    pub task: String,
    pub row: String,
    /// The row without it.
    pub without: String,
    pub unit: Unit,
    pub points: BTreeMap<u64, Point>,
}

/// A row with the loss and the one without: task, row, row.
type Pair<'a> = (&'a str, &'a str, &'a str);

/// Every row of which a run has teachers' records and stands beside the same run without the loss, in the order of the tables.
pub(super) fn worth(runs: &[RunRecords], results: &Results) -> Result<Vec<Worth>> {
    let scores = Scores::new(results, "map")?;
    let mut found: BTreeMap<Pair<'_>, [ByRun; 2]> = BTreeMap::new();
    for (with, without) in pairs(runs) {
        let (task, row, other) = (&with.info.task[..], &with.info.row[..], &without.info.row[..]);
        let gain = scores.difference(task, other, row).get(&with.draw()).copied();
        if let (Some(certainty), Some(gain)) = (certainty(with), gain) {
            let [certainties, gains] = found.entry((task, row, other)).or_default();
            certainties.insert(with.draw(), certainty);
            gains.insert(with.draw(), gain);
        }
    }
    let draws: Vec<Draw> = found.values().flat_map(|[_, gains]| gains.keys().copied()).collect();
    let unit = Unit::of(draws.iter(), results.domains);
    let mut worth: Vec<Worth> = found.iter().map(|(pair, values)| of_pair(*pair, values, unit)).collect();
    let place = |worth: &Worth| {
        let task = results.tasks.iter().position(|task| *task == worth.task);
        (task, results.rows.iter().position(|row| row.name == worth.row))
    };
    worth.sort_by_key(place);
    Ok(worth)
}

fn of_pair((task, row, without): Pair<'_>, values: &[ByRun; 2], unit: Unit) -> Worth {
    let means = unit_means(values, unit).into_iter();
    let points = means.map(|(number, means)| (number, Point { certainty: means[0], gain: means[1] }));
    let [task, row, without] = [task, row, without].map(str::to_owned);
    Worth { task, row, without, unit, points: points.collect() }
}

/// Every run with the loss, with the first run that is the same without it.
fn pairs(runs: &[RunRecords]) -> Vec<(&RunRecords, &RunRecords)> {
    let known: Vec<_> = runs.iter().filter_map(|run| Some((run, weight(run)?, rest(run)?))).collect();
    let without = |with: &RunRecords, settings: &Config| {
        let same = |run: &RunRecords| {
            run.info.task == with.info.task && run.draw() == with.draw() && run.parents() == with.parents()
        };
        known.iter().find(|(run, weight, other)| *weight == 0.0 && same(run) && other == settings)
    };
    let with = known.iter().filter(|(_, weight, _)| *weight > 0.0);
    with.filter_map(|(run, _, settings)| Some((*run, without(run, settings)?.0))).collect()
}

/// λ_tri; none where nothing is adapted.
fn weight(run: &RunRecords) -> Option<f64> {
    let value: &Value = run.adaptation()?.get(WEIGHT)?;
    value.as_float().or_else(|| value.as_integer().map(|value| value as f64))
}

/// All other settings of adaptation.
fn rest(run: &RunRecords) -> Option<Config> {
    let mut settings = run.adaptation()?.clone();
    settings.remove(WEIGHT);
    Some(settings)
}

/// That of its teachers, mean over epochs; none where no record has it.
fn certainty(run: &RunRecords) -> Option<f64> {
    let epochs: Vec<f64> = run.labels.iter().filter_map(|record| record.teacher_certainty).collect();
    (!epochs.is_empty()).then(|| epochs.iter().sum::<f64>() / epochs.len() as f64)
}

/// A line for each unit of each row; none without a row that stands beside the same without the loss.
pub(super) fn table(worth: &[Worth], context: &Context) -> Result<Option<Table>> {
    if worth.is_empty() {
        return Ok(None);
    }
    make(worth, context).map(Some).map_err(refused("the table of the soft triplet loss"))
}

fn make(worth: &[Worth], context: &Context) -> PolarsResult<Table> {
    let lines: Vec<(&Worth, u64, Point)> = worth
        .iter()
        .flat_map(|row| row.points.iter().map(move |(number, point)| (row, *number, *point)))
        .collect();
    let text = |of: fn(&Worth) -> &str| lines.iter().map(|(row, ..)| of(row).to_owned()).collect::<Vec<_>>();
    let number = |of: fn(&Point) -> f64| lines.iter().map(|(.., point)| of(point)).collect::<Vec<_>>();
    let frame = df!(
        "task" => text(|row| &row.task),
        "row" => text(|row| &row.row),
        "without" => text(|row| &row.without),
        "unit" => text(|row| row.unit.name()),
        "number" => lines.iter().map(|(_, number, _)| *number).collect::<Vec<_>>(),
        "certainty" => number(|point| point.certainty),
        "difference" => number(|point| point.gain),
    )?;
    let cells = |(row, number, point): &(&Worth, u64, Point)| {
        vec![
            context.task(&row.task),
            context.row(&row.row),
            context.row(&row.without),
            format!("{} {number}", row.unit.name()),
            format!("{:.3}", point.certainty),
            signed(point.gain, 1),
        ]
    };
    Ok(Table {
        name: "soft_triplet",
        title: TITLE.to_owned(),
        caption: format!("{COMPARED} A line for each unit, its training runs averaged."),
        rows: lines.iter().map(cells).collect(),
        settings: settings_of(&frame, context)?,
        data: context.stamped(frame)?,
        header: columns(["Task", "Method", "without", "unit", "certainty", "difference"]),
        names: 4,
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::fixture::Fixture;
    use super::super::runs::load;
    use super::*;
    use mmt_vocabulary::record::{LABELS, LabelRecord, read_csv, write_csv};

    const TASK: &str = "market-to-duke";

    /// Runs of domain and training seed 1 after two epochs, whose teachers' certainty is 0.05, then 0.1.
    fn run(fixture: &Fixture, row: &str, map: f64, settings: &[(&'static str, f64)]) -> std::path::PathBuf {
        let folder = fixture.run(TASK, row, "variant", 1, &[0.2, 0.9, map]);
        change(fixture, &folder, settings);
        folder
    }

    fn change(fixture: &Fixture, folder: &Path, settings: &[(&'static str, f64)]) {
        fixture.reconfigure(folder, |adaptation| {
            for (key, value) in settings {
                adaptation.insert((*key).to_owned(), (*value).into());
            }
        });
    }

    fn found(fixture: &Fixture) -> Vec<Worth> {
        let runs = load(&fixture.roots()).unwrap().runs;
        worth(&runs, &Results::new(&runs).unwrap()).unwrap()
    }

    /// Row, the row without, and unit, certainty and gain of its points in thousandths.
    type Shown<'a> = (&'a str, &'a str, Vec<(u64, i64, i64)>);

    fn shown(found: &[Worth]) -> Vec<Shown<'_>> {
        let thousandths = |value: f64| (1000.0 * value).round() as i64;
        let point = |(number, point): (&u64, &Point)| {
            (*number, thousandths(point.certainty), thousandths(point.gain))
        };
        found
            .iter()
            .map(|row| (&row.row[..], &row.without[..], row.points.iter().map(point).collect()))
            .collect()
    }

    #[test]
    fn a_pair_differs_in_the_soft_triplet_loss_alone() {
        let fixture = Fixture::new();
        run(&fixture, "full", 0.4, &[]);
        run(&fixture, "less", 0.5, &[("soft_tri_weight", 0.25)]);
        run(&fixture, "other-alpha", 0.6, &[("alpha", 0.25)]);
        run(&fixture, "scale-3", 0.7, &[("feature_scale", 3.0)]);
        assert!(found(&fixture).is_empty(), "{:?}", found(&fixture));
        run(&fixture, "without", 0.35, &[("soft_tri_weight", 0.0)]);
        let expected = [("full", "without", vec![(1, 75, 5000)]), ("less", "without", vec![(1, 75, 15000)])];
        assert_eq!(shown(&found(&fixture)), expected);
        run(&fixture, "scale-3-without-soft-tri", 0.75, &[("feature_scale", 3.0), ("soft_tri_weight", 0.0)]);
        let found = found(&fixture);
        assert_eq!(shown(&found)[2], ("scale-3", "scale-3-without-soft-tri", vec![(1, 75, -5000)]));
        assert_eq!(found.len(), 3);
    }

    /// The run without the loss is of another task, other domains, another training seed, or another start.
    #[test]
    fn a_pair_is_of_one_task_one_draw_and_one_start() {
        let fixture = Fixture::new();
        run(&fixture, "full", 0.4, &[]);
        run(&fixture, "without", 0.3, &[("soft_tri_weight", 0.0)]);
        let runs = load(&fixture.roots()).unwrap().runs;
        let results = Results::new(&runs).unwrap();
        let n = |change: &dyn Fn(&mut RunRecords)| {
            let mut runs = runs.clone();
            runs.iter_mut().filter(|run| run.info.row == "without").for_each(change);
            worth(&runs, &results).unwrap().len()
        };
        assert_eq!(n(&|_| {}), 1);
        assert_eq!(n(&|run| run.info.task = "duke-to-market".to_owned()), 0);
        assert_eq!(n(&|run| run.info.domain_seed = Some(2)), 0);
        assert_eq!(n(&|run| run.info.seed = 2), 0);
        let start = vec![Value::from("another start")];
        assert_eq!(n(&|run| drop(run.config.insert("parents".to_owned(), start.clone().into()))), 0);
    }

    /// Domain 1 by two training seeds, domain 2 by one, each with a certainty of its own.
    #[test]
    fn units_are_domains_and_the_numbers_are_those_of_the_rows() {
        let fixture = Fixture::new();
        for (domain, seed, certainty, maps) in [
            (1, 1, [0.125, 0.375], [0.5, 0.4]),
            (1, 2, [0.25, 0.25], [0.5, 0.46]),
            (2, 1, [0.0, 0.25], [0.3, 0.33]),
        ] {
            for (row, map, weight) in [("full", maps[0], 0.75), ("without", maps[1], 0.0)] {
                let mut info = Fixture::info(TASK, row, "variant", seed);
                info.domain_seed = Some(domain);
                let folder = fixture.write(&info, &[0.2, 0.9, map]);
                change(&fixture, &folder, &[("soft_tri_weight", weight)]);
                if row == "full" {
                    certain(&folder, &certainty.map(Some));
                }
            }
        }
        assert_eq!(shown(&found(&fixture)), [("full", "without", vec![(1, 250, 7000), (2, 125, -3000)])]);
        let loaded = load(&fixture.roots()).unwrap();
        let table = table(&found(&fixture), &Context::new(&loaded, &[])).unwrap().unwrap();
        let csv = String::from_utf8(table.csv().unwrap()).unwrap();
        let expected = format!("{TASK},full,without,domain,1,0.2500,7.0000,");
        assert!(csv.lines().count() == 3 && csv.contains(&expected), "{csv}");
        let cells = ["Market-like → Duke-like", "Full", "Without", "domain 2", "0.125", "−3.0"];
        assert_eq!(table.rows[1], cells);
    }

    fn certain(folder: &Path, certainties: &[Option<f64>]) {
        let mut records: Vec<LabelRecord> = read_csv(&folder.join(LABELS)).unwrap();
        for (record, certainty) in records.iter_mut().zip(certainties) {
            record.teacher_certainty = *certainty;
        }
        write_csv(&folder.join(LABELS), &records).unwrap();
    }

    #[test]
    fn records_without_teachers_have_no_place() {
        let fixture = Fixture::new();
        let full = run(&fixture, "full", 0.4, &[]);
        run(&fixture, "without", 0.3, &[("soft_tri_weight", 0.0)]);
        certain(&full, &[None, Some(0.25)]);
        assert_eq!(shown(&found(&fixture)), [("full", "without", vec![(1, 250, 10000)])]);
        certain(&full, &[None, None]);
        let loaded = load(&fixture.roots()).unwrap();
        assert!(table(&found(&fixture), &Context::new(&loaded, &[])).unwrap().is_none());
    }
}
