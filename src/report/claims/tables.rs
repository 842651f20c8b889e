//! Gains, claims and the order of methods as tables.

use polars::prelude::*;

use super::super::frames::refused;
use super::super::settings::{self, Setting};
use super::super::summary::Context;
use super::super::table::{Table, columns};
use super::bootstrap::Over;
use super::paper::CLAIMS;
use super::{Claim, Gain, GainLine, Gains, Order, RULE};
use crate::error::Result;

/// MMT minus its baseline on every task and on their mean, with intervals; none without such a pair of rows.
pub(in crate::report) fn gains_table(gains: &Gains, context: &Context) -> Result<Option<Table>> {
    let lines = &gains.lines;
    if lines.is_empty() {
        return Ok(None);
    }
    let frame = || -> PolarsResult<DataFrame> {
        let gains: Vec<&Gain> = lines.iter().map(|line| &line.gain).collect();
        let names = df!(
            "task" => lines.iter().map(GainLine::scope).collect::<Vec<_>>(),
            "compared" => lines.iter().map(GainLine::compared).collect::<Vec<_>>(),
            "measure" => lines.iter().map(|line| line.measure).collect::<Vec<_>>(),
        )?;
        context.stamped(names.hstack(numbers(&gains)?.columns())?)
    };
    let row = |line: &GainLine| {
        let mut cells = vec![line.scope(), line.compared(), line.measure.to_owned()];
        cells.extend(shown(&line.gain));
        cells
    };
    Ok(Some(Table {
        name: "gains",
        title: format!("Gains over the baseline ({})", context.label()),
        caption: format!(
            "Differences at the last epoch in percentage points, paired by seed and by query, with the 95 % percentile interval of a \
             bootstrap. Interval over: seeds and queries, where every run kept the precision of each query; seeds alone else, and for \
             top-1 (with three it is their range); queries alone with one or two seeds, which says nothing of other seeds. Settings and \
             minutes are those of the upper row. {}",
            settings::CAPTION
        ),
        data: frame().map_err(refused("the table of gains"))?,
        header: columns([
            "Task",
            "Compared",
            "measure",
            "difference",
            "95 % interval",
            "interval over",
            "seeds",
        ]),
        rows: lines.iter().map(row).collect(),
        settings: lines.iter().map(|line| context.settings.of(&line.tasks, &line.upper)).collect(),
        names: 3,
    }))
}

/// Difference, interval, what it resamples, seeds.
fn shown(gain: &Gain) -> [String; 4] {
    [gain.mean_text(), gain.interval_text(), gain.over_text().to_owned(), gain.n().to_string()]
}

/// C1 to C7 with their verdicts.
pub(in crate::report) fn claims_table(claims: &[Claim], context: &Context) -> Result<Table> {
    let about: Vec<String> = CLAIMS.iter().map(|(number, text)| format!("{number}: {text}.")).collect();
    verdicts("claims", "Claims of the paper", format!("{} {RULE}", about.join(" ")), claims, context)
}

/// The order of the methods, step by step; none where one method alone was run.
pub(in crate::report) fn order_table(order: &Order, context: &Context) -> Result<Option<Table>> {
    let Some(line) = order.line() else { return Ok(None) };
    let caption = format!("{line}. Verdicts by the rule of the claims.");
    verdicts("order", "Order of the methods", caption, &order.steps, context).map(Some)
}

fn verdicts(
    name: &'static str,
    title: &str,
    caption: String,
    claims: &[Claim],
    context: &Context,
) -> Result<Table> {
    let frame = || -> PolarsResult<DataFrame> {
        let gains: Vec<&Gain> = claims.iter().map(|claim| &claim.gain).collect();
        let names = df!(
            "claim" => claims.iter().map(|claim| claim.number).collect::<Vec<_>>(),
            "statement" => claims.iter().map(|claim| claim.statement.as_str()).collect::<Vec<_>>(),
            "task" => claims.iter().map(Claim::scope).collect::<Vec<_>>(),
            "verdict" => claims.iter().map(|claim| claim.verdict().text()).collect::<Vec<_>>(),
        )?;
        context.stamped(names.hstack(numbers(&gains)?.columns())?)
    };
    let row = |claim: &Claim| {
        let mut cells = vec![
            claim.number.to_owned(),
            claim.statement.clone(),
            claim.scope(),
            context.domains().to_owned(),
            claim.verdict().text().to_owned(),
        ];
        cells.extend(shown(&claim.gain));
        cells
    };
    Ok(Table {
        name,
        title: format!("{title} ({})", context.label()),
        caption: format!("{caption} {}", settings::CAPTION),
        data: frame().map_err(refused(&format!("the table of {name}")))?,
        header: columns([
            "Claim",
            "Statement",
            "Task",
            "Domains",
            "Verdict",
            "mAP, difference",
            "95 % interval",
            "interval over",
            "seeds",
        ]),
        rows: claims.iter().map(row).collect(),
        settings: claims.iter().map(|claim| setting(claim, context)).collect(),
        names: 5,
    })
}

/// That of the row a claim is about.
fn setting(claim: &Claim, context: &Context) -> Setting {
    let of = |row: &String| context.settings.of(&claim.tasks, row);
    claim.row.as_ref().map_or(Setting::default(), of)
}

fn numbers(gains: &[&Gain]) -> PolarsResult<DataFrame> {
    let end = |of: fn((f64, f64)) -> f64| gains.iter().map(|gain| gain.interval.map(of)).collect::<Vec<_>>();
    df!(
        "difference" => gains.iter().map(|gain| gain.mean()).collect::<Vec<_>>(),
        "low" => end(|(low, _)| low),
        "high" => end(|(_, high)| high),
        "interval_over" => gains.iter().map(|gain| gain.over.map(Over::text)).collect::<Vec<_>>(),
        "n" => gains.iter().map(|gain| gain.n() as u32).collect::<Vec<_>>(),
    )
}
