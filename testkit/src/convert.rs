//! Bridges between the reference's [`Matrix`] and labels, and tch's tensors.

use mmt_reference::Matrix;
use tch::{Kind, Tensor};

use crate::devices::current;
use crate::{Failure, Trial};

/// A matrix as a tensor `[rows, columns]` of the given kind, on the device of the running test.
pub fn tensor(matrix: &Matrix, kind: Kind) -> Tensor {
    let tensor = Tensor::from_slice(matrix.values())
        .view([matrix.rows() as i64, matrix.columns() as i64])
        .to_kind(kind);
    tensor.to_device(current())
}

/// Labels as an i64 tensor `[B]`, on the device of the running test.
pub fn label_tensor(labels: &[usize]) -> Tensor {
    Tensor::from_slice(&labels.iter().map(|&label| label as i64).collect::<Vec<_>>()).to_device(current())
}

/// A tensor `[rows, columns]` as a matrix.
pub fn matrix(tensor: &Tensor) -> Trial<Matrix> {
    let actual = crate::Actual::from(tensor);
    match actual.shape[..] {
        [rows, columns] => Ok(Matrix::new(rows, columns, actual.values)?),
        _ => Err(Failure::new(format!("a matrix has two dimensions, not the shape {:?}", actual.shape))),
    }
}

/// The gradient of `loss` with respect to `input`, zeros where no path leads from one to the other.
pub fn gradient(loss: &Tensor, input: &Tensor) -> Tensor {
    if !loss.requires_grad() {
        return input.zeros_like();
    }
    let gradient = Tensor::run_backward(&[loss], &[input], true, false).remove(0);
    if gradient.defined() { gradient } else { input.zeros_like() }
}
