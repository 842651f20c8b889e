//! Which rows of the encodings use a column: so the pairs with something in common are found without looking at the others.

use std::ops::Range;

use super::encoding::{Encodings, Row};

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

/// A sparse row of sums that is filled and emptied again and again.
#[derive(Debug)]
pub(crate) struct Overlaps {
    sums: Vec<f64>,
    touched: Vec<u32>,
}

impl Overlaps {
    /// All 0, `0..columns`.
    pub(crate) fn new(columns: usize) -> Self {
        Self { sums: vec![0.0; columns], touched: Vec::new() }
    }

    /// Adds a positive `value` (or 0, which changes nothing).
    pub(crate) fn add(&mut self, column: u32, value: f64) {
        let sum = &mut self.sums[column as usize];
        if *sum == 0.0 && value != 0.0 {
            self.touched.push(column);
        }
        *sum += value;
    }

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

    /// The entries that are not 0, by column; afterwards all are 0 again.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = (u32, f64)> + '_ {
        self.touched.sort_unstable();
        let sums = &mut self.sums;
        self.touched.drain(..).map(|column| (column, std::mem::take(&mut sums[column as usize])))
    }
}
