//! D27: horizontal flip, pad-and-crop and normalisation.

use super::image::{CHANNELS, Image};
use crate::check;
use crate::error::Result;
use crate::matrix::Matrix;

/// Mean of the ImageNet images, per channel.
pub const IMAGENET_MEAN: [f64; 3] = [0.485, 0.456, 0.406];

/// Standard deviation of the ImageNet images, per channel.
pub const IMAGENET_STD: [f64; 3] = [0.229, 0.224, 0.225];

/// Horizontal flip (D27): `out(i, j) = in(i, W − 1 − j)`. Source: published `RandomHorizontalFlip`.
///
/// # Errors
/// None: an [`Image`] is never empty.
pub fn flip(image: &Image) -> Result<Image> {
    let last = image.width() - 1;
    Image::from_fn(image.height(), image.width(), |i, j, channel| image.at(i, last - j, channel))
}

/// Pads with `pad` black pixels on every side and cuts the image's own size out of that, from row `top` and column `left` of the
/// padded image, both `0..=2 pad` (D27): `out(i, j) = in(i + top − pad, j + left − pad)`, 0 outside.
///
/// Source: published `Pad(10)` and `RandomCrop`.
///
/// # Errors
/// `top` or `left` beyond `2 pad`.
pub fn pad_and_crop(image: &Image, pad: usize, top: usize, left: usize) -> Result<Image> {
    let last = 2.0 * pad as f64;
    check::between(top as f64, (0.0, last), "top", "in 0..=2 pad")?;
    check::between(left as f64, (0.0, last), "left", "in 0..=2 pad")?;
    Image::from_fn(image.height(), image.width(), |i, j, channel| {
        let (row, column) = (i + top, j + left);
        let inside =
            (pad..pad + image.height()).contains(&row) && (pad..pad + image.width()).contains(&column);
        if inside { image.at(row - pad, column - pad, channel) } else { 0 }
    })
}

/// The planes `[3][H, W]` of an image, scaled to 0..=1 and normalised with the ImageNet statistics (D27):
/// `out_k(i, j) = (in(i, j, k) / 255 − mean_k) / std_k`. Source: published `ToTensor` and `Normalize`.
///
/// # Errors
/// None: an [`Image`] is never empty.
pub fn normalize(image: &Image) -> Result<Vec<Matrix>> {
    let plane = |channel: usize| {
        Matrix::from_fn(image.height(), image.width(), |i, j| {
            (f64::from(image.at(i, j, channel)) / 255.0 - IMAGENET_MEAN[channel]) / IMAGENET_STD[channel]
        })
    };
    Ok((0..CHANNELS).map(plane).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two rows of three pixels; the channels differ by 100.
    fn image() -> Image {
        Image::from_fn(2, 3, |i, j, channel| (1 + 3 * i + j + 100 * channel) as u8).unwrap()
    }

    /// A channel as rows.
    fn channel(image: &Image, channel: usize) -> Vec<Vec<u8>> {
        let row = |i: usize| (0..image.width()).map(|j| image.at(i, j, channel)).collect();
        (0..image.height()).map(row).collect()
    }

    #[test]
    fn a_flip_turns_columns_and_neither_rows_nor_channels() {
        let flipped = flip(&image()).unwrap();
        assert_eq!(channel(&flipped, 0), [[3, 2, 1], [6, 5, 4]]);
        assert_eq!(channel(&flipped, 2), [[203, 202, 201], [206, 205, 204]]);
        assert_eq!(flip(&flipped).unwrap(), image());
    }

    #[test]
    fn the_crop_moves_over_a_black_border() {
        let crop = |top, left| channel(&pad_and_crop(&image(), 1, top, left).unwrap(), 0);
        assert_eq!(crop(0, 0), [[0, 0, 0], [0, 1, 2]]);
        assert_eq!(crop(1, 1), [[1, 2, 3], [4, 5, 6]]);
        assert_eq!(crop(2, 1), [[4, 5, 6], [0, 0, 0]]);
        assert_eq!(crop(1, 2), [[2, 3, 0], [5, 6, 0]]);
    }

    #[test]
    fn a_border_wider_than_the_image_can_hide_it() {
        let hidden = pad_and_crop(&image(), 10, 20, 0).unwrap();
        assert!(hidden.levels().iter().all(|&level| level == 0));
    }

    #[test]
    fn normalisation_goes_plane_by_plane() {
        let black_and_white = Image::new(1, 2, vec![0, 51, 255, 255, 0, 0]).unwrap();
        let planes = normalize(&black_and_white).unwrap();
        assert_eq!(planes[0].values(), [-0.485 / 0.229, (1.0 - 0.485) / 0.229]);
        assert_eq!(planes[1].values(), [(0.2 - 0.456) / 0.224, -0.456 / 0.224]);
        assert_eq!(planes[2].values(), [(1.0 - 0.406) / 0.225, -0.406 / 0.225]);
    }

    #[test]
    fn a_crop_outside_the_padded_image_is_refused() {
        assert!(pad_and_crop(&image(), 1, 3, 0).is_err());
        assert!(pad_and_crop(&image(), 1, 0, 3).is_err());
    }
}
