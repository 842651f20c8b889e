//! The gains of mutual mean-teaching, run by run, and how much of the gap to the oracle is closed.

use mmt_vocabulary::error::Result;

use super::super::claims::{GainLine, Scores};
use super::super::results::Results;
use super::super::rows::Row;
use super::super::statistics::{ByRun, Estimate};
use super::dots::{DotPanel, DotRow, by_comparison};
use super::figure::Figure;
use super::plate::{Caption, Panel, figure};
use super::source::Source;
use super::style::{BASELINE, DIFFERENCE, MMT};
use crate::context::Context;

/// Fewest units whose interval is drawn: of two it is ten times as wide as all else.
const FEWEST: usize = 3;

/// The figure; none without a gain.
pub(super) fn gains(source: &Source<'_>, context: &Context) -> Result<Option<Figure>> {
    let run = |line: &&GainLine| line.measure == "mAP" && line.gain.mean().is_some();
    let rows =
        source.gains.lines.iter().filter(run).map(|line| (&line.compared[..], gain_row(line, context)));
    let panel = |(compared, rows): (&str, Vec<DotRow>)| -> Box<dyn Panel> {
        let axis = "difference of mAP (points)";
        Box::new(DotPanel { title: compared.to_owned(), legend: Vec::new(), axis, bars: vec![0.0], rows })
    };
    let mut panels: Vec<Box<dyn Panel>> = by_comparison(rows).into_iter().map(panel).collect();
    if panels.is_empty() {
        return Ok(None);
    }
    if let Some(shares) = shares(source.results)? {
        panels.push(Box::new(shares.panel(source.results, context)));
    }
    let caption = Caption {
        name: "gains".to_owned(),
        title: "Gains of mutual mean-teaching".to_owned(),
        text: format!(
            "Difference of mAP on the target's test set after the last epoch, in percentage points. Grey dots: single runs, each against \
             the run of the same domains and training seed; mark: their mean; line: its 95 % t interval over units (from {FEWEST} units \
             on); in brackets: units above zero. Last panel: the share of the gap between the pre-trained networks and the oracle that is \
             closed; below 0 adaptation did harm, and a task whose oracle is not above the start in some unit has none."
        ),
    };
    figure(caption, &panels, context).map(Some)
}

fn gain_row(line: &GainLine, context: &Context) -> DotRow {
    let n = line.gain.n();
    DotRow {
        name: line.scope(context.domains),
        number: format!("{} ({} of {n})", line.gain.mean_text(), line.gain.signs().0),
        dots: line.runs.values().copied().collect(),
        marks: line.gain.mean().map(|mean| (mean, DIFFERENCE)).into_iter().collect(),
        interval: line.gain.interval().filter(|_| n >= FEWEST),
        whole: line.tasks.len() > 1,
    }
}

/// The rows between which the gap lies, and those that close it.
struct Shares<'a> {
    start: &'a Row,
    oracle: &'a Row,
    closing: [&'a Row; 2],
    scores: Scores,
}

fn shares(results: &Results) -> Result<Option<Shares<'_>>> {
    let first = |of: fn(&Row) -> bool| results.rows.iter().find(|row| of(row));
    let (Some(start), Some(oracle), Some(full)) =
        (first(Row::is_start), first(Row::is_oracle), results.full())
    else {
        return Ok(None);
    };
    let Some(baseline) = results.baseline(full) else { return Ok(None) };
    Ok(Some(Shares { start, oracle, closing: [baseline, full], scores: Scores::new(results, "map")? }))
}

impl Shares<'_> {
    fn share(&self, tasks: &[String], row: &Row, results: &Results) -> Estimate {
        let to = |upper: &Row| -> Vec<ByRun> {
            tasks.iter().map(|task| self.scores.difference(task, &self.start.name, &upper.name)).collect()
        };
        Estimate::of_shares(&to(row), &to(self.oracle), results.domains)
    }

    fn row(&self, tasks: &[String], name: String, results: &Results) -> Option<DotRow> {
        let [baseline, full] = self.closing.map(|row| self.share(tasks, row, results).mean());
        let (baseline, full) = (baseline?, full?);
        let number = super::super::names::minus(&format!("{baseline:.0} → {full:.0} %"));
        let marks = vec![(baseline, BASELINE), (full, MMT)];
        Some(DotRow { name, number, dots: Vec::new(), marks, interval: None, whole: tasks.len() > 1 })
    }

    fn panel(&self, results: &Results, context: &Context) -> DotPanel {
        let one = |task: &String| self.row(std::slice::from_ref(task), context.task(task), results);
        let mut rows: Vec<DotRow> = results.tasks.iter().filter_map(one).collect();
        if results.tasks.len() > 1 {
            rows.extend(self.row(&results.tasks, format!("Mean of {} tasks", results.tasks.len()), results));
        }
        let [baseline, full] = self.closing.map(|row| results.label(row));
        let title = format!("Gap {} to {} closed", results.label(self.start), results.label(self.oracle));
        DotPanel {
            title,
            legend: vec![(BASELINE, baseline), (MMT, full)],
            axis: "share of the gap (%)",
            bars: vec![0.0],
            rows,
        }
    }
}
