//! mAP and CMC: per epoch, at the last and at the best one, over seeds.

use std::collections::{BTreeMap, BTreeSet};

use mmt_vocabulary::Method;
use mmt_vocabulary::error::Result;
use mmt_vocabulary::record::{DomainKind, EvaluationRecord, Split};
use polars::prelude::*;

use super::context::Context;
use super::frames::{Value, fill, last_lines, numbers, refused, statistics, texts, values};
use super::names::{Labels, row_key, task_key};
use super::rows::{Row, baseline_of, is_full, number};
use super::runs::{Draw, RunRecords};
use super::settings::Setting;
use super::statistics::ByRun;
use super::table::{self, columns};

/// Measures, in percent.
const MEASURES: [&str; 4] = ["map", "top1", "top5", "top10"];

/// The columns that tell runs apart.
const RUN: [&str; 4] = ["task", "row", "domain", "seed"];

/// The columns that are taken of the picked epoch.
const PICKED: [&str; 5] = ["map", "top1", "top5", "top10", "epoch"];

/// How the values of all result tables came about.
const CAPTION: &str = "In percent; mean ± sample standard deviation over runs where there are several, which on drawn domains is mostly how \
                       the domains differ. Epoch –: not adapted.";

/// Which networks stand for a run.
const MEANS: &str =
    "Each value is the mean of the two networks that a method answers for (MMT: the mean networks).";

/// Something for each (task, row) that has results.
pub(super) type Cells<T> = BTreeMap<(String, String), T>;

/// Which epoch of a run stands for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pick {
    /// The last one: nothing is chosen.
    Last,
    /// That of the highest mAP on the target's test set, as the mean of the networks that answer.
    Best,
    /// The network and the epoch of the highest mAP on the target's test set, one network alone: the published rule.
    Published,
}

/// Every result of a report. Frames hold percentages, averaged over the networks that a method answers for.
#[derive(Debug, Clone)]
pub(super) struct Results {
    /// Tasks in the order of the tables.
    pub tasks: Vec<String>,
    /// Rows in the order of the tables.
    pub rows: Vec<Row>,
    /// Task and row of every run.
    run: BTreeSet<(String, String)>,
    /// Where the images come from.
    pub domains: DomainKind,
    /// The names of the rows in tables.
    labels: Labels,
    /// One line per task, row, run and epoch: the mean of the networks that answer.
    epochs: DataFrame,
    /// One line per task, row, run, epoch and network.
    networks: DataFrame,
}

impl Results {
    /// Gathers the results of checked runs.
    pub fn new(runs: &[RunRecords]) -> Result<Self> {
        Self::on(Split::TargetTest, runs)
    }

    /// The same with the gallery re-ranked; none where no run recorded it.
    pub fn re_ranked(runs: &[RunRecords]) -> Result<Option<Self>> {
        let found = Self::on(Split::TargetTestReRanked, runs)?;
        Ok((found.epochs.height() > 0).then_some(found))
    }

    fn on(split: Split, runs: &[RunRecords]) -> Result<Self> {
        let labels = Labels::new(runs);
        let runs: Vec<&RunRecords> = runs.iter().filter(|run| !run.is_pretraining()).collect();
        let tasks: BTreeSet<_> = runs.iter().map(|run| task_key(&run.info.task)).collect();
        let rows: BTreeMap<_, _> =
            runs.iter().map(|run| (row_key(run.method(), &run.info.row), row(run))).collect();
        let mut rows: Vec<Row> = rows.into_values().collect();
        change_baselines(&mut rows);
        let networks = networks(&runs, split).map_err(refused("the results"))?;
        Ok(Self {
            tasks: tasks.into_iter().map(|(_, task)| task).collect(),
            rows,
            run: runs.iter().map(|run| (run.info.task.clone(), run.info.row.clone())).collect(),
            domains: runs.first().map_or(DomainKind::Synthetic, |run| run.info.domains),
            labels,
            epochs: epochs(&networks).map_err(refused("the results"))?,
            networks,
        })
    }

    /// The first row of mutual mean-teaching with all of its parts.
    pub fn full(&self) -> Option<&Row> {
        self.rows.iter().find(|row| is_full(row))
    }

    /// Returns the row that `full` gains over.
    pub fn baseline(&self, full: &Row) -> Option<&Row> {
        baseline_of(&self.rows, full)
    }

    /// Returns the name of a row in tables.
    pub fn label(&self, row: &Row) -> String {
        self.labels.of(&row.name)
    }

    /// One line per task, row and run: its last or best epoch. Rows that do not adapt have no epoch.
    fn picked(&self, pick: Pick) -> PolarsResult<DataFrame> {
        let all = if pick == Pick::Published { &self.networks } else { &self.epochs };
        let frame = all.filter(all.column("adapted")?.bool()?)?;
        // The last line of each run is taken.
        let (order, falling): (&[&str], &[bool]) = match pick {
            Pick::Last => (&["epoch"], &[false]),
            // Of equal epochs the earliest, as the published code keeps it.
            Pick::Best => (&["map", "epoch"], &[false, true]),
            // And of equal networks of an epoch the second.
            Pick::Published => (&["map", "epoch", "network"], &[false, true, false]),
        };
        let options = SortMultipleOptions::default().with_order_descending_multi(falling.iter().copied());
        let mut found = last_lines(&frame.sort(order.iter().copied(), options)?, &RUN, &PICKED)?
            .sort(RUN, SortMultipleOptions::default())?;
        let epochs: Vec<Option<u32>> = found.column("epoch")?.u32()?.iter().collect();
        let epochs: Vec<Option<u32>> =
            epochs.into_iter().map(|epoch| epoch.filter(|epoch| *epoch > 0)).collect();
        found.with_column(Column::new("epoch".into(), epochs))?;
        Ok(found)
    }

    /// One line per task and row, all of them, with statistics over seeds.
    fn summary(&self, pick: Pick) -> PolarsResult<DataFrame> {
        let keys = ["task", "row"];
        fill(&self.grid()?, &statistics(&self.picked(pick)?, &keys, &PICKED)?, &keys)
    }

    /// Every task with every row that is listed under it, as two columns.
    pub fn grid(&self) -> PolarsResult<DataFrame> {
        let cells = || {
            let all = self.tasks.iter().flat_map(|task| self.rows.iter().map(move |row| (task, row)));
            all.filter(|(task, row)| self.lists(task, row))
        };
        df!(
            "task" => cells().map(|(task, _)| task.as_str()).collect::<Vec<_>>(),
            "row" => cells().map(|(_, row)| row.name.as_str()).collect::<Vec<_>>(),
        )
    }

    /// Whether tables list a row under a task: a method of the paper's Table 1 always, so that a missing run is seen; a changed row
    /// of an experiment where it was run, since experiments have tasks of their own.
    fn lists(&self, task: &str, row: &Row) -> bool {
        row.is_of_table1() || self.run.contains(&(task.to_owned(), row.name.clone()))
    }

    /// Says that rows are not listed under every task, where it is so; else empty.
    pub fn note(&self) -> &'static str {
        let all = self.tasks.iter().all(|task| self.rows.iter().all(|row| self.lists(task, row)));
        if all { "" } else { " Ablations were run on some of the tasks only." }
    }

    /// The rows of the paper's Table 1, for figures that have no room for more; all rows where there are none of those.
    pub fn main_rows(&self) -> Vec<Row> {
        let main: Vec<Row> = self.rows.iter().filter(|row| row.is_of_table1()).cloned().collect();
        if main.is_empty() { self.rows.clone() } else { main }
    }

    /// A measure (`map`, `top1` …) of a row on a task, over runs.
    pub fn means(&self, pick: Pick, measure: &str) -> Result<Cells<Value>> {
        let find = || -> PolarsResult<_> {
            let frame = self.summary(pick)?;
            let cells =
                texts(&frame, "task")?.into_iter().zip(texts(&frame, "row")?).zip(values(&frame, measure)?);
            Ok(cells.filter_map(|(cell, value)| Some((cell, value?))).collect())
        };
        find().map_err(refused("the table of means"))
    }

    /// `3 runs`, `1 to 3 runs`: of each task and row of the paper's Table 1.
    pub fn runs_text(&self) -> Result<String> {
        let found = self.by_run("map")?;
        let main = self.main_rows();
        let counts = || {
            let wanted = |row: &String| main.iter().any(|main| main.name == *row);
            found.iter().filter(move |((_, row), _)| wanted(row)).map(|(_, runs)| runs.len())
        };
        let (low, high) = (counts().min().unwrap_or(0), counts().max().unwrap_or(0));
        let number = if low == high { high.to_string() } else { format!("{low} to {high}") };
        Ok(format!("{number} run{}", if high == 1 { "" } else { "s" }))
    }

    /// A measure (`map`, `top1` …) of every run at its last epoch: (task, row) → run → percent.
    pub fn by_run(&self, measure: &str) -> Result<Cells<ByRun>> {
        let find = || -> PolarsResult<_> {
            let frame = self.picked(Pick::Last)?;
            let mut found: Cells<ByRun> = BTreeMap::new();
            let cells = texts(&frame, "task")?.into_iter().zip(texts(&frame, "row")?);
            let (domains, seeds) = (frame.column("domain")?.u64()?, frame.column("seed")?.u64()?);
            let draws = domains.iter().zip(seeds.iter());
            for ((cell, draw), value) in cells.zip(draws).zip(numbers(&frame, measure)?) {
                if let ((Some(domain), Some(seed)), Some(value)) = (draw, value) {
                    found.entry(cell).or_default().insert(Draw { domain, seed }, value);
                }
            }
            Ok(found)
        };
        find().map_err(refused("the table of runs"))
    }

    /// mAP of every run by epoch, in percent: (task, row) → run → epoch.
    pub fn histories(&self) -> Result<Cells<BTreeMap<Draw, BTreeMap<u32, f64>>>> {
        let find = || -> PolarsResult<_> {
            let frame = &self.epochs;
            let mut found: Cells<BTreeMap<Draw, BTreeMap<u32, f64>>> = BTreeMap::new();
            let cells = texts(frame, "task")?.into_iter().zip(texts(frame, "row")?);
            let (domains, seeds) = (frame.column("domain")?.u64()?, frame.column("seed")?.u64()?);
            let epochs = frame.column("epoch")?.u32()?;
            let draws = domains.iter().zip(seeds.iter()).zip(epochs.iter());
            for ((cell, draw), value) in cells.zip(draws).zip(numbers(frame, "map")?) {
                if let (((Some(domain), Some(seed)), Some(epoch)), Some(value)) = (draw, value) {
                    let run = found.entry(cell).or_default().entry(Draw { domain, seed }).or_default();
                    run.insert(epoch, value);
                }
            }
            Ok(found)
        };
        find().map_err(refused("the curves"))
    }

    /// All results of the last epoch.
    pub fn last_table(&self, context: &Context) -> Result<table::Table> {
        let source = context.kept_best();
        let last =
            format!("The last epoch of adaptation; of adapted rows nothing is chosen. {source}{MEANS}");
        self.table(Pick::Last, context, ("results_last_epoch", "Results, last epoch", &last))
    }

    /// Those of other choices of an epoch: the best one, and the published rule.
    pub fn other_tables(&self, context: &Context) -> Result<Vec<table::Table>> {
        let source = context.kept_best();
        let best = format!(
            "The epoch whose mean mAP over both networks is the highest on the target's test set. This choice looks at the test set, so it \
             flatters; it is not the published rule, which has a table of its own. {source}{MEANS}"
        );
        let published = format!(
            "The published rule: of both networks and all epochs the one network and epoch with the highest mAP on the target's test set \
             (of equal ones the earliest epoch, then the second network). It looks at the test set twice over, so it flatters most. \
             {source}"
        );
        Ok(vec![
            self.table(
                Pick::Best,
                context,
                ("results_best_epoch", "Results, best epoch of the mean", &best),
            )?,
            self.table(
                Pick::Published,
                context,
                ("results_published_rule", "Results, published rule: best network and epoch", &published),
            )?,
        ])
    }

    /// The table of results of [`Results::re_ranked`].
    pub fn re_ranked_table(&self, context: &Context) -> Result<table::Table> {
        let caption = format!(
            "The last epoch of adaptation, the gallery re-ranked by k-reciprocal neighbours (k1 = 20, k2 = 6, λ = 0.3). {MEANS}"
        );
        let words = ("results_re_ranked_last_epoch", "Results with re-ranking, last epoch", &caption[..]);
        self.table(Pick::Last, context, words)
    }

    fn table(
        &self,
        pick: Pick,
        context: &Context,
        (name, title, caption): (&'static str, &str, &str),
    ) -> Result<table::Table> {
        let make = || -> PolarsResult<_> {
            let frame = self.summary(pick)?;
            Ok(table::Table {
                name,
                title: title.to_owned(),
                caption: format!("{caption} {CAPTION}{} {}", self.note(), context.starts())
                    .trim_end()
                    .to_owned(),
                rows: shown(&frame, context)?,
                settings: settings_of(&frame, context)?,
                data: context.stamped(frame)?,
                header: columns(["Task", "Method", "runs", "mAP", "top-1", "top-5", "top-10", "epoch"]),
                names: 2,
            })
        };
        make().map_err(refused("the tables of results"))
    }
}

fn row(run: &RunRecords) -> Row {
    let settings = run.adaptation().cloned().unwrap_or_default();
    Row { name: run.info.row.clone(), method: run.method(), settings }
}

/// A baseline whose features are scaled as those of no row of mutual mean-teaching is one of the changed rows: it has no place in the
/// paper's tables and in their order.
fn change_baselines(rows: &mut [Row]) {
    let scale = |row: &Row| number(row, "feature_scale").unwrap_or(1.0);
    let scales: Vec<f64> = rows.iter().filter(|row| row.method == Some(Method::Mmt)).map(scale).collect();
    let changed = |row: &&mut Row| row.is_baseline() && !scales.is_empty() && !scales.contains(&scale(row));
    rows.iter_mut().filter(changed).for_each(|row| row.method = Some(Method::Variant));
    rows.sort_by_key(|row| row_key(row.method, &row.name));
}

/// One line per task, row, run, epoch and network; `adapted` is false for the start of a run that goes on.
fn networks(runs: &[&RunRecords], wanted: Split) -> PolarsResult<DataFrame> {
    let mut lines = Vec::new();
    for run in runs {
        let last = run.evaluations.iter().map(|record| record.epoch).max().unwrap_or(0);
        let records =
            run.evaluations.iter().filter(|record| record.split == wanted && record.network.answers());
        lines.extend(records.map(|record| (*run, record, record.epoch > 0 || last == 0)));
    }
    let percent = |of: fn(&EvaluationRecord) -> f64| -> Vec<f64> {
        lines.iter().map(|(_, record, _)| 100.0 * of(record)).collect()
    };
    df!(
        "task" => lines.iter().map(|(run, ..)| run.info.task.as_str()).collect::<Vec<_>>(),
        "row" => lines.iter().map(|(run, ..)| run.info.row.as_str()).collect::<Vec<_>>(),
        "domain" => lines.iter().map(|(run, ..)| run.draw().domain).collect::<Vec<_>>(),
        "seed" => lines.iter().map(|(run, ..)| run.draw().seed).collect::<Vec<_>>(),
        "epoch" => lines.iter().map(|(_, record, _)| record.epoch as u32).collect::<Vec<_>>(),
        "network" => lines.iter().map(|(_, record, _)| record.network.to_string()).collect::<Vec<_>>(),
        "adapted" => lines.iter().map(|(_, _, adapted)| *adapted).collect::<Vec<_>>(),
        "map" => percent(|record| record.map),
        "top1" => percent(|record| record.top1),
        "top5" => percent(|record| record.top5),
        "top10" => percent(|record| record.top10),
    )
}

/// The means over networks.
fn epochs(networks: &DataFrame) -> PolarsResult<DataFrame> {
    let keys = ["task", "row", "domain", "seed", "epoch", "adapted"];
    statistics(networks, &keys, &MEASURES)?.select(keys.into_iter().chain(MEASURES))
}

/// Returns the settings that every line of a frame with tasks and rows was run with.
pub(super) fn settings_of(frame: &DataFrame, context: &Context) -> PolarsResult<Vec<Setting>> {
    let cells = texts(frame, "task")?.into_iter().zip(texts(frame, "row")?);
    Ok(cells.map(|(task, row)| context.settings.of(&[task], &row)).collect())
}

/// The first three cells of every line: task, method, number of runs.
pub(super) fn task_row_runs(frame: &DataFrame, context: &Context) -> PolarsResult<Vec<Vec<String>>> {
    let (tasks, rows, counts) = (texts(frame, "task")?, texts(frame, "row")?, numbers(frame, "n")?);
    let cells = tasks.iter().zip(&rows).zip(&counts);
    let seeds = |n: &Option<f64>| n.map_or(String::new(), |n| format!("{n:.0}"));
    Ok(cells.map(|((task, row), n)| vec![context.task(task), context.row(row), seeds(n)]).collect())
}

/// The cells that people see of [`Results::summary`].
fn shown(frame: &DataFrame, context: &Context) -> PolarsResult<Vec<Vec<String>>> {
    let mut rows = task_row_runs(frame, context)?;
    let mut push = |cells: Vec<String>| rows.iter_mut().zip(cells).for_each(|(row, cell)| row.push(cell));
    for name in MEASURES {
        push(
            values(frame, name)?
                .iter()
                .map(|value| value.map_or(String::new(), |value| value.text(1)))
                .collect(),
        );
    }
    let (epochs, counts) = (values(frame, "epoch")?, numbers(frame, "n")?);
    let epoch = |(epoch, n): (&Option<Value>, &Option<f64>)| match (epoch, n) {
        (Some(epoch), _) => epoch_text(*epoch),
        (None, Some(_)) => "–".to_owned(),
        (None, None) => String::new(),
    };
    push(epochs.iter().zip(&counts).map(epoch).collect());
    Ok(rows)
}

/// Seeds have their best epochs at different times: then their mean, with a decimal.
fn epoch_text(epoch: Value) -> String {
    let digits = if epoch.sd.unwrap_or(0.0) > 0.0 { 1 } else { 0 };
    format!("{:.digits$}", epoch.mean)
}

#[cfg(test)]
mod tests {
    use super::super::fixture::Fixture;
    use super::super::runs::load;
    use super::*;
    use mmt_vocabulary::record::{EVALUATIONS, NetworkName, read_csv, write_csv};

    /// Epoch and mAP of the picked line of a run whose networks are one point below and above `map`.
    fn picked(map: &[f64], pick: Pick) -> (Option<f64>, f64) {
        let fixture = Fixture::new();
        fixture.run("market-to-duke", "mmt-k", "mmt", 1, map);
        let results = Results::new(&load(&fixture.roots()).unwrap().runs).unwrap();
        let frame = results.picked(pick).unwrap();
        (numbers(&frame, "epoch").unwrap()[0], numbers(&frame, "map").unwrap()[0].unwrap())
    }

    /// MMT at the published scale, baselines there and at another one.
    #[test]
    fn a_baseline_of_other_features_is_a_changed_row() {
        let fixture = Fixture::new();
        let scaled = fixture.run("market-to-duke", "a-baseline", "baseline", 1, &[0.2, 0.3]);
        fixture.reconfigure(&scaled, |adaptation| {
            drop(adaptation.insert("feature_scale".to_owned(), 3.0.into()))
        });
        fixture.run("market-to-duke", "baseline", "baseline", 1, &[0.2, 0.3]);
        let rows = || -> Vec<(String, bool)> {
            let rows = Results::new(&load(&fixture.roots()).unwrap().runs).unwrap().rows;
            rows.into_iter().map(|row| (row.name.clone(), row.is_baseline())).collect()
        };
        let of = |rows: &[(&str, bool)]| {
            rows.iter().map(|(name, is)| ((*name).to_owned(), *is)).collect::<Vec<_>>()
        };
        assert_eq!(
            rows(),
            of(&[("a-baseline", true), ("baseline", true)]),
            "nothing tells which one is changed"
        );
        fixture.run("market-to-duke", "mmt-k", "mmt", 1, &[0.2, 0.4]);
        assert_eq!(rows(), of(&[("baseline", true), ("mmt-k", false), ("a-baseline", false)]));
    }

    #[test]
    fn the_start_is_never_the_best_epoch_and_of_equal_ones_the_first_is() {
        let map = [0.75, 0.25, 0.5, 0.5, 0.125];
        assert_eq!(picked(&map, Pick::Best), (Some(2.0), 50.0));
        assert_eq!(picked(&map, Pick::Last), (Some(4.0), 12.5));
        assert_eq!(picked(&[0.75], Pick::Best), (None, 75.0), "not adapted");
    }

    #[test]
    fn the_published_rule_takes_one_network_and_its_epoch() {
        let fixture = Fixture::new();
        let folder = fixture.run("market-to-duke", "mmt-k", "mmt", 1, &[0.9, 0.5, 0.5, 0.5]);
        let path = folder.join(EVALUATIONS);
        let mut records: Vec<EvaluationRecord> = read_csv(&path).unwrap();
        // The means of epochs 1 to 3 are 40, 50 and 45; the best network stands in epoch 3.
        let maps = [(1, 0.5, 0.3), (2, 0.5, 0.5), (3, 0.25, 0.65)];
        for record in records.iter_mut().filter(|record| record.network.answers()) {
            if let Some((_, one, two)) = maps.iter().find(|(epoch, ..)| *epoch == record.epoch) {
                record.map = if record.network == NetworkName::Answering(1) { *one } else { *two };
            }
        }
        write_csv(&path, &records).unwrap();
        let results = Results::new(&load(&fixture.roots()).unwrap().runs).unwrap();
        let of = |pick| {
            let frame = results.picked(pick).unwrap();
            (numbers(&frame, "epoch").unwrap()[0], numbers(&frame, "map").unwrap()[0].unwrap())
        };
        assert_eq!(of(Pick::Published), (Some(3.0), 65.0));
        assert_eq!(of(Pick::Best), (Some(2.0), 50.0));
        assert_eq!(of(Pick::Last), (Some(3.0), 45.0));
    }
}
