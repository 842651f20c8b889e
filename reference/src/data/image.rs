//! An image of grey levels: what decoding hands over.

use crate::check;
use crate::error::{InvalidInput, Result};

/// Red, green, blue.
pub const CHANNELS: usize = 3;

/// `height × width` pixels of three grey levels each, row by row, the channels of a pixel side by side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    height: usize,
    width: usize,
    levels: Vec<u8>,
}

impl Image {
    /// Wraps `levels: [height, width, 3]`.
    ///
    /// # Errors
    /// No pixels, or another number of levels.
    pub fn new(height: usize, width: usize, levels: Vec<u8>) -> Result<Self> {
        if height == 0 || width == 0 {
            return Err(InvalidInput::Empty { what: "image" });
        }
        check::length(levels.len(), height * width * CHANNELS, "levels")?;
        Ok(Self { height, width, levels })
    }

    /// An image with `level(row, column, channel)` at each place.
    ///
    /// # Errors
    /// No pixels.
    pub fn from_fn(height: usize, width: usize, level: impl Fn(usize, usize, usize) -> u8) -> Result<Self> {
        let mut levels = Vec::new();
        for row in 0..height {
            for column in 0..width {
                for channel in 0..CHANNELS {
                    levels.push(level(row, column, channel));
                }
            }
        }
        Self::new(height, width, levels)
    }

    /// Rows.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Columns.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The grey level at a place.
    pub fn at(&self, row: usize, column: usize, channel: usize) -> u8 {
        self.levels[(row * self.width + column) * CHANNELS + channel]
    }

    /// All levels, `[height, width, 3]`.
    pub fn levels(&self) -> &[u8] {
        &self.levels
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_and_levels_agree() {
        let image =
            Image::from_fn(2, 3, |row, column, channel| (100 * row + 10 * column + channel) as u8).unwrap();
        assert_eq!(image.at(1, 2, 0), 120);
        assert_eq!(image.levels()[..6], [0, 1, 2, 10, 11, 12]);
        assert_eq!(Image::new(2, 3, image.levels().to_vec()), Ok(image));
    }

    #[test]
    fn what_is_no_image_is_refused() {
        assert_eq!(Image::new(0, 3, vec![]), Err(InvalidInput::Empty { what: "image" }));
        assert!(matches!(Image::new(1, 1, vec![0; 4]), Err(InvalidInput::Shape { what: "levels", .. })));
    }
}
