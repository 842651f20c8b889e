//! The losses (D1 … D8): fast = reference in value and gradient, and the properties each loss has in both implementations.

mod bad_input;
mod cross_entropy;
mod meta;
mod mining;
mod objective;
mod soft_cross_entropy;
mod soft_softmax_triplet;
mod softmax_triplet;
mod triplet;

use mmt_reference::Matrix;
use mmt_testkit::generate::Batch;
use mmt_testkit::tolerance::{Quantity, Width, check, kind};
use mmt_testkit::{Trial, convert};
use proptest::prelude::*;
use tch::Tensor;

/// A loss and its gradient, from whichever implementation.
#[derive(Debug, Clone)]
pub struct Value {
    pub loss: f64,
    pub gradient: Matrix,
}

impl From<mmt_reference::loss::Value> for Value {
    fn from(value: mmt_reference::loss::Value) -> Self {
        Self { loss: value.loss, gradient: value.gradient }
    }
}

/// A loss of the fast code and its gradient with respect to `input`.
pub fn differentiate(
    width: Width,
    input: &Matrix,
    loss: impl FnOnce(&Tensor) -> mmt::Result<Tensor>,
) -> Trial<Value> {
    let input = convert::tensor(input, kind(width)).set_requires_grad(true);
    let loss = loss(&input)?;
    let gradient = convert::matrix(&convert::gradient(&loss, &input))?;
    Ok(Value { loss: loss.double_value(&[]), gradient })
}

/// Holds value and gradient of the fast code against the reference's.
pub fn agree(definition: &str, width: Width, unit: f64, actual: &Value, expected: &Value) -> Trial {
    agree_in(definition, width, [unit, unit], actual, expected)
}

/// The same with a unit of the value and one of the gradient.
pub fn agree_in(
    definition: &str,
    width: Width,
    [value, gradient]: [f64; 2],
    actual: &Value,
    expected: &Value,
) -> Trial {
    check(definition, Quantity::Value, width, value, actual.loss, expected.loss)?;
    check(definition, Quantity::Gradient, width, gradient, &actual.gradient, &expected.gradient)?;
    Ok(())
}

/// Units of the value and of the gradient of a loss that may normalise the features first: their norms are 1 then.
pub fn units(batch: &Batch, normalize: bool) -> [f64; 2] {
    [if normalize { 1.0 } else { batch.unit() }, batch.gradient_unit(normalize)]
}

/// A property that relates two values of one implementation in f64.
pub fn same_loss(definition: &str, unit: f64, actual: f64, expected: f64) -> Trial {
    check(definition, Quantity::Value, Width::Double, unit, actual, expected).map(|_| ())
}

/// A property that relates two gradients of one implementation in f64.
pub fn same_gradient(definition: &str, unit: f64, actual: &Matrix, expected: &Matrix) -> Trial {
    check(definition, Quantity::Gradient, Width::Double, unit, actual, expected).map(|_| ())
}

/// `features` mirrored at the hyperplane with the normal `axis` (Householder): distances stay, coordinates do not.
pub fn reflected(features: &Matrix, axis: &[f64]) -> Matrix {
    let square: f64 = axis.iter().map(|a| a * a).sum();
    let dot = |i: usize| features.row(i).iter().zip(axis).map(|(x, a)| x * a).sum::<f64>();
    Matrix::from_fn(features.rows(), features.columns(), |i, j| {
        features[(i, j)] - 2.0 * dot(i) / square * axis[j]
    })
}

/// `features` moved by `shift`.
pub fn translated(features: &Matrix, shift: &[f64]) -> Matrix {
    Matrix::from_fn(features.rows(), features.columns(), |i, j| features[(i, j)] + shift[j])
}

/// Identities under other names: `label` becomes `7 * label + 3`.
pub fn renamed(labels: &[usize]) -> Vec<usize> {
    labels.iter().map(|label| 7 * label + 3).collect()
}

/// Entries of a vector that is not zero.
pub fn axes() -> impl Strategy<Value = Vec<f64>> {
    proptest::collection::vec(prop_oneof![0.25..1.0, -1.0..-0.25], 16)
}
