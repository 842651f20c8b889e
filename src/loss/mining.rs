//! D4: the hardest positive and the hardest negative of every row of a batch.

use tch::{Kind, Tensor};

use super::check_label_shape;
use crate::distance::euclidean_among;
use crate::error::Result;

/// The term that published adds to a distance to rule a pair out of the search.
const FAR: f64 = 9_999_999.0;

/// Distances to, and indices of, the hardest pair of each row.
#[derive(Debug)]
pub struct Hardest {
    /// `[B]`: distance to the farthest row of the same identity, the row itself included.
    pub positive: Tensor,
    /// `[B]`: distance to the nearest row of another identity; 9,999,999 + the smallest distance where there is none.
    pub negative: Tensor,
    /// `[B]` i64: index of the hardest positive.
    pub positive_index: Tensor,
    /// `[B]` i64: index of the hardest negative.
    pub negative_index: Tensor,
}

/// Batch-hard mining (D4) in `distances: [B, B]` by `labels: [B]` i64. Gradients flow into the chosen distances.
///
/// As published, pairs are ruled out by adding ∓9,999,999 before taking the largest and smallest entry, so a batch of
/// one identity is no error: its negatives are then 9,999,999 away.
pub fn hardest(distances: &Tensor, labels: &Tensor) -> Result<Hardest> {
    check_label_shape(distances, labels)?;
    let same = labels.unsqueeze(1).eq_tensor(&labels.unsqueeze(0)).to_kind(distances.kind());
    let (positive, positive_index) = (distances - (same.ones_like() - &same) * FAR).max_dim(1, false);
    let (negative, negative_index) = (distances + &same * FAR).min_dim(1, false);
    Ok(Hardest { positive, negative, positive_index, negative_index })
}

/// Distances `[B]` at the given column of each row of `distances: [B, B]`.
pub(super) fn at(distances: &Tensor, index: &Tensor) -> Tensor {
    distances.gather(1, &index.unsqueeze(1), false).squeeze_dim(1)
}

/// The common part of the hard and the soft softmax-triplet loss of a network: the mined pairs and [`log_softmax_of_pairs`].
#[derive(Debug)]
pub(super) struct Pairs {
    pub hardest: Hardest,
    /// `[B, 2]`: of (positive, negative).
    pub log: Tensor,
}

impl Pairs {
    /// Batch-hard pairs of `features: [B, D]`, as they are.
    pub fn of(features: &Tensor, labels: &Tensor) -> Result<Self> {
        let hardest = hardest(&euclidean_among(features), labels)?;
        let log = log_softmax_of_pairs(&hardest.positive, &hardest.negative);
        Ok(Self { hardest, log })
    }
}

/// `log_softmax` of the pairs (positive, negative): `[B, 2]`.
pub(super) fn log_softmax_of_pairs(positive: &Tensor, negative: &Tensor) -> Tensor {
    Tensor::stack(&[positive, negative], 1).log_softmax(1, None::<Kind>)
}
