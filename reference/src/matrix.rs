//! A dense row-major `f64` matrix: all that the definitions need, and no more.

use crate::error::{InvalidInput, Result};

/// A dense matrix of `rows × columns` doubles, row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix {
    rows: usize,
    columns: usize,
    values: Vec<f64>,
}

impl Matrix {
    /// Wraps `values` (row-major); refuses a length other than `rows * columns`.
    pub fn new(rows: usize, columns: usize, values: Vec<f64>) -> Result<Self> {
        if values.len() != rows * columns {
            return Err(InvalidInput::Shape {
                what: "values",
                expected: format!("{rows} x {columns}"),
                found: format!("{} values", values.len()),
            });
        }
        Ok(Self { rows, columns, values })
    }

    /// A matrix of zeros.
    pub fn zeros(rows: usize, columns: usize) -> Self {
        Self { rows, columns, values: vec![0.0; rows * columns] }
    }

    /// A matrix with `value(row, column)` at each place.
    pub fn from_fn(rows: usize, columns: usize, mut value: impl FnMut(usize, usize) -> f64) -> Self {
        let mut result = Self::zeros(rows, columns);
        for i in 0..rows {
            for j in 0..columns {
                result.values[i * columns + j] = value(i, j);
            }
        }
        result
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Row `i` as a slice.
    pub fn row(&self, i: usize) -> &[f64] {
        &self.values[i * self.columns..(i + 1) * self.columns]
    }

    /// Row `i`, mutable.
    pub fn row_mut(&mut self, i: usize) -> &mut [f64] {
        &mut self.values[i * self.columns..(i + 1) * self.columns]
    }

    /// All values, row by row.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// Refuses NaN and infinite values, naming the argument.
    pub fn check_finite(&self, what: &'static str) -> Result<()> {
        let bad: Vec<usize> =
            (0..self.rows).filter(|&i| self.row(i).iter().any(|value| !value.is_finite())).collect();
        match bad.first() {
            Some(&row) => Err(InvalidInput::NotFinite { what, row, rows: bad.len() }),
            None => Ok(()),
        }
    }
}

impl std::ops::Index<(usize, usize)> for Matrix {
    type Output = f64;

    fn index(&self, (row, column): (usize, usize)) -> &f64 {
        &self.values[row * self.columns + column]
    }
}

impl std::ops::IndexMut<(usize, usize)> for Matrix {
    fn index_mut(&mut self, (row, column): (usize, usize)) -> &mut f64 {
        &mut self.values[row * self.columns + column]
    }
}
