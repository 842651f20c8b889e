//! The paper's Table 1: methods by tasks.

use mmt_vocabulary::error::Result;

use super::super::context::Context;
use super::super::frames::Value;
use super::super::names::minus;
use super::super::results::{Cells, Pick, Results};
use super::super::rows::Row;
use super::{Cell, Grid, Line, blocks};

/// Columns of a task: key of the results, name.
const MEASURES: [(&str, &str); 4] =
    [("map", "mAP"), ("top1", "top-1"), ("top5", "top-5"), ("top10", "top-10")];

/// The table of the last epoch; `None` where no row is one of the paper's.
pub(crate) fn methods(results: &Results, context: &Context) -> Result<Option<Grid>> {
    let found: Vec<Cells<Value>> =
        MEASURES.iter().map(|(key, _)| results.means(Pick::Last, key)).collect::<Result<_>>()?;
    let rows: Vec<&Row> = results.rows.iter().filter(|row| row.is_of_table1()).collect();
    if rows.is_empty() {
        return Ok(None);
    }
    let groups = |tasks: &[String]| -> Vec<Vec<Line>> {
        let group = |rank| {
            let own = rows.iter().filter(move |row| group_of(row) == rank);
            own.map(|row| line(&found, &rows, tasks, row, results.label(row))).collect()
        };
        (0..GROUPS).map(group).collect()
    };
    Ok(Some(Grid {
        name: "table1",
        number: 1,
        title: format!("methods on {}", context.label()),
        caption: format!(
            "In percent, after the last epoch; mean of the two networks that a method answers for (MMT: the mean networks), over {}. Small: \
             sample standard deviation, which on drawn domains is mostly how the domains differ. Bold: the best of the adapted rows. {}",
            results.runs_text()?,
            context.kept_best()
        )
        .trim_end()
        .to_owned(),
        measures: MEASURES.iter().map(|(_, name)| *name).collect(),
        blocks: blocks(&results.tasks, |task| context.task(task), groups),
    }))
}

const GROUPS: usize = 4;

/// Rules stand between: not adapted, k-means, other clusterings, true labels.
fn group_of(row: &Row) -> usize {
    let kmeans =
        || row.settings.get("clustering").and_then(|clustering| clustering.get("clusters")).is_some();
    match row {
        row if row.is_start() => 0,
        row if row.is_oracle() => 3,
        _ if kmeans() => 1,
        _ => 2,
    }
}

fn line(found: &[Cells<Value>], rows: &[&Row], tasks: &[String], row: &Row, label: String) -> Line {
    let cell = |task: &String, cells: &Cells<Value>| {
        let of = |row: &Row| cells.get(&(task.clone(), row.name.clone()));
        let value = of(row)?;
        let adapted = |row: &Row| !row.is_start() && !row.is_oracle();
        let rivals = rows.iter().filter(|other| adapted(other)).filter_map(|other| of(other));
        let best = adapted(row)
            && rivals.clone().count() > 1
            && rivals.map(|other| other.mean).all(|mean| mean <= value.mean);
        let number = |value: f64| minus(&format!("{value:.1}"));
        Some(Cell { text: number(value.mean), spread: value.sd.map_or(String::new(), number), best })
    };
    Line {
        label,
        cells: tasks.iter().flat_map(|task| found.iter().map(move |cells| cell(task, cells))).collect(),
    }
}
