//! Distances of which all but a few are 1.

use tch::{Kind, Tensor};

use super::super::ranking::check_square;
use crate::error::Result;

/// A symmetric matrix `[N, N]` of distances; entries that are not stored are 1 exactly.
#[derive(Debug, Clone, PartialEq)]
pub struct SparseDistances {
    starts: Vec<usize>,
    columns: Vec<u32>,
    values: Vec<f64>,
}

impl SparseDistances {
    pub(super) fn new(rows: Vec<Vec<(u32, f64)>>) -> Self {
        let stored = rows.iter().map(Vec::len).sum();
        let mut all = Self {
            starts: Vec::with_capacity(rows.len() + 1),
            columns: Vec::with_capacity(stored),
            values: Vec::with_capacity(stored),
        };
        all.starts.push(0);
        for row in rows {
            for (column, value) in row {
                all.columns.push(column);
                all.values.push(value);
            }
            all.starts.push(all.columns.len());
        }
        all
    }

    /// Takes a whole matrix, row by row.
    ///
    /// # Errors
    /// Not a square, or values that are not finite.
    pub fn from_dense(distances: &[f64], rows: usize) -> Result<Self> {
        check_square(distances, rows)?;
        let row = |row: &[f64]| row.iter().enumerate().map(|(at, value)| (at as u32, *value)).collect();
        Ok(Self::new(distances.chunks_exact(rows).map(row).collect()))
    }

    /// N.
    pub fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of stored entries.
    pub fn stored(&self) -> usize {
        self.columns.len()
    }

    /// Stored entries of a row: (column, distance), columns ascending.
    pub fn row(&self, i: usize) -> impl Iterator<Item = (usize, f64)> + '_ {
        let range = self.starts[i]..self.starts[i + 1];
        self.columns[range.clone()]
            .iter()
            .map(|column| *column as usize)
            .zip(self.values[range].iter().copied())
    }

    /// All entries, `[N, N]` f64.
    pub fn to_dense(&self) -> Tensor {
        let n = self.len();
        let mut values = vec![1.0; n * n];
        for i in 0..n {
            for (j, value) in self.row(i) {
                values[i * n + j] = value;
            }
        }
        Tensor::from_slice(&values).view([n as i64, n as i64]).to_kind(Kind::Double)
    }
}
