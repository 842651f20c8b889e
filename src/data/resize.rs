//! Bicubic resize, D26.

use std::borrow::Cow;

use super::decode::{DecodedImage, ImageSize};
use crate::{InvalidInput, Result};

/// Binary digits after the point of a fixed-point weight, as many as Pillow has: a sum of weights times grey levels, with
/// its overshoot, then still fits into 32 bits. Fewer digits (as libraries with 16-bit weights have) come out up to two
/// grey levels away.
const FRACTION_BITS: u32 = 22;

/// Pillow's bicubic resize (D26): a = -0.5 (Catmull-Rom), widened when shrinking, within the rows and within the columns
/// (see `columns_first`), each pass rounded and clipped to 8 bits. An image that has the size already comes back as it
/// is. Returns u8 `[H, W, 3]`.
///
/// # Errors
/// A size of 0, or pixels that do not match their size.
pub fn resize(image: &DecodedImage, size: ImageSize) -> Result<Cow<'_, [u8]>> {
    let DecodedImage { size: from, pixels } = image;
    if pixels.len() != from.values() {
        let (expected, found) = (format!("{} values", from.values()), format!("{} values", pixels.len()));
        return Err(InvalidInput::Shape { what: "pixels", expected, found }.into());
    }
    InvalidInput::at_least_one("image side", size.values().min(from.values()))?;
    if *from == size {
        return Ok(Cow::Borrowed(pixels));
    }
    let resized = if columns_first(*from, size) {
        let between = ImageSize { height: size.height, width: from.width };
        resize_rows(&resize_columns(pixels, between), between, size.width)
    } else {
        resize_columns(&resize_rows(pixels, *from, size.width), size)
    };
    Ok(Cow::Owned(resized))
}

/// Whether Pillow 13 resizes within the columns first: where the height shrinks, and by more than twice what the width
/// shrinks by (in pixels). The order shows in the result because the first pass is rounded and clipped: images that
/// shrink come out up to a dozen grey levels apart. Older versions of Pillow always began with the rows.
fn columns_first(from: ImageSize, to: ImageSize) -> bool {
    from.height > to.height && from.height + 2 * to.width > to.height + 2 * from.width
}

/// The weights of one output position: those of the input positions from `first` on. Their sum is 1.
struct Kernel {
    first: usize,
    weights: Vec<i32>,
}

/// The kernels that resize a line of `from` values to `to` values.
fn kernels(from: usize, to: usize) -> Vec<Kernel> {
    let scale = from as f64 / to as f64;
    // Shrinking averages over more input; growing never looks at less than the filter's own width.
    let stretch = scale.max(1.0);
    let reach = 2.0 * stretch;
    (0..to)
        .map(|position| {
            let centre = (position as f64 + 0.5) * scale;
            let first = (centre - reach).round().max(0.0) as usize;
            let end = ((centre + reach).round() as usize).min(from);
            let weights: Vec<f64> =
                (first..end).map(|input| bicubic((input as f64 + 0.5 - centre) / stretch)).collect();
            let sum: f64 = weights.iter().sum();
            let one = f64::from(1 << FRACTION_BITS);
            Kernel {
                first,
                weights: weights.iter().map(|weight| (weight / sum * one).round() as i32).collect(),
            }
        })
        .collect()
}

/// Keys' cubic convolution with a = -0.5.
fn bicubic(x: f64) -> f64 {
    const A: f64 = -0.5;
    match x.abs() {
        x if x < 1.0 => ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0,
        x if x < 2.0 => (((x - 5.0) * x + 8.0) * x - 4.0) * A,
        _ => 0.0,
    }
}

const HALF: i32 = 1 << (FRACTION_BITS - 1);

/// Rounds a weighted sum that was started at `HALF` and clips it to a grey level.
fn grey_level(sum: i32) -> u8 {
    (sum >> FRACTION_BITS).clamp(0, 255) as u8
}

fn resize_rows(pixels: &[u8], from: ImageSize, width: usize) -> Vec<u8> {
    let kernels = kernels(from.width, width);
    let mut resized = Vec::with_capacity(from.height * width * 3);
    for row in pixels.chunks_exact(from.width * 3) {
        for Kernel { first, weights } in &kernels {
            let mut sums = [HALF; 3];
            for (weight, pixel) in weights.iter().zip(row[first * 3..].chunks_exact(3)) {
                sums.iter_mut().zip(pixel).for_each(|(sum, value)| *sum += weight * i32::from(*value));
            }
            resized.extend(sums.map(grey_level));
        }
    }
    resized
}

/// `pixels` have the width of `size` already.
fn resize_columns(pixels: &[u8], size: ImageSize) -> Vec<u8> {
    let row_length = size.width * 3;
    let mut resized = Vec::with_capacity(size.values());
    let mut sums = vec![HALF; row_length];
    for Kernel { first, weights } in kernels(pixels.len() / row_length, size.height) {
        sums.fill(HALF);
        for (weight, row) in weights.iter().zip(pixels[first * row_length..].chunks_exact(row_length)) {
            sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += weight * i32::from(*value));
        }
        resized.extend(sums.iter().copied().map(grey_level));
    }
    resized
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(height: usize, width: usize, value: impl Fn(usize) -> u8) -> DecodedImage {
        let size = ImageSize { height, width };
        DecodedImage { size, pixels: (0..size.values()).map(value).collect() }
    }

    #[test]
    fn a_constant_image_stays_constant() {
        for (height, width) in [(1, 1), (5, 3), (64, 32), (200, 90)] {
            let size = ImageSize { height: 32, width: 16 };
            let constant = image(height, width, |i| [10, 200, 255][i % 3]);
            let resized = resize(&constant, size).unwrap();
            assert_eq!(resized.len(), size.values());
            assert!(resized.iter().enumerate().all(|(i, value)| *value == [10, 200, 255][i % 3]));
        }
    }

    #[test]
    fn doubling_weighs_four_neighbours() {
        // Output 2 of a doubled line sits at input 0.75: weights of Keys' cubic at -1.25, -0.25, 0.75, 1.75.
        let weights: Vec<i32> = kernels(8, 16).swap_remove(4).weights;
        let expected = [-0.0703125, 0.8671875, 0.2265625, -0.0234375];
        let weights: Vec<f64> =
            weights.into_iter().map(|weight| f64::from(weight) / f64::from(1 << 22)).collect();
        let expected: Vec<f64> = expected.into_iter().rev().collect();
        assert_eq!(weights, expected);
    }

    #[test]
    fn columns_come_first_where_the_height_shrinks_by_more_than_twice_as_many_pixels() {
        let first = |from: (usize, usize), to: (usize, usize)| {
            let [from, to] = [from, to].map(|(height, width)| ImageSize { height, width });
            columns_first(from, to)
        };
        assert!(!first((60, 40), (20, 20)) && first((61, 40), (20, 20)));
        assert!(!first((60, 40), (60, 50)) && first((60, 40), (59, 50)));
        assert!(!first((128, 64), (256, 128)) && !first((90, 33), (128, 64)) && first((90, 33), (64, 32)));
    }

    #[test]
    fn the_same_size_is_no_change() {
        let noise = image(7, 5, |i| (i * 37 % 251) as u8);
        assert_eq!(resize(&noise, noise.size).unwrap(), noise.pixels);
    }

    #[test]
    fn a_size_of_zero_or_the_wrong_pixels_are_refused() {
        let mut noise = image(7, 5, |i| i as u8);
        assert!(resize(&noise, ImageSize { height: 0, width: 4 }).is_err());
        noise.pixels.pop();
        assert!(resize(&noise, noise.size).is_err());
    }
}
