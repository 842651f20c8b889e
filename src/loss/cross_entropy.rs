//! D1: cross-entropy with label smoothing, the identity loss.

use tch::{Kind, Tensor};

use super::{check_label_shape, check_matrix};
use crate::error::{InvalidInput, Result};

/// Label-smoothed cross-entropy (D1): `−mean_b Σ_c t_bc log softmax(logits_b)_c` with
/// `t = (1 − ε)·onehot(label) + ε/M`.
///
/// `logits: [B, M]` f32 or f64, `labels: [B]` i64 in `0..M`, `epsilon` in `0..=1` (published 0.1). Returns a scalar.
/// Source: paper eq. 2–3 with the smoothing of the published `CrossEntropyLabelSmooth`.
pub fn label_smoothed(logits: &Tensor, labels: &Tensor, epsilon: f64) -> Result<Tensor> {
    check_matrix(logits, "logits")?;
    check_label_shape(logits, labels)?;
    check_epsilon(epsilon)?;
    Ok(of_log_probabilities(&logits.log_softmax(1, None::<Kind>), labels, epsilon))
}

/// Refuses a smoothing outside [0, 1].
pub(super) fn check_epsilon(epsilon: f64) -> Result<()> {
    if (0.0..=1.0).contains(&epsilon) {
        return Ok(());
    }
    Err(InvalidInput::Parameter { what: "epsilon", value: epsilon, allowed: "in 0..=1" }.into())
}

/// The same from `log softmax(logits)`.
pub(super) fn of_log_probabilities(log_probabilities: &Tensor, labels: &Tensor, epsilon: f64) -> Tensor {
    // Σ_c t_c log p_c = (1 − ε) log p_label + ε · mean_c log p_c
    let of_label = log_probabilities.gather(1, &labels.unsqueeze(1), false).mean(None::<Kind>);
    let of_all = log_probabilities.mean(None::<Kind>);
    -(of_label * (1.0 - epsilon) + of_all * epsilon)
}
