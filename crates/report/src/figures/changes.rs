//! Changed rows of experiments, each by its distance to the row that it was changed from.

use mmt_vocabulary::error::Result;
use mmt_vocabulary::record::DomainKind;

use super::super::claims::Scores;
use super::super::results::Results;
use super::super::rows::{NUMBERS, Row, differs_in, is_changed_number, lacks_a_part, number};
use super::super::statistics::{ByRun, Estimate};
use super::axis::range;
use super::courses::{Course, Courses};
use super::dots::{DotPanel, DotRow};
use super::figure::Figure;
use super::plate::{Caption, Panel, figure};
use super::source::Source;
use super::style::{BASELINE, DIFFERENCE, Look};
use crate::context::Context;

/// Fewest values of a number that make a line.
const VALUES: usize = 3;
const FEWEST: usize = 3;
const HEIGHT: f64 = 116.0;

/// Mutual mean-teaching without its parts, its baseline, and other changed rows; none without such rows.
pub(super) fn ablations(source: &Source<'_>, context: &Context) -> Result<Option<Figure>> {
    let results = source.results;
    let Some(full) = results.full() else { return Ok(None) };
    let scores = Scores::new(results, "map")?;
    let baseline = results.baseline(full);
    let changed =
        |row: &Row| !row.is_of_table1() && (lacks_a_part(full, row) || !is_changed_number(full, row));
    let row = |task: &String, row: &Row| {
        let runs = scores.difference(task, &full.name, &row.name);
        let estimate = Estimate::of_differences(std::slice::from_ref(&runs), results.domains);
        let look = if Some(row) == baseline { BASELINE } else { DIFFERENCE };
        estimate.mean().map(|_| dot_row(results.label(row), &runs, &estimate, look))
    };
    let mut panels: Vec<Box<dyn Panel>> = Vec::new();
    for task in &results.tasks {
        let of = |wanted: &dyn Fn(&Row) -> bool| -> Vec<DotRow> {
            results.rows.iter().filter(|row| wanted(row)).filter_map(|found| row(task, found)).collect()
        };
        let own = of(&changed);
        if !own.is_empty() {
            let mut rows = of(&|row| Some(row) == baseline);
            rows.extend(own);
            let axis = "difference of mAP (points)";
            panels.push(Box::new(DotPanel {
                title: context.task(task),
                legend: Vec::new(),
                axis,
                bars: vec![0.0],
                rows,
            }));
        }
    }
    if panels.is_empty() {
        return Ok(None);
    }
    let whole = results.label(full);
    let caption = Caption {
        name: "ablations".to_owned(),
        title: format!("What each part is worth: difference to {whole}"),
        text: format!(
            "Difference of mAP to {whole} after the last epoch, in percentage points; left of zero a row is worse than the whole method. Grey \
             dots: single runs, each against the run of the same domains and training seed; mark: their mean; line: its 95 % t interval \
             (from {FEWEST} units on); in brackets: units above zero."
        ),
    };
    figure(caption, &panels, context).map(Some)
}

fn dot_row(name: String, runs: &ByRun, estimate: &Estimate, look: Look) -> DotRow {
    let n = estimate.n();
    DotRow {
        name,
        number: format!("{} ({} of {n})", estimate.mean_text(), estimate.signs().0),
        dots: runs.values().copied().collect(),
        marks: estimate.mean().map(|mean| (mean, look)).into_iter().collect(),
        interval: estimate.interval().filter(|_| n >= FEWEST),
        whole: false,
    }
}

/// A number of the settings on one task: its values, and for each the difference to the method as it is.
struct Line<'a> {
    task: &'a String,
    name: &'static str,
    values: Vec<f64>,
    runs: Vec<ByRun>,
}

/// mAP against one number at a time; none where no task has enough values of any.
pub(super) fn sensitivity(source: &Source<'_>, context: &Context) -> Result<Option<Figure>> {
    let results = source.results;
    let Some(full) = results.full() else { return Ok(None) };
    let scores = Scores::new(results, "map")?;
    let mut lines = Vec::new();
    for task in &results.tasks {
        lines.extend(NUMBERS.into_iter().filter_map(|number| line(task, number, full, (results, &scores))));
    }
    let baselines: Vec<Option<f64>> =
        lines.iter().map(|line| baseline(line.task, full, (results, &scores))).collect();
    let all = lines.iter().flat_map(|line| &line.runs).flat_map(|runs| runs.values().copied());
    let y = range(all.chain(baselines.iter().copied().flatten()).chain([0.0]), 2.0);
    let panels: Vec<Box<dyn Panel>> = lines
        .iter()
        .zip(&baselines)
        .map(|(line, baseline)| Box::new(panel(line, *baseline, (y, context))) as Box<dyn Panel>)
        .collect();
    if panels.is_empty() {
        return Ok(None);
    }
    let caption = Caption {
        name: "sensitivity".to_owned(),
        title: "Sensitivity to settings".to_owned(),
        text: format!(
            "mAP after the last epoch against one setting, the others as in {whole}: difference to {whole} in percentage points, between runs \
             of the same domains and training seed. Thin lines are single runs, marks their mean, squares the baseline. Values stand at equal \
             distances; all panels have one upright axis.",
            whole = results.label(full)
        ),
    };
    figure(caption, &panels, context).map(Some)
}

fn line<'a>(
    task: &'a String,
    (key, name): (&str, &'static str),
    full: &Row,
    (results, scores): (&Results, &Scores),
) -> Option<Line<'a>> {
    let changed =
        results.rows.iter().filter(|row| !row.is_of_table1() && differs_in(full, row, key)).chain([full]);
    let point = |row: &Row| {
        let runs = scores.difference(task, &full.name, &row.name);
        Some((number(row, key)?, runs)).filter(|(_, runs)| !runs.is_empty())
    };
    let mut points: Vec<(f64, ByRun)> = changed.filter_map(point).collect();
    points.sort_by(|one, other| one.0.total_cmp(&other.0));
    points.dedup_by(|one, other| one.0 == other.0);
    let enough = points.len() >= VALUES;
    let (values, runs) = points.into_iter().unzip();
    enough.then_some(Line { task, name, values, runs })
}

/// The baseline's difference to the method, in the mean over runs.
fn baseline(task: &str, full: &Row, (results, scores): (&Results, &Scores)) -> Option<f64> {
    let row = results.baseline(full)?;
    Estimate::of_differences(&[scores.difference(task, &full.name, &row.name)], DomainKind::Real).mean()
}

fn panel(line: &Line<'_>, baseline: Option<f64>, (y, context): ((f64, f64), &Context)) -> Courses {
    let mean = |(at, runs): (usize, &ByRun)| (at as f64, runs.values().sum::<f64>() / runs.len() as f64);
    let draws: std::collections::BTreeSet<_> = line.runs.iter().flat_map(|runs| runs.keys()).collect();
    let of = |draw| -> Vec<(f64, f64)> {
        let value = |(at, runs): (usize, &ByRun)| Some((at as f64, *runs.get(draw)?));
        line.runs.iter().enumerate().filter_map(value).collect()
    };
    let course = |points, look, thin, name: &str| Course { points, look, thin, name: name.to_owned() };
    let mut lines: Vec<Course> = Vec::new();
    if draws.len() > 1 {
        lines.extend(draws.iter().map(|draw| course(of(draw), DIFFERENCE, true, "")));
    }
    lines.push(course(line.runs.iter().enumerate().map(mean).collect(), DIFFERENCE, false, ""));
    let last = line.values.len() as f64 - 1.0;
    lines.extend(baseline.map(|value| course(vec![(0.0, value), (last, value)], BASELINE, false, "")));
    Courses {
        title: format!("{}, {}", line.name, context.task(line.task)),
        height: HEIGHT,
        x: (-0.3, last + 0.3),
        x_name: "",
        x_ticks: line.values.iter().enumerate().map(|(at, value)| (at as f64, value.to_string())).collect(),
        y_name: "difference (points)",
        y: Some(y),
        least: 0.0,
        zero: true,
        lines,
    }
}
