//! Matrices: normal, dyadic, unit rows, logits; and permutations.

use mmt_reference::Matrix;
use rand::Rng;
use rand::seq::SliceRandom;

/// The nearest f32, as f64.
pub(super) fn single(value: f64) -> f64 {
    f64::from(value as f32)
}

/// A standard normal number (Box-Muller).
pub(super) fn standard_normal(rng: &mut impl Rng) -> f64 {
    let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt();
    radius * (std::f64::consts::TAU * rng.random::<f64>()).cos()
}

/// Normal numbers of standard deviation `scale`.
pub fn normal(rows: usize, columns: usize, scale: f64, rng: &mut impl Rng) -> Matrix {
    Matrix::from_fn(rows, columns, |_, _| single(scale * standard_normal(rng)))
}

/// Quarters between `-limit` and `limit`. Their products and sums are exact in f32, so equal distances are equal in
/// every order of summation: ties are deliberate.
pub fn dyadic(rows: usize, columns: usize, limit: i32, rng: &mut impl Rng) -> Matrix {
    Matrix::from_fn(rows, columns, |_, _| f64::from(rng.random_range(-4 * limit..=4 * limit)) / 4.0)
}

/// Logits between `-limit` and `limit`, of which a few stand exactly at an end.
pub fn logits(rows: usize, classes: usize, limit: f64, rng: &mut impl Rng) -> Matrix {
    Matrix::from_fn(rows, classes, |_, _| match rng.random_range(0..10) {
        0 => limit,
        1 => -limit,
        _ => single(rng.random_range(-limit..=limit)),
    })
}

/// Rows of length 1 (up to one rounding to f32).
pub fn unit_rows(matrix: &Matrix) -> Matrix {
    let norms: Vec<f64> = (0..matrix.rows())
        .map(|i| matrix.row(i).iter().map(|v| v * v).sum::<f64>().sqrt().max(1e-12))
        .collect();
    Matrix::from_fn(matrix.rows(), matrix.columns(), |i, j| single(matrix[(i, j)] / norms[i]))
}

/// A random order of `0..count`.
pub fn permutation(count: usize, rng: &mut impl Rng) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    order.shuffle(rng);
    order
}

/// Row `i` of the result is row `order[i]` of `matrix`.
pub fn permute_rows(matrix: &Matrix, order: &[usize]) -> Matrix {
    Matrix::from_fn(order.len(), matrix.columns(), |i, j| matrix[(order[i], j)])
}
