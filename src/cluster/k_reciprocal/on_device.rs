//! Exact nearest neighbours on a card: the tiles of the distance matrix stay there, and only the chosen entries are read.

use std::ops::Range;

use tch::{Kind, Tensor};

use super::measure::Measure;
use super::nearest::Neighbours;
use super::points::Points;
use super::selection::{Selection, Value};
use crate::error::{Error, Result};

/// Rows and columns of a tile: 64 MiB in f32.
const TILE: (usize, usize) = (1024, 16 * 1024);

/// Most values of the features' kind that are in memory for one of a tile: its product, distance and index, all three beside those kept
/// of earlier tiles, and what the sort makes of them.
const COPIES: usize = 12;

/// [`TILE`], or a smaller one for values of so many `bytes` that fits into `room` bytes, if they are known.
pub(super) fn tile(room: Option<usize>, bytes: usize) -> (usize, usize) {
    let values = room.map_or(usize::MAX, |room| room / (COPIES * bytes));
    let columns = TILE.1.min(values).max(1);
    (TILE.0.min(values / columns).max(1), columns)
}

/// The `count` nearest of every row, in tiles of so many rows and columns.
///
/// Among equal distances the smaller index comes first because the sort is stable: what was kept of earlier columns stands before
/// the new ones.
pub(super) fn nearest<T: Value>(points: &Points, count: usize, tile: (usize, usize)) -> Result<Neighbours> {
    let mut selections = Vec::with_capacity(points.rows());
    for down in ranges(points.rows(), tile.0) {
        let block = block(points, &down, count, tile.1).map_err(Error::torch("cannot find neighbours"))?;
        selections
            .append(&mut read::<T>(&block, down.len()).map_err(Error::torch("cannot read neighbours"))?);
    }
    Ok(Neighbours::new(&selections))
}

/// Neighbours of some rows, on the device.
struct Block {
    /// `[rows, count]`, ascending.
    distances: Tensor,
    /// `[rows, count]` i64.
    indices: Tensor,
    /// `[rows]`: largest distance of the whole row.
    largest: Tensor,
}

fn block(
    points: &Points,
    down: &Range<usize>,
    count: usize,
    width: usize,
) -> std::result::Result<Block, tch::TchError> {
    let negative = points.slice(down) * -2.0;
    let mut block: Option<Block> = None;
    for across in ranges(points.rows(), width) {
        let products = negative.f_matmul(&points.slice(&across).tr())?;
        let distances = distances(points, down, &across, &products)?;
        let place = (Kind::Int64, points.device());
        let columns = Tensor::f_arange_start(across.start as i64, across.end as i64, place)?;
        let columns = columns.f_expand([down.len() as i64, -1], false)?;
        let largest = distances.f_amax([1_i64].as_slice(), false)?;
        block = Some(match block {
            None => smallest(&distances, &columns, largest, count)?,
            Some(before) => smallest(
                &Tensor::f_cat(&[&before.distances, &distances], 1)?,
                &Tensor::f_cat(&[&before.indices, &columns], 1)?,
                before.largest.f_maximum(&largest)?,
                count,
            )?,
        });
    }
    block.ok_or_else(|| tch::TchError::Shape("no rows".to_owned()))
}

/// The distances of a tile from its `−2 x_i·x_j`, as [`Measure::of`] has them.
fn distances(
    points: &Points,
    down: &Range<usize>,
    across: &Range<usize>,
    products: &Tensor,
) -> std::result::Result<Tensor, tch::TchError> {
    let norms = |range: &Range<usize>| points.norms.f_narrow(0, range.start as i64, range.len() as i64);
    match points.measure {
        Measure::Clustering => norms(across)?.f_add(products),
        Measure::ReRanking => {
            norms(down)?.f_unsqueeze(1)?.f_add(&norms(across)?)?.f_add(products)?.f_square()
        }
    }
}

fn smallest(
    distances: &Tensor,
    indices: &Tensor,
    largest: Tensor,
    count: usize,
) -> std::result::Result<Block, tch::TchError> {
    let (sorted, order) = distances.f_sort_stable(true, 1, false)?;
    let kept = sorted.size()[1].min(count as i64);
    let indices = indices.f_gather(1, &order.f_narrow(1, 0, kept)?, false)?;
    // A copy, so that the tile is freed.
    Ok(Block { distances: sorted.f_narrow(1, 0, kept)?.f_contiguous()?, indices, largest })
}

fn read<T: Value>(block: &Block, rows: usize) -> std::result::Result<Vec<Selection<T>>, tch::TchError> {
    let count = block.distances.size()[1] as usize;
    let (mut distances, mut indices) = (vec![T::ZERO; rows * count], vec![0_i64; rows * count]);
    let mut largest = vec![T::ZERO; rows];
    block.distances.f_copy_data(&mut distances, rows * count)?;
    block.indices.f_copy_data(&mut indices, rows * count)?;
    block.largest.f_copy_data(&mut largest, rows)?;
    let rows = distances.chunks_exact(count).zip(indices.chunks_exact(count)).zip(largest);
    let selection = |((distances, indices), largest): ((&[T], &[i64]), T)| {
        let entries = distances.iter().zip(indices).map(|(&distance, &index)| (distance, index as u32));
        Selection::found(entries.collect(), largest)
    };
    Ok(rows.map(selection).collect())
}

/// `0..count` in pieces.
fn ranges(count: usize, size: usize) -> impl Iterator<Item = Range<usize>> {
    (0..count).step_by(size).map(move |start| start..(start + size).min(count))
}

#[cfg(test)]
mod tests {
    use super::super::top_k;
    use super::*;
    use crate::blocks::Blocks;

    /// Small whole numbers: every product is exact, and many distances are equal.
    fn points(measure: Measure, kind: Kind) -> Points {
        let values: Vec<f64> = (0..70 * 3).map(|at| f64::from((at * at * 7 + at) % 5)).collect();
        Points::new(&Tensor::from_slice(&values).view([70, 3]).to_kind(kind), measure, Blocks::of_rows(16))
            .unwrap()
    }

    #[test]
    fn a_tile_fits_into_the_room_there_is() {
        assert_eq!((tile(None, 4), tile(Some(1 << 40), 8)), (TILE, TILE));
        for room in [0, 1000, 1 << 20, 100 << 20, 1 << 30] {
            let (rows, columns) = tile(Some(room), 4);
            assert!(
                rows * columns * COPIES * 4 <= room.max(COPIES * 4) && rows <= TILE.0 && columns <= TILE.1
            );
        }
        assert_eq!(tile(Some(400 << 20), 4), (533, TILE.1));
    }

    #[test]
    fn tiles_of_any_size_give_what_the_processor_finds_ties_included() {
        for measure in [Measure::Clustering, Measure::ReRanking] {
            for tile in [(70, 70), (16, 9), (100, 32)] {
                let (single, double) = (points(measure, Kind::Float), points(measure, Kind::Double));
                for count in [1, 8, 70] {
                    let pairs = [
                        (
                            nearest::<f32>(&single, count, tile),
                            top_k::nearest::<f32>(&single, count, Blocks::of_rows(16).tile()),
                        ),
                        (
                            nearest::<f64>(&double, count, tile),
                            top_k::nearest::<f64>(&double, count, Blocks::of_rows(16).tile()),
                        ),
                    ];
                    for (found, expected) in pairs {
                        let (found, expected) = (found.unwrap(), expected.unwrap());
                        assert_eq!(found.nearest, expected.nearest, "{measure:?} {tile:?} {count}");
                        assert_eq!(found.divisors(), expected.divisors());
                        let of = |neighbours: &Neighbours, i: usize| -> Vec<Option<f64>> {
                            neighbours.nearest.row(i).iter().map(|&j| neighbours.distance(i, j)).collect()
                        };
                        (0..70).for_each(|i| assert_eq!(of(&found, i), of(&expected, i)));
                    }
                }
            }
        }
    }
}
