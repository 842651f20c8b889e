//! Numbers over epochs: mAP, what averaging over time is worth, pseudo labels.

use std::collections::BTreeMap;

use mmt_vocabulary::error::Result;
use mmt_vocabulary::record::{EvaluationRecord, LabelRecord, NetworkName, Split};

use super::super::results::Cells;
use super::super::rows::Row;
use super::super::runs::{Draw, RunRecords};
use super::courses::{Course, Courses, Stack};
use super::figure::Figure;
use super::plate::{Caption, Panel, figure};
use super::source::Source;
use super::style::{DIFFERENCE, Look, looks};
use crate::context::Context;

/// A number by epoch.
pub(super) type History = BTreeMap<u32, f64>;
/// That of every run.
pub(super) type Histories = BTreeMap<Draw, History>;

/// Height of a panel of levels, and of one of differences.
const LEVELS: f64 = 86.0;
const DIFFERENCES: f64 = 76.0;
/// Narrowest range of an axis of agreement.
pub(super) const LEAST_AGREEMENT: f64 = 0.05;

/// The mean over runs at each epoch, as points.
pub(super) fn means(runs: &Histories) -> Vec<(f64, f64)> {
    let mut found: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
    for (epoch, value) in runs.values().flatten() {
        found.entry(*epoch).or_default().push(*value);
    }
    let mean = |values: Vec<f64>| values.iter().sum::<f64>() / values.len() as f64;
    found.into_iter().map(|(epoch, values)| (f64::from(epoch), mean(values))).collect()
}

fn points(history: &History) -> Vec<(f64, f64)> {
    history.iter().map(|(epoch, value)| (f64::from(*epoch), *value)).collect()
}

/// Each run as a thin line, where there are several, and their mean.
fn with_runs(runs: &Histories, look: Look) -> Vec<Course> {
    let thin = |history: &History| Course { points: points(history), look, thin: true, name: String::new() };
    let mut lines: Vec<Course> = if runs.len() > 1 { runs.values().map(thin).collect() } else { Vec::new() };
    if !runs.is_empty() {
        lines.push(Course { points: means(runs), look, thin: false, name: String::new() });
    }
    lines
}

pub(super) fn panel(title: String, y_name: &'static str, last: u32, lines: Vec<Course>) -> Courses {
    let x = (0.0, f64::from(last.max(1)));
    let (height, x_name) = (LEVELS, "epoch");
    Courses { title, height, x, x_name, x_ticks: Vec::new(), y_name, y: None, least: 1.0, zero: false, lines }
}

/// `upper` minus `lower`, run by run and epoch by epoch.
fn differences(upper: &Histories, lower: &Histories) -> Histories {
    let run = |(draw, upper): (&Draw, &History)| {
        let lower = lower.get(draw)?;
        let pair = |(epoch, value): (&u32, &f64)| Some((*epoch, value - lower.get(epoch)?));
        let found: History = upper.iter().filter_map(pair).collect();
        (!found.is_empty()).then_some((*draw, found))
    };
    upper.iter().filter_map(run).collect()
}

/// mAP of every method over epochs, and the difference of mutual mean-teaching to its baseline; none where nothing goes on.
pub(super) fn map(source: &Source<'_>, context: &Context) -> Result<Option<Figure>> {
    let results = source.results;
    let histories = results.histories()?;
    let last =
        histories.values().flat_map(BTreeMap::values).filter_map(|history| history.keys().last()).max();
    let Some(last) = last.copied().filter(|last| *last > 0) else { return Ok(None) };
    let rows = results.main_rows();
    let empty = Histories::new();
    let of = |task: &String, row: &Row| histories.get(&(task.clone(), row.name.clone())).unwrap_or(&empty);
    let looks = looks(&rows);
    let mut panels: Vec<Box<dyn Panel>> = Vec::new();
    for task in &results.tasks {
        let line = |(row, look): (&Row, &Look)| {
            let points = means(of(task, row));
            (!points.is_empty()).then(|| Course {
                points,
                look: *look,
                thin: false,
                name: results.label(row),
            })
        };
        let lines: Vec<Course> = rows.iter().zip(&looks).filter_map(line).collect();
        let mut stack = vec![panel(context.task(task), "mAP (%)", last, lines)];
        let full = results.full();
        if let Some((full, baseline)) = full.and_then(|full| Some((full, results.baseline(full)?))) {
            let lines = with_runs(&differences(of(task, full), of(task, baseline)), DIFFERENCE);
            if !lines.is_empty() {
                stack[0].x_name = "";
                stack.push(Courses {
                    height: DIFFERENCES,
                    zero: true,
                    ..panel(String::new(), "MMT − Baseline", last, lines)
                });
            }
        }
        panels.push(Box::new(Stack(stack)));
    }
    let caption = Caption {
        name: "map_over_epochs".to_owned(),
        title: "mAP over epochs".to_owned(),
        text: "mAP on the target's test set, in percent, after each epoch; epoch 0 is the start, and lines without marks are not adapted. \
               Upper panels: means over runs. Lower panels: mutual mean-teaching minus its baseline in percentage points, thin lines \
               single runs, marks their mean. The axes of tasks differ. Where lines still rise at the end, methods are compared at equal \
               steps and not at their best."
            .to_owned(),
    };
    figure(caption, &panels, context).map(Some)
}

/// Draws how far the averages over time are above the networks that they average; none where no run has both.
pub(super) fn averaging(source: &Source<'_>, context: &Context) -> Result<Option<Figure>> {
    let Some(full) = source.results.full() else { return Ok(None) };
    let mut panels: Vec<Box<dyn Panel>> = Vec::new();
    for task in &source.results.tasks {
        let own = source.runs.iter().filter(|run| run.info.task == *task && run.info.row == full.name);
        let runs: Histories = own.filter_map(|run| Some((run.draw(), above_students(run)?))).collect();
        let last = runs.values().filter_map(|history| history.keys().last()).max().copied().unwrap_or(0);
        if last > 0 {
            let lines = with_runs(&runs, DIFFERENCE);
            panels.push(Box::new(Courses {
                height: DIFFERENCES + 22.0,
                zero: true,
                ..panel(context.task(task), "E[θ] − θ", last, lines)
            }));
        }
    }
    if panels.is_empty() {
        return Ok(None);
    }
    let caption = Caption {
        name: "mean_networks_over_epochs".to_owned(),
        title: "What averaging over time is worth".to_owned(),
        text: format!(
            "mAP of the mean networks of {} minus that of the networks that they average, in percentage points, after each epoch. Thin \
             lines are single runs, marks their mean. At the start both are the same.",
            source.results.label(full)
        ),
    };
    figure(caption, &panels, context).map(Some)
}

/// By epoch, the mean over both networks; none without students.
fn above_students(run: &RunRecords) -> Option<History> {
    let wanted = |record: &&EvaluationRecord| record.split == Split::TargetTest;
    let maps: BTreeMap<(usize, NetworkName), f64> = run
        .evaluations
        .iter()
        .filter(wanted)
        .map(|record| ((record.epoch, record.network), 100.0 * record.map))
        .collect();
    let mut found: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
    for ((epoch, name), student) in &maps {
        let NetworkName::Student(number) = name else { continue };
        if let Some(mean) = maps.get(&(*epoch, NetworkName::Answering(*number))) {
            found.entry(*epoch as u32).or_default().push(mean - student);
        }
    }
    let mut found: History =
        found.into_iter().map(|(epoch, all)| (epoch, all.iter().sum::<f64>() / all.len() as f64)).collect();
    if !found.is_empty() {
        found.entry(0).or_insert(0.0);
    }
    (!found.is_empty()).then_some(found)
}

/// A number of the pseudo labels of a run, if it has it.
type Measure = fn(&RunRecords, &LabelRecord) -> Option<f64>;

/// Agreement with true identities of all tasks that have some, and images left out and clusters where they are not the same
/// throughout, as both are with k-means; none where no row has more than one epoch.
pub(super) fn labels(source: &Source<'_>, context: &Context) -> Result<Option<Figure>> {
    let rows = source.results.main_rows();
    let drawn: Vec<&RunRecords> = source
        .runs
        .iter()
        .filter(|run| !run.labels.is_empty() && rows.iter().any(|row| row.name == run.info.row))
        .collect();
    let last = drawn.iter().flat_map(|run| &run.labels).map(|record| record.epoch).max().unwrap_or(0) as u32;
    if last < 2 {
        return Ok(None);
    }
    let mut panels: Vec<Box<dyn Panel>> = Vec::new();
    let wanted: Vec<_> = measures(&drawn).into_iter().filter(|(.., of)| varies(&drawn, *of)).collect();
    for task in &source.results.tasks {
        for (name, of) in &wanted {
            let lines = lines(task, &rows, &quality(&drawn, task, *of), source);
            if !lines.is_empty() {
                let x = (1.0, f64::from(last));
                let courses = panel(context.task(task), name, last, lines);
                panels.push(Box::new(Courses { x, least: LEAST_AGREEMENT, ..courses }));
            }
        }
    }
    let caption = Caption {
        name: "labels_over_epochs".to_owned(),
        title: "Pseudo labels over epochs".to_owned(),
        text: "Pseudo labels against the true identities of training images, means over runs: adjusted Rand index (0: chance, 1: equal); \
               wrong merges, the share of the pairs in one cluster that are two persons; wrong splits, the share of a person's pairs in \
               two clusters; the share of the wrong merges that are from one camera; and, where they are not the same throughout, images \
               that got no label and clusters found. No training sees true identities."
            .to_owned(),
    };
    if panels.is_empty() { Ok(None) } else { figure(caption, &panels, context).map(Some) }
}

fn lines(task: &str, rows: &[Row], histories: &Cells<Histories>, source: &Source<'_>) -> Vec<Course> {
    let line = |(row, look): (&Row, Look)| {
        let runs = histories.get(&(task.to_owned(), row.name.clone()))?;
        Some(Course { points: means(runs), look, thin: false, name: source.results.label(row) })
    };
    rows.iter().zip(looks(rows)).filter_map(line).collect()
}

/// Names and numbers of the panels. Images without a label are a share where the configurations say of how many.
fn measures(runs: &[&RunRecords]) -> [(&'static str, Measure); 6] {
    let noise: (_, Measure) = if runs.iter().all(|run| images(run).is_some()) {
        ("without a label (%)", |run, record| {
            images(run).map(|images| 100.0 * record.unassigned as f64 / images)
        })
    } else {
        ("images without a label", |_, record| Some(record.unassigned as f64))
    };
    [
        ("ARI", |_, record| Some(record.ari)),
        ("wrong merges", |_, record| record.wrong_merges),
        ("wrong splits", |_, record| record.wrong_splits),
        ("merges in one camera", |_, record| record.one_camera),
        noise,
        ("clusters", |_, record| Some(record.clusters as f64)),
    ]
}

/// Whether a number is not the same in all records of the runs that are drawn.
fn varies(runs: &[&RunRecords], of: Measure) -> bool {
    let mut values = runs.iter().flat_map(|run| run.labels.iter().map(move |record| of(run, record)));
    let first = values.next();
    first.is_some_and(|first| values.any(|value| value != first))
}

/// Training images of the drawn domains; those of real data are not in the configuration.
fn images(run: &RunRecords) -> Option<f64> {
    let generator = run.config.get("domains")?.get("generator")?;
    let number = |key: &str| generator.get(key)?.as_integer();
    Some(number("train_identities")? as f64 * number("train_images")? as f64).filter(|images| *images > 0.0)
}

/// A number of every run on a task, by epoch.
fn quality(runs: &[&RunRecords], task: &str, of: Measure) -> Cells<Histories> {
    let mut found: Cells<Histories> = Cells::new();
    for run in runs.iter().filter(|run| run.info.task == task) {
        let cell = (run.info.task.clone(), run.info.row.clone());
        let history =
            run.labels.iter().filter_map(|record| Some((record.epoch as u32, of(run, record)?))).collect();
        found.entry(cell).or_default().insert(run.draw(), history);
    }
    found
}
