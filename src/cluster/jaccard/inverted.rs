//! Which rows of the encodings use a column: so the pairs with something in common are found without looking at the others.

use std::ops::Range;

use super::encoding::Encodings;
use super::row::{Overlaps, Row};

/// The columns of some rows of [`Encodings`]; rows ascend in each column and count from the first of them.
#[derive(Debug)]
pub(crate) struct Inverted {
    starts: Vec<usize>,
    rows: Vec<u32>,
    values: Vec<f64>,
}

impl Inverted {
    /// Of the rows in `range`.
    pub(crate) fn new(encodings: &Encodings, range: Range<usize>) -> Self {
        let mut starts = vec![0; encodings.rows() + 1];
        for i in range.clone() {
            encodings.row(i).0.iter().for_each(|&column| starts[column as usize + 1] += 1);
        }
        for column in 0..encodings.rows() {
            starts[column + 1] += starts[column];
        }
        let total = starts[encodings.rows()];
        let (mut rows, mut values) = (vec![0; total], vec![0.0; total]);
        let mut next = starts.clone();
        for i in range.clone() {
            let (columns, of_row) = encodings.row(i);
            for (&column, &value) in columns.iter().zip(of_row) {
                let at = &mut next[column as usize];
                rows[*at] = (i - range.start) as u32;
                values[*at] = value;
                *at += 1;
            }
        }
        Self { starts, rows, values }
    }

    /// Rows and values of a column.
    fn column(&self, column: u32) -> Row<'_> {
        let range = self.starts[column as usize]..self.starts[column as usize + 1];
        (&self.rows[range.clone()], &self.values[range])
    }
}

impl Overlaps {
    /// Adds `t_j = Σ_g min(V_g, W_jg)` for an encoding V and the rows j ≥ `first` of `inverted`, g ascending.
    pub(crate) fn fill(&mut self, inverted: &Inverted, (columns, values): Row<'_>, first: u32) {
        for (&column, &value) in columns.iter().zip(values) {
            let (rows, others) = inverted.column(column);
            let from = rows.partition_point(|&row| row < first);
            rows[from..]
                .iter()
                .zip(&others[from..])
                .for_each(|(&row, &other)| self.add(row, value.min(other)));
        }
    }
}
