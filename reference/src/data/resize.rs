//! D26: bicubic resize.

use super::image::Pixels;
use crate::check;
use crate::error::Result;

/// Which direction is resized first. Each pass is rounded, so that the order shows by several grey levels where there are hard
/// edges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passes {
    /// Along the rows, then along the columns: Pillow before version 13, with which the published models were trained.
    AcrossFirst,
    /// Pillow 13: along the columns first where the height shrinks, and by more than twice as many pixels as the width:
    /// `H > H'` and `H − H' > 2 (W − W')`; else along the rows first. Both orders agree for equal ratios of the sides.
    Pillow13,
}

/// The image at another size (D26), as Pillow 13 makes it: [`resize_by`] with [`Passes::Pillow13`].
///
/// # Errors
/// A side of 0.
pub fn resize(image: &Pixels, height: usize, width: usize) -> Result<Pixels> {
    resize_by(Passes::Pillow13, image, height, width)
}

/// The image at another size (D26). Along a line of n values that becomes one of m, with the scale s = n/m and the stretch
/// t = max(s, 1), value q is `Σ_p w_p x_p / Σ_p w_p`, `w_p = b((p + 1/2 − (q + 1/2) s) / t)`: the filter [`bicubic`] is widened
/// when shrinking, and cut off at the image's edge. The weights, of sum 1, are rounded to `WEIGHT_DIGITS`; without that, black and
/// white pixels, whose sums often lie halfway between two grey levels, come out up to two levels apart from Pillow. One direction
/// is resized after the other; each pass is rounded to the nearest of 0..=255, halves up.
///
/// Source: Pillow's `Image.resize` with `BICUBIC`, which torchvision's `Resize(interpolation=3)` calls. The rule of
/// [`Passes::Pillow13`] was found by trying sizes.
///
/// # Errors
/// A side of 0.
pub fn resize_by(passes: Passes, image: &Pixels, height: usize, width: usize) -> Result<Pixels> {
    check::at_least_one(height, "height")?;
    check::at_least_one(width, "width")?;
    if passes == Passes::Pillow13 && loses_more_height(image, height, width) {
        across(&down(image, height)?, width)
    } else {
        down(&across(image, width)?, height)
    }
}

/// `H > H'` and `H − H' > 2 (W − W')`, where the width may grow.
fn loses_more_height(image: &Pixels, height: usize, width: usize) -> bool {
    image.height() > height && image.height() - height + 2 * width > 2 * image.width()
}

/// Along the rows.
fn across(image: &Pixels, width: usize) -> Result<Pixels> {
    let kernels = kernels(image.width(), width);
    Pixels::from_fn(image.height(), width, |row, column, channel| {
        filtered(&kernels[column], |p| image.at(row, p, channel))
    })
}

/// Along the columns.
fn down(image: &Pixels, height: usize) -> Result<Pixels> {
    let kernels = kernels(image.height(), height);
    Pixels::from_fn(height, image.width(), |row, column, channel| {
        filtered(&kernels[row], |p| image.at(p, column, channel))
    })
}

/// The cubic convolution kernel b of Keys with a = −1/2: `(a+2)|x|³ − (a+3)|x|² + 1` up to 1, `a|x|³ − 5a|x|² + 8a|x| − 4a` up to
/// 2, then 0.
pub fn bicubic(x: f64) -> f64 {
    const A: f64 = -0.5;
    let x = x.abs();
    if x < 1.0 {
        (A + 2.0) * x.powi(3) - (A + 3.0) * x.powi(2) + 1.0
    } else if x < 2.0 {
        A * x.powi(3) - 5.0 * A * x.powi(2) + 8.0 * A * x - 4.0 * A
    } else {
        0.0
    }
}

/// Binary digits of a weight after the point, as in Pillow.
const WEIGHT_DIGITS: i32 = 22;

/// For every output place the input places that have a weight, with their weights of sum 1, rounded.
fn kernels(from: usize, to: usize) -> Vec<Vec<(usize, f64)>> {
    let scale = from as f64 / to as f64;
    let stretch = scale.max(1.0);
    let one = 2.0_f64.powi(WEIGHT_DIGITS);
    let kernel = |q: usize| {
        let centre = (q as f64 + 0.5) * scale;
        let weight = |p: usize| bicubic((p as f64 + 0.5 - centre) / stretch);
        let sum: f64 = (0..from).map(weight).sum();
        let rounded = |p: usize| (weight(p) / sum * one).round() / one;
        (0..from).filter(|&p| weight(p) != 0.0).map(|p| (p, rounded(p))).collect()
    };
    (0..to).map(kernel).collect()
}

fn filtered(kernel: &[(usize, f64)], value: impl Fn(usize) -> u8) -> u8 {
    let sum: f64 = kernel.iter().map(|&(p, weight)| weight * f64::from(value(p))).sum();
    (sum + 0.5).floor().clamp(0.0, 255.0) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An image of one row whose channels are all the same.
    fn row(values: &[u8]) -> Pixels {
        Pixels::from_fn(1, values.len(), |_, column, _| values[column]).unwrap()
    }

    fn first_channel(image: &Pixels) -> Vec<u8> {
        image.values().iter().copied().step_by(3).collect()
    }

    #[test]
    fn the_kernel_interpolates() {
        assert_eq!([-2.0, -1.0, 0.0, 1.0, 2.0, 3.0].map(bicubic), [0.0, 0.0, 1.0, 0.0, 0.0, 0.0]);
        assert_eq!((bicubic(0.5), bicubic(-1.5)), (0.5625, -0.0625));
    }

    #[test]
    fn the_same_size_changes_nothing() {
        let image =
            Pixels::from_fn(3, 4, |row, column, channel| (80 * row + 7 * column + channel) as u8).unwrap();
        assert_eq!(resize(&image, 3, 4), Ok(image));
    }

    #[test]
    fn two_values_become_four() {
        // At q = 1, the place 0.25 right of value 0: b(1/4) = 0.8671875, b(3/4) = 0.2265625, of sum 1.09375. At q = 0, 0.25 left of
        // value 0: b(1/4) and b(5/4) = −0.0703125, of sum 0.796875.
        let right: f64 = 100.0 * 0.2265625 / 1.09375;
        let left: f64 = 100.0 * -0.0703125 / 0.796875;
        let expected = [left, right, 100.0 - right, 100.0 - left].map(|x| (x + 0.5).floor().max(0.0) as u8);
        assert_eq!(first_channel(&resize(&row(&[0, 100]), 1, 4).unwrap()), expected);
        assert_eq!(expected, [0, 21, 79, 109]);
    }

    #[test]
    fn four_values_become_one() {
        // Stretch 4, centre 2: places ±1/8 and ±3/8 of the stretch; the mean of symmetric values weighs them alike.
        let (near, far) = (bicubic(0.125), bicubic(0.375));
        let expected = (80.0 * near + 160.0 * far) / (2.0 * near + 2.0 * far);
        let found = resize(&row(&[160, 80, 0, 0]), 1, 1).unwrap();
        assert_eq!(found.at(0, 0, 0), (expected + 0.5).floor() as u8);
    }

    #[test]
    fn rows_and_columns_are_treated_alike() {
        let across = resize(&row(&[0, 100, 30]), 1, 5).unwrap();
        let down = Pixels::from_fn(3, 1, |row, _, _| [0, 100, 30][row]).unwrap();
        assert_eq!(resize(&down, 5, 1).unwrap().values(), across.values());
    }

    #[test]
    fn the_direction_that_loses_more_comes_first_in_pillow_13() {
        let order = |from: (usize, usize), to: (usize, usize)| {
            let image = Pixels::from_fn(from.0, from.1, |_, _, _| 0).unwrap();
            loses_more_height(&image, to.0, to.1)
        };
        // 90 − 64 = 26 > 2 (33 − 32), but not > 2 (33 − 20).
        assert!(order((90, 33), (64, 32)) && !order((90, 33), (64, 20)));
        assert!(!order((128, 64), (64, 32)), "64 lost is exactly twice 32");
        assert!(order((90, 33), (64, 60)) && !order((90, 33), (90, 60)));
    }

    #[test]
    fn the_order_shows_at_hard_edges() {
        // A white corner on black, whose overshoot is cut off after the first pass.
        let corner = |row: usize, column: usize| if row >= 3 && column >= 1 { 255 } else { 0 };
        let image = Pixels::from_fn(6, 3, |row, column, _| corner(row, column)).unwrap();
        let rows_first = resize_by(Passes::AcrossFirst, &image, 3, 2).unwrap();
        let columns_first = resize_by(Passes::Pillow13, &image, 3, 2).unwrap();
        assert_eq!(rows_first, down(&across(&image, 2).unwrap(), 3).unwrap());
        assert_eq!(columns_first, across(&down(&image, 3).unwrap(), 2).unwrap());
        assert_ne!(rows_first, columns_first);
    }

    #[test]
    fn a_size_of_nothing_is_refused() {
        assert!(resize(&row(&[1]), 0, 1).is_err());
        assert!(resize(&row(&[1]), 1, 0).is_err());
    }
}
