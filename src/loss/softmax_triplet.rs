//! D6: the softmax-triplet loss against a hard label.

use tch::{Kind, Tensor};

use super::check_matrix;
use super::mining::Pairs;
use crate::distance::normalize_rows;
use crate::error::{InvalidInput, Result};

/// Hard softmax-triplet loss (D6): with `T_i = exp d(i,n) / (exp d(i,p) + exp d(i,n))` on batch-hard pairs (D4), the
/// binary cross-entropy of `T_i` with the label `1 − margin`, so `−mean log T_i` at the published margin of 0.
///
/// `features: [B, D]`, `labels: [B]` i64, `margin` in `0..=1`. Source: paper eq. 6–7.
pub fn softmax_triplet(features: &Tensor, labels: &Tensor, margin: f64, normalize: bool) -> Result<Tensor> {
    check_matrix(features, "features")?;
    if !(0.0..=1.0).contains(&margin) {
        return Err(InvalidInput::Parameter { what: "margin", value: margin, allowed: "in 0..=1" }.into());
    }
    let features = if normalize { normalize_rows(features) } else { features.shallow_clone() };
    Ok(against_hard_label(&Pairs::of(&features, labels)?, margin))
}

/// The loss of mined pairs.
pub(super) fn against_hard_label(Pairs { log, .. }: &Pairs, margin: f64) -> Tensor {
    -(log.select(1, 0) * margin + log.select(1, 1) * (1.0 - margin)).mean(None::<Kind>)
}
