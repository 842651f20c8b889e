//! D27: flip, pad-and-crop, normalisation, and the published transforms made of them.

use super::image::{Pixels, Planes};
use super::random_erasing::{Rectangle, erase};
use super::resize::resize;
use crate::check;
use crate::error::Result;

/// Mean of ImageNet's images per channel.
pub const IMAGENET_MEAN: [f64; 3] = [0.485, 0.456, 0.406];
/// Standard deviation of ImageNet's images per channel.
pub const IMAGENET_STD: [f64; 3] = [0.229, 0.224, 0.225];

/// Horizontal flip (D27): `y(r, c) = x(r, W − 1 − c)`.
///
/// # Errors
/// There are none for an image that exists.
pub fn flip(image: &Pixels) -> Result<Pixels> {
    Pixels::from_fn(image.height(), image.width(), |row, column, channel| {
        image.at(row, image.width() - 1 - column, channel)
    })
}

/// Pads with `pad` black pixels on all sides and cuts the old size out again (D27): `y(r, c) = x(r + top − pad, c + left − pad)`,
/// 0 outside of x. Published draws `top` and `left` from 0..=2·10.
///
/// # Errors
/// `top` or `left` beyond `2 · pad`.
pub fn pad_and_crop(image: &Pixels, pad: usize, top: usize, left: usize) -> Result<Pixels> {
    let last = 2.0 * pad as f64;
    check::between(top as f64, (0.0, last), "top", "0 to twice the padding")?;
    check::between(left as f64, (0.0, last), "left", "0 to twice the padding")?;
    Pixels::from_fn(image.height(), image.width(), |row, column, channel| {
        let (row, column) = (row + top, column + left);
        let inside =
            (pad..pad + image.height()).contains(&row) && (pad..pad + image.width()).contains(&column);
        if inside { image.at(row - pad, column - pad, channel) } else { 0 }
    })
}

/// Normalisation (D27): `y(k, r, c) = (x(r, c, k) / 255 − mean_k) / std_k`, `[H, W, 3]` to `[3, H, W]`.
///
/// # Errors
/// There are none for an image that exists.
pub fn normalize(image: &Pixels) -> Result<Planes> {
    let mut values = Vec::new();
    for channel in 0..3 {
        for row in 0..image.height() {
            for column in 0..image.width() {
                let level = f64::from(image.at(row, column, channel)) / 255.0;
                values.push((level - IMAGENET_MEAN[channel]) / IMAGENET_STD[channel]);
            }
        }
    }
    Planes::new(image.height(), image.width(), values)
}

/// The published transform of the evaluation: resize (D26), normalise (D27).
///
/// # Errors
/// A side of 0.
pub fn test_transform(image: &Pixels, height: usize, width: usize) -> Result<Planes> {
    normalize(&resize(image, height, width)?)
}

/// The draws that one view of an image is made with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct View {
    /// Whether it is flipped; published with probability 1/2.
    pub flip: bool,
    /// Width of the black border; published 10.
    pub pad: usize,
    /// First row of the crop in the padded image.
    pub top: usize,
    /// First column of the crop in the padded image.
    pub left: usize,
    /// The erased rectangle (D28), with the values written; none in pre-training.
    pub erased: Option<(Rectangle, [f64; 3])>,
}

/// The published transform of the training: resize (D26), flip, pad and crop, normalise (D27), erase (D28).
///
/// # Errors
/// A side of 0, a crop outside of the padded image, or a rectangle outside of the image.
pub fn train_transform(image: &Pixels, height: usize, width: usize, view: &View) -> Result<Planes> {
    let resized = resize(image, height, width)?;
    let turned = if view.flip { flip(&resized)? } else { resized };
    let normalized = normalize(&pad_and_crop(&turned, view.pad, view.top, view.left)?)?;
    match view.erased {
        Some((rectangle, value)) => erase(&normalized, rectangle, value),
        None => Ok(normalized),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two rows of three pixels: 1, 2, 3 and 4, 5, 6 in the first channel, 10 and 20 more in the others.
    fn image() -> Pixels {
        Pixels::from_fn(2, 3, |row, column, channel| (3 * row + column + 1 + 10 * channel) as u8).unwrap()
    }

    fn channel(image: &Pixels, channel: usize) -> Vec<u8> {
        image.values().iter().copied().skip(channel).step_by(3).collect()
    }

    #[test]
    fn a_flip_turns_the_pixels_of_a_row_and_not_their_channels() {
        let found = flip(&image()).unwrap();
        assert_eq!(channel(&found, 0), [3, 2, 1, 6, 5, 4]);
        assert_eq!(channel(&found, 2), [23, 22, 21, 26, 25, 24]);
    }

    #[test]
    fn a_crop_from_the_corner_shows_the_border() {
        assert_eq!(channel(&pad_and_crop(&image(), 1, 0, 0).unwrap(), 0), [0, 0, 0, 0, 1, 2]);
        assert_eq!(channel(&pad_and_crop(&image(), 1, 2, 1).unwrap(), 0), [4, 5, 6, 0, 0, 0]);
        assert_eq!(pad_and_crop(&image(), 1, 1, 1), Ok(image()));
        assert!(pad_and_crop(&image(), 5, 0, 0).unwrap().values().iter().all(|&value| value == 0));
        assert!(pad_and_crop(&image(), 1, 3, 0).is_err());
        assert!(pad_and_crop(&image(), 1, 0, 3).is_err());
    }

    #[test]
    fn normalisation_goes_channel_by_channel() {
        let found = normalize(&Pixels::new(1, 1, vec![0, 51, 255]).unwrap()).unwrap();
        let expected = [-0.485 / 0.229, (0.2 - 0.456) / 0.224, (1.0 - 0.406) / 0.225];
        assert!(found.values().iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-15));
    }

    #[test]
    fn the_training_transform_crops_what_was_flipped_and_erases_last() {
        let rectangle = Rectangle { top: 1, left: 0, height: 1, width: 1 };
        let view = View { flip: true, pad: 1, top: 1, left: 0, erased: Some((rectangle, [9.0, 8.0, 7.0])) };
        let found = train_transform(&image(), 2, 3, &view).unwrap();
        let level = |value: f64| (value / 255.0 - 0.485) / 0.229;
        let expected = [level(0.0), level(3.0), level(2.0), 9.0, level(6.0), level(5.0)];
        assert!(found.values().iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-15));
        assert_eq!((found.at(1, 1, 0), found.at(2, 1, 0)), (8.0, 7.0));
        let plain = View { flip: false, pad: 0, top: 0, left: 0, erased: None };
        assert_eq!(train_transform(&image(), 2, 3, &plain), test_transform(&image(), 2, 3));
    }
}
