//! The losses of mutual mean-teaching (D1, D2, D4–D8), each with its analytic gradient. All are means over
//! the rows of a batch; teachers are constants.

pub mod cross_entropy;
pub mod mining;
pub mod objective;
pub mod soft_cross_entropy;
pub mod soft_softmax_triplet;
pub mod softmax_triplet;
#[cfg(test)]
pub(crate) mod tests;
pub mod triplet;

use crate::error::{InvalidInput, Result};
use crate::matrix::Matrix;

/// A loss and its gradient with respect to the first argument.
#[derive(Debug, Clone, PartialEq)]
pub struct Value {
    /// The loss.
    pub loss: f64,
    /// `∂loss/∂input`, of the input's shape.
    pub gradient: Matrix,
}

/// `log softmax(z)_c = z_c − log Σ_k exp z_k`, with the largest entry taken out of the sum so that it cannot
/// overflow.
pub(crate) fn log_softmax(row: &[f64]) -> Vec<f64> {
    let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let log_sum = row.iter().map(|z| (z - largest).exp()).sum::<f64>().ln();
    row.iter().map(|z| z - largest - log_sum).collect()
}

/// Refuses labels that are not one a row.
pub(crate) fn check_count(labels: &[usize], rows: usize) -> Result<()> {
    if labels.len() == rows {
        return Ok(());
    }
    Err(InvalidInput::Shape {
        what: "labels",
        expected: format!("[{rows}]"),
        found: format!("[{}]", labels.len()),
    })
}

/// Refuses labels that are not one a row in `0..classes`.
pub(crate) fn check_labels(labels: &[usize], rows: usize, classes: usize) -> Result<()> {
    check_count(labels, rows)?;
    match labels.iter().position(|&label| label >= classes) {
        Some(row) => Err(InvalidInput::LabelOutOfRange { row, label: labels[row] as i64, classes }),
        None => Ok(()),
    }
}

/// Refuses a matrix of another shape than `like`.
pub(crate) fn check_same_shape(matrix: &Matrix, like: &Matrix, what: &'static str) -> Result<()> {
    if (matrix.rows(), matrix.columns()) == (like.rows(), like.columns()) {
        return Ok(());
    }
    Err(InvalidInput::Shape {
        what,
        expected: format!("[{}, {}]", like.rows(), like.columns()),
        found: format!("[{}, {}]", matrix.rows(), matrix.columns()),
    })
}

/// Refuses a value outside `0..=1`.
pub(crate) fn check_share(what: &'static str, value: f64) -> Result<()> {
    if (0.0..=1.0).contains(&value) {
        return Ok(());
    }
    Err(InvalidInput::Parameter { what, value, allowed: "in 0..=1" })
}
