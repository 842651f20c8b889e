//! D16.

use mmt_reference::Result;
use mmt_reference::eval::average_precision::{average_precision, mean_average_precision};
use mmt_reference::eval::ranking::Ranking;

use super::split::{self, Case, valid};
use crate::definition::{Definition, Reading, no_units, nothing_open, value};
use crate::value::{Inputs, Outputs};

pub(super) static DEFINITION: Definition = Definition {
    number: "D16",
    name: "average precision and mAP",
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
        Reading {
            name: "entries at equal distance stand one after the other, in the order of the gallery",
            compute: ordered,
        },
        Reading { name: "the trapezoidal rule between two matches", compute: trapezoidal },
        Reading {
            name: "images of the query's identity and camera stay in the gallery",
            compute: nothing_removed,
        },
        Reading { name: "all images of the query's camera are removed", compute: camera_removed },
        Reading { name: "queries without a match count as 0", compute: invalid_as_zero },
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
    mean(&valid(Case::of(inputs)?.rankings(protocol)?), |ranking| {
        let positions = positions(ranking);
        let precisions = positions.iter().enumerate().map(|(n, place)| (n + 1) as f64 / (place + 1) as f64);
        Ok(precisions.sum::<f64>() / positions.len() as f64)
    })
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
