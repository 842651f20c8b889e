//! The first entries of each row's ranking, with their distances.

use rayon::prelude::*;

use super::selection::{Selection, Value};
use crate::error::{InvalidInput, Result};

/// The first entries of the ranking of each of N rows: column indices by ascending distance, the smaller index first among equals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nearest {
    columns: usize,
    indices: Vec<u32>,
}

impl Nearest {
    /// From whole rankings: N permutations of `0..N`.
    ///
    /// # Errors
    /// No rankings, or rows that are no permutation.
    pub fn from_rankings(rankings: &[Vec<usize>]) -> Result<Self> {
        if rankings.is_empty() {
            return Err(InvalidInput::Empty { what: "rankings" }.into());
        }
        let count = rankings.len();
        for (i, row) in rankings.iter().enumerate() {
            let mut sorted = row.clone();
            sorted.sort_unstable();
            if !sorted.iter().copied().eq(0..count) {
                let (expected, found) =
                    (format!("permutations of 0..{count}"), format!("another list in row {i}"));
                return Err(InvalidInput::Shape { what: "rankings", expected, found }.into());
            }
        }
        Ok(Self { columns: count, indices: rankings.iter().flatten().map(|&j| j as u32).collect() })
    }

    /// N.
    pub fn rows(&self) -> usize {
        self.indices.len() / self.columns
    }

    /// Entries kept of each row.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The entries of row `i`, nearest first.
    pub fn row(&self, i: usize) -> &[u32] {
        &self.indices[i * self.columns..][..self.columns]
    }
}

/// [`Nearest`] with the distances, each divided by the largest one of its whole row; a row without any positive distance stays
/// undivided.
#[derive(Debug, Clone)]
pub struct Neighbours {
    /// Who is near.
    pub nearest: Nearest,
    /// How far, `[N × columns]`, as `nearest` stands.
    distances: Vec<f64>,
    divisors: Vec<f64>,
}

impl Neighbours {
    /// From the rows of `distances: [N, N]`, row-major, the first `count` of each (at most N).
    pub(crate) fn of_matrix(distances: &[f64], rows: usize, count: usize) -> Self {
        let select = |row: &[f64]| {
            let mut selection = Selection::new(count.min(rows));
            selection.scan(0, 0.0, row, row, |_, _, distance| distance);
            selection
        };
        Self::new(&distances.par_chunks_exact(rows).map(select).collect::<Vec<_>>())
    }

    /// From selections of equal length.
    pub(super) fn new<T: Value>(selections: &[Selection<T>]) -> Self {
        let columns = selections.first().map_or(0, |selection| selection.entries().len());
        let divisor = |selection: &Selection<T>| -> f64 {
            let largest = selection.largest();
            if largest > 0.0 { largest } else { 1.0 }
        };
        let divisors: Vec<f64> = selections.iter().map(divisor).collect();
        let entries =
            || selections.iter().zip(&divisors).flat_map(|(s, d)| s.entries().iter().map(move |e| (e, d)));
        let distances = entries().map(|(entry, divisor)| entry.0.into() / divisor).collect();
        let indices = entries().map(|(entry, _)| entry.1).collect();
        Self { nearest: Nearest { columns, indices }, distances, divisors }
    }

    /// Returns the divisor of each row's distances.
    pub(crate) fn divisors(&self) -> &[f64] {
        &self.divisors
    }

    /// The divided distance from `i` to `j`, if `j` is among the nearest of `i`.
    pub(crate) fn distance(&self, i: usize, j: u32) -> Option<f64> {
        let place = self.nearest.row(i).iter().position(|&other| other == j)?;
        Some(self.distances[i * self.nearest.columns + place])
    }
}
