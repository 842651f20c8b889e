//! D13.

use mmt_reference::cluster::eps::eps;
use mmt_reference::{InvalidInput, Matrix, Result};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::definition::{Bench, Definition, Golden, Places, no_units, nothing_open, reading, real, value};
use crate::generate;
use crate::value::{Inputs, Outputs};

pub(super) static DEFINITION: Definition = Definition {
    number: "D13",
    name: "eps rule",
    part: None,
    places: Places {
        reference: "cluster/eps.rs",
        fast: &["cluster/eps.rs"],
        properties: "cluster/eps.rs",
        golden: Golden::Functions(&[
            "examples/mmt_train_dbscan.py (eps rule)",
            "examples/mmt_train_dbscan.py main_worker",
        ]),
        bench: Bench::Named("cluster/eps"),
    },
    inputs: &[
        real("distances", &["N", "N"], "symmetric distances"),
        real("rho", &[], "share of the pairs, 0 to 1"),
    ],
    outputs: &[value("eps", &[], "D13", "mean of the smallest non-zero distances")],
    reference: |inputs| Ok(outputs(eps(&inputs.matrix("distances")?, inputs.real("rho")?)?)),
    generate: generated,
    units: no_units,
    open: nothing_open,
    readings: &[
        reading("distances of 0 count", |inputs| by(inputs, |i, j, _| j > i, even, mean)),
        reading("the number of pairs is rounded down", |inputs| by(inputs, above, f64::floor, mean)),
        reading("the number of pairs is rounded up", |inputs| by(inputs, above, f64::ceil, mean)),
        reading("the share is of all pairs, those at 0 included", share_of_all),
        reading("the largest of the smallest distances, not their mean", |inputs| {
            by(inputs, above, even, last)
        }),
        reading("the diagonal counts", |inputs| by(inputs, |i, j, _| j >= i, even, mean)),
        reading("both triangles count", |inputs| by(inputs, |i, j, d| j != i && d != 0.0, even, mean)),
    ],
};

fn outputs(eps: f64) -> Outputs {
    Outputs::default().with("eps", eps)
}

fn even(count: f64) -> f64 {
    count.round_ties_even()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn last(values: &[f64]) -> f64 {
    values[values.len() - 1]
}

fn above(i: usize, j: usize, distance: f64) -> bool {
    j > i && distance != 0.0
}

/// The rule with other pairs, another rounding, or another summary of the smallest distances.
fn by(
    inputs: &Inputs,
    counts: fn(usize, usize, f64) -> bool,
    rounded: fn(f64) -> f64,
    summary: fn(&[f64]) -> f64,
) -> Result<Outputs> {
    let (distances, rho) = (inputs.matrix("distances")?, inputs.real("rho")?);
    let values = sorted(&distances, counts);
    smallest(&values, rounded(rho * values.len() as f64), summary)
}

fn share_of_all(inputs: &Inputs) -> Result<Outputs> {
    let (distances, rho) = (inputs.matrix("distances")?, inputs.real("rho")?);
    let all = distances.rows() * (distances.rows() - 1) / 2;
    smallest(&sorted(&distances, above), even(rho * all as f64), mean)
}

fn sorted(distances: &Matrix, counts: fn(usize, usize, f64) -> bool) -> Vec<f64> {
    let places = (0..distances.rows()).flat_map(|i| (0..distances.rows()).map(move |j| (i, j)));
    let counted = places.filter(|&(i, j)| counts(i, j, distances[(i, j)]));
    let mut values: Vec<f64> = counted.map(|place| distances[place]).collect();
    values.sort_by(f64::total_cmp);
    values
}

fn smallest(values: &[f64], count: f64, summary: fn(&[f64]) -> f64) -> Result<Outputs> {
    let count = (count as usize).min(values.len());
    if count == 0 {
        return Err(InvalidInput::TooFewSamples { what: "distances", needed: 1, found: 0 });
    }
    Ok(outputs(summary(&values[..count])))
}

fn generated(rng: &mut ChaCha8Rng) -> Inputs {
    let rows = rng.random_range(2..14);
    // The diagonal counts in no case, whatever stands there.
    let diagonal = if rng.random_bool(0.25) { 40 } else { 0 };
    let mut distances = generate::distances_with_diagonal(rows, 3, diagonal, rng);
    for i in 0..rows {
        for j in 0..i {
            // 0 and other numbers than 64ths, on both sides of the diagonal.
            let value = if rng.random_bool(0.1) {
                0.0
            } else {
                f64::from((distances[(i, j)] + rng.random_range(0.0..0.01)) as f32)
            };
            distances[(i, j)] = value;
            distances[(j, i)] = value;
        }
    }
    let rho = [0.03, 0.1, 0.25, 0.5, 0.75, 1.0][rng.random_range(0..6)];
    Inputs::default().with("distances", &distances).with("rho", rho)
}
