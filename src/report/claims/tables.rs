//! Gains, claims and the order of methods as tables.

use polars::prelude::*;

use super::super::frames::refused;
use super::super::names::{row_label, task_label};
use super::super::results::Results;
use super::super::summary::Context;
use super::super::table::Table;
use super::paper::{CLAIMS, baseline_of};
use super::rows::is_full;
use super::scores::{BySeed, Scores, average, difference};
use super::{Claim, Gain, Order, RULE};
use crate::error::Result;

/// What gains are given in: column and name.
const MEASURES: [(&str, &str); 2] = [("map", "mAP"), ("top1", "top-1")];

/// MMT minus its baseline on every task and on their mean, with intervals; none without such a pair of rows.
pub(in crate::report) fn gains_table(results: &Results, context: &Context) -> Result<Option<Table>> {
    let mut lines = Vec::new();
    for (column, name) in MEASURES {
        let scores = Scores::new(results, column)?;
        for full in results.rows.iter().filter(|row| is_full(row)) {
            let Some(baseline) = baseline_of(&results.rows, full) else { continue };
            let of = |task: &String| difference(scores.of(task, &baseline.name), scores.of(task, &full.name));
            let compared = format!("{} − {}", row_label(&full.name), row_label(&baseline.name));
            let mut push = |task: String, gain: BySeed| {
                lines.push((task, compared.clone(), name, Gain::new(gain.into_values().collect())));
            };
            results.tasks.iter().for_each(|task| push(task_label(task), of(task)));
            if results.tasks.len() > 1 {
                let all: Vec<BySeed> = results.tasks.iter().map(of).collect();
                push(format!("Mean of {} tasks", all.len()), average(&all));
            }
        }
    }
    if lines.is_empty() {
        return Ok(None);
    }
    let frame = || -> PolarsResult<DataFrame> {
        let gains: Vec<&Gain> = lines.iter().map(|(.., gain)| gain).collect();
        let names = df!(
            "task" => lines.iter().map(|(task, ..)| task.as_str()).collect::<Vec<_>>(),
            "compared" => lines.iter().map(|(_, compared, ..)| compared.as_str()).collect::<Vec<_>>(),
            "measure" => lines.iter().map(|(_, _, measure, _)| *measure).collect::<Vec<_>>(),
        )?;
        context.stamped(names.hstack(numbers(&gains)?.columns())?)
    };
    let row = |(task, compared, measure, gain): &(String, String, &str, Gain)| {
        vec![
            task.clone(),
            compared.clone(),
            (*measure).to_owned(),
            gain.mean_text(),
            gain.interval_text(),
            gain.n().to_string(),
        ]
    };
    Ok(Some(Table {
        name: "gains",
        title: format!("Gains over the baseline ({})", context.label()),
        caption: "Differences at the last epoch in percentage points, paired by seed, with the 95 % percentile interval of a \
                  bootstrap over seeds (from three seeds on; with three it is their range)."
            .to_owned(),
        data: frame().map_err(refused("the table of gains"))?,
        header: vec!["Task", "Compared", "measure", "difference", "95 % interval", "seeds"],
        rows: lines.iter().map(row).collect(),
        names: 3,
    }))
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
        vec![
            claim.number.to_owned(),
            claim.statement.clone(),
            claim.scope(),
            context.domains().to_owned(),
            claim.verdict().text().to_owned(),
            claim.gain.mean_text(),
            claim.gain.interval_text(),
            claim.gain.n().to_string(),
        ]
    };
    Ok(Table {
        name,
        title: format!("{title} ({})", context.label()),
        caption,
        data: frame().map_err(refused(&format!("the table of {name}")))?,
        header: vec![
            "Claim",
            "Statement",
            "Task",
            "Domains",
            "Verdict",
            "mAP, difference",
            "95 % interval",
            "seeds",
        ],
        rows: claims.iter().map(row).collect(),
        names: 5,
    })
}

fn numbers(gains: &[&Gain]) -> PolarsResult<DataFrame> {
    let end = |of: fn((f64, f64)) -> f64| gains.iter().map(|gain| gain.interval.map(of)).collect::<Vec<_>>();
    df!(
        "difference" => gains.iter().map(|gain| gain.mean()).collect::<Vec<_>>(),
        "low" => end(|(low, _)| low),
        "high" => end(|(_, high)| high),
        "n" => gains.iter().map(|gain| gain.n() as u32).collect::<Vec<_>>(),
    )
}
