//! D3, D9: Euclidean distances and feature normalisation, with their derivatives.

use crate::error::{InvalidInput, Result};
use crate::matrix::Matrix;

/// Squared distances are at least this before the root (D3); below it a distance is constant and has no
/// gradient.
pub const SMALLEST_SQUARE: f64 = 1e-12;

/// A row's norm is at least this when it divides the row (D9).
pub const SMALLEST_NORM: f64 = 1e-12;

/// Squared Euclidean distances `[N, M]` between the rows of `x: [N, D]` and `y: [M, D]` (D3, D16):
/// `s(i, j) = Σ_k (x_ik − y_jk)²`.
///
/// Published (`pairwise_distance`) computes `|x|² + |y|² − 2xy`, the same number up to rounding.
pub fn squared_euclidean(x: &Matrix, y: &Matrix) -> Result<Matrix> {
    check_features(x, "x")?;
    check_features(y, "y")?;
    if x.columns() != y.columns() {
        let (expected, found) = (format!("[_, {}]", x.columns()), format!("[_, {}]", y.columns()));
        return Err(InvalidInput::Shape { what: "y", expected, found });
    }
    Ok(Matrix::from_fn(x.rows(), y.rows(), |i, j| {
        x.row(i).iter().zip(y.row(j)).map(|(a, b)| (a - b) * (a - b)).sum()
    }))
}

/// Euclidean distances `[N, M]` (D3): `d(i, j) = √max(s(i, j), 1e-12)` with the squares of
/// [`squared_euclidean`].
///
/// Source: published `euclidean_dist`. Equal rows are 1e-6 apart.
pub fn euclidean(x: &Matrix, y: &Matrix) -> Result<Matrix> {
    let squares = squared_euclidean(x, y)?;
    Ok(Matrix::from_fn(x.rows(), y.rows(), |i, j| squares[(i, j)].max(SMALLEST_SQUARE).sqrt()))
}

/// Adds to `gradient` what the distance between rows `i` and `j` of the *same* `features` passes on when the
/// loss falls off at `slope` per unit of distance: `∂d/∂x_i = (x_i − x_j) / d = −∂d/∂x_j`; nothing where the
/// square was clamped.
pub fn add_distance_gradient(features: &Matrix, (i, j): (usize, usize), slope: f64, gradient: &mut Matrix) {
    let square: f64 = features.row(i).iter().zip(features.row(j)).map(|(a, b)| (a - b) * (a - b)).sum();
    if square < SMALLEST_SQUARE {
        return;
    }
    for k in 0..features.columns() {
        let part = slope * (features[(i, k)] - features[(j, k)]) / square.sqrt();
        gradient[(i, k)] += part;
        gradient[(j, k)] -= part;
    }
}

/// Rows divided by their norm (D9): `y_i = x_i / max(|x_i|, 1e-12)`. Source: published `F.normalize` before
/// clustering and `normalize_feature` of the triplet losses.
pub fn normalize_rows(features: &Matrix) -> Result<Matrix> {
    check_features(features, "features")?;
    let norms: Vec<f64> = (0..features.rows()).map(|i| norm(features.row(i)).max(SMALLEST_NORM)).collect();
    Ok(Matrix::from_fn(features.rows(), features.columns(), |i, k| features[(i, k)] / norms[i]))
}

/// The gradient with respect to `features` of a loss whose gradient with respect to
/// `normalize_rows(features)` is `gradient` (D9): with `n = |x_i|` and `y_i = x_i / n`,
/// `(g_i − (g_i·y_i) y_i) / n`; `g_i / 1e-12` where the norm was clamped.
pub fn normalize_rows_backward(features: &Matrix, gradient: &Matrix) -> Result<Matrix> {
    check_features(features, "features")?;
    if (gradient.rows(), gradient.columns()) != (features.rows(), features.columns()) {
        return Err(InvalidInput::Shape {
            what: "gradient",
            expected: format!("[{}, {}]", features.rows(), features.columns()),
            found: format!("[{}, {}]", gradient.rows(), gradient.columns()),
        });
    }
    let mut result = Matrix::zeros(features.rows(), features.columns());
    for i in 0..features.rows() {
        let n = norm(features.row(i));
        let along: f64 = features.row(i).iter().zip(gradient.row(i)).map(|(x, g)| x / n * g).sum();
        for k in 0..features.columns() {
            result[(i, k)] = if n < SMALLEST_NORM {
                gradient[(i, k)] / SMALLEST_NORM
            } else {
                (gradient[(i, k)] - along * features[(i, k)] / n) / n
            };
        }
    }
    Ok(result)
}

fn norm(row: &[f64]) -> f64 {
    row.iter().map(|value| value * value).sum::<f64>().sqrt()
}

/// Refuses a matrix without entries and NaN or infinite values.
pub fn check_features(features: &Matrix, what: &'static str) -> Result<()> {
    if features.values().is_empty() {
        return Err(InvalidInput::Empty { what });
    }
    features.check_finite(what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss::tests::{assert_slopes, sample};

    #[test]
    fn distances_of_a_right_triangle() {
        let points = Matrix::new(3, 2, vec![0.0, 0.0, 3.0, 0.0, 0.0, 4.0]).unwrap();
        let distances = euclidean(&points, &points).unwrap();
        assert_eq!(distances.row(1), [3.0, 1e-6, 5.0]);
        assert_eq!(squared_euclidean(&points, &points).unwrap().row(2), [16.0, 25.0, 0.0]);
    }

    #[test]
    fn the_gradient_of_a_distance_is_its_slope() {
        let features = sample(3, 4, 1);
        let mut gradient = Matrix::zeros(3, 4);
        add_distance_gradient(&features, (0, 2), 1.5, &mut gradient);
        assert_slopes(&features, &gradient, |x| 1.5 * euclidean(x, x).unwrap()[(0, 2)]);
    }

    #[test]
    fn a_clamped_distance_has_no_gradient() {
        let mut gradient = Matrix::zeros(2, 3);
        add_distance_gradient(&Matrix::from_fn(2, 3, |_, k| k as f64), (0, 1), 1.0, &mut gradient);
        assert_eq!(gradient, Matrix::zeros(2, 3));
    }

    #[test]
    fn normalised_rows_have_length_one_and_the_gradient_is_the_slope() {
        let (features, weights) = (sample(3, 4, 2), sample(3, 4, 3));
        let unit = normalize_rows(&features).unwrap();
        for i in 0..3 {
            assert!((norm(unit.row(i)) - 1.0).abs() < 1e-15);
        }
        let gradient = normalize_rows_backward(&features, &weights).unwrap();
        assert_slopes(&features, &gradient, |x| {
            let unit = normalize_rows(x).unwrap();
            unit.values().iter().zip(weights.values()).map(|(y, w)| y * w).sum()
        });
    }

    #[test]
    fn a_row_of_zeros_stays_zero() {
        assert_eq!(normalize_rows(&Matrix::zeros(2, 3)).unwrap(), Matrix::zeros(2, 3));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let x = sample(2, 3, 4);
        assert!(matches!(euclidean(&x, &sample(2, 4, 4)), Err(InvalidInput::Shape { what: "y", .. })));
        assert!(matches!(normalize_rows(&Matrix::zeros(0, 3)), Err(InvalidInput::Empty { .. })));
        let bad = Matrix::from_fn(2, 3, |i, _| if i == 1 { f64::NAN } else { 0.0 });
        assert_eq!(euclidean(&x, &bad), Err(InvalidInput::NotFinite { what: "y", row: 1, rows: 1 }));
    }
}
