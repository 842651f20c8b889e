//! Images before and after the normalisation.

use crate::check;
use crate::error::Result;

/// Grey levels, u8 `[H, W, 3]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pixels {
    height: usize,
    width: usize,
    values: Vec<u8>,
}

impl Pixels {
    /// Wraps `values`, row by row, the three channels of a pixel together.
    ///
    /// # Errors
    /// A side of 0, or another number of values than `height · width · 3`.
    pub fn new(height: usize, width: usize, values: Vec<u8>) -> Result<Self> {
        check::at_least_one(height, "height")?;
        check::at_least_one(width, "width")?;
        check::length(values.len(), height * width * 3, "pixels")?;
        Ok(Self { height, width, values })
    }

    /// The image with `value(row, column, channel)` at each place.
    ///
    /// # Errors
    /// A side of 0.
    pub fn from_fn(
        height: usize,
        width: usize,
        mut value: impl FnMut(usize, usize, usize) -> u8,
    ) -> Result<Self> {
        let mut values = Vec::new();
        for row in 0..height {
            for column in 0..width {
                for channel in 0..3 {
                    values.push(value(row, column, channel));
                }
            }
        }
        Self::new(height, width, values)
    }

    /// H.
    pub fn height(&self) -> usize {
        self.height
    }

    /// W.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The grey level at a place.
    pub fn at(&self, row: usize, column: usize, channel: usize) -> u8 {
        self.values[(row * self.width + column) * 3 + channel]
    }

    /// All grey levels.
    pub fn values(&self) -> &[u8] {
        &self.values
    }
}

/// A normalised image, `[3, H, W]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Planes {
    height: usize,
    width: usize,
    values: Vec<f64>,
}

impl Planes {
    /// Wraps `values`, channel by channel, row by row.
    ///
    /// # Errors
    /// A side of 0, or another number of values than `3 · height · width`.
    pub fn new(height: usize, width: usize, values: Vec<f64>) -> Result<Self> {
        check::at_least_one(height, "height")?;
        check::at_least_one(width, "width")?;
        check::length(values.len(), 3 * height * width, "planes")?;
        Ok(Self { height, width, values })
    }

    /// H.
    pub fn height(&self) -> usize {
        self.height
    }

    /// W.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The value at a place.
    pub fn at(&self, channel: usize, row: usize, column: usize) -> f64 {
        self.values[(channel * self.height + row) * self.width + column]
    }

    /// Sets the value at a place.
    pub(super) fn set(&mut self, channel: usize, row: usize, column: usize, value: f64) {
        self.values[(channel * self.height + row) * self.width + column] = value;
    }

    /// All values.
    pub fn values(&self) -> &[f64] {
        &self.values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_where_the_layout_says() {
        let pixels = Pixels::new(1, 2, vec![1, 2, 3, 4, 5, 6]).unwrap();
        assert_eq!((pixels.at(0, 0, 2), pixels.at(0, 1, 0)), (3, 4));
        assert_eq!(Pixels::from_fn(1, 2, |_, column, channel| (3 * column + channel + 1) as u8), Ok(pixels));
        let planes = Planes::new(1, 2, vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).unwrap();
        assert_eq!((planes.at(2, 0, 0), planes.at(0, 0, 1)), (5.0, 2.0));
    }

    #[test]
    fn values_that_do_not_fill_the_image_are_refused() {
        assert!(Pixels::new(1, 2, vec![0; 5]).is_err());
        assert!(Pixels::new(0, 2, vec![]).is_err());
        assert!(Planes::new(1, 2, vec![0.0; 7]).is_err());
        assert!(Planes::new(1, 0, vec![]).is_err());
    }
}
