//! D28: random erasing, from given draws.

use crate::check;
use crate::error::{InvalidInput, Result};
use crate::matrix::Matrix;

/// Rectangles that are tried before an image is left whole.
pub const ATTEMPTS: usize = 100;

/// When and how much is erased.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rule {
    /// Share of the images that are erased.
    pub probability: f64,
    /// Least share of the area.
    pub min_area: f64,
    /// Largest share of the area.
    pub max_area: f64,
    /// Least ratio of height to width; the largest is its inverse.
    pub min_ratio: f64,
}

impl Default for Rule {
    /// The published rule.
    fn default() -> Self {
        Self { probability: 0.5, min_area: 0.02, max_area: 0.4, min_ratio: 0.3 }
    }
}

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

/// The rectangle to erase in an image of H × W pixels (D28), none where it stays whole. `draws` are numbers of `[0, 1]`, used in
/// this order: u; (a, r) once per attempt; t; l.
///
/// Whole if u ≥ probability. An attempt: `area = H·W·(min_area + (max_area − min_area) a)`,
/// `ratio = min_ratio + (1/min_ratio − min_ratio) r`, `h = round √(area·ratio)`, `w = round √(area/ratio)`, halves to even; it
/// counts if h < H and w < W, both strictly. Then `top = ⌊t (H − h + 1)⌋`, `left = ⌊l (W − w + 1)⌋`. Whole after 100 attempts.
///
/// Source: published `RandomErasing`.
///
/// # Errors
/// An empty image, a rule outside its ranges, draws outside `[0, 1]` or fewer than are asked for.
pub fn rectangle(height: usize, width: usize, rule: &Rule, draws: &[f64]) -> Result<Option<Rectangle>> {
    check::at_least_one(height.min(width), "image side")?;
    check_rule(rule)?;
    let mut used = 0;
    let mut next = || {
        used += 1;
        draw(draws, used)
    };
    if next()? >= rule.probability {
        return Ok(None);
    }
    for _ in 0..ATTEMPTS {
        let share = rule.min_area + (rule.max_area - rule.min_area) * next()?;
        let area = (height * width) as f64 * share;
        let ratio = rule.min_ratio + (1.0 / rule.min_ratio - rule.min_ratio) * next()?;
        let h = (area * ratio).sqrt().round_ties_even() as usize;
        let w = (area / ratio).sqrt().round_ties_even() as usize;
        if h < height && w < width {
            let top = whole(height - h, next()?);
            let left = whole(width - w, next()?);
            return Ok(Some(Rectangle { top, left, height: h, width: w }));
        }
    }
    Ok(None)
}

/// The planes `[C][H, W]` of a *normalised* image with `values: [C]` written into the rectangle as they are (D28). Published
/// writes 0.485, 0.456, 0.406, the means of images that are not normalised.
///
/// # Errors
/// Not one value per plane, planes of different shapes, or a rectangle that leaves the image.
pub fn erase(planes: &[Matrix], rectangle: Rectangle, values: &[f64]) -> Result<Vec<Matrix>> {
    check::length(values.len(), planes.len(), "values")?;
    let Some(first) = planes.first() else { return Err(InvalidInput::Empty { what: "planes" }) };
    for plane in planes {
        check::shape(plane, first.rows(), first.columns(), "planes")?;
    }
    let Rectangle { top, left, height, width } = rectangle;
    if top.saturating_add(height) > first.rows() || left.saturating_add(width) > first.columns() {
        let expected = format!("within {} x {}", first.rows(), first.columns());
        return Err(InvalidInput::Shape { what: "rectangle", expected, found: format!("{rectangle:?}") });
    }
    let inside = |i: usize, j: usize| (top..top + height).contains(&i) && (left..left + width).contains(&j);
    let erased = |(plane, &value): (&Matrix, &f64)| {
        Matrix::from_fn(
            first.rows(),
            first.columns(),
            |i, j| if inside(i, j) { value } else { plane[(i, j)] },
        )
    };
    Ok(planes.iter().zip(values).map(erased).collect())
}

fn check_rule(rule: &Rule) -> Result<()> {
    check::between(rule.probability, (0.0, 1.0), "probability", "in 0..=1")?;
    check::between(rule.max_area, (0.0, 1.0), "max_area", "in 0..=1")?;
    check::between(rule.min_area, (0.0, rule.max_area), "min_area", "in 0..=max_area")?;
    check::between(rule.min_ratio, (f64::MIN_POSITIVE, 1.0), "min_ratio", "above 0 and at most 1")
}

/// `⌊u (last + 1)⌋`, a number of `0..=last`; u = 1, which no generator hands out, counts as the last.
fn whole(last: usize, u: f64) -> usize {
    ((u * (last + 1) as f64).floor() as usize).min(last)
}

/// The draw number `at`, counted from 1.
fn draw(draws: &[f64], at: usize) -> Result<f64> {
    match draws.get(at - 1) {
        Some(&draw) if (0.0..=1.0).contains(&draw) => Ok(draw),
        Some(&draw) => Err(InvalidInput::Parameter { what: "draw", value: draw, allowed: "in 0..=1" }),
        None => Err(InvalidInput::TooFewSamples { what: "draws", needed: at, found: draws.len() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A quarter of the area at most, and ratios from 1/4 to 4.
    const RULE: Rule = Rule { probability: 0.5, min_area: 0.0, max_area: 0.25, min_ratio: 0.25 };

    #[test]
    fn an_image_is_kept_from_the_probability_on() {
        assert_eq!(rectangle(64, 32, &RULE, &[0.5]), Ok(None));
        assert!(rectangle(64, 32, &RULE, &[0.49]).is_err(), "a draw is missing");
    }

    #[test]
    fn a_square_of_sixteen() {
        // Area 2048 · 0.125 = 256, ratio 0.25 + 3.75 · 0.2 = 1.
        let found = rectangle(64, 32, &RULE, &[0.0, 0.5, 0.2, 0.999, 0.5]).unwrap();
        assert_eq!(found, Some(Rectangle { top: 48, left: 8, height: 16, width: 16 }));
    }

    #[test]
    fn halves_go_to_the_even_side() {
        // Area 100 · 0.25 · 0.25 = 6.25, ratio 1: 2.5 becomes 2.
        let found = rectangle(10, 10, &RULE, &[0.0, 0.25, 0.2, 0.0, 0.0]).unwrap();
        assert_eq!(found, Some(Rectangle { top: 0, left: 0, height: 2, width: 2 }));
    }

    #[test]
    fn a_rectangle_as_high_as_the_image_is_tried_again_a_hundred_times() {
        // Area 16 · 0.25 = 4 at ratio 4: 4 × 1 in an image of 4 × 4. Then a square of 2.
        let rule = Rule { min_area: 0.25, ..RULE };
        let found = rectangle(4, 4, &rule, &[0.0, 0.0, 0.999_999, 0.0, 0.2, 0.999, 0.0]).unwrap();
        assert_eq!(found, Some(Rectangle { top: 2, left: 0, height: 2, width: 2 }));
        let too_high = [[0.0, 0.999_999]; ATTEMPTS].concat();
        assert_eq!(rectangle(4, 4, &rule, &[&[0.0][..], &too_high].concat()), Ok(None));
    }

    #[test]
    fn only_the_rectangle_is_written() {
        let planes = vec![Matrix::zeros(2, 3), Matrix::from_fn(2, 3, |i, j| (3 * i + j) as f64)];
        let place = Rectangle { top: 1, left: 1, height: 1, width: 2 };
        let erased = erase(&planes, place, &[8.0, 9.0]).unwrap();
        assert_eq!(erased[0].values(), [0.0, 0.0, 0.0, 0.0, 8.0, 8.0]);
        assert_eq!(erased[1].values(), [0.0, 1.0, 2.0, 3.0, 9.0, 9.0]);
        assert!(erase(&planes, Rectangle { left: 2, ..place }, &[8.0, 9.0]).is_err());
        assert!(erase(&planes, place, &[8.0]).is_err());
        assert!(erase(&[], place, &[]).is_err());
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let draws = [0.0; 5];
        assert!(rectangle(0, 4, &RULE, &draws).is_err());
        assert!(rectangle(4, 4, &RULE, &[1.5]).is_err());
        assert!(rectangle(4, 4, &Rule { min_area: 0.5, ..RULE }, &draws).is_err());
        assert!(rectangle(4, 4, &Rule { min_ratio: 0.0, ..RULE }, &draws).is_err());
        assert!(rectangle(4, 4, &Rule { probability: f64::NAN, ..RULE }, &draws).is_err());
    }
}
