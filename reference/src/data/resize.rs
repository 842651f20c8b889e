//! D26: Pillow's bicubic resize.

use super::image::Image;
use crate::check;
use crate::error::Result;

/// Bicubic resize to `height × width` (D26), first within the rows, then within the columns, each pass rounded (halves up) and
/// clipped to 0..=255.
///
/// One pass takes a line of n values to m: with `s = n/m`, `t = max(s, 1)` and `c = (j + 1/2) s` the place of output j on the
/// input, `out_j = Σ_i w_i in_i / Σ_i w_i`, `w_i = k((i + 1/2 − c) / t)`, over the i from `⌊c − 2t + 1/2⌋` up to before
/// `⌊c + 2t + 1/2⌋` that exist. k is Keys' cubic with a = −1/2. Shrinking widens the kernel (t > 1), so it averages. A side that
/// has its length already is left alone, which is what the formula says too (k is 1 at 0 and 0 at the other whole numbers).
///
/// Source: Pillow's `Image.resize` with `BICUBIC`, on which published `RectScale` relies; Keys 1981. Pillow rounds its weights
/// to 22 binary digits, so it may be one grey level off.
///
/// # Errors
/// A side of 0.
pub fn resize(image: &Image, height: usize, width: usize) -> Result<Image> {
    check::at_least_one(height, "height")?;
    check::at_least_one(width, "width")?;
    let wide = Image::from_fn(image.height(), width, |row, j, channel| {
        weighted(image.width(), width, j, |column| image.at(row, column, channel))
    })?;
    Image::from_fn(height, width, |j, column, channel| {
        weighted(image.height(), height, j, |row| wide.at(row, column, channel))
    })
}

/// Output `j` of a line of `from` values that becomes `to` values long.
fn weighted(from: usize, to: usize, j: usize, value: impl Fn(usize) -> u8) -> u8 {
    let scale = from as f64 / to as f64;
    let stretch = scale.max(1.0);
    let centre = (j as f64 + 0.5) * scale;
    // Both are cut to what exists; a negative number becomes 0.
    let first = (centre - 2.0 * stretch + 0.5) as usize;
    let end = ((centre + 2.0 * stretch + 0.5) as usize).min(from);
    let (mut sum, mut weights) = (0.0, 0.0);
    for i in first..end {
        let weight = cubic((i as f64 + 0.5 - centre) / stretch);
        sum += weight * f64::from(value(i));
        weights += weight;
    }
    (sum / weights + 0.5).floor().clamp(0.0, 255.0) as u8
}

/// Keys' cubic convolution kernel with a = −1/2.
fn cubic(x: f64) -> f64 {
    let (a, x) = (-0.5, x.abs());
    if x < 1.0 {
        (a + 2.0) * x * x * x - (a + 3.0) * x * x + 1.0
    } else if x < 2.0 {
        a * x * x * x - 5.0 * a * x * x + 8.0 * a * x - 4.0 * a
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A row of grey pixels, resized to `width`.
    fn row(levels: &[u8], width: usize) -> Vec<u8> {
        let image = Image::from_fn(1, levels.len(), |_, column, _| levels[column]).unwrap();
        let resized = resize(&image, 1, width).unwrap();
        (0..width).map(|column| resized.at(0, column, 1)).collect()
    }

    #[test]
    fn doubling_weighs_four_neighbours() {
        // Output 4 stands at input 2.25, between the centres 1.5 and 2.5: k(−1.75), k(−0.75), k(0.25),
        // k(1.25), in 128ths.
        let weights = [-3.0, 29.0, 111.0, -9.0].map(|weight| weight / 128.0);
        assert_eq!([cubic(1.75), cubic(0.75), cubic(0.25), cubic(1.25)], weights);
        let level = 128.0 * weights[0] + 64.0 * weights[1] + 32.0 * weights[2] + 200.0 * weights[3];
        assert_eq!(row(&[128, 64, 32, 200, 7], 10)[4], (level + 0.5).floor() as u8);
    }

    #[test]
    fn overshoot_is_clipped() {
        // 255 times −9/128, (29 − 3)/128, (111 − 9)/128 and 137/128.
        assert_eq!(row(&[0, 0, 0, 255, 255, 255], 12)[4..8], [0, 52, 203, 255]);
    }

    #[test]
    fn halving_averages_over_eight() {
        // Output 2 of 12 → 6 stands at 5, the kernel twice as wide: k(±1/4), k(±3/4), k(±5/4), k(±7/4), that is 111, 29, −9
        // and −3 in 256ths.
        let spike =
            |place: usize| row(&std::array::from_fn::<u8, 12, _>(|i| if i == place { 255 } else { 0 }), 6)[2];
        assert_eq!([4, 5, 3, 6, 2].map(spike), [111, 111, 29, 29, 0]);
    }

    #[test]
    fn at_the_border_the_weights_that_exist_sum_to_one() {
        // Output 0 of 4 → 2 stands at 1: k(1/4) twice, k(3/4), k(5/4).
        assert_eq!(
            row(&[255, 0, 0, 0], 2)[0],
            (255.0_f64 * 111.0 / (111.0 + 111.0 + 29.0 - 9.0) + 0.5) as u8
        );
    }

    #[test]
    fn one_colour_stays_and_the_same_size_is_no_change() {
        let colour = Image::from_fn(5, 3, |_, _, channel| [10, 200, 255][channel]).unwrap();
        let resized = resize(&colour, 16, 2).unwrap();
        assert_eq!(resized, Image::from_fn(16, 2, |_, _, channel| [10, 200, 255][channel]).unwrap());
        let noise = Image::from_fn(7, 5, |i, j, k| (37 * i + 101 * j + 59 * k) as u8).unwrap();
        assert_eq!(resize(&noise, 7, 5).unwrap(), noise);
    }

    #[test]
    fn columns_are_resized_like_rows() {
        let noise = Image::from_fn(9, 9, |i, j, k| (37 * i + 101 * j + 59 * k) as u8).unwrap();
        let turned = Image::from_fn(9, 9, |i, j, k| noise.at(j, i, k)).unwrap();
        let (high, wide) = (resize(&noise, 4, 9).unwrap(), resize(&turned, 9, 4).unwrap());
        assert_eq!(high, Image::from_fn(4, 9, |i, j, k| wide.at(j, i, k)).unwrap());
        assert!(resize(&noise, 0, 9).is_err() && resize(&noise, 9, 0).is_err());
    }
}
