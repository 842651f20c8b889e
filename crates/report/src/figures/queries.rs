//! Which queries gain: the average precision of each, by mutual mean-teaching against its baseline.

use std::collections::BTreeMap;

use mmt_vocabulary::error::Result;

use super::super::queries::precisions;
use super::super::rows::Row;
use super::super::runs::RunRecords;
use super::figure::Figure;
use super::plate::{Caption, Panel, figure};
use super::scatter::Scatter;
use super::source::Source;
use crate::context::Context;

/// Points that count as a change.
const CHANGE: f64 = 1.0;

/// The figure; none where no run of both has queries.
pub(super) fn queries(source: &Source<'_>, context: &Context) -> Result<Option<Figure>> {
    let results = source.results;
    let Some((full, baseline)) = results.full().and_then(|full| Some((full, results.baseline(full)?))) else {
        return Ok(None);
    };
    let mut panels: Vec<Box<dyn Panel>> = Vec::new();
    for task in &results.tasks {
        if let Some(pairs) = pairs(source.runs, task, [baseline, full]) {
            let share = |wanted: &dyn Fn(f64) -> bool| {
                100.0 * pairs.iter().filter(|(x, y)| wanted(y - x)).count() as f64 / pairs.len() as f64
            };
            let (up, down) = (share(&|change| change > CHANGE), share(&|change| change < -CHANGE));
            panels.push(Box::new(Scatter {
                title: context.task(task),
                note: format!("{up:.0} % gain, {down:.0} % lose"),
                x_name: format!("AP by {} (%)", results.label(baseline)),
                y_name: format!("AP by {} (%)", results.label(full)),
                points: pairs,
            }));
        }
    }
    if panels.is_empty() {
        return Ok(None);
    }
    let caption = Caption {
        name: "queries".to_owned(),
        title: "Which queries gain".to_owned(),
        text: format!(
            "Average precision of each query after the last epoch, mean of both networks, in one run of each method with the lowest seeds \
             that both have. Above the line a query gains. Counted are changes of more than {CHANGE} point."
        ),
    };
    figure(caption, &panels, context).map(Some)
}

/// Precisions in percent of the queries that both rows have, of the lowest run that both have.
fn pairs(runs: &[RunRecords], task: &str, rows: [&Row; 2]) -> Option<Vec<(f64, f64)>> {
    let of = |row: &Row| -> BTreeMap<_, _> {
        let own = runs
            .iter()
            .filter(|run| run.info.task == task && run.info.row == row.name && !run.queries.is_empty());
        own.map(|run| (run.draw(), run)).collect()
    };
    let [lower, upper] = rows.map(of);
    let (draw, upper) = upper.iter().find(|(draw, _)| lower.contains_key(*draw))?;
    let [lower, upper] = [lower.get(draw)?, upper].map(|run| precisions(run));
    let pair = |(query, lower): (&usize, &f64)| Some((*lower, *upper.get(query)?));
    Some(lower.iter().filter_map(pair).collect()).filter(|pairs: &Vec<_>| !pairs.is_empty())
}
