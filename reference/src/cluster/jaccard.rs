//! D12: the Jaccard distance of k-reciprocal encodings.

use super::k_reciprocal::{expanded, ranking};
use super::squared_distance;
use crate::check;
use crate::error::{InvalidInput, Result};
use crate::matrix::Matrix;

/// k1, k2 of the encoding; published 20 and 6.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Neighbourhood {
    /// Neighbours that may be reciprocal, the image itself not counted.
    pub k1: usize,
    /// Rows over which an encoding is averaged, the image itself counted; 1 averages nothing.
    pub k2: usize,
}

/// Jaccard distances `[N, N]` of `features: [N, D]` (D12): [`scaled_distances`], then [`jaccard_of_distances`].
///
/// Source: published `compute_jaccard_dist` with `lambda_value=0`.
///
/// # Errors
/// No features, values that are not finite, k2 = 0, or k2 > N.
pub fn jaccard(features: &Matrix, neighbourhood: Neighbourhood) -> Result<Matrix> {
    jaccard_of_distances(&scaled_distances(features)?, neighbourhood)
}

/// The distances from which published encodes (D12, step 1), `[N, N]`:
/// `s(i, j) = (2|x_j|² − 2 x_i·x_j) / max_r (2|x_r|² − 2 x_i·x_r)`, not symmetric; a squared distance by its row's largest for
/// unit rows only. Rows without any positive distance stay undivided, where published ends in NaN.
///
/// # Errors
/// No features, or values that are not finite.
pub fn scaled_distances(features: &Matrix) -> Result<Matrix> {
    check::filled(features, "features")?;
    let product =
        |i: usize, j: usize| -> f64 { features.row(i).iter().zip(features.row(j)).map(|(a, b)| a * b).sum() };
    let count = features.rows();
    let distances = Matrix::from_fn(count, count, |i, j| 2.0 * product(j, j) - 2.0 * product(i, j));
    Ok(divided_by_largest_of_row(&distances))
}

/// Distances below this are rounding residue of equal encodings: sums of some hundred terms of doubles.
const RESIDUE: f64 = 1e-12;

/// Jaccard distances (D12, steps 2 to 5) from `scaled: [N, N]`: `J(i, j) = 1 − t / (2 − t)`,
/// `t = Σ_g min(V_ig, V_jg)`, with the encodings V of [`encodings`]. Values below 1e-12 are 0, as they would be without rounding:
/// the diagonal, and images whose k2 nearest sets are the same. D13 counts what is not 0.
///
/// # Errors
/// As [`encodings`].
pub fn jaccard_of_distances(scaled: &Matrix, neighbourhood: Neighbourhood) -> Result<Matrix> {
    let encodings = encodings(scaled, neighbourhood)?;
    let count = scaled.rows();
    Ok(Matrix::from_fn(count, count, |i, j| {
        let distance = jaccard_of_rows(encodings.row(i), encodings.row(j));
        if distance < RESIDUE { 0.0 } else { distance }
    }))
}

/// Encodings V `[N, N]` (D12, steps 2 to 4) of distances `[N, N]`: `V_ij = exp(−s(i, j))` for the members j of the expanded
/// k1-reciprocal set of i (D11), else 0, each row divided by its sum; then, row by row, the mean over the first k2 of i's
/// ranking.
///
/// Source: Zhong et al., equations 7 and 11.
///
/// # Errors
/// Not square, values that are not finite, k2 = 0, or k2 > N.
pub fn encodings(scaled: &Matrix, Neighbourhood { k1, k2 }: Neighbourhood) -> Result<Matrix> {
    check::square(scaled, "distances")?;
    check::at_least_one(k2, "k2")?;
    let count = scaled.rows();
    if k2 > count {
        return Err(InvalidInput::TooFewSamples {
            what: "features (k2 of them are averaged)",
            needed: k2,
            found: count,
        });
    }
    let ranking = ranking(scaled)?;
    let mut own = Matrix::zeros(count, count);
    for (i, members) in expanded(&ranking, k1)?.iter().enumerate() {
        let sum: f64 = members.iter().map(|&j| (-scaled[(i, j)]).exp()).sum();
        for &j in members {
            own[(i, j)] = (-scaled[(i, j)]).exp() / sum;
        }
    }
    if k2 == 1 {
        // Published leaves the averaging out: a row keeps its own encoding, even where another row is nearer to it.
        return Ok(own);
    }
    Ok(Matrix::from_fn(count, count, |i, g| {
        ranking[i][..k2].iter().map(|&near| own[(near, g)]).sum::<f64>() / k2 as f64
    }))
}

/// `1 − t / (2 − t)` with `t = Σ_g min(v_g, w_g)`: one minus intersection over union of two encodings, each of sum 1.
pub(crate) fn jaccard_of_rows(v: &[f64], w: &[f64]) -> f64 {
    let common: f64 = v.iter().zip(w).map(|(v, w)| v.min(*w)).sum();
    1.0 - common / (2.0 - common)
}

/// Jaccard distances mixed with the distance from the source domain (D12, step 6):
/// `(1 − λ) J(i, j) + λ (s_i + s_j)`, `s_i = min_y (1 − exp(−|x_i − y|²))` over the rows y of `source: [M, D]`, divided by the
/// largest `s_i` (left as they are where that is 0). The diagonal is mixed, too. λ = 0 is the published setting.
///
/// Source: published `compute_jaccard_dist` with `lambda_value > 0`.
///
/// # Errors
/// Shapes that do not belong together, values that are not finite, or λ outside `0..=1`.
pub fn with_source(jaccard: &Matrix, features: &Matrix, source: &Matrix, lambda: f64) -> Result<Matrix> {
    check::filled(features, "features")?;
    check::filled(source, "source features")?;
    check::filled(jaccard, "jaccard")?;
    check::shape(jaccard, features.rows(), features.rows(), "jaccard")?;
    check::shape(source, source.rows(), features.columns(), "source features")?;
    check::between(lambda, (0.0, 1.0), "lambda", "0 to 1")?;
    let from_source = |i: usize| {
        let distances =
            (0..source.rows()).map(|y| 1.0 - (-squared_distance(features.row(i), source.row(y))).exp());
        distances.fold(f64::INFINITY, f64::min)
    };
    let from_source = Matrix::from_fn(1, features.rows(), |_, i| from_source(i));
    let from_source = divided_by_largest_of_row(&from_source);
    Ok(Matrix::from_fn(jaccard.rows(), jaccard.columns(), |i, j| {
        (1.0 - lambda) * jaccard[(i, j)] + lambda * (from_source[(0, i)] + from_source[(0, j)])
    }))
}

/// Every row divided by its largest value, unless that is 0 or less.
pub(crate) fn divided_by_largest_of_row(matrix: &Matrix) -> Matrix {
    let largest = |i: usize| matrix.row(i).iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let divisors: Vec<f64> =
        (0..matrix.rows()).map(|i| if largest(i) > 0.0 { largest(i) } else { 1.0 }).collect();
    Matrix::from_fn(matrix.rows(), matrix.columns(), |i, j| matrix[(i, j)] / divisors[i])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(actual: &Matrix, expected: &[f64]) {
        let close = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-12;
        assert!(actual.values().iter().zip(expected).all(close), "{actual:?}\n{expected:?}");
        assert_eq!(actual.values().len(), expected.len());
    }

    #[test]
    fn distances_are_divided_by_the_largest_of_their_row_and_use_the_norm_of_the_column() {
        // x = 1, 2: 2|x_j|² − 2 x_i x_j = [0, 4; −2, 0].
        let features = Matrix::new(2, 1, vec![1.0, 2.0]).unwrap();
        near(&scaled_distances(&features).unwrap(), &[0.0, 1.0, -2.0, 0.0]);
        near(&scaled_distances(&Matrix::zeros(2, 1)).unwrap(), &[0.0; 4]);
    }

    /// Two pairs: distance 0.5 inside a pair, 1 between pairs.
    fn pairs() -> Matrix {
        Matrix::from_fn(4, 4, |i, j| {
            if i == j {
                0.0
            } else if i / 2 == j / 2 {
                0.5
            } else {
                1.0
            }
        })
    }

    #[test]
    fn two_pairs_by_hand() {
        let found = jaccard_of_distances(&pairs(), Neighbourhood { k1: 1, k2: 1 }).unwrap();
        // Encodings (a, b, 0, 0) and (b, a, 0, 0), a = 1/(1 + e^−½), b = 1 − a: t = 2b.
        let b = 1.0 - 1.0 / (1.0 + (-0.5_f64).exp());
        let within = 1.0 - 2.0 * b / (2.0 - 2.0 * b);
        let expected = Matrix::from_fn(4, 4, |i, j| {
            if i == j {
                0.0
            } else if i / 2 == j / 2 {
                within
            } else {
                1.0
            }
        });
        near(&found, expected.values());
    }

    #[test]
    fn averaging_over_the_pair_makes_its_images_equal() {
        let found = jaccard_of_distances(&pairs(), Neighbourhood { k1: 1, k2: 2 }).unwrap();
        near(&found, Matrix::from_fn(4, 4, |i, j| if i / 2 == j / 2 { 0.0 } else { 1.0 }).values());
        let encodings = encodings(&pairs(), Neighbourhood { k1: 1, k2: 2 }).unwrap();
        near(&encodings, Matrix::from_fn(4, 4, |i, j| if i / 2 == j / 2 { 0.5 } else { 0.0 }).values());
    }

    #[test]
    fn k1_beyond_the_number_of_images_takes_them_all() {
        let found = encodings(&pairs(), Neighbourhood { k1: 50, k2: 1 }).unwrap();
        let sum = 1.0 + (-0.5_f64).exp() + 2.0 * (-1.0_f64).exp();
        assert!((found[(0, 0)] - 1.0 / sum).abs() < 1e-15);
    }

    #[test]
    fn the_source_distance_is_added_for_both_images() {
        let jaccard = Matrix::new(2, 2, vec![0.0, 0.8, 0.8, 0.0]).unwrap();
        let features = Matrix::new(2, 1, vec![0.0, 1.0]).unwrap();
        let source = Matrix::new(2, 1, vec![0.0, 5.0]).unwrap();
        // s = (0, 1 − e^−1) / (1 − e^−1) = (0, 1).
        let found = with_source(&jaccard, &features, &source, 0.25).unwrap();
        near(&found, &[0.0, 0.6 + 0.25, 0.6 + 0.25, 0.5]);
        let at_the_source = with_source(&jaccard, &features, &features, 0.25).unwrap();
        near(&at_the_source, &[0.0, 0.6, 0.6, 0.0]);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let refused = |distances: &Matrix, k1, k2| encodings(distances, Neighbourhood { k1, k2 }).is_err();
        assert!(refused(&pairs(), 1, 0));
        assert!(refused(&pairs(), 1, 5));
        assert!(refused(&Matrix::zeros(2, 3), 1, 1));
        assert!(refused(&Matrix::from_fn(2, 2, |_, _| f64::NAN), 1, 1));
        assert!(jaccard(&Matrix::zeros(0, 3), Neighbourhood { k1: 1, k2: 1 }).is_err());
        let (square, features) = (Matrix::zeros(2, 2), Matrix::zeros(2, 3));
        assert!(with_source(&square, &features, &Matrix::zeros(1, 2), 0.1).is_err());
        assert!(with_source(&square, &Matrix::zeros(3, 3), &features, 0.1).is_err());
        assert!(with_source(&square, &features, &Matrix::zeros(0, 3), 0.1).is_err());
        assert!(with_source(&square, &features, &features, 1.5).is_err());
    }
}
