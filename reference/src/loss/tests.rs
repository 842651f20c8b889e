//! Helpers of the unit tests of this crate: sample values and the comparison of a gradient with central
//! differences.

use crate::matrix::Matrix;

/// Numbers between −1 and 1 that look random and are the same in every run (a linear congruential generator).
pub(crate) fn numbers(count: usize, seed: u64) -> Vec<f64> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x1234_5678_9ABC_DEF1;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

/// A matrix of such numbers.
pub(crate) fn sample(rows: usize, columns: usize, seed: u64) -> Matrix {
    let values = numbers(rows * columns, seed);
    Matrix::from_fn(rows, columns, |i, j| values[i * columns + j])
}

/// Holds `gradient` against `(f(x + h) − f(x − h)) / 2h` at every entry of `x`.
pub(crate) fn assert_slopes(x: &Matrix, gradient: &Matrix, f: impl Fn(&Matrix) -> f64) {
    for i in 0..x.rows() {
        for j in 0..x.columns() {
            let at = |step: f64| {
                let mut moved = x.clone();
                moved[(i, j)] += step;
                f(&moved)
            };
            assert_slope(gradient[(i, j)], at, &format!("entry ({i}, {j})"));
        }
    }
}

/// Holds one derivative against the central difference of `at(step)`.
pub(crate) fn assert_slope(actual: f64, at: impl Fn(f64) -> f64, place: &str) {
    // The error of the difference is about h² + 1e-16 / h: least near 1e-5, and then 1e-10.
    let h = 1e-5;
    let expected = (at(h) - at(-h)) / (2.0 * h);
    assert!(
        (actual - expected).abs() <= 1e-8 * (1.0 + expected.abs()),
        "{place}: {actual} instead of {expected}"
    );
}
