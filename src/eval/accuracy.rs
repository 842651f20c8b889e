//! Top-1 share of a classifier.

use tch::{Kind, Tensor};

use crate::error::Result;
use crate::loss::check_labels;

/// Share of the rows of `logits: [B, M]` whose largest entry is that of `labels: [B]` i64.
///
/// # Errors
/// Labels outside `0..M`.
pub fn top1_share(logits: &Tensor, labels: &Tensor) -> Result<f64> {
    check_labels(labels, logits.size()[1] as usize)?;
    Ok(logits.argmax(1, false).eq_tensor(labels).to_kind(Kind::Double).mean(Kind::Double).double_value(&[]))
}
