//! D12: the Jaccard distance of k-reciprocal encodings, sparse: O(N·k) memory.

mod encoding;
mod sparse;

use tch::{Device, Kind, Tensor};

pub use encoding::{Encoding, Neighbourhood};
pub use sparse::SparseDistances;

use super::ranking::{Ranking, check_square};
use crate::distance::{check_features, squared_euclidean};
use crate::error::{Error, InvalidInput, Result};

/// Jaccard distances of the rows of `features: [N, D]` (f32 or f64, any device): ranking, k-reciprocal sets, encoding, distance.
/// The published code feeds unit rows.
///
/// # Errors
/// No features, values that are not finite, or neighbourhoods that do not fit.
pub fn jaccard(features: &Tensor, neighbourhood: Neighbourhood) -> Result<SparseDistances> {
    neighbourhood.check(features.size()[0] as usize)?;
    let ranking = Ranking::of_features(features, neighbourhood.longest())?;
    let rows = Rows::new(features)?;
    let encoding = Encoding::new(&ranking, neighbourhood, |i, j| rows.distance(i, j))?;
    Ok(encoding.jaccard())
}

/// The same from distances `[N, N]`, row by row, as [`Ranking::of_distances`] takes them.
///
/// # Errors
/// Not a square, values that are not finite, or neighbourhoods that do not fit.
pub fn jaccard_of_distances(
    distances: &[f64],
    rows: usize,
    neighbourhood: Neighbourhood,
) -> Result<SparseDistances> {
    Ok(encode_distances(distances, rows, neighbourhood)?.jaccard())
}

/// The encodings behind [`jaccard_of_distances`].
///
/// # Errors
/// As there.
pub fn encode_distances(distances: &[f64], rows: usize, neighbourhood: Neighbourhood) -> Result<Encoding> {
    check_square(distances, rows)?;
    neighbourhood.check(rows)?;
    let ranking = Ranking::of_distances(distances, rows, neighbourhood.longest())?;
    Encoding::new(&ranking, neighbourhood, |i, j| distances[i * rows + j])
}

/// Published option with source features: `(1 − λ) J + λ (s_i + s_j)`, the diagonal included, with
/// `s_i = min_y (1 − exp(−|x_i − y|²))` over the source rows y, divided by the largest. Dense, `[N, N]` f64.
///
/// # Errors
/// Features that do not belong together, or λ outside [0, 1].
pub fn with_source(
    jaccard: &SparseDistances,
    features: &Tensor,
    source: &Tensor,
    lambda: f64,
) -> Result<Tensor> {
    check_features(features, "features")?;
    check_features(source, "source features")?;
    if features.size()[1] != source.size()[1] {
        let (expected, found) = (format!("{:?}", features.size()), format!("{:?}", source.size()));
        return Err(InvalidInput::Shape { what: "source features", expected, found }.into());
    }
    if !(0.0..=1.0).contains(&lambda) {
        return Err(InvalidInput::Parameter { what: "lambda", value: lambda, allowed: "in [0, 1]" }.into());
    }
    let near = (squared_euclidean(features, source).neg().exp().neg() + 1.0).amin([1], false);
    let near = (&near / near.max()).to_kind(Kind::Double).to_device(Device::Cpu);
    Ok(jaccard.to_dense() * (1.0 - lambda) + (near.unsqueeze(1) + near.unsqueeze(0)) * lambda)
}

/// Features on the CPU, for the distances of single pairs.
struct Rows {
    values: Vec<f64>,
    columns: usize,
    norms: Vec<f64>,
}

impl Rows {
    fn new(features: &Tensor) -> Result<Self> {
        let columns = features.size()[1] as usize;
        let flat = features.to_device(Device::Cpu).to_kind(Kind::Double).contiguous().view(-1);
        let values = Vec::<f64>::try_from(flat).map_err(Error::torch("cannot read features"))?;
        let norms = values.chunks_exact(columns).map(|row| dot(row, row)).collect();
        Ok(Self { values, columns, norms })
    }

    /// `2|x_j|² − 2 x_i·x_j`.
    fn distance(&self, i: usize, j: usize) -> f64 {
        let row = |at: usize| &self.values[at * self.columns..(at + 1) * self.columns];
        2.0 * self.norms[j] - 2.0 * dot(row(i), row(j))
    }
}

/// Four sums side by side, which the processor adds at once.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 4];
    let (a4, b4) = (a.chunks_exact(4), b.chunks_exact(4));
    let rest: f64 = a4.remainder().iter().zip(b4.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in a4.zip(b4) {
        for at in 0..4 {
            sums[at] += a[at] * b[at];
        }
    }
    sums.iter().sum::<f64>() + rest
}
