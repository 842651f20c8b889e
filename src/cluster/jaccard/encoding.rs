//! D12, steps 2 to 5: encodings as sparse rows, and the Jaccard distances between them.

use rayon::prelude::*;

use super::super::at_least_one;
use super::super::k_reciprocal::expanded;
use super::super::ranking::Ranking;
use super::sparse::SparseDistances;
use crate::error::{InvalidInput, Result};

/// Sizes of the neighbourhoods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Neighbourhood {
    /// Neighbours of the k-reciprocal sets, the image itself not counted. Published: 20.
    pub k1: usize,
    /// Neighbours over which encodings are averaged, the image itself counted. Published: 6.
    pub k2: usize,
}

impl Neighbourhood {
    /// Entries that a list of neighbours needs.
    pub fn longest(self) -> usize {
        (self.k1 + 1).max(self.k2)
    }

    pub(super) fn check(self, rows: usize) -> Result<()> {
        at_least_one("k2", self.k2)?;
        if self.k2 > rows {
            let (what, needed) = ("features (k2 of them are averaged)", self.k2);
            return Err(InvalidInput::TooFewSamples { what, needed, found: rows }.into());
        }
        Ok(())
    }
}

/// A sparse row: columns ascending.
type Row = Vec<(u32, f64)>;

/// k-reciprocal encodings V, sparse: at most (k1 + 1)(1 + round(k1/2) + 1) entries a row before the averaging.
#[derive(Debug, Clone)]
pub struct Encoding {
    rows: Vec<Row>,
}

impl Encoding {
    /// `V_ij = exp(−d(i, j) / largest_i)` for the members j of i's expanded set, divided by the row's sum; then the mean over the
    /// first k2 of i's list. `distance(i, j)` gives d.
    ///
    /// # Errors
    /// A ranking that names rows that do not exist.
    pub fn new(
        ranking: &Ranking,
        neighbourhood: Neighbourhood,
        distance: impl Fn(usize, usize) -> f64 + Sync,
    ) -> Result<Self> {
        let sets = expanded(&ranking.lists, neighbourhood.k1)?;
        let own: Vec<Row> = sets
            .par_iter()
            .enumerate()
            .map(|(i, set)| {
                let weight = |j: usize| (-distance(i, j) / ranking.largest[i]).exp();
                let row: Row = set.iter().map(|&j| (j as u32, weight(j))).collect();
                let sum: f64 = row.iter().map(|(_, value)| value).sum();
                row.into_iter().map(|(j, value)| (j, value / sum)).collect()
            })
            .collect();
        if neighbourhood.k2 == 1 {
            return Ok(Self { rows: own });
        }
        let rows = ranking
            .lists
            .par_iter()
            .map_init(
                || Scratch::new(own.len()),
                |scratch, list| {
                    let first = &list[..neighbourhood.k2];
                    for &neighbour in first {
                        own[neighbour].iter().for_each(|&(column, value)| scratch.add(column, value));
                    }
                    scratch.take(|_, sum| sum / first.len() as f64)
                },
            )
            .collect();
        Ok(Self { rows })
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// `J(i, j) = max(0, 1 − t / (2 − t))`, `t = Σ_g min(V_ig, V_jg)`, for all pairs that share a column; all others are 1.
    pub fn jaccard(&self) -> SparseDistances {
        let by_column = self.by_column();
        let rows: Vec<Row> = self
            .rows
            .par_iter()
            .map_init(
                || Scratch::new(self.rows.len()),
                |scratch, row| {
                    for &(column, value) in row {
                        for &(other, theirs) in &by_column[column as usize] {
                            scratch.add(other, value.min(theirs));
                        }
                    }
                    scratch.take(|_, t| (1.0 - t / (2.0 - t)).max(0.0))
                },
            )
            .collect();
        SparseDistances::new(rows)
    }

    /// `1 − t / (2 − t)` of one pair, not clamped.
    pub fn distance(&self, i: usize, j: usize) -> f64 {
        let (mut a, mut b) = (self.rows[i].iter().peekable(), self.rows[j].iter().peekable());
        let mut t = 0.0;
        while let (Some(&&(left, x)), Some(&&(right, y))) = (a.peek(), b.peek()) {
            if left == right {
                t += x.min(y);
            }
            if left <= right {
                a.next();
            }
            if right <= left {
                b.next();
            }
        }
        1.0 - t / (2.0 - t)
    }

    /// Which rows have an entry in each column, rows ascending.
    fn by_column(&self) -> Vec<Row> {
        let mut columns = vec![Row::new(); self.rows.len()];
        for (i, row) in self.rows.iter().enumerate() {
            for &(column, value) in row {
                columns[column as usize].push((i as u32, value));
            }
        }
        columns
    }
}

/// Sums by column, dense to add to and sparse to take from.
struct Scratch {
    sums: Vec<f64>,
    touched: Vec<u32>,
    is_touched: Vec<bool>,
}

impl Scratch {
    fn new(columns: usize) -> Self {
        Self { sums: vec![0.0; columns], touched: Vec::new(), is_touched: vec![false; columns] }
    }

    fn add(&mut self, column: u32, value: f64) {
        let at = column as usize;
        if !self.is_touched[at] {
            self.is_touched[at] = true;
            self.touched.push(column);
        }
        self.sums[at] += value;
    }

    /// The touched columns with `finish(column, sum)`, ascending; the scratch is empty again.
    fn take(&mut self, finish: impl Fn(u32, f64) -> f64) -> Row {
        self.touched.sort_unstable();
        let row =
            self.touched.iter().map(|&column| (column, finish(column, self.sums[column as usize]))).collect();
        for column in self.touched.drain(..) {
            self.sums[column as usize] = 0.0;
            self.is_touched[column as usize] = false;
        }
        row
    }
}
