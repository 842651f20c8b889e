//! Exact nearest neighbours (the ranking of D11), in row blocks: memory O(N·k + block).

use rayon::prelude::*;
use tch::{Device, Kind, Tensor};

use super::at_least_one;
use crate::distance::check_features;
use crate::error::{Error, InvalidInput, Result};

/// Values of a block of the distance matrix: 64 MiB in f32.
const BLOCK: i64 = 1 << 24;

/// Nearest neighbours of every row, nearest first, ties by index.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranking {
    /// The first neighbours of each row; normally the row itself stands first.
    pub lists: Vec<Vec<usize>>,
    /// Largest distance of each row, by which its distances are divided (D12, step 1); 1 where no distance is positive.
    pub largest: Vec<f64>,
}

impl Ranking {
    /// Ranks the rows of `features: [N, D]` (f32 or f64, any device) by the published distance
    /// `d(i, j) = 2|x_j|² − 2 x_i·x_j`, which is the squared Euclidean distance for unit rows, and keeps the first `count` of each
    /// row (all N where there are fewer).
    ///
    /// # Errors
    /// No features, values that are not finite, or a count of 0.
    pub fn of_features(features: &Tensor, count: usize) -> Result<Self> {
        check_features(features, "features")?;
        at_least_one("neighbours", count)?;
        let features = features.detach();
        let norms = features.square().sum_dim_intlist(1, false, None::<Kind>) * 2.0;
        let columns = features.tr();
        let step = (BLOCK / features.size()[0]).max(1);
        let mut ranking = Self { lists: Vec::new(), largest: Vec::new() };
        for rows in features.split(step, 0) {
            let distances = norms.unsqueeze(0).addmm(&(rows * -2.0), &columns).to_device(Device::Cpu);
            if distances.kind() == Kind::Double {
                ranking.extend(&values::<f64>(&distances)?, features.size()[0] as usize, count);
            } else {
                ranking.extend(
                    &values::<f32>(&distances.to_kind(Kind::Float))?,
                    features.size()[0] as usize,
                    count,
                );
            }
        }
        Ok(ranking)
    }

    /// Ranks each row of a distance matrix `[N, N]`, row by row.
    ///
    /// # Errors
    /// Not a square, empty, or values that are NaN.
    pub fn of_distances(distances: &[f64], rows: usize, count: usize) -> Result<Self> {
        at_least_one("neighbours", count)?;
        check_square(distances, rows)?;
        let mut ranking = Self { lists: Vec::new(), largest: Vec::new() };
        ranking.extend(distances, rows, count);
        Ok(ranking)
    }

    fn extend<T: Copy + PartialOrd + Into<f64> + Sync>(
        &mut self,
        distances: &[T],
        columns: usize,
        count: usize,
    ) {
        let found: Vec<(Vec<usize>, f64)> =
            distances.par_chunks_exact(columns).map(|row| (nearest(row, count), largest(row))).collect();
        for (list, largest) in found {
            self.lists.push(list);
            self.largest.push(largest);
        }
    }
}

fn values<T: tch::kind::Element + Copy>(tensor: &Tensor) -> Result<Vec<T>> {
    let flat = tensor.contiguous().view(-1);
    let mut values = vec![T::ZERO; flat.numel()];
    flat.f_copy_data(&mut values, flat.numel()).map_err(Error::torch("cannot read distances"))?;
    Ok(values)
}

/// The `count` smallest of a row, ascending, ties by index. Nearly all entries fail the first comparison.
fn nearest<T: Copy + PartialOrd>(row: &[T], count: usize) -> Vec<usize> {
    let mut kept: Vec<(T, usize)> = Vec::with_capacity(count + 1);
    for (at, &distance) in row.iter().enumerate() {
        if kept.len() == count && kept.last().is_some_and(|(worst, _)| distance >= *worst) {
            continue;
        }
        // Later entries of the same distance stand behind.
        let place = kept.partition_point(|(other, _)| *other <= distance);
        kept.insert(place, (distance, at));
        kept.truncate(count);
    }
    kept.into_iter().map(|(_, at)| at).collect()
}

fn largest<T: Copy + PartialOrd + Into<f64>>(row: &[T]) -> f64 {
    let largest = row.iter().copied().reduce(|a, b| if b > a { b } else { a }).map_or(0.0, Into::into);
    if largest > 0.0 { largest } else { 1.0 }
}

/// # Errors
/// Not `rows` × `rows` values, none, or NaN among them.
pub(crate) fn check_square(distances: &[f64], rows: usize) -> Result<()> {
    if rows == 0 {
        return Err(InvalidInput::Empty { what: "the distance matrix" }.into());
    }
    if distances.len() != rows * rows {
        let (expected, found) = (format!("{rows} x {rows}"), format!("{} values", distances.len()));
        return Err(InvalidInput::Shape { what: "the distance matrix", expected, found }.into());
    }
    let bad = |row: &[f64]| row.iter().any(|value| !value.is_finite());
    let bad: Vec<usize> =
        distances.chunks_exact(rows).enumerate().filter(|(_, row)| bad(row)).map(|(at, _)| at).collect();
    match bad.first() {
        Some(&row) => {
            Err(InvalidInput::NotFinite { what: "the distance matrix", row, rows: bad.len() }.into())
        }
        None => Ok(()),
    }
}
