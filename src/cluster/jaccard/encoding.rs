//! Encodings of k-reciprocal sets as sparse rows.

use rayon::prelude::*;

use super::neighbourhood::Neighbourhood;
use super::row::{Overlaps, Row};
use crate::cluster::k_reciprocal::{Neighbours, expanded};
use crate::error::{InvalidInput, Result};

/// Encodings V `[N, N]` (D12, steps 2 to 4), sparse: columns ascending in each row.
#[derive(Debug)]
pub(crate) struct Encodings {
    starts: Vec<usize>,
    columns: Vec<u32>,
    values: Vec<f64>,
}

impl Encodings {
    /// `V_ij = exp(−s(i, j))` for the members j of the expanded k1-reciprocal set of i (D11), divided by the row's sum; then, for
    /// k2 ≠ 1, row by row the mean over the first k2 of i's ranking.
    ///
    /// An expanded set reaches beyond the neighbours that are kept; `missing` gives the distances, undivided, of such pairs.
    ///
    /// # Errors
    /// Those of `missing`, or distances so far below 0 that their exponential overflows (features far from unit length).
    pub(crate) fn new(
        neighbours: &Neighbours,
        Neighbourhood { k1, k2 }: Neighbourhood,
        missing: impl Fn(&[(u32, u32)]) -> Result<Vec<f64>>,
    ) -> Result<Self> {
        let members = expanded(&neighbours.nearest, k1)?;
        let mut own = Self::pack(members.par_iter().enumerate().map(|(i, members)| {
            let known = |&j: &u32| (j, neighbours.distance(i, j).unwrap_or(f64::NAN));
            members.iter().map(known).collect()
        }));
        drop(members);
        own.fill_missing(neighbours, missing)?;
        own.exponentiate()?;
        Ok(if k2 == 1 { own } else { own.averaged(neighbours, k2) })
    }

    fn pack(rows: impl IndexedParallelIterator<Item = Vec<(u32, f64)>>) -> Self {
        let rows: Vec<_> = rows.collect();
        let mut starts = vec![0];
        starts.extend(rows.iter().scan(0, |end, row| {
            *end += row.len();
            Some(*end)
        }));
        let columns = rows.iter().flatten().map(|entry| entry.0).collect();
        let values = rows.iter().flatten().map(|entry| entry.1).collect();
        Self { starts, columns, values }
    }

    pub(crate) fn rows(&self) -> usize {
        self.starts.len() - 1
    }

    pub(crate) fn row(&self, i: usize) -> Row<'_> {
        let range = self.starts[i]..self.starts[i + 1];
        (&self.columns[range.clone()], &self.values[range])
    }

    /// Replaces the entries that are NaN.
    fn fill_missing(
        &mut self,
        neighbours: &Neighbours,
        missing: impl Fn(&[(u32, u32)]) -> Result<Vec<f64>>,
    ) -> Result<()> {
        let mut places = Vec::new();
        let mut pairs = Vec::new();
        for i in 0..self.rows() {
            for at in (self.starts[i]..self.starts[i + 1]).filter(|&at| self.values[at].is_nan()) {
                places.push(at);
                pairs.push((i as u32, self.columns[at]));
            }
        }
        for ((at, pair), distance) in places.into_iter().zip(&pairs).zip(missing(&pairs)?) {
            self.values[at] = distance / neighbours.divisors()[pair.0 as usize];
        }
        Ok(())
    }

    fn exponentiate(&mut self) -> Result<()> {
        let mut bad = Vec::new();
        for i in 0..self.rows() {
            let values = &mut self.values[self.starts[i]..self.starts[i + 1]];
            values.iter_mut().for_each(|value| *value = (-*value).exp());
            let sum: f64 = values.iter().sum();
            if !sum.is_finite() {
                bad.push(i);
            }
            values.iter_mut().for_each(|value| *value /= sum);
        }
        match bad.first() {
            None => Ok(()),
            Some(&row) => Err(InvalidInput::NotFinite { what: "the encoding", row, rows: bad.len() }.into()),
        }
    }

    /// Means over the first k2 of each row's ranking, added in that order.
    fn averaged(&self, neighbours: &Neighbours, k2: usize) -> Self {
        let rows = self.rows();
        let mean = |sums: &mut Overlaps, i: usize| -> Vec<(u32, f64)> {
            for &near in &neighbours.nearest.row(i)[..k2] {
                let (columns, values) = self.row(near as usize);
                columns.iter().zip(values).for_each(|(&column, &value)| sums.add(column, value));
            }
            sums.drain().map(|(column, sum)| (column, sum / k2 as f64)).collect()
        };
        Self::pack((0..rows).into_par_iter().map_init(|| Overlaps::new(rows), mean))
    }
}
