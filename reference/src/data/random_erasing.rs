//! D28: random erasing.

use super::image::Planes;
use super::whole;
use crate::check;
use crate::error::{InvalidInput, Result};

/// A part of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rectangle {
    /// First row.
    pub top: usize,
    /// First column.
    pub left: usize,
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
}

/// How rectangles are drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Erasing {
    /// Share of the images to be erased.
    pub probability: f64,
    /// Least share of the area, published `sl`.
    pub min_area: f64,
    /// Largest share of the area, published `sh`.
    pub max_area: f64,
    /// Least ratio of height to width, published `r1`; the largest is its inverse.
    pub min_ratio: f64,
}

/// The value that published writes, per channel: ImageNet's mean as it is, although the image is normalised by then.
pub const PUBLISHED_VALUE: [f64; 3] = [0.485, 0.456, 0.406];

/// How many rectangles are tried.
const ATTEMPTS: usize = 100;

impl Default for Erasing {
    /// The published settings.
    fn default() -> Self {
        Self { probability: 0.5, min_area: 0.02, max_area: 0.4, min_ratio: 0.3 }
    }
}

/// The rectangle to erase in an image of `height` × `width` (D28), `None` where it stays whole. `uniform` hands out the numbers u
/// of `[0, 1)`, in this order:
///
/// 1. Nothing is erased where u ≥ p.
/// 2. Up to 100 times: `area = H W (sl + (sh − sl) u)`, `ratio = r1 + (1/r1 − r1) u`, `h = round(√(area · ratio))`,
///    `w = round(√(area / ratio))`, halves to even; taken where h < H and w < W, strictly. After 100 failures nothing is erased.
/// 3. `top = floor(u (H − h + 1))`, `left = floor(u (W − w + 1))`: 0..=H − h and 0..=W − w.
///
/// Source: published `RandomErasing` (after Zhong et al., AAAI 2020).
///
/// # Errors
/// A side of 0, a probability or areas outside `0..=1`, areas in the wrong order, or a ratio outside `0 < r1 ≤ 1`.
pub fn rectangle(
    height: usize,
    width: usize,
    erasing: &Erasing,
    mut uniform: impl FnMut() -> f64,
) -> Result<Option<Rectangle>> {
    check_settings(height, width, erasing)?;
    if uniform() >= erasing.probability {
        return Ok(None);
    }
    for _ in 0..ATTEMPTS {
        let share = erasing.min_area + (erasing.max_area - erasing.min_area) * uniform();
        let area = (height * width) as f64 * share;
        let ratio = erasing.min_ratio + (1.0 / erasing.min_ratio - erasing.min_ratio) * uniform();
        let rows = (area * ratio).sqrt().round_ties_even() as usize;
        let columns = (area / ratio).sqrt().round_ties_even() as usize;
        if rows < height && columns < width {
            let top = whole(uniform(), height - rows + 1);
            let left = whole(uniform(), width - columns + 1);
            return Ok(Some(Rectangle { top, left, height: rows, width: columns }));
        }
    }
    Ok(None)
}

fn check_settings(height: usize, width: usize, erasing: &Erasing) -> Result<()> {
    check::at_least_one(height, "height")?;
    check::at_least_one(width, "width")?;
    check::between(erasing.probability, (0.0, 1.0), "probability", "0 to 1")?;
    check::between(erasing.max_area, (0.0, 1.0), "max_area", "0 to 1")?;
    check::between(erasing.min_area, (0.0, erasing.max_area), "min_area", "0 to max_area")?;
    check::between(erasing.min_ratio, (f64::MIN_POSITIVE, 1.0), "min_ratio", "above 0, to 1")
}

/// A normalised image with `value`, one per channel, written into the rectangle (D28).
///
/// # Errors
/// A rectangle that sticks out of the image.
pub fn erase(image: &Planes, rectangle: Rectangle, value: [f64; 3]) -> Result<Planes> {
    let (bottom, right) = (rectangle.top + rectangle.height, rectangle.left + rectangle.width);
    if bottom > image.height() || right > image.width() {
        let expected = format!("inside {} x {}", image.height(), image.width());
        let found = format!("up to row {bottom} and column {right}");
        return Err(InvalidInput::Shape { what: "rectangle", expected, found });
    }
    let mut erased = image.clone();
    for (channel, value) in value.into_iter().enumerate() {
        for row in rectangle.top..bottom {
            for column in rectangle.left..right {
                erased.set(channel, row, column, value);
            }
        }
    }
    Ok(erased)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(height: usize, width: usize, draws: &[f64]) -> Option<Rectangle> {
        let mut draws = draws.iter();
        let found = rectangle(height, width, &Erasing::default(), || *draws.next().unwrap());
        assert_eq!(draws.next(), None, "draws are left over");
        found.unwrap()
    }

    #[test]
    fn from_the_probability_on_nothing_is_erased() {
        assert_eq!(run(10, 10, &[0.5]), None);
    }

    #[test]
    fn a_rectangle_by_hand() {
        // Area 800 (0.02 + 0.38 / 2) = 168, ratio 0.3 + 0.5 (1/0.3 − 0.3) = 1.81667: √305.2 = 17.47, √92.48 = 9.62.
        let expected = Rectangle { top: 12, left: 5, height: 17, width: 10 };
        assert_eq!(run(40, 20, &[0.1, 0.5, 0.5, 0.5, 0.5]), Some(expected));
        // The largest places: 40 − 17 and 20 − 10.
        let expected = Rectangle { top: 23, left: 10, ..expected };
        assert_eq!(run(40, 20, &[0.1, 0.5, 0.5, 0.9999, 0.9999]), Some(expected));
    }

    #[test]
    fn a_rectangle_as_wide_as_the_image_is_drawn_again() {
        // Area 400 · 0.4 = 160, ratio 0.3: width √533 = 23 > 20. Then area 8, ratio 0.3: √2.4 = 1.5 → 2, √26.7 = 5.2 → 5.
        let expected = Rectangle { top: 0, left: 0, height: 2, width: 5 };
        assert_eq!(run(20, 20, &[0.1, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0]), Some(expected));
        // Exactly as wide is too wide: area 160, ratio 0.4: √64 = 8 < 20, √400 = 20.
        let erasing = Erasing { min_ratio: 0.4, min_area: 0.4, ..Erasing::default() };
        let mut draws = 0;
        let found = rectangle(20, 20, &erasing, || {
            draws += 1;
            0.0
        });
        assert_eq!((found, draws), (Ok(None), 201));
    }

    #[test]
    fn only_the_rectangle_changes() {
        let image = Planes::new(2, 2, vec![1.0; 12]).unwrap();
        let found =
            erase(&image, Rectangle { top: 1, left: 0, height: 1, width: 2 }, PUBLISHED_VALUE).unwrap();
        let expected = [1.0, 1.0, 0.485, 0.485, 1.0, 1.0, 0.456, 0.456, 1.0, 1.0, 0.406, 0.406];
        assert_eq!(found.values(), expected);
        assert!(erase(&image, Rectangle { top: 1, left: 1, height: 1, width: 2 }, PUBLISHED_VALUE).is_err());
    }

    #[test]
    fn settings_outside_their_range_are_refused() {
        let refused = |erasing: Erasing| rectangle(10, 10, &erasing, || 0.5).is_err();
        let published = Erasing::default();
        assert!(refused(Erasing { probability: 1.5, ..published }));
        assert!(refused(Erasing { min_area: 0.5, ..published }));
        assert!(refused(Erasing { max_area: f64::NAN, ..published }));
        assert!(refused(Erasing { min_ratio: 0.0, ..published }));
        assert!(rectangle(0, 10, &published, || 0.5).is_err());
    }
}
