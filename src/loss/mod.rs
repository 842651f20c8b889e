//! The losses of mutual mean-teaching. Each takes features `[B, D]` or logits `[B, M]` (f32 or f64, any device) and
//! labels `[B]` i64, and returns a scalar that can be differentiated. Teachers never get a gradient.
//!
//! The functions check shapes, which costs nothing. That labels are in range and values finite would cost a transfer
//! from the device at every step, so that is what [`check_labels`] and [`crate::distance::check_features`] are for: a
//! training loop calls them once on its pseudo labels and watches the loss for NaN.
//!
//! The objective of two networks and their mean networks (D8):
//! ```
//! use mmt::loss::objective::{Outputs, Weights, mutual_mean_teaching};
//! use tch::{Device, Kind, Tensor};
//!
//! # fn main() -> mmt::Result<()> {
//! // Of a batch of four images, with five clusters.
//! let outputs = || Outputs {
//!     features: Tensor::randn([4, 8], (Kind::Float, Device::Cpu)).set_requires_grad(true),
//!     logits: Tensor::randn([4, 5], (Kind::Float, Device::Cpu)).set_requires_grad(true),
//! };
//! let (students, means) = ([outputs(), outputs()], [outputs(), outputs()]);
//! let labels = Tensor::from_slice(&[0_i64, 0, 3, 3]);
//! let weights = Weights { soft_ce: 0.5, soft_triplet: 0.8, epsilon: 0.1, clusters: 5 };
//! let terms = mutual_mean_teaching(students.each_ref(), means.each_ref(), &labels, &weights)?;
//! terms.total.backward();
//! assert!(students[1].logits.grad().defined() && !means[1].logits.grad().defined());
//! # Ok(())
//! # }
//! ```

pub mod cross_entropy;
pub mod mining;
pub mod objective;
pub mod soft_cross_entropy;
pub mod soft_softmax_triplet;
pub mod softmax_triplet;
pub mod triplet;

use tch::{Kind, Tensor};

use crate::error::{InvalidInput, Result};

/// Refuses anything but a non-empty matrix.
fn check_matrix(tensor: &Tensor, what: &'static str) -> Result<()> {
    if tensor.dim() != 2 {
        let found = format!("{:?}", tensor.size());
        return Err(InvalidInput::Shape { what, expected: "a matrix [B, D]".into(), found }.into());
    }
    if tensor.numel() == 0 {
        return Err(InvalidInput::Empty { what }.into());
    }
    Ok(())
}

/// Refuses two tensors of different shapes.
fn check_same_shape(tensor: &Tensor, other: &Tensor, what: &'static str) -> Result<()> {
    if tensor.size() != other.size() {
        let (expected, found) = (format!("{:?}", tensor.size()), format!("{:?}", other.size()));
        return Err(InvalidInput::Shape { what, expected, found }.into());
    }
    Ok(())
}

/// Refuses labels that are not one integer a row.
fn check_label_shape(rows: &Tensor, labels: &Tensor) -> Result<()> {
    let batch = rows.size()[0];
    if labels.size() != [batch] || labels.kind() != Kind::Int64 {
        return Err(InvalidInput::Shape {
            what: "labels",
            expected: format!("[{batch}] of i64"),
            found: format!("{:?} of {:?}", labels.size(), labels.kind()),
        }
        .into());
    }
    Ok(())
}

/// Refuses labels outside `0..classes`, naming the first such row. Reads the labels back from their device.
pub fn check_labels(labels: &Tensor, classes: usize) -> Result<()> {
    let outside = labels.lt(0).logical_or(&labels.ge(classes as i64));
    if outside.any().int64_value(&[]) == 0 {
        return Ok(());
    }
    let row = outside.to_kind(Kind::Int64).argmax(0, false).int64_value(&[]);
    Err(InvalidInput::LabelOutOfRange { row: row as usize, label: labels.int64_value(&[row]), classes }
        .into())
}
