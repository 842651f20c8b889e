//! Random erasing, D28, with the quirks of the published code.

use super::decode::ImageSize;

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

/// How many rectangles are tried before an image is left whole.
const ATTEMPTS: usize = 100;

/// Random erasing (D28). It works on the *normalised* image and, as published, writes `value` there as it is, although
/// the values are means of images that are not normalised.
#[derive(Debug, Clone, PartialEq)]
pub struct RandomErasing {
    /// Share of the images to be erased.
    pub probability: f64,
    /// Least share of the area (published flag `sl`).
    pub min_area: f64,
    /// Largest share of the area (published flag `sh`).
    pub max_area: f64,
    /// Least ratio of height to width (published flag `r1`); the largest is its inverse.
    pub min_ratio: f64,
    /// The value that is written, per channel.
    pub value: [f32; 3],
}

impl Default for RandomErasing {
    /// The published settings.
    fn default() -> Self {
        Self { probability: 0.5, min_area: 0.02, max_area: 0.4, min_ratio: 0.3, value: [0.485, 0.456, 0.406] }
    }
}

impl RandomErasing {
    /// Draws the rectangle to erase in an image of `size`, `None` where it stays whole.
    ///
    /// `unit` hands out numbers from `[0, 1)`, asked for in the published order: whether to erase; area and ratio, once
    /// per attempt; top; left. A whole number from `0..=n` is `floor(v (n + 1))`. An attempt counts when its rectangle is
    /// strictly smaller than the image both ways.
    pub fn draw(&self, size: ImageSize, mut unit: impl FnMut() -> f64) -> Option<Rectangle> {
        if unit() >= self.probability {
            return None;
        }
        let image_area = (size.height * size.width) as f64;
        for _ in 0..ATTEMPTS {
            let area = image_area * between(self.min_area, self.max_area, unit());
            let ratio = between(self.min_ratio, 1.0 / self.min_ratio, unit());
            let height = (area * ratio).sqrt().round_ties_even() as usize;
            let width = (area / ratio).sqrt().round_ties_even() as usize;
            if height < size.height && width < size.width {
                let top = whole(size.height - height, unit());
                let left = whole(size.width - width, unit());
                return Some(Rectangle { top, left, height, width });
            }
        }
        None
    }

    /// Writes the erasing values into `rectangle` of a normalised image, f32 `[3, H, W]`.
    pub fn erase(&self, image: &mut [f32], size: ImageSize, rectangle: Rectangle) {
        let Rectangle { top, left, height, width } = rectangle;
        for (plane, value) in image.chunks_exact_mut(size.height * size.width).zip(self.value) {
            for row in plane.chunks_exact_mut(size.width).skip(top).take(height) {
                row[left..left + width].fill(value);
            }
        }
    }
}

fn between(low: f64, high: f64, unit: f64) -> f64 {
    low + (high - low) * unit
}

/// A number of `0..=last`.
fn whole(last: usize, unit: f64) -> usize {
    ((unit * (last + 1) as f64) as usize).min(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: ImageSize = ImageSize { height: 64, width: 32 };

    fn draws(numbers: &[f64]) -> impl FnMut() -> f64 {
        let mut numbers = numbers.iter().copied();
        move || numbers.next().expect("more draws than the rule asks for")
    }

    #[test]
    fn no_draw_after_the_decision_to_keep() {
        assert_eq!(RandomErasing::default().draw(SIZE, draws(&[0.5])), None);
    }

    #[test]
    fn the_order_is_area_ratio_top_left() {
        // Area 2048 * 0.125, ratio 1: a square of 16.
        let erasing =
            RandomErasing { min_area: 0.0, max_area: 0.25, min_ratio: 0.5, ..RandomErasing::default() };
        let rectangle = erasing.draw(SIZE, draws(&[0.0, 0.5, 1.0 / 3.0, 0.999, 0.0])).unwrap();
        assert_eq!(rectangle, Rectangle { top: 48, left: 0, height: 16, width: 16 });
    }

    #[test]
    fn a_rectangle_as_wide_as_the_image_is_tried_again_a_hundred_times() {
        let erasing =
            RandomErasing { min_area: 0.5, max_area: 0.5, min_ratio: 1.0, ..RandomErasing::default() };
        let mut count = 0;
        let rectangle = erasing.draw(SIZE, || {
            count += 1;
            0.0
        });
        assert_eq!((rectangle, count), (None, 201));
    }

    #[test]
    fn only_the_rectangle_is_written() {
        let size = ImageSize { height: 3, width: 2 };
        let mut image = vec![9.0; 18];
        let rectangle = Rectangle { top: 1, left: 1, height: 2, width: 1 };
        RandomErasing { value: [1.0, 2.0, 3.0], ..RandomErasing::default() }
            .erase(&mut image, size, rectangle);
        assert_eq!(image[..6], [9.0, 9.0, 9.0, 1.0, 9.0, 1.0]);
        assert_eq!(image[12..], [9.0, 9.0, 9.0, 3.0, 9.0, 3.0]);
    }
}
