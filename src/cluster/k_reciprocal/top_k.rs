//! Exact nearest neighbours in tiles of the distance matrix.

use rayon::prelude::*;
use tch::Tensor;

use super::nearest::Neighbours;
use super::pairs::Points;
use super::selection::{Selection, Value};
use crate::error::{Error, Result};

/// What is meant by the distance from i to j.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// `2|x_j|² − 2 x_i·x_j`, as the published clustering has it (D12): a squared distance for rows of unit length only.
    Clustering,
    /// `(|x_i|² + |x_j|² − 2 x_i·x_j)²`, as the published re-ranking has it (D18): it squares squared distances.
    ReRanking,
}

impl Measure {
    /// The norm that [`Measure::of`] wants of a row: this many times its square.
    pub(super) fn norm_factor(self) -> f64 {
        match self {
            Self::Clustering => 2.0,
            Self::ReRanking => 1.0,
        }
    }

    /// The distance from the norms of i and j and `−2 x_i·x_j`.
    pub(super) fn of<T: Value>(self, own: T, other: T, product: T) -> T {
        match self {
            Self::Clustering => other + product,
            Self::ReRanking => {
                let distance = own + other + product;
                distance * distance
            }
        }
    }
}

/// The `count` nearest of every row. Each tile of X·Xᵀ is computed once and serves its rows and its columns.
pub(super) fn nearest<T: Value>(points: &Points, count: usize, tile: usize) -> Result<Neighbours> {
    // A closure for each measure, so that the inner loops hold no choice.
    let selections = match points.measure {
        Measure::Clustering => select::<T>(points, count, tile, |own, other, product| {
            Measure::Clustering.of(own, other, product)
        })?,
        Measure::ReRanking => select::<T>(points, count, tile, |own, other, product| {
            Measure::ReRanking.of(own, other, product)
        })?,
    };
    Ok(Neighbours::new(&selections))
}

fn select<T: Value>(
    points: &Points,
    count: usize,
    tile: usize,
    measure: impl Fn(T, T, T) -> T + Sync,
) -> Result<Vec<Selection<T>>> {
    let rows = points.rows();
    let mut norms = vec![T::ZERO; rows];
    read(&points.norms, &mut norms)?;
    let mut selections = vec![Selection::new(count); rows];
    let mut buffer = vec![T::ZERO; tile.min(rows) * tile.min(rows)];
    let ranges: Vec<_> = (0..rows).step_by(tile).map(|start| start..(start + tile).min(rows)).collect();
    for (at, down) in ranges.iter().enumerate() {
        let negative = points.slice(down) * -2.0;
        for across in &ranges[at..] {
            let product = negative.matmul(&points.slice(across).tr());
            let mut scan =
                |rows: &std::ops::Range<usize>, columns: &std::ops::Range<usize>, product: &Tensor| {
                    let tile = &mut buffer[..rows.len() * columns.len()];
                    read(product, tile)?;
                    let own = &norms[rows.clone()];
                    let work = selections[rows.clone()]
                        .par_iter_mut()
                        .zip(own)
                        .zip(tile.par_chunks_exact(columns.len()));
                    work.for_each(|((selection, &own), products)| {
                        selection.scan(columns.start, own, &norms[columns.clone()], products, &measure);
                    });
                    Ok::<(), Error>(())
                };
            scan(down, across, &product)?;
            if across != down {
                scan(across, down, &product.tr().contiguous())?;
            }
        }
    }
    Ok(selections)
}

fn read<T: Value>(tensor: &Tensor, values: &mut [T]) -> Result<()> {
    tensor.f_copy_data(values, values.len()).map_err(Error::torch("cannot read distances"))
}
