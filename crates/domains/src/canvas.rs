//! The image in the making, and soft-edged shapes to put on it.

use super::spec::Colour;
use super::{HEIGHT, WIDTH};

/// Half a pixel, in image heights.
const HALF_PIXEL: f32 = 0.5 / HEIGHT as f32;

/// RGB values, about 0..1.
#[derive(Debug, Clone)]
pub(super) struct Canvas {
    pub pixels: Vec<Colour>,
}

impl Canvas {
    pub fn new(colour: Colour) -> Self {
        Self { pixels: vec![colour; HEIGHT * WIDTH] }
    }

    /// Lays `colour` over the image with the opacity `mask(x, y)`. x runs over −0.25..0.25, y over 0..1, both in image heights.
    pub fn put(&mut self, colour: Colour, mask: impl Fn(f32, f32) -> f32) {
        self.change(|x, y, pixel| {
            let opacity = mask(x, y);
            if opacity > 0.0 {
                for (value, colour) in pixel.iter_mut().zip(colour) {
                    *value = *value * (1.0 - opacity) + colour * opacity;
                }
            }
        });
    }

    /// Changes every pixel.
    pub fn change(&mut self, mut change: impl FnMut(f32, f32, &mut Colour)) {
        for (at, pixel) in self.pixels.iter_mut().enumerate() {
            let (row, column) = (at / WIDTH, at % WIDTH);
            let y = (row as f32 + 0.5) / HEIGHT as f32;
            let x = (column as f32 + 0.5 - WIDTH as f32 / 2.0) / HEIGHT as f32;
            change(x, y, pixel);
        }
    }
}

/// Coverage of a pixel by a shape whose edge is `distance` away (positive inside): soft over one pixel.
pub(super) fn edge(distance: f32) -> f32 {
    soft(distance, HALF_PIXEL)
}

/// The same in the coordinates of a figure, which are a little wider.
pub(super) fn figure_edge(distance: f32) -> f32 {
    soft(distance, HALF_PIXEL / 0.85)
}

fn soft(distance: f32, half: f32) -> f32 {
    (0.5 + distance / (2.0 * half)).clamp(0.0, 1.0)
}
