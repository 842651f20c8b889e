//! D16.

use mmt_reference::Result;
use mmt_reference::eval::average_precision::{average_precision, mean_average_precision};
use mmt_reference::eval::ranking::Ranking;

use super::split::{self, Case, valid};
use crate::definition::{Bench, Definition, Golden, Places, no_units, nothing_open, range, reading, value};
use crate::value::{Inputs, Outputs};

pub(super) static DEFINITION: Definition = Definition {
    number: "D16",
    name: "average precision and mAP",
    part: None,
    places: Places {
        reference: "eval/average_precision.rs",
        fast: &["eval/average_precision.rs"],
        properties: "eval/ranking.rs",
        golden: Golden::Functions(&[
            "mmt.evaluation_metrics.mean_ap and cmc",
            "mmt.evaluation_metrics.mean_ap",
        ]),
        bench: Bench::Named("eval/ranking"),
    },
    inputs: &[
        split::DISTANCES,
        split::QUERY_IDENTITIES,
        split::QUERY_CAMERAS,
        split::GALLERY_IDENTITIES,
        split::GALLERY_CAMERAS,
    ],
    outputs: &[value("map", &[], "D16", "mean average precision of the queries that have a match, 0 to 1")],
    reference,
    generate: split::generated,
    units: no_units,
    open: nothing_open,
    readings: &[
        reading("entries at equal distance stand one after the other, in the order of the gallery", ordered),
        range("equal distances stand in whatever order the sort leaves them", worst, best),
        reading("the trapezoidal rule between two matches", trapezoidal),
        reading("images of the query's identity and camera stay in the gallery", nothing_removed),
        reading("all images of the query's camera are removed", camera_removed),
        reading("queries without a match count as 0", invalid_as_zero),
    ],
};

fn outputs(map: f64) -> Outputs {
    Outputs::default().with("map", map)
}

fn reference(inputs: &Inputs) -> Result<Outputs> {
    let case = Case::of(inputs)?;
    let [query, gallery] = case.labels();
    Ok(outputs(mean_average_precision(&case.distances, query, gallery)?))
}

/// The mean over rankings by another average precision.
fn mean(rankings: &[Ranking], precision: impl Fn(&Ranking) -> Result<f64>) -> Result<Outputs> {
    let values: Result<Vec<f64>> = rankings.iter().map(precision).collect();
    Ok(outputs(values?.iter().sum::<f64>() / rankings.len() as f64))
}

fn protocol(is_match: bool, same_camera: bool) -> bool {
    is_match && same_camera
}

/// Positions of the matches, from 0.
fn positions(ranking: &Ranking) -> Vec<usize> {
    (0..ranking.len()).filter(|&place| ranking[place].is_match).collect()
}

fn ordered(inputs: &Inputs) -> Result<Outputs> {
    mean(&valid(Case::of(inputs)?.rankings(protocol)?), one_by_one)
}

fn one_by_one(ranking: &Ranking) -> Result<f64> {
    let positions = positions(ranking);
    let precisions = positions.iter().enumerate().map(|(n, place)| (n + 1) as f64 / (place + 1) as f64);
    Ok(precisions.sum::<f64>() / positions.len() as f64)
}

/// Average precision with the entries at equal distance one after the other, matches last or first.
fn sorted(inputs: &Inputs, matches_first: bool) -> Result<Outputs> {
    let mut rankings = valid(Case::of(inputs)?.rankings(protocol)?);
    for ranking in &mut rankings {
        ranking.sort_by(|a, b| {
            let by_match =
                if matches_first { b.is_match.cmp(&a.is_match) } else { a.is_match.cmp(&b.is_match) };
            a.distance.total_cmp(&b.distance).then(by_match)
        });
    }
    mean(&rankings, one_by_one)
}

fn worst(inputs: &Inputs) -> Result<Outputs> {
    sorted(inputs, false)
}

fn best(inputs: &Inputs) -> Result<Outputs> {
    sorted(inputs, true)
}

fn trapezoidal(inputs: &Inputs) -> Result<Outputs> {
    mean(&valid(Case::of(inputs)?.rankings(protocol)?), |ranking| {
        let positions = positions(ranking);
        let area = positions.iter().enumerate().map(|(n, &place)| {
            let before = if place == 0 { 1.0 } else { n as f64 / place as f64 };
            (before + (n + 1) as f64 / (place + 1) as f64) / 2.0
        });
        Ok(area.sum::<f64>() / positions.len() as f64)
    })
}

fn nothing_removed(inputs: &Inputs) -> Result<Outputs> {
    mean(&valid(Case::of(inputs)?.rankings(|_, _| false)?), |ranking| average_precision(ranking))
}

fn camera_removed(inputs: &Inputs) -> Result<Outputs> {
    mean(&valid(Case::of(inputs)?.rankings(|_, camera| camera)?), |ranking| average_precision(ranking))
}

fn invalid_as_zero(inputs: &Inputs) -> Result<Outputs> {
    mean(&Case::of(inputs)?.rankings(protocol)?, |ranking| Ok(average_precision(ranking).unwrap_or(0.0)))
}
