//! Values to compare, whatever type they came in, and the comparison itself.

pub use mmt_conformance::compare::Difference;
use mmt_conformance::compare::difference;
use mmt_reference::Matrix;
use tch::{Device, Kind, Tensor};

use crate::{Failure, Trial};

/// A value as a test sees it: a shape and doubles, row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct Actual {
    /// Sizes of the dimensions; empty for a scalar.
    pub shape: Vec<usize>,
    /// The values, row by row. Whole numbers up to 2^53 and f32 values are exact in here.
    pub values: Vec<f64>,
}

impl Actual {
    /// Values of a given shape.
    pub fn new(shape: &[usize], values: Vec<f64>) -> Self {
        debug_assert_eq!(shape.iter().product::<usize>(), values.len());
        Self { shape: shape.to_vec(), values }
    }
}

impl From<f64> for Actual {
    fn from(value: f64) -> Self {
        Self { shape: Vec::new(), values: vec![value] }
    }
}

impl From<&[f64]> for Actual {
    fn from(values: &[f64]) -> Self {
        Self { shape: vec![values.len()], values: values.to_vec() }
    }
}

impl From<&Vec<f64>> for Actual {
    fn from(values: &Vec<f64>) -> Self {
        values.as_slice().into()
    }
}

impl From<&[usize]> for Actual {
    fn from(values: &[usize]) -> Self {
        Self { shape: vec![values.len()], values: values.iter().map(|&value| value as f64).collect() }
    }
}

impl From<&[i64]> for Actual {
    fn from(values: &[i64]) -> Self {
        Self { shape: vec![values.len()], values: values.iter().map(|&value| value as f64).collect() }
    }
}

impl From<&Matrix> for Actual {
    fn from(matrix: &Matrix) -> Self {
        Self { shape: vec![matrix.rows(), matrix.columns()], values: matrix.values().to_vec() }
    }
}

impl From<&Tensor> for Actual {
    fn from(tensor: &Tensor) -> Self {
        let shape = tensor.size().iter().map(|&size| size as usize).collect();
        let flat = tensor.detach().to_device(Device::Cpu).to_kind(Kind::Double).contiguous().view([-1]);
        let mut values = vec![0.0; flat.numel()];
        flat.copy_data(&mut values, flat.numel());
        Self { shape, values }
    }
}

/// Compares place by place with the error allowed at each, `allowed(expected)`; refuses another shape, NaN, and any
/// place that is farther off than allowed.
pub fn compare(actual: &Actual, expected: &Actual, allowed: impl Fn(f64) -> f64) -> Trial<Difference> {
    let worst = measure(actual, expected, allowed)?;
    if worst.share <= 1.0 {
        return Ok(worst);
    }
    Err(Failure::new(format!(
        "{:e} at place {}, expected {:e}: {:.3} times the allowed error",
        actual.values[worst.place], worst.place, expected.values[worst.place], worst.share
    )))
}

/// How far two values of one shape lie apart, allowed or not.
pub fn measure(actual: &Actual, expected: &Actual, allowed: impl Fn(f64) -> f64) -> Trial<Difference> {
    if actual.shape != expected.shape {
        return Err(Failure::new(format!("shape {:?}, expected {:?}", actual.shape, expected.shape)));
    }
    Ok(difference(&actual.values, &expected.values, allowed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_off_by_more_than_allowed_is_refused() {
        let expected = Actual::new(&[2], vec![1.0, 2.0]);
        let actual = Actual::new(&[2], vec![1.0, 2.5]);
        assert!(compare(&actual, &expected, |_| 0.5).is_ok());
        assert!(compare(&actual, &expected, |_| 0.49).is_err());
        assert!(compare(&actual, &expected, |_| 0.0).is_err());
    }

    #[test]
    fn nan_is_never_close() {
        let expected = Actual::from(1.0);
        assert!(compare(&Actual::from(f64::NAN), &expected, |_| f64::INFINITY).is_err());
        assert!(compare(&expected, &Actual::from(f64::NAN), |_| 1.0).is_err());
    }

    #[test]
    fn another_shape_is_refused() {
        let row = Actual::new(&[1, 2], vec![0.0, 0.0]);
        assert!(compare(&row, &Actual::new(&[2], vec![0.0, 0.0]), |_| 1.0).is_err());
    }

    #[test]
    fn a_tensor_and_a_matrix_of_the_same_values_are_equal() {
        let tensor = Tensor::from_slice(&[1.0_f32, 2.0, 3.0, 4.0]).view([2, 2]).transpose(0, 1);
        let matrix = Matrix::new(2, 2, vec![1.0, 3.0, 2.0, 4.0]).unwrap();
        assert_eq!(Actual::from(&tensor), Actual::from(&matrix));
    }
}
