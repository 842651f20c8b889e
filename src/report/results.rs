//! mAP and CMC: per epoch, at the last and at the best one, over seeds.

use std::collections::{BTreeMap, BTreeSet};

use polars::prelude::*;
use toml::Table;

use super::frames::{Value, fill, last_lines, numbers, refused, statistics, texts, values};
use super::names::{METHODS, row_key, row_label, task_key, task_label};
use super::runs::RunRecords;
use super::settings::{self, Setting};
use super::summary::Context;
use super::table::{self, columns};
use crate::error::Result;
use crate::record::Split;

/// Measures, in percent.
const MEASURES: [&str; 4] = ["map", "top1", "top5", "top10"];

/// What is taken of the picked epoch.
const PICKED: [&str; 5] = ["map", "top1", "top5", "top10", "epoch"];

/// How the values of all result tables came about.
const CAPTION: &str = "Each value is the mean of the two networks that a method answers for (MMT: the mean networks), in \
                       percent; mean ± sample standard deviation over seeds where there are several.";

/// Something for each (task, row) that has results.
pub(super) type Cells<T> = BTreeMap<(String, String), T>;

/// A row of the tables.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    pub name: String,
    pub method: String,
    /// Its settings of adaptation; empty where nothing is adapted.
    pub settings: Table,
}

/// Which epoch of a run stands for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pick {
    /// The last one: nothing is chosen.
    Last,
    /// That of the highest mAP on the target's test set: the published protocol.
    Best,
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
    /// One line per task, row, seed and epoch.
    epochs: DataFrame,
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
        let runs: Vec<&RunRecords> = runs.iter().filter(|run| !run.is_pretraining()).collect();
        let tasks: BTreeSet<_> = runs.iter().map(|run| task_key(&run.info.task)).collect();
        let rows: BTreeMap<_, _> =
            runs.iter().map(|run| (row_key(&run.info.method, &run.info.row), row(run))).collect();
        Ok(Self {
            tasks: tasks.into_iter().map(|(_, task)| task).collect(),
            rows: rows.into_values().collect(),
            run: runs.iter().map(|run| (run.info.task.clone(), run.info.row.clone())).collect(),
            epochs: epochs(&runs, split).map_err(refused("the results"))?,
        })
    }

    /// One line per task, row and seed: its last or best epoch.
    fn picked(&self, pick: Pick) -> PolarsResult<DataFrame> {
        let adapted = self.epochs.column("adapted")?.bool()?;
        let frame = self.epochs.filter(adapted)?;
        let sorted = match pick {
            Pick::Last => frame.sort(["epoch"], SortMultipleOptions::default())?,
            // Of equal epochs the earliest, as the published code keeps it.
            Pick::Best => frame.sort(
                ["map", "epoch"],
                SortMultipleOptions::default().with_order_descending_multi([false, true]),
            )?,
        };
        let keys = ["task", "row", "seed"];
        last_lines(&sorted, &keys, &PICKED)?.sort(keys, SortMultipleOptions::default())
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
        METHODS.contains(&row.method.as_str()) || self.run.contains(&(task.to_owned(), row.name.clone()))
    }

    /// What to say where rows are not listed under every task; else empty.
    pub fn note(&self) -> &'static str {
        let all = self.tasks.iter().all(|task| self.rows.iter().all(|row| self.lists(task, row)));
        if all {
            ""
        } else {
            " Changed rows of experiments stand under the tasks alone that they were run on."
        }
    }

    /// The rows of the paper's Table 1, for figures that have no room for more; all rows where there are none of those.
    pub fn main_rows(&self) -> Vec<Row> {
        let main: Vec<Row> =
            self.rows.iter().filter(|row| METHODS.contains(&row.method.as_str())).cloned().collect();
        if main.is_empty() { self.rows.clone() } else { main }
    }

    /// mAP of a row on a task, over seeds.
    pub fn map(&self, pick: Pick) -> Result<Cells<Value>> {
        let find = || -> PolarsResult<_> {
            let frame = self.summary(pick)?;
            let cells =
                texts(&frame, "task")?.into_iter().zip(texts(&frame, "row")?).zip(values(&frame, "map")?);
            Ok(cells.filter_map(|(cell, value)| Some((cell, value?))).collect())
        };
        find().map_err(refused("the table of mAP"))
    }

    /// A measure (`map`, `top1` …) of every run at its last epoch: (task, row) → seed → percent.
    pub fn seeds(&self, measure: &str) -> Result<Cells<BTreeMap<u64, f64>>> {
        let find = || -> PolarsResult<_> {
            let frame = self.picked(Pick::Last)?;
            let mut found: BTreeMap<_, BTreeMap<u64, f64>> = BTreeMap::new();
            let cells = texts(&frame, "task")?.into_iter().zip(texts(&frame, "row")?);
            let seeds = frame.column("seed")?.u64()?.iter();
            for ((cell, seed), value) in cells.zip(seeds).zip(numbers(&frame, measure)?) {
                if let (Some(seed), Some(value)) = (seed, value) {
                    found.entry(cell).or_default().insert(seed, value);
                }
            }
            Ok(found)
        };
        find().map_err(refused("the table of seeds"))
    }

    /// mAP by epoch, over seeds: (task, row) → (epoch, value), epochs ascending.
    pub fn curves(&self) -> Result<Cells<Vec<(u32, Value)>>> {
        let find = || -> PolarsResult<_> {
            let sorted = self.epochs.sort(["epoch"], SortMultipleOptions::default())?;
            let frame = statistics(&sorted, &["task", "row", "epoch"], &["map"])?;
            let mut found: BTreeMap<_, Vec<_>> = BTreeMap::new();
            let cells = texts(&frame, "task")?.into_iter().zip(texts(&frame, "row")?);
            let epochs = frame.column("epoch")?.u32()?.iter();
            for ((cell, epoch), value) in cells.zip(epochs).zip(values(&frame, "map")?) {
                if let (Some(epoch), Some(value)) = (epoch, value) {
                    found.entry(cell).or_default().push((epoch, value));
                }
            }
            Ok(found)
        };
        find().map_err(refused("the curves"))
    }

    /// The tables of the paper's form: last epoch, best epoch.
    pub fn tables(&self, context: &Context) -> Result<Vec<table::Table>> {
        let last = "The last epoch of adaptation; nothing is chosen. Epoch 0: not adapted.";
        let best = "The epoch with the highest mAP on the target's test set, as the published protocol has it; this choice looks \
                    at the test set, so it flatters. Epoch 0: not adapted.";
        Ok(vec![
            self.table(Pick::Last, context, ["results_last_epoch", "Results, last epoch", last])?,
            self.table(Pick::Best, context, ["results_best_epoch", "Results, best epoch", best])?,
        ])
    }

    /// The table of results of [`Results::re_ranked`].
    pub fn re_ranked_table(&self, context: &Context) -> Result<table::Table> {
        let caption = "The last epoch of adaptation, the gallery re-ranked by k-reciprocal neighbours (k1 = 20, k2 = 6, λ = 0.3).";
        let words = ["results_re_ranked_last_epoch", "Results with re-ranking, last epoch", caption];
        self.table(Pick::Last, context, words)
    }

    fn table(
        &self,
        pick: Pick,
        context: &Context,
        [name, title, caption]: [&'static str; 3],
    ) -> Result<table::Table> {
        let make = || -> PolarsResult<_> {
            let frame = self.summary(pick)?;
            Ok(table::Table {
                name,
                title: format!("{title} ({})", context.label()),
                caption: format!(
                    "{caption} {CAPTION}{} {} {}",
                    self.note(),
                    settings::CAPTION,
                    context.starts()
                )
                .trim_end()
                .to_owned(),
                rows: shown(&frame)?,
                settings: settings_of(&frame, context)?,
                data: context.stamped(frame)?,
                header: columns(["Task", "Method", "seeds", "mAP", "top-1", "top-5", "top-10", "epoch"]),
                names: 2,
            })
        };
        make().map_err(refused("the tables of results"))
    }
}

fn row(run: &RunRecords) -> Row {
    let settings = run.adaptation().cloned().unwrap_or_default();
    Row { name: run.info.row.clone(), method: run.info.method.clone(), settings }
}

/// One line per task, row, seed and epoch; `adapted` is false for the start of a run that goes on.
fn epochs(runs: &[&RunRecords], wanted: Split) -> PolarsResult<DataFrame> {
    let mut lines = Vec::new();
    for run in runs {
        let last = run.evaluations.iter().map(|record| record.epoch).max().unwrap_or(0);
        let answers = |split: Split, network: &str| split == wanted && network.starts_with("network-");
        let records = run.evaluations.iter().filter(|record| answers(record.split, &record.network));
        lines.extend(records.map(|record| (&run.info, record, record.epoch > 0 || last == 0)));
    }
    let percent = |of: fn(&crate::record::EvaluationRecord) -> f64| -> Vec<f64> {
        lines.iter().map(|(_, record, _)| 100.0 * of(record)).collect()
    };
    let frame = df!(
        "task" => lines.iter().map(|(info, ..)| info.task.as_str()).collect::<Vec<_>>(),
        "row" => lines.iter().map(|(info, ..)| info.row.as_str()).collect::<Vec<_>>(),
        "seed" => lines.iter().map(|(info, ..)| info.seed).collect::<Vec<_>>(),
        "epoch" => lines.iter().map(|(_, record, _)| record.epoch as u32).collect::<Vec<_>>(),
        "adapted" => lines.iter().map(|(_, _, adapted)| *adapted).collect::<Vec<_>>(),
        "map" => percent(|record| record.map),
        "top1" => percent(|record| record.top1),
        "top5" => percent(|record| record.top5),
        "top10" => percent(|record| record.top10),
    )?;
    let keys = ["task", "row", "seed", "epoch", "adapted"];
    statistics(&frame, &keys, &MEASURES)?.select(keys.into_iter().chain(MEASURES))
}

/// What every line of a frame with tasks and rows was run with.
pub(super) fn settings_of(frame: &DataFrame, context: &Context) -> PolarsResult<Vec<Setting>> {
    let cells = texts(frame, "task")?.into_iter().zip(texts(frame, "row")?);
    Ok(cells.map(|(task, row)| context.settings.of(&[task], &row)).collect())
}

/// The first three cells of every line: task, method, number of seeds.
pub(super) fn task_row_seeds(frame: &DataFrame) -> PolarsResult<Vec<Vec<String>>> {
    let (tasks, rows, counts) = (texts(frame, "task")?, texts(frame, "row")?, numbers(frame, "n")?);
    let cells = tasks.iter().zip(&rows).zip(&counts);
    let seeds = |n: &Option<f64>| n.map_or(String::new(), |n| format!("{n:.0}"));
    Ok(cells.map(|((task, row), n)| vec![task_label(task), row_label(row), seeds(n)]).collect())
}

/// The cells that people see of [`Results::summary`].
fn shown(frame: &DataFrame) -> PolarsResult<Vec<Vec<String>>> {
    let mut rows = task_row_seeds(frame)?;
    let mut push = |cells: Vec<String>| rows.iter_mut().zip(cells).for_each(|(row, cell)| row.push(cell));
    for name in MEASURES {
        push(
            values(frame, name)?
                .iter()
                .map(|value| value.map_or(String::new(), |value| value.text(1)))
                .collect(),
        );
    }
    push(values(frame, "epoch")?.iter().map(|value| value.map_or(String::new(), epoch_text)).collect());
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

    fn epochs(map: &[f64], pick: Pick) -> (f64, f64) {
        let fixture = Fixture::new();
        fixture.run("market-to-duke", "mmt-k", "mmt", 1, map);
        let results = Results::new(&load(&fixture.roots()).unwrap().runs).unwrap();
        let frame = results.picked(pick).unwrap();
        (numbers(&frame, "epoch").unwrap()[0].unwrap(), numbers(&frame, "map").unwrap()[0].unwrap())
    }

    #[test]
    fn the_start_is_never_the_best_epoch_and_of_equal_ones_the_first_is() {
        let map = [0.75, 0.25, 0.5, 0.5, 0.125];
        assert_eq!(epochs(&map, Pick::Best), (2.0, 50.0));
        assert_eq!(epochs(&map, Pick::Last), (4.0, 12.5));
        assert_eq!(epochs(&[0.75], Pick::Best), (0.0, 75.0));
    }
}
