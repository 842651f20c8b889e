//! Exact nearest neighbours in tiles of the distance matrix.

use rayon::prelude::*;
use tch::Tensor;

use super::measure::Measure;
use super::nearest::Neighbours;
use super::points::Points;
use super::selection::{Selection, Value};
use crate::error::{Error, Result};

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
