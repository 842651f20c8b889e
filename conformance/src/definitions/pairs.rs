//! Batches for the triplet losses, and where batch-hard mining (D4) leaves them open.

use mmt_reference::distance::{SMALLEST_SQUARE, euclidean, normalize_rows_backward};
use mmt_reference::loss::mining::{Pair, pairs as hardest_pairs};
use mmt_reference::{Matrix, Result};
use rand::Rng;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;

use crate::generate::{self, Batch, BatchKind};
use crate::tolerance::Width;
use crate::value::Inputs;

/// No row of another identity: published adds 9,999,999 to the distance of the nearest row and goes on.
const NO_NEGATIVE: &str = "a batch of one identity has no negatives";
/// Both are the hardest.
const TIE: &str = "of equally hard rows either may be taken";
/// The root of what rounding leaves of a squared distance.
const NOISE: &str = "the distance of equal rows is rounding noise where it is made of |x|² + |y|² − 2xy";

/// A batch: two in three continuous, without ties, the others of quarters with ties, duplicates, single images, one identity.
pub(super) fn batch(rng: &mut ChaCha8Rng) -> Batch {
    let sizes = (rng.random_range(2..5), rng.random_range(2..4), rng.random_range(1..6));
    if rng.random_range(0..3) < 2 {
        let kind = *BatchKind::SMOOTH.choose(rng).unwrap_or(&BatchKind::Regular);
        let scale = *[0.25, 1.0, 4.0].choose(rng).unwrap_or(&1.0);
        return Batch::continuous(kind, (sizes.0, sizes.1, sizes.2 + 3), scale, rng);
    }
    Batch::dyadic(*BatchKind::ALL.choose(rng).unwrap_or(&BatchKind::Regular), sizes, rng)
}

/// A teacher's features for a batch: others, of the same size, in quarters where the batch is.
pub(super) fn teacher(batch: &Batch, rng: &mut ChaCha8Rng) -> Matrix {
    let [rows, columns] = [batch.features.rows(), batch.features.columns()];
    if batch.features.values().iter().all(|value| (4.0 * value).fract() == 0.0) {
        return generate::dyadic(rows, columns, 4, rng);
    }
    generate::normal(rows, columns, batch.unit() / (columns as f64).sqrt(), rng)
}

/// The batch that `features` and `labels` of a case are.
pub(super) fn of(inputs: &Inputs, features: &'static str) -> Result<Batch> {
    let batch = Batch { features: inputs.matrix(features)?, labels: inputs.counts("labels")? };
    if inputs.0.contains_key("normalize") && inputs.flag("normalize")? {
        return Ok(Batch { features: mmt_reference::distance::normalize_rows(&batch.features)?, ..batch });
    }
    Ok(batch)
}

/// The gradient of a loss with these slopes in the distances of each row's pair, where the other row of a pair is a constant: it flows
/// into the anchor only.
pub(super) fn into_anchors(
    inputs: &Inputs,
    features: &'static str,
    slopes: impl Fn(usize, &Pair) -> [f64; 2],
) -> Result<Matrix> {
    let batch = of(inputs, features)?;
    let x = &batch.features;
    let mut gradient = Matrix::zeros(x.rows(), x.columns());
    for (i, pair) in hardest_pairs(&euclidean(x, x)?, &batch.labels)?.iter().enumerate() {
        for (j, slope) in [pair.positive, pair.negative].into_iter().zip(slopes(i, pair)) {
            let square: f64 = x.row(i).iter().zip(x.row(j)).map(|(a, b)| (a - b) * (a - b)).sum();
            for k in (0..x.columns()).filter(|_| square >= SMALLEST_SQUARE) {
                gradient[(i, k)] += slope * (x[(i, k)] - x[(j, k)]) / square.sqrt() / x.rows() as f64;
            }
        }
    }
    if inputs.flag("normalize")? {
        return normalize_rows_backward(&inputs.matrix(features)?, &gradient);
    }
    Ok(gradient)
}

/// Share of p in the softmax over the two distances of a pair.
pub(super) fn share([p, n]: [f64; 2]) -> f64 {
    1.0 / (1.0 + (n - p).exp())
}

/// Units of a loss of `features`, which may be normalised first.
pub(super) fn units(inputs: &Inputs) -> [f64; 2] {
    let normalize = inputs.flag("normalize").unwrap_or(false);
    let batch = inputs.matrix("features").map(|features| Batch { features, labels: Vec::new() });
    batch.map_or([1.0, 1.0], |batch| {
        [8.0 * if normalize { 1.0 } else { batch.unit() }, 8.0 * batch.gradient_unit(normalize)]
    })
}

/// Says what leaves the loss of a case open.
pub(super) fn open_case(
    inputs: &Inputs,
    features: &'static str,
    width: Width,
    by_index: bool,
) -> Option<&'static str> {
    let batch = of(inputs, features).ok()?;
    let zeros = |i: usize| batch.features.row(i).iter().all(|&value| value == 0.0);
    if inputs.flag("normalize").unwrap_or(false) && (0..batch.labels.len()).any(zeros) {
        return Some("a row of zeros has no direction to be normalised to");
    }
    open(&batch, width, by_index)
}

/// Says what leaves a loss of hardest pairs open. `by_index`: whether the output tells which of equally hard rows was taken.
pub(super) fn open(batch: &Batch, width: Width, by_index: bool) -> Option<&'static str> {
    let distances = euclidean(&batch.features, &batch.features).ok()?;
    let norm = |i: usize| batch.features.row(i).iter().map(|x| x * x).sum::<f64>().sqrt();
    let largest = (0..batch.labels.len()).map(norm).fold(0.0, f64::max);
    let (gap, noise) = match width {
        Width::Double => (1e-9 * largest, if largest > 16.0 { 1e-5 } else { 0.0 }),
        Width::Single => (1e-4 * largest, 0.02 * largest),
    };
    open_distances(&distances, &batch.labels, gap, noise, by_index)
}

/// The same of distances. Those that lie within `gap` are equal, those below `noise` are noise.
pub(super) fn open_distances(
    distances: &Matrix,
    labels: &[usize],
    gap: f64,
    noise: f64,
    by_index: bool,
) -> Option<&'static str> {
    let of_row = |i: usize| {
        let side = |own: bool| -> Vec<f64> {
            let rows = (0..labels.len()).filter(|&j| (labels[j] == labels[i]) == own);
            let mut side: Vec<f64> = rows.map(|j| distances[(i, j)]).collect();
            side.sort_by(f64::total_cmp);
            side
        };
        let (mut positives, negatives) = (side(true), side(false));
        positives.reverse();
        if negatives.is_empty() {
            return Some(NO_NEGATIVE);
        }
        let tied = |side: &[f64]| side.len() > 1 && (side[0] - side[1]).abs() <= gap;
        if by_index && (tied(&positives) || tied(&negatives)) {
            return Some(TIE);
        }
        (positives[0] < noise || negatives[0] < noise).then_some(NOISE)
    };
    (0..labels.len()).find_map(of_row)
}
