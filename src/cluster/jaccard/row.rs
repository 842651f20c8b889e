//! Sparse rows: one of a matrix, and one of sums.

/// A row of a sparse matrix: columns and values.
pub(crate) type Row<'a> = (&'a [u32], &'a [f64]);

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

    /// The entries that are not 0, by column; afterwards all are 0 again.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = (u32, f64)> + '_ {
        self.touched.sort_unstable();
        let sums = &mut self.sums;
        self.touched.drain(..).map(|column| (column, std::mem::take(&mut sums[column as usize])))
    }
}
