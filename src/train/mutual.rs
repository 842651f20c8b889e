//! D33: one step of mutual mean-teaching on given batches, of the same without mean networks, and of its hard-only baseline.

use tch::Tensor;

use super::ema;
use super::passes::Passes;
use crate::error::Result;
use crate::loss::objective::{Terms, Weights, hard_only, mutual_mean_teaching};
use crate::model::Network;

/// Names of the losses of a hard-only step.
pub const HARD_NAMES: [&str; 5] = ["ce_1", "ce_2", "tri_1", "tri_2", "total"];

/// Forward passes of mutual mean-teaching: students 1 and 2, then mean networks 1 and 2, each on its own view of the batch
/// (`views`: `[B, 3, H, W]` each), all in training mode; nothing flows into the mean networks.
///
/// `labels: [B]` i64.
///
/// # Errors
/// What the objective refuses.
pub fn terms(
    students: &[Network; 2],
    mean_networks: &[Network; 2],
    views: [&Tensor; 2],
    labels: &Tensor,
    weights: &Weights,
    passes: &Passes,
) -> Result<Terms> {
    let [student_1, student_2] = [0, 1].map(|at| passes.student(at, &students[at], views[at]));
    let [mean_1, mean_2] =
        tch::no_grad(|| [0, 1].map(|at| passes.mean_network(at, &mean_networks[at], views[at])));
    mutual_mean_teaching([&student_1, &student_2], [&mean_1, &mean_2], labels, weights)
}

/// Forward passes of mutual teaching by the current networks, the ablation without E[θ]: both students, each on its own view; each
/// is taught by the detached outputs of the other in this very step.
///
/// # Errors
/// What the objective refuses.
pub fn current_terms(
    students: &[Network; 2],
    views: [&Tensor; 2],
    labels: &Tensor,
    weights: &Weights,
    passes: &Passes,
) -> Result<Terms> {
    let [outputs_1, outputs_2] = [0, 1].map(|at| passes.student(at, &students[at], views[at]));
    // The objective takes no gradient from its teachers.
    let outputs = [&outputs_1, &outputs_2];
    mutual_mean_teaching(outputs, outputs, labels, weights)
}

/// Forward passes of the baseline: hard losses of both students. Returns the values by [`HARD_NAMES`], `[5]`, and the total
/// to minimise.
///
/// # Errors
/// What the losses refuse.
pub fn hard_terms(
    students: &[Network; 2],
    views: [&Tensor; 2],
    labels: &Tensor,
    weights: &Weights,
    passes: &Passes,
) -> Result<(Tensor, Tensor)> {
    let [outputs_1, outputs_2] = [0, 1].map(|at| passes.student(at, &students[at], views[at]));
    let one = hard_only(&outputs_1, labels, weights.epsilon, weights.clusters)?;
    let two = hard_only(&outputs_2, labels, weights.epsilon, weights.clusters)?;
    let total = &one.total + &two.total;
    let values = Tensor::stack(&[&one.ce, &two.ce, &one.tri, &two.tri, &total], 0).detach();
    Ok((values, total))
}

/// Moves every mean network towards its student after a step of the optimizer; `decay` is the share of the old mean.
///
/// # Errors
/// Networks of other shapes.
pub fn update_mean_networks(mean_networks: &mut [Network], students: &[Network], decay: f64) -> Result<()> {
    for (mean, student) in mean_networks.iter_mut().zip(students) {
        ema::update(mean, student, decay)?;
    }
    Ok(())
}
