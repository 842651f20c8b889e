//! The paper's Table 2: the method without its parts, and what else experiments changed, each with its distance to the whole.

use mmt_vocabulary::error::Result;

use super::super::claims::Scores;
use super::super::context::Context;
use super::super::frames::Value;
use super::super::names::minus;
use super::super::results::{Cells, Pick, Results};
use super::super::rows::{Row, is_changed_number, lacks_a_part};
use super::super::statistics::Estimate;
use super::{Cell, Grid, Line, blocks};

/// The table of the last epoch; `None` without changed rows, or without the row that they were changed from.
pub(crate) fn ablations(results: &Results, context: &Context) -> Result<Option<Grid>> {
    let Some(full) = results.full() else { return Ok(None) };
    let found = results.means(Pick::Last, "map")?;
    let scores = Scores::new(results, "map")?;
    let groups = groups(results, full);
    let run = |task: &&String, row: &&Row| found.contains_key(&((*task).clone(), row.name.clone()));
    let changed = || groups[1..GROUPS - 1].iter().flatten();
    let tasks: Vec<String> =
        results.tasks.iter().filter(|task| changed().any(|row| run(task, row))).cloned().collect();
    if tasks.is_empty() {
        return Ok(None);
    }
    let lines = |tasks: &[String]| {
        let line = |row: &&Row| Line {
            label: results.label(row),
            cells: tasks.iter().flat_map(|task| cells(task, row, full, (&found, &scores), results)).collect(),
        };
        let here = |row: &&&Row| tasks.iter().any(|task| run(&task, row));
        groups.iter().map(|group| group.iter().filter(here).map(line).collect()).collect()
    };
    Ok(Some(Grid {
        name: "table2",
        number: 2,
        title: format!("ablations on {}", context.label()),
        caption: format!(
            "mAP in percent after the last epoch, mean over runs, and its difference to {} in percentage points, between runs of the same \
             domains and training seed; small: the range over units.",
            results.label(full)
        ),
        measures: vec!["mAP", "Δ"],
        blocks: blocks(&tasks, |task| context.task(task), lines),
    }))
}

const GROUPS: usize = 4;

/// Returns the rows that the method starts from, the method without its parts, other changed rows, and the method. Rows of one other
/// number have a figure of their own.
fn groups<'a>(results: &'a Results, full: &'a Row) -> [Vec<&'a Row>; GROUPS] {
    let baseline = results.baseline(full);
    let of =
        |wanted: &dyn Fn(&Row) -> bool| results.rows.iter().filter(|row| wanted(row)).collect::<Vec<_>>();
    let part = |row: &Row| !row.is_of_table1() && lacks_a_part(full, row);
    [
        of(&|row| row.is_start() || Some(row) == baseline),
        of(&part),
        of(&|row| !row.is_of_table1() && !part(row) && !is_changed_number(full, row)),
        vec![full],
    ]
}

/// mAP of a row on a task, and its difference to the whole.
fn cells(
    task: &str,
    row: &Row,
    full: &Row,
    (found, scores): (&Cells<Value>, &Scores),
    results: &Results,
) -> [Option<Cell>; 2] {
    let plain = |text: String, spread: String| Cell { text, spread, best: false };
    let value = found.get(&(task.to_owned(), row.name.clone()));
    let map = value.map(|value| plain(minus(&format!("{:.1}", value.mean)), String::new()));
    if row == full {
        return [map, None];
    }
    let difference = scores.difference(task, &full.name, &row.name);
    let estimate = Estimate::of_differences(&[difference], results.domains);
    let delta = estimate.mean().map(|_| plain(estimate.mean_text(), estimate.range_text()));
    [map, delta]
}
