//! D33 without θ2: one step of a single student that is taught by its own mean network.

use tch::Tensor;

use super::passes::Passes;
use crate::error::Result;
use crate::loss::objective::{StudentTerms, Weights, mean_teaching};
use crate::model::Network;

/// Names of the losses of a step, in the order of [`values`].
pub const NAMES: [&str; 5] = ["ce_1", "tri_1", "soft_ce_1", "soft_tri_1", "total"];

/// Forward passes of a step: the student, then its mean network, on the same view of the batch (`[B, 3, H, W]`), both in training
/// mode; nothing flows into the mean network.
///
/// `labels: [B]` i64.
///
/// # Errors
/// What the objective refuses.
pub fn terms(
    student: &Network,
    mean_network: &Network,
    view: &Tensor,
    labels: &Tensor,
    weights: &Weights,
    passes: &Passes,
) -> Result<StudentTerms> {
    let outputs = passes.student(0, student, view);
    let teacher = tch::no_grad(|| passes.mean_network(0, mean_network, view));
    mean_teaching(&outputs, &teacher, labels, weights)
}

/// The scalars by [`NAMES`] as one detached vector `[5]`.
pub fn values(terms: &StudentTerms) -> Tensor {
    Tensor::stack(&[&terms.ce, &terms.tri, &terms.soft_ce, &terms.soft_tri, &terms.total], 0).detach()
}
