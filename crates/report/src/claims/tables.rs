//! Gains, claims and the order of methods as tables.

use std::collections::BTreeSet;

use mmt_vocabulary::error::Result;
use polars::prelude::*;

use super::super::context::Context;
use super::super::frames::refused;
use super::super::settings::Setting;
use super::super::statistics::Estimate;
use super::super::table::{Table, columns};
use super::paper::CLAIMS;
use super::{Claim, GainLine, Gains, Order};

/// MMT minus its baseline, and minus the pre-trained networks, on every task and on their mean; none without such rows.
pub(crate) fn gains_table(gains: &Gains, context: &Context) -> Result<Option<Table>> {
    let lines = &gains.lines;
    if lines.is_empty() {
        return Ok(None);
    }
    let frame = || -> PolarsResult<DataFrame> {
        let gains: Vec<&Estimate> = lines.iter().map(|line| &line.gain).collect();
        let names = df!(
            "task" => lines.iter().map(|line| line.scope(context.domains)).collect::<Vec<_>>(),
            "compared" => lines.iter().map(|line| line.compared.as_str()).collect::<Vec<_>>(),
            "measure" => lines.iter().map(|line| line.measure).collect::<Vec<_>>(),
        )?;
        context.stamped(names.hstack(numbers(&gains)?.columns())?)
    };
    let row = |line: &GainLine| {
        let mut cells = vec![line.scope(context.domains), line.compared.clone(), line.measure.to_owned()];
        cells.extend(shown(&line.gain));
        cells
    };
    Ok(Some(Table {
        name: "gains",
        title: "Gains over the baseline and over no adaptation".to_owned(),
        caption: "Differences at the last epoch in percentage points, between runs of the same domains and training seed, and the 95 % t \
             interval over units (docs/claims.md; none for one unit); above: units above 0."
            .to_owned(),
        data: frame().map_err(refused("the table of gains"))?,
        header: columns(["Task", "Compared", "measure", "difference", "95 % interval", "above", "units"]),
        rows: lines.iter().map(row).collect(),
        settings: lines.iter().map(|line| context.settings.of(&line.tasks, &line.upper)).collect(),
        names: 3,
    }))
}

/// Mean, interval, units above the bar, units.
fn shown(estimate: &Estimate) -> [String; 4] {
    let n = estimate.n();
    let above = if n == 0 { String::new() } else { format!("{} of {n}", estimate.signs().0) };
    [estimate.mean_text(), estimate.interval_text(), above, estimate.units_text()]
}

/// C1 to C8 with their verdicts.
pub(crate) fn claims_table(claims: &[Claim], context: &Context) -> Result<Table> {
    let about: Vec<String> = CLAIMS.iter().map(|(number, text)| format!("{number}: {text}.")).collect();
    verdicts("claims", "Claims of the paper", about.join(" "), claims, context)
}

/// The order of the methods, step by step; none where one method alone was run.
pub(crate) fn order_table(order: &Order, context: &Context) -> Result<Option<Table>> {
    let Some(line) = order.line() else { return Ok(None) };
    let caption = format!(
        "{line}. Verdicts by the rule of the claims; all steps are one family of Holm's correction, and none is confirmatory."
    );
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
        let estimates: Vec<&Estimate> = claims.iter().map(|claim| &claim.estimate).collect();
        let names = df!(
            "claim" => claims.iter().map(|claim| claim.number).collect::<Vec<_>>(),
            "statement" => claims.iter().map(|claim| claim.statement.as_str()).collect::<Vec<_>>(),
            "task" => claims.iter().map(|claim| claim.scope(context.domains)).collect::<Vec<_>>(),
            "confirmatory" => claims.iter().map(|claim| claim.confirmatory).collect::<Vec<_>>(),
            "verdict" => claims.iter().map(|claim| claim.verdict().word()).collect::<Vec<_>>(),
            "adjusted_p" => claims.iter().map(|claim| claim.adjusted).collect::<Vec<_>>(),
        )?;
        context.stamped(names.hstack(numbers(&estimates)?.columns())?)
    };
    let row = |claim: &Claim| {
        let mut cells = vec![
            claim.number.to_owned(),
            claim.statement.clone(),
            claim.scope(context.domains),
            claim.verdict().text(&claim.estimate),
        ];
        cells.extend(shown(&claim.estimate));
        cells
    };
    Ok(Table {
        name,
        title: title.to_owned(),
        caption,
        data: frame().map_err(refused(&format!("the table of {name}")))?,
        header: columns([
            "Claim",
            "Statement",
            "Task",
            "Verdict",
            "mAP, difference",
            "95 % interval",
            "above",
            "units",
        ]),
        rows: claims.iter().map(row).collect(),
        settings: claims.iter().map(|claim| setting(claim, context)).collect(),
        names: 4,
    })
}

/// That of the row a claim is about.
fn setting(claim: &Claim, context: &Context) -> Setting {
    let of = |row: &String| context.settings.of(&claim.tasks, row);
    claim.row.as_ref().map_or(Setting::default(), of)
}

/// Mean, interval, bar, units, and the number of each unit: `domain_101`, `seed_1`.
fn numbers(estimates: &[&Estimate]) -> PolarsResult<DataFrame> {
    let end = |of: fn((f64, f64)) -> f64| {
        estimates.iter().map(|found| found.interval().map(of)).collect::<Vec<_>>()
    };
    let mut frame = df!(
        "mean" => estimates.iter().map(|found| found.mean()).collect::<Vec<_>>(),
        "low" => end(|(low, _)| low),
        "high" => end(|(_, high)| high),
        "bar" => estimates.iter().map(|found| found.bar as u32).collect::<Vec<_>>(),
        "unit" => estimates.iter().map(|found| found.unit.name()).collect::<Vec<_>>(),
        "n" => estimates.iter().map(|found| found.n() as u32).collect::<Vec<_>>(),
    )?;
    let units = |found: &&Estimate| -> Vec<(&'static str, u64)> {
        found.values.keys().map(|number| (found.unit.name(), *number)).collect()
    };
    let all: BTreeSet<(&str, u64)> = estimates.iter().flat_map(units).collect();
    for (name, number) in all {
        let of = |found: &&Estimate| found.values.get(&number).copied().filter(|_| found.unit.name() == name);
        let values: Vec<Option<f64>> = estimates.iter().map(of).collect();
        frame.with_column(Column::new(format!("{name}_{number}").into(), values))?;
    }
    Ok(frame)
}
