//! The optional source term of the Jaccard distance.

use tch::{Kind, Tensor};

use super::sparse::{SourceTerm, SparseDistances};
use crate::blocks::Blocks;
use crate::device::memory::{LOWER_ROWS, guarded};
use crate::distance::{check_features, squared_euclidean};
use crate::error::{Error, InvalidInput, Result};

/// A block of the distance matrix: 64 MiB in f32.
const BLOCKS: Blocks = Blocks::of_values(1 << 24);

/// Jaccard distances mixed with the distance from the source domain (D12, step 6):
/// `(1 − λ) J(i, j) + λ (s_i + s_j)`, `s_i = min_y (1 − exp(−|x_i − y|²))` over the rows y of `source: [M, D]`, divided by the
/// largest `s_i` (left as they are where that is 0). The diagonal is mixed, too. λ = 0 is the published setting.
///
/// `features: [N, D]`, those of the distances. With λ > 0 no two distances are equal by rule: [`super::super::eps`] and
/// [`super::super::dbscan`] then look at all N² pairs, still without storing them.
///
/// Source: published `compute_jaccard_dist` with `lambda_value > 0`.
///
/// # Errors
/// Shapes that do not belong together, values that are not finite, or λ outside `0..=1`.
pub fn with_source(
    distances: SparseDistances,
    features: &Tensor,
    source: &Tensor,
    lambda: f64,
) -> Result<SparseDistances> {
    with_source_in_blocks(distances, features, source, lambda, BLOCKS)
}

/// [`with_source`] with blocks of a given number of features.
///
/// # Errors
/// As [`with_source`].
pub fn with_source_in_blocks(
    mut distances: SparseDistances,
    features: &Tensor,
    source: &Tensor,
    lambda: f64,
    blocks: Blocks,
) -> Result<SparseDistances> {
    check_features(features, "features")?;
    check_features(source, "source features")?;
    if !(0.0..=1.0).contains(&lambda) {
        return Err(InvalidInput::Parameter { what: "lambda", value: lambda, allowed: "0 to 1" }.into());
    }
    let (rows, columns) = (distances.rows() as i64, features.size()[1]);
    if features.size()[0] != rows || source.size()[1] != columns {
        let expected = format!("[{rows}, D] and [M, D]");
        let found = format!("{:?} and {:?}", features.size(), source.size());
        return Err(InvalidInput::Shape { what: "features and source features", expected, found }.into());
    }
    distances.source = match lambda > 0.0 {
        true => {
            let from_source = guarded(LOWER_ROWS, || from_source(features, source, blocks))?;
            Some(SourceTerm { lambda, from_source })
        }
        false => None,
    };
    Ok(distances)
}

fn from_source(features: &Tensor, source: &Tensor, blocks: Blocks) -> Result<Vec<f64>> {
    // The sum of the squares, and the distances made of it.
    let blocks = blocks.fitted(features.device(), 2 * features.kind().elt_size_in_bytes());
    let step = blocks.rows_of(source.size()[0] as usize) as i64;
    let mut result = Vec::with_capacity(features.size()[0] as usize);
    for block in features.detach().split(step, 0) {
        let nearest =
            squared_euclidean(&block, &source.detach()).amin([1_i64].as_slice(), false).clamp_min(0.0);
        let nearest = Vec::<f64>::try_from(nearest.to_kind(Kind::Double));
        let nearest = nearest.map_err(Error::torch("cannot read distances from the source"))?;
        result.extend(nearest.into_iter().map(|square| 1.0 - (-square).exp()));
    }
    let largest = result.iter().copied().fold(0.0, f64::max);
    if largest > 0.0 {
        result.iter_mut().for_each(|value| *value /= largest);
    }
    Ok(result)
}
