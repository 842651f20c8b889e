//! The questions that most definitions ask of their input first.

use crate::error::{InvalidInput, Result};
use crate::matrix::Matrix;

/// Refuses a matrix without rows or columns, and values that are not finite.
pub(crate) fn filled(matrix: &Matrix, what: &'static str) -> Result<()> {
    if matrix.rows() == 0 || matrix.columns() == 0 {
        return Err(InvalidInput::Empty { what });
    }
    matrix.check_finite(what)
}

/// Refuses a matrix of another shape.
pub(crate) fn shape(matrix: &Matrix, rows: usize, columns: usize, what: &'static str) -> Result<()> {
    if (matrix.rows(), matrix.columns()) == (rows, columns) {
        return Ok(());
    }
    let found = format!("[{}, {}]", matrix.rows(), matrix.columns());
    Err(InvalidInput::Shape { what, expected: format!("[{rows}, {columns}]"), found })
}

/// Refuses all but filled matrices `[N, N]`.
pub(crate) fn square(matrix: &Matrix, what: &'static str) -> Result<()> {
    filled(matrix, what)?;
    shape(matrix, matrix.rows(), matrix.rows(), what)
}

/// Refuses a list of another length.
pub(crate) fn length(found: usize, expected: usize, what: &'static str) -> Result<()> {
    if found == expected {
        return Ok(());
    }
    let (expected, found) = (format!("{expected} long"), format!("{found} long"));
    Err(InvalidInput::Shape { what, expected, found })
}

/// Refuses 0.
pub(crate) fn at_least_one(value: usize, what: &'static str) -> Result<()> {
    if value > 0 {
        return Ok(());
    }
    Err(InvalidInput::Parameter { what, value: 0.0, allowed: "at least 1" })
}

/// Refuses a number outside `low..=high`, and NaN.
pub(crate) fn between(
    value: f64,
    (low, high): (f64, f64),
    what: &'static str,
    allowed: &'static str,
) -> Result<()> {
    if (low..=high).contains(&value) {
        return Ok(());
    }
    Err(InvalidInput::Parameter { what, value, allowed })
}
