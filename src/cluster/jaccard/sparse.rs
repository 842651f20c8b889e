//! A symmetric distance matrix of which most entries follow a rule and are not stored.

use crate::error::{InvalidInput, Result};

/// Symmetric distances `[N, N]`: the diagonal, and above it those that are stored. All others are 1 (before the source term).
#[derive(Debug, Clone, PartialEq)]
pub struct SparseDistances {
    diagonal: Vec<f64>,
    starts: Vec<usize>,
    columns: Vec<u32>,
    values: Vec<f64>,
    pub(super) source: Option<SourceTerm>,
}

/// The source term (D12, step 6): `s_i` with its weight λ.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SourceTerm {
    pub lambda: f64,
    pub from_source: Vec<f64>,
}

impl SourceTerm {
    fn mix(&self, i: usize, j: usize, value: f64) -> f64 {
        (1.0 - self.lambda) * value + self.lambda * (self.from_source[i] + self.from_source[j])
    }
}

impl SparseDistances {
    pub(super) fn with_capacity(rows: usize) -> Self {
        Self {
            diagonal: Vec::with_capacity(rows),
            starts: vec![0],
            columns: Vec::new(),
            values: Vec::new(),
            source: None,
        }
    }

    /// Appends the next row: its entries from the diagonal on, by column. Without an entry the diagonal is 1, too.
    pub(super) fn push_row(&mut self, row: &[(u32, f64)]) {
        let i = self.diagonal.len() as u32;
        let (diagonal, rest) = match row.split_first() {
            Some((&(column, value), rest)) if column == i => (value, rest),
            _ => (1.0, row),
        };
        self.diagonal.push(diagonal);
        self.columns.extend(rest.iter().map(|entry| entry.0));
        self.values.extend(rest.iter().map(|entry| entry.1));
        self.starts.push(self.columns.len());
    }

    /// A matrix given whole, row-major: every entry is stored.
    ///
    /// # Errors
    /// Not square, not symmetric, or values that are not finite.
    pub fn from_dense(values: &[f64]) -> Result<Self> {
        let rows = check_square(values)?;
        let asymmetric = |i: usize| (0..i).any(|j| values[i * rows + j] != values[j * rows + i]);
        if let Some(row) = (0..rows).find(|&i| asymmetric(i)) {
            let found = format!("not so in row {row}");
            return Err(InvalidInput::Shape { what: "distances", expected: "symmetric".into(), found }.into());
        }
        let mut result = Self::with_capacity(rows);
        for i in 0..rows {
            let row: Vec<(u32, f64)> = (i..rows).map(|j| (j as u32, values[i * rows + j])).collect();
            result.push_row(&row);
        }
        Ok(result)
    }

    /// All entries, row-major.
    pub fn to_dense(&self) -> Vec<f64> {
        let rows = self.rows();
        (0..rows * rows).map(|at| self.get(at / rows, at % rows)).collect()
    }

    /// N.
    pub fn rows(&self) -> usize {
        self.diagonal.len()
    }

    /// Entries stored above the diagonal.
    pub fn stored(&self) -> usize {
        self.columns.len()
    }

    /// Entries above the diagonal that are 1 because they are not stored. With a source term there are none: all are visited.
    pub(crate) fn implicit_ones(&self) -> usize {
        match self.source {
            None => self.rows() * self.rows().saturating_sub(1) / 2 - self.stored(),
            Some(_) => 0,
        }
    }

    /// The distance between `i` and `j`.
    pub fn get(&self, i: usize, j: usize) -> f64 {
        if i == j {
            return self.mixed(i, i, self.diagonal[i]);
        }
        let (low, high) = (i.min(j), i.max(j));
        let range = self.starts[low]..self.starts[low + 1];
        let place = self.columns[range.clone()].binary_search(&(high as u32));
        self.mixed(low, high, place.map_or(1.0, |place| self.values[range.start + place]))
    }

    /// Calls `visit(j, distance)` for entries j > i of row `i`: the stored ones, and with a source term all of them.
    pub(crate) fn visit(&self, i: usize, mut visit: impl FnMut(usize, f64)) {
        let range = self.starts[i]..self.starts[i + 1];
        let stored = self.columns[range.clone()].iter().map(|&j| j as usize).zip(&self.values[range]);
        if self.source.is_none() {
            stored.for_each(|(j, &value)| visit(j, value));
            return;
        }
        let mut stored = stored.peekable();
        for j in i + 1..self.rows() {
            let value = stored.next_if(|entry| entry.0 == j).map_or(1.0, |entry| *entry.1);
            visit(j, self.mixed(i, j, value));
        }
    }

    /// Calls `visit(j)` for all j > i within `eps` of `i`.
    pub(crate) fn visit_within(&self, i: usize, eps: f64, mut visit: impl FnMut(usize)) {
        if eps >= 1.0 && self.implicit_ones() > 0 {
            // No Jaccard distance exceeds 1, stored or not.
            return (i + 1..self.rows()).for_each(visit);
        }
        self.visit(i, |j, distance| {
            if distance <= eps {
                visit(j);
            }
        });
    }

    fn mixed(&self, i: usize, j: usize, value: f64) -> f64 {
        self.source.as_ref().map_or(value, |source| source.mix(i, j, value))
    }
}

/// N of a row-major `[N, N]`.
pub(super) fn check_square(values: &[f64]) -> Result<usize> {
    if values.is_empty() {
        return Err(InvalidInput::Empty { what: "distances" }.into());
    }
    let rows = values.len().isqrt();
    if rows * rows != values.len() {
        let (expected, found) = ("a square matrix".into(), format!("{} values", values.len()));
        return Err(InvalidInput::Shape { what: "distances", expected, found }.into());
    }
    let bad = |row: &[f64]| row.iter().any(|value| !value.is_finite());
    let mut rows_with_bad = values.chunks_exact(rows).enumerate().filter(|(_, row)| bad(row)).map(|(i, _)| i);
    match rows_with_bad.next() {
        None => Ok(rows),
        Some(row) => {
            Err(InvalidInput::NotFinite { what: "distances", row, rows: 1 + rows_with_bad.count() }.into())
        }
    }
}
