//! D12.

use mmt_reference::cluster::jaccard::{Neighbourhood, jaccard, jaccard_of_distances, scaled_distances};
use mmt_reference::cluster::k_reciprocal::{expanded, k_reciprocal, ranking};
use mmt_reference::distance::squared_euclidean;
use mmt_reference::{Matrix, Result};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::k_reciprocal::{even_half, grow, more_than_two_thirds, ties};
use crate::definition::{Bench, Definition, Golden, Places, no_units, reading, real, value, whole};
use crate::generate;
use crate::tolerance::Width;
use crate::value::{Inputs, Outputs};

pub(super) static DEFINITION: Definition = Definition {
    number: "D12",
    name: "Jaccard distance",
    part: None,
    places: Places {
        reference: "cluster/jaccard.rs",
        fast: &["cluster/jaccard.rs"],
        properties: "cluster/jaccard.rs",
        golden: Golden::Functions(&["mmt.utils.rerank.compute_jaccard_dist"]),
        bench: Bench::Named("cluster/jaccard"),
    },
    inputs: &[
        real("features", &["N", "D"], "features; of length 1 in three of four cases"),
        whole("k1", &[], "neighbours that may be reciprocal, the image itself not counted"),
        whole("k2", &[], "rows over which an encoding is averaged, the image itself counted"),
    ],
    outputs: &[value("jaccard", &["N", "N"], "D12", "Jaccard distances")],
    reference: |inputs| counting(inputs, 0),
    generate: generated,
    units: no_units,
    open,
    readings: &[
        reading("k1 counts the image itself", |inputs| counting(inputs, 1)),
        reading(
            "k1 counts the image itself, and distances are not divided by the largest of their row",
            |inputs| of_squares(inputs, 1, false),
        ),
        reading(
            "k1 counts the image itself, k1/2 does not, and distances are not divided by the largest of their row",
            first_k1_entries,
        ),
        reading("distances are not divided by the largest of their row", |inputs| {
            of_squares(inputs, 0, false)
        }),
        reading("squared Euclidean distances, of rows of any length", |inputs| of_squares(inputs, 0, true)),
        reading("the encoding is not averaged over k2", |inputs| {
            counting(&inputs.clone().with("k2", 1_usize), 0)
        }),
        reading("k2 does not count the image itself", |inputs| {
            counting(&inputs.clone().with("k2", inputs.count("k2")? + 1), 0)
        }),
        reading("every member weighs the same: no exp(−δ)", unweighted),
        reading("1 − t, without the union in the denominator", without_union),
    ],
};

fn neighbourhood(inputs: &Inputs, itself: usize) -> Result<Neighbourhood> {
    Ok(Neighbourhood { k1: inputs.count("k1")?.saturating_sub(itself), k2: inputs.count("k2")? })
}

fn outputs(jaccard: &Matrix) -> Outputs {
    Outputs::default().with("jaccard", jaccard)
}

fn counting(inputs: &Inputs, itself: usize) -> Result<Outputs> {
    Ok(outputs(&jaccard(&inputs.matrix("features")?, neighbourhood(inputs, itself)?)?))
}

/// From squared Euclidean distances, divided by the largest of their row or not.
fn of_squares(inputs: &Inputs, itself: usize, divided: bool) -> Result<Outputs> {
    let features = inputs.matrix("features")?;
    let squares = squared_euclidean(&features, &features)?;
    let largest = |i: usize| squares.row(i).iter().copied().fold(0.0, f64::max);
    let scaled = Matrix::from_fn(squares.rows(), squares.columns(), |i, j| {
        if divided && largest(i) > 0.0 { squares[(i, j)] / largest(i) } else { squares[(i, j)] }
    });
    Ok(outputs(&jaccard_of_distances(&scaled, neighbourhood(inputs, itself)?)?))
}

/// Jaccard distances of sets whose members weigh as `weight` says of their distance.
fn of_sets(
    scaled: &Matrix,
    sets: &[Vec<usize>],
    ranking: &[Vec<usize>],
    k2: usize,
    weight: fn(f64) -> f64,
) -> Outputs {
    let count = scaled.rows();
    let sum = |i: usize| sets[i].iter().map(|&j| weight(scaled[(i, j)])).sum::<f64>();
    let own = Matrix::from_fn(count, count, |i, j| {
        if sets[i].contains(&j) { weight(scaled[(i, j)]) / sum(i) } else { 0.0 }
    });
    let averaged =
        |i: usize, g: usize| ranking[i].iter().take(k2).map(|&near| own[(near, g)]).sum::<f64>() / k2 as f64;
    let encodings = if k2 == 1 { own.clone() } else { Matrix::from_fn(count, count, averaged) };
    outputs(&Matrix::from_fn(count, count, |i, j| {
        let common: f64 = encodings.row(i).iter().zip(encodings.row(j)).map(|(v, w)| v.min(*w)).sum();
        (1.0 - common / (2.0 - common)).max(0.0)
    }))
}

fn unweighted(inputs: &Inputs) -> Result<Outputs> {
    let scaled = scaled_distances(&inputs.matrix("features")?)?;
    let Neighbourhood { k1, k2 } = neighbourhood(inputs, 0)?;
    let ranking = ranking(&scaled)?;
    Ok(of_sets(&scaled, &expanded(&ranking, k1)?, &ranking, k2, |_| 1.0))
}

/// k1 entries of a ranking are known, so that the image itself is one of them.
fn first_k1_entries(inputs: &Inputs) -> Result<Outputs> {
    let features = inputs.matrix("features")?;
    let squares = squared_euclidean(&features, &features)?;
    let Neighbourhood { k1, k2 } = neighbourhood(inputs, 0)?;
    let ranking = ranking(&squares)?;
    let own = k_reciprocal(&ranking, k1.saturating_sub(1))?;
    let halves = k_reciprocal(&ranking, even_half(k1).min(k1.saturating_sub(1)))?;
    let sets = grow(&own, &halves, more_than_two_thirds, false);
    Ok(of_sets(&squares, &sets, &ranking, k2, |square| (-square).exp()))
}

/// With J = 1 − t / (2 − t), t = 2 (1 − J) / (2 − J).
fn without_union(inputs: &Inputs) -> Result<Outputs> {
    let jaccard = jaccard(&inputs.matrix("features")?, neighbourhood(inputs, 0)?)?;
    Ok(outputs(&Matrix::from_fn(jaccard.rows(), jaccard.columns(), |i, j| {
        1.0 - 2.0 * (1.0 - jaccard[(i, j)]) / (2.0 - jaccard[(i, j)])
    })))
}

fn generated(rng: &mut ChaCha8Rng) -> Inputs {
    let (rows, columns) = (rng.random_range(2..16), rng.random_range(2..5));
    let (mut points, _) = generate::blobs(rows, columns, 3, 0.4, rng);
    if rng.random_bool(0.1) {
        let first = points.row(0).to_vec();
        points.row_mut(rows - 1).copy_from_slice(&first);
    }
    let features = if rng.random_bool(0.75) { generate::unit_rows(&points) } else { points };
    let k2 = rng.random_range(1..=rows.min(4));
    Inputs::default().with("features", &features).with("k1", rng.random_range(1..9_usize)).with("k2", k2)
}

fn open(inputs: &Inputs, width: Width, _: &str) -> Option<&'static str> {
    let features = inputs.matrix("features").ok()?;
    let length = |i: usize| features.row(i).iter().map(|x| x * x).sum::<f64>().sqrt();
    if (0..features.rows()).any(|i| (length(i) - 1.0).abs() > 1e-6) {
        return Some("rows that are not of length 1, of which 2|x|² − 2xy is no squared distance");
    }
    let gap = if width == Width::Double { 1e-9 } else { 1e-5 };
    ties(&scaled_distances(&features).ok()?, gap)
}
