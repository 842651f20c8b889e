//! D33, the published single-network baseline: one step of one network on hard losses alone.

use tch::Tensor;

use super::passes::Passes;
use crate::error::Result;
use crate::loss::objective::{HardTerms, Weights, hard_only};
use crate::model::Network;

/// Names of the losses of a step, in the order of [`values`].
pub const NAMES: [&str; 3] = ["ce_1", "tri_1", "total"];

/// The forward pass of a step: the network in training mode on its view of the batch (`[B, 3, H, W]`).
///
/// `labels: [B]` i64. The soft weights have no part.
/// Source: published `ClusterBaseTrainer`.
///
/// # Errors
/// What the losses refuse.
pub fn terms(
    network: &Network,
    view: &Tensor,
    labels: &Tensor,
    weights: &Weights,
    passes: &Passes,
) -> Result<HardTerms> {
    hard_only(&passes.student(0, network, view), labels, weights.epsilon, weights.clusters)
}

/// The scalars by [`NAMES`] as one detached vector `[3]`.
pub fn values(terms: &HardTerms) -> Tensor {
    Tensor::stack(&[&terms.ce, &terms.tri, &terms.total], 0).detach()
}
