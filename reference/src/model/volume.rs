//! Batches of feature maps: `[images, channels, height, width]` doubles.

use crate::error::{InvalidInput, Result};
use crate::matrix::Matrix;

/// A dense row-major array `[images, channels, height, width]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Volume {
    shape: [usize; 4],
    values: Vec<f64>,
}

impl Volume {
    /// Wraps `values` (row-major); refuses another number of them than the shape says.
    pub fn new(shape: [usize; 4], values: Vec<f64>) -> Result<Self> {
        if values.len() != shape.iter().product::<usize>() {
            let (expected, found) = (format!("{shape:?}"), format!("{} values", values.len()));
            return Err(InvalidInput::Shape { what: "values", expected, found });
        }
        Ok(Self { shape, values })
    }

    /// Zeros.
    pub fn zeros(shape: [usize; 4]) -> Self {
        Self { shape, values: vec![0.0; shape.iter().product()] }
    }

    /// A matrix `[B, C]` as `[B, C, 1, 1]`.
    pub fn from_matrix(matrix: &Matrix) -> Self {
        Self { shape: [matrix.rows(), matrix.columns(), 1, 1], values: matrix.values().to_vec() }
    }

    /// `[B, C, H, W]` as a matrix `[B, C·H·W]`.
    pub fn to_matrix(&self) -> Matrix {
        let columns = self.shape[1] * self.pixels();
        Matrix::from_fn(self.shape[0], columns, |b, k| self.values[b * columns + k])
    }

    /// `[images, channels, height, width]`.
    pub fn shape(&self) -> [usize; 4] {
        self.shape
    }

    /// Height times width.
    pub fn pixels(&self) -> usize {
        self.shape[2] * self.shape[3]
    }

    /// All values, row-major.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// All values, mutable.
    pub fn values_mut(&mut self) -> &mut [f64] {
        &mut self.values
    }

    /// Rows of one channel of one image, `height * width` values.
    pub fn plane(&self, image: usize, channel: usize) -> &[f64] {
        let start = (image * self.shape[1] + channel) * self.pixels();
        &self.values[start..start + self.pixels()]
    }

    /// The same, mutable.
    pub fn plane_mut(&mut self, image: usize, channel: usize) -> &mut [f64] {
        let (pixels, start) = (self.pixels(), (image * self.shape[1] + channel) * self.pixels());
        &mut self.values[start..start + pixels]
    }

    /// The same shape with `f(value)` at each place.
    pub fn map(&self, f: impl Fn(f64) -> f64) -> Self {
        Self { shape: self.shape, values: self.values.iter().map(|&value| f(value)).collect() }
    }

    /// The same shape with `f(own, other's)` at each place; refuses another shape.
    pub fn zip(&self, other: &Self, f: impl Fn(f64, f64) -> f64) -> Result<Self> {
        other.check_shape(self.shape, "the other volume")?;
        let values = self.values.iter().zip(&other.values).map(|(&a, &b)| f(a, b)).collect();
        Ok(Self { shape: self.shape, values })
    }

    /// Channels `from..to` of every image.
    pub fn channels(&self, from: usize, to: usize) -> Self {
        let [images, _, height, width] = self.shape;
        let mut part = Self::zeros([images, to - from, height, width]);
        for image in 0..images {
            for channel in from..to {
                part.plane_mut(image, channel - from).copy_from_slice(self.plane(image, channel));
            }
        }
        part
    }

    /// The channels of `first`, then those of `second`.
    pub fn join(first: &Self, second: &Self) -> Result<Self> {
        let [images, channels, height, width] = first.shape;
        let added = second.shape[1];
        second.check_shape([images, added, height, width], "the second half of the channels")?;
        let mut joined = Self::zeros([images, channels + added, height, width]);
        for image in 0..images {
            for channel in 0..channels {
                joined.plane_mut(image, channel).copy_from_slice(first.plane(image, channel));
            }
            for channel in 0..added {
                joined.plane_mut(image, channels + channel).copy_from_slice(second.plane(image, channel));
            }
        }
        Ok(joined)
    }

    /// Refuses another shape.
    pub fn check_shape(&self, expected: [usize; 4], what: &'static str) -> Result<()> {
        if self.shape == expected {
            return Ok(());
        }
        let (expected, found) = (format!("{expected:?}"), format!("{:?}", self.shape));
        Err(InvalidInput::Shape { what, expected, found })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_of_the_channels_join_to_the_whole() {
        let whole = Volume::new([2, 3, 1, 2], (0..12).map(f64::from).collect()).unwrap();
        let (first, second) = (whole.channels(0, 1), whole.channels(1, 3));
        assert_eq!(second.plane(1, 0), [8.0, 9.0]);
        assert_eq!(Volume::join(&first, &second).unwrap(), whole);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert!(matches!(Volume::new([1, 2, 3, 4], vec![0.0; 23]), Err(InvalidInput::Shape { .. })));
        let (one, other) = (Volume::zeros([1, 1, 2, 2]), Volume::zeros([2, 1, 2, 2]));
        assert!(Volume::join(&one, &other).is_err());
        assert!(one.zip(&other, |a, _| a).is_err());
    }
}
