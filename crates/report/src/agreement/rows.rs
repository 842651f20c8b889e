//! From single comparisons to the worst of each kind, and to tables.

use std::collections::BTreeMap;

use mmt_vocabulary::error::Result;
use polars::prelude::*;

use super::super::frames::refused;
use super::super::table::{Table, columns};
use super::records::{Comparison, Definition, Records};

/// The worst of all tests per definition, quantity, basis, side and device; in the order of the definitions.
pub(super) fn worst(records: &Records) -> Vec<Comparison> {
    let mut worst: BTreeMap<_, Comparison> = BTreeMap::new();
    for seen in &records.comparisons {
        let order = records.definitions.iter().position(|definition| definition.number == seen.definition);
        let key = (order, &seen.against, &seen.quantity, &seen.side, &seen.device, &seen.allowed);
        worst
            .entry(key)
            .and_modify(|row| {
                row.comparisons += seen.comparisons;
                row.worst_error = row.worst_error.max(seen.worst_error);
                row.worst_share = row.worst_share.max(seen.worst_share);
                row.failures += seen.failures;
            })
            .or_insert_with(|| seen.clone());
    }
    worst.into_values().collect()
}

/// One line per definition: the worst share of the allowed error on each side.
pub(super) fn overview(records: &Records, rows: &[Comparison]) -> Result<Table> {
    const COLUMNS: [(&str, &str); 5] = [
        ("reference", "f64"),
        ("reference", "f32"),
        ("published", "reference"),
        ("published", "f64"),
        ("published", "f32"),
    ];
    let cells = |definition: &Definition| {
        let mut cells = vec![definition.number.clone(), definition.name.clone()];
        cells.extend(COLUMNS.map(|(against, side)| share(definition, rows, against, side)));
        cells.push(if definition.golden_cases > 0 {
            definition.golden_cases.to_string()
        } else {
            String::new()
        });
        let own = rows.iter().filter(|row| row.definition == definition.number);
        cells.push(own.map(|row| row.failures).sum::<u64>().to_string());
        cells
    };
    let names: Vec<&str> = records.definitions.iter().map(|definition| definition.number.as_str()).collect();
    Ok(Table {
        name: "agreement",
        title: "Agreement".to_owned(),
        caption: "Worst error seen, as a share of the allowed one; \"equal\" where nothing may differ and nothing did, and \
                  where every error was zero. Empty: not compared. Failures: comparisons that did not hold."
            .to_owned(),
        data: df!("definition" => names).map_err(refused("the agreement table"))?,
        header: columns([
            "Nr",
            "Definition",
            "f64 to reference",
            "f32 to reference",
            "reference to published",
            "f64 to published",
            "f32 to published",
            "cases",
            "failures",
        ]),
        rows: records.definitions.iter().map(cells).collect(),
        names: 2,
        settings: Vec::new(),
    })
}

fn share(definition: &Definition, rows: &[Comparison], against: &str, side: &str) -> String {
    let of_side =
        |row: &&Comparison| row.definition == definition.number && row.against == against && row.side == side;
    let own: Vec<&Comparison> = rows.iter().filter(of_side).collect();
    let worst = own.iter().map(|row| row.worst_share).reduce(f64::max);
    match own.iter().map(|row| row.failures).sum::<u64>() {
        0 => worst.map_or_else(String::new, percent),
        failures => format!("{failures} failed"),
    }
}

/// A share of the allowed error as people read it.
pub(super) fn percent(share: f64) -> String {
    match 100.0 * share {
        0.0 => "equal".to_owned(),
        percent if percent < 0.1 => "< 0.1 %".to_owned(),
        percent if percent < 10.0 => format!("{percent:.1} %"),
        percent => format!("{percent:.0} %"),
    }
}

/// Every row, for CSV.
pub(super) fn details(records: &Records, rows: &[Comparison]) -> Result<Table> {
    let name = |row: &Comparison| {
        let found = records.definitions.iter().find(|definition| definition.number == row.definition);
        found.map_or_else(String::new, |definition| definition.name.clone())
    };
    let text = |of: fn(&Comparison) -> &String| rows.iter().map(|row| of(row).clone()).collect::<Vec<_>>();
    let data = df!(
        "definition" => text(|row| &row.definition),
        "name" => rows.iter().map(name).collect::<Vec<_>>(),
        "quantity" => text(|row| &row.quantity),
        "against" => text(|row| &row.against),
        "side" => text(|row| &row.side),
        "device" => text(|row| &row.device),
        "comparisons" => rows.iter().map(|row| row.comparisons).collect::<Vec<_>>(),
        "failures" => rows.iter().map(|row| row.failures).collect::<Vec<_>>(),
        "worst_error" => rows.iter().map(|row| format!("{:.2e}", row.worst_error)).collect::<Vec<_>>(),
        "worst_share_of_allowed" => rows.iter().map(|row| format!("{:.2e}", row.worst_share)).collect::<Vec<_>>(),
        "allowed" => text(|row| &row.allowed),
        "reason" => text(|row| &row.reason),
    );
    Ok(Table {
        name: "agreement",
        title: String::new(),
        caption: String::new(),
        data: data.map_err(refused("the agreement table"))?,
        header: Vec::new(),
        rows: Vec::new(),
        names: 0,
        settings: Vec::new(),
    })
}
