//! D12: the Jaccard distance of k-reciprocal encodings, as a sparse matrix: pairs without a common encoded neighbour are at
//! distance 1 and are not stored.

mod encoding;
mod inverted;
mod neighbourhood;
mod row;
mod source;
mod sparse;

use rayon::prelude::*;
use tch::Tensor;

use super::k_reciprocal::{Measure, Neighbours, Points};
use crate::blocks::Blocks;
use crate::device::memory::{LOWER_ROWS, guarded};
use crate::error::Result;
pub(crate) use encoding::Encodings;
pub(crate) use inverted::Inverted;
pub use neighbourhood::Neighbourhood;
pub(crate) use row::Overlaps;
pub use source::{with_source, with_source_in_blocks};
pub use sparse::SparseDistances;

/// Distances of 4,096 rows are made before they are packed.
const BLOCKS: Blocks = Blocks { rows: 4096, ..Blocks::of_values(usize::MAX) };

/// Jaccard distances `[N, N]` of `features: [N, D]` (D12; f32 or f64, any device), from
/// `s(i, j) = (2|x_j|² − 2 x_i·x_j) / max_r (2|x_r|² − 2 x_i·x_r)`.
///
/// Neighbours come from tiles of X·Xᵀ in the kind of the features, everything after them is f64. Distances below 1e-12 are 0:
/// D13 counts what is not. Memory: O(N·k1) for the
/// neighbours, at most (k1 + 1)(k1/2 + 2) entries in a row of an encoding, and the pairs that share one.
///
/// Source: published `compute_jaccard_dist` with `lambda_value=0`; for more, see [`with_source`].
///
/// # Errors
/// No features, values that are not finite, k2 = 0, or k2 > N.
pub fn jaccard(features: &Tensor, neighbourhood: Neighbourhood) -> Result<SparseDistances> {
    jaccard_in_blocks(features, neighbourhood, BLOCKS)
}

/// [`jaccard`] in pieces of given sizes: tiles of neighbours, pairs gathered and rows packed at once.
///
/// # Errors
/// As [`jaccard`].
pub fn jaccard_in_blocks(
    features: &Tensor,
    neighbourhood: Neighbourhood,
    blocks: Blocks,
) -> Result<SparseDistances> {
    let encodings = guarded(LOWER_ROWS, || {
        let points = Points::new(features, Measure::Clustering, blocks)?;
        neighbourhood.check(points.rows())?;
        let neighbours = points.neighbours(neighbourhood.entries(points.rows()))?;
        Encodings::new(&neighbours, neighbourhood, |pairs| points.distances(pairs))
    })?;
    Ok(distances(&encodings, blocks))
}

/// Jaccard distances (D12, steps 2 to 5) from distances `[N, N]` themselves, row-major in `values`, each row to be divided by its
/// largest value. The form for distances that come from elsewhere; [`jaccard`] never has them all.
///
/// # Errors
/// Not square, values that are not finite, k2 = 0, or k2 > N.
pub fn jaccard_of_distances(values: &[f64], neighbourhood: Neighbourhood) -> Result<SparseDistances> {
    let rows = sparse::check_square(values)?;
    neighbourhood.check(rows)?;
    let neighbours = Neighbours::of_matrix(values, rows, neighbourhood.entries(rows));
    let encodings = Encodings::new(&neighbours, neighbourhood, |pairs| Ok(of_pairs(values, rows, pairs)))?;
    Ok(distances(&encodings, BLOCKS))
}

/// The entries of a row-major matrix at `pairs`.
pub(crate) fn of_pairs(values: &[f64], columns: usize, pairs: &[(u32, u32)]) -> Vec<f64> {
    pairs.iter().map(|&(i, j)| values[i as usize * columns + j as usize]).collect()
}

/// `1 − t / (2 − t)`: one minus intersection over union of two encodings, each of sum 1, with t in common.
pub(crate) fn distance_of_overlap(common: f64) -> f64 {
    1.0 - common / (2.0 - common)
}

/// Distances below this are rounding residue of equal encodings: sums of some hundred terms of doubles.
const RESIDUE: f64 = 1e-12;

/// [`distance_of_overlap`] without rounding residue, so that equal encodings are at distance 0 on every machine.
fn distance(common: f64) -> f64 {
    let distance = distance_of_overlap(common);
    if distance < RESIDUE { 0.0 } else { distance }
}

fn distances(encodings: &Encodings, blocks: Blocks) -> SparseDistances {
    let rows = encodings.rows();
    let step = blocks.rows_of(rows);
    let inverted = Inverted::new(encodings, 0..rows);
    let mut result = SparseDistances::with_capacity(rows);
    for start in (0..rows).step_by(step) {
        let block = (start..(start + step).min(rows)).into_par_iter();
        let found: Vec<Vec<(u32, f64)>> = block
            .map_init(|| Overlaps::new(rows), |overlaps, i| row(encodings, &inverted, overlaps, i))
            .collect();
        found.iter().for_each(|row| result.push_row(row));
    }
    result
}

/// The distances of `i` from itself and later rows, by index.
fn row(encodings: &Encodings, inverted: &Inverted, overlaps: &mut Overlaps, i: usize) -> Vec<(u32, f64)> {
    overlaps.fill(inverted, encodings.row(i), i as u32);
    overlaps.drain().map(|(j, common)| (j, distance(common))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two pairs: distance 0.5 inside a pair, 1 between pairs.
    fn pairs() -> Vec<f64> {
        let entry = |i: usize, j: usize| match (i == j, i / 2 == j / 2) {
            (true, _) => 0.0,
            (_, true) => 0.5,
            _ => 1.0,
        };
        (0..16).map(|at| entry(at / 4, at % 4)).collect()
    }

    #[test]
    fn two_pairs_by_hand() {
        let found = jaccard_of_distances(&pairs(), Neighbourhood { k1: 1, k2: 1 }).unwrap();
        // Encodings (a, b, 0, 0) and (b, a, 0, 0), a = 1/(1 + e^−½), b = 1 − a: t = 2b.
        let b = 1.0 - 1.0 / (1.0 + (-0.5_f64).exp());
        assert!((found.get(1, 0) - (1.0 - 2.0 * b / (2.0 - 2.0 * b))).abs() < 1e-15);
        assert_eq!((found.get(0, 2), found.stored()), (1.0, 2));
        assert_eq!(found.get(0, 0), 0.0);
        let averaged = jaccard_of_distances(&pairs(), Neighbourhood { k1: 1, k2: 2 }).unwrap();
        assert_eq!((averaged.get(2, 3), averaged.get(1, 3)), (0.0, 1.0));
    }

    #[test]
    fn features_and_their_distances_give_the_same() {
        // Small integers: all products are exact.
        let values: Vec<f64> = (0..60).map(|at| f64::from((at * at * 7 + at) % 13)).collect();
        let x = Tensor::from_slice(&values).view([20, 3]);
        let norms = x.square().sum_dim_intlist(1, false, tch::Kind::Double) * 2.0;
        let distances = Vec::<f64>::try_from((norms - x.matmul(&x.tr()) * 2.0).view(-1)).unwrap();
        let neighbourhood = Neighbourhood { k1: 5, k2: 3 };
        let expected = jaccard_of_distances(&distances, neighbourhood).unwrap();
        assert_eq!(jaccard(&x, neighbourhood).unwrap(), expected);
        assert_eq!(jaccard(&x.to_kind(tch::Kind::Float), neighbourhood).unwrap(), expected);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let features = Tensor::from_slice(&[1.0, 2.0, 3.0]).view([3, 1]);
        assert!(jaccard(&features, Neighbourhood { k1: 20, k2: 3 }).is_ok());
        assert!(jaccard(&features, Neighbourhood { k1: 20, k2: 4 }).is_err());
        assert!(jaccard(&features, Neighbourhood { k1: 20, k2: 0 }).is_err());
        assert!(jaccard(&(features * f64::INFINITY), Neighbourhood::default()).is_err());
        assert!(jaccard_of_distances(&[0.0; 5], Neighbourhood { k1: 1, k2: 1 }).is_err());
        assert!(jaccard_of_distances(&[f64::NAN; 4], Neighbourhood { k1: 1, k2: 1 }).is_err());
    }
}
