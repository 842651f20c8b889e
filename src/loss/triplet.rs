//! D5: the triplet loss with a margin, batch-hard.

use tch::{Kind, Tensor};

use super::{check_matrix, mining};
use crate::distance::{euclidean_among, normalize_rows};
use crate::error::{InvalidInput, Result};

/// The loss and how often mining found an easy row.
#[derive(Debug)]
pub struct Triplet {
    /// Scalar: `mean_i max(0, d(i,p) − d(i,n) + margin)`.
    pub loss: Tensor,
    /// Scalar: share of rows with `d(i,n) > d(i,p)`, strictly. No gradient.
    pub precision: Tensor,
}

/// Triplet loss with a margin (D5) on batch-hard pairs (D4); kept for the earlier baselines of the paper (eq. 1).
///
/// `features: [B, D]`, `labels: [B]` i64; with `normalize` the rows are brought to unit length first.
pub fn triplet(features: &Tensor, labels: &Tensor, margin: f64, normalize: bool) -> Result<Triplet> {
    check_matrix(features, "features")?;
    InvalidInput::zero_or_more("margin", margin)?;
    let features = if normalize { normalize_rows(features) } else { features.shallow_clone() };
    let hardest = mining::hardest(&euclidean_among(&features), labels)?;
    let loss = (&hardest.positive - &hardest.negative + margin).relu().mean(None::<Kind>);
    let precision = hardest.negative.gt_tensor(&hardest.positive).to_kind(features.kind()).mean(None::<Kind>);
    Ok(Triplet { loss, precision })
}
