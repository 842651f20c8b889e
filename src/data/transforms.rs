//! Flip, pad-and-crop and normalisation, D27, and the two transforms made of them. Draws stand apart from their
//! application, so that a test can hand in its own.

use std::sync::LazyLock;

use rand::Rng;

use super::decode::ImageSize;
use super::random_erasing::{RandomErasing, Rectangle};

/// Mean of the ImageNet images, per channel.
pub const IMAGENET_MEAN: [f32; 3] = [0.485, 0.456, 0.406];
/// Standard deviation of the ImageNet images, per channel.
pub const IMAGENET_STD: [f32; 3] = [0.229, 0.224, 0.225];

/// The training transform after the resize: flip, pad with black and crop, normalise, erase.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainTransform {
    /// Size of the images, before and after.
    pub size: ImageSize,
    /// Share of the images to be flipped; published 0.5.
    pub flip_probability: f64,
    /// Black border from which the crop is taken, in pixels; published 10.
    pub pad: usize,
    /// Random erasing: published in adaptation, not in pre-training.
    pub erasing: Option<RandomErasing>,
}

/// The numbers of one application of a [`TrainTransform`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrainDraws {
    /// Whether to flip.
    pub flip: bool,
    /// First row of the crop in the padded image, `0..=2 pad`.
    pub top: usize,
    /// First column of the crop in the padded image, `0..=2 pad`.
    pub left: usize,
    /// The rectangle to erase.
    pub erased: Option<Rectangle>,
}

impl TrainTransform {
    /// Draws the numbers for one view of one image.
    pub fn draw(&self, rng: &mut impl Rng) -> TrainDraws {
        let flip = rng.random::<f64>() < self.flip_probability;
        let top = rng.random_range(0..=2 * self.pad);
        let left = rng.random_range(0..=2 * self.pad);
        let erased = self.erasing.as_ref().and_then(|erasing| erasing.draw(self.size, || rng.random()));
        TrainDraws { flip, top, left, erased }
    }

    /// Applies the transform to `pixels`, u8 `[H, W, 3]` of the transform's size; writes f32 `[3, H, W]` to `out`.
    pub fn apply(&self, pixels: &[u8], draws: &TrainDraws, out: &mut [f32]) {
        let cropped = if draws.flip {
            pad_and_crop(&flip(pixels, self.size), self.size, self.pad, draws.top, draws.left)
        } else {
            pad_and_crop(pixels, self.size, self.pad, draws.top, draws.left)
        };
        normalize(&cropped, out);
        if let (Some(erasing), Some(rectangle)) = (&self.erasing, draws.erased) {
            erasing.erase(out, self.size, rectangle);
        }
    }
}

/// Horizontal flip (D27) of u8 `[H, W, 3]`.
pub fn flip(pixels: &[u8], size: ImageSize) -> Vec<u8> {
    let mut flipped = Vec::with_capacity(pixels.len());
    for row in pixels.chunks_exact(size.width * 3) {
        row.rchunks_exact(3).for_each(|pixel| flipped.extend_from_slice(pixel));
    }
    flipped
}

/// Pads u8 `[H, W, 3]` with `pad` black pixels on all sides and cuts out its size again, from row `top` and column `left`
/// of the padded image, each `0..=2 pad` (D27).
pub fn pad_and_crop(pixels: &[u8], size: ImageSize, pad: usize, top: usize, left: usize) -> Vec<u8> {
    let ImageSize { height, width } = size;
    let mut cropped = vec![0; size.values()];
    // The columns of the crop that show the image and not the border: none when the border is wider than the image.
    let first = pad.saturating_sub(left);
    let last = (width + pad).saturating_sub(left).min(width);
    let length = last.saturating_sub(first) * 3;
    for row in 0..height {
        let Some(source) = (row + top).checked_sub(pad).filter(|source| *source < height) else { continue };
        if length > 0 {
            let from = (source * width + first + left - pad) * 3;
            let to = (row * width + first) * 3;
            cropped[to..to + length].copy_from_slice(&pixels[from..from + length]);
        }
    }
    cropped
}

/// Every grey level, scaled to 0..1 and normalised by its channel's mean and standard deviation, in f32 as published.
pub(super) static NORMALIZED: LazyLock<[[f32; 256]; 3]> = LazyLock::new(|| {
    std::array::from_fn(|channel| {
        std::array::from_fn(|level| (level as f32 / 255.0 - IMAGENET_MEAN[channel]) / IMAGENET_STD[channel])
    })
});

/// Normalisation (D27): u8 `[H, W, 3]` to f32 `[3, H, W]`, `(value / 255 - mean) / std`. It is the whole test transform
/// after the resize.
pub fn normalize(pixels: &[u8], out: &mut [f32]) {
    let table = &*NORMALIZED;
    for (channel, plane) in out.chunks_exact_mut(pixels.len() / 3).enumerate() {
        for (value, pixel) in plane.iter_mut().zip(pixels.chunks_exact(3)) {
            *value = table[channel][usize::from(pixel[channel])];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::stream;

    const SIZE: ImageSize = ImageSize { height: 4, width: 3 };

    fn pixels() -> Vec<u8> {
        (1..=SIZE.values() as u8).collect()
    }

    #[test]
    fn a_flip_turns_pixels_and_not_channels() {
        let flipped = flip(&pixels(), SIZE);
        assert_eq!(flipped[..9], [7, 8, 9, 4, 5, 6, 1, 2, 3]);
        assert_eq!(flip(&flipped, SIZE), pixels());
    }

    /// The definition, pixel by pixel.
    fn crop_by_definition(pixels: &[u8], pad: usize, top: usize, left: usize) -> Vec<u8> {
        let mut cropped = Vec::new();
        for (row, column) in (0..SIZE.height).flat_map(|row| (0..SIZE.width).map(move |column| (row, column)))
        {
            let source = (row + top).checked_sub(pad).zip((column + left).checked_sub(pad));
            match source.filter(|(row, column)| *row < SIZE.height && *column < SIZE.width) {
                Some((row, column)) => {
                    let at = (row * SIZE.width + column) * 3;
                    cropped.extend_from_slice(&pixels[at..at + 3]);
                }
                None => cropped.extend([0; 3]),
            }
        }
        cropped
    }

    #[test]
    fn every_crop_is_the_definition() {
        for pad in [0, 1, 2, 7] {
            for (top, left) in (0..=2 * pad).flat_map(|top| (0..=2 * pad).map(move |left| (top, left))) {
                let cropped = pad_and_crop(&pixels(), SIZE, pad, top, left);
                assert_eq!(cropped, crop_by_definition(&pixels(), pad, top, left), "{pad} {top} {left}");
            }
        }
    }

    #[test]
    fn normalisation_goes_plane_by_plane() {
        let mut out = [f32::NAN; 6];
        normalize(&[0, 255, 51, 255, 0, 102], &mut out);
        let expected = |level: f32, channel: usize| (level - IMAGENET_MEAN[channel]) / IMAGENET_STD[channel];
        let levels = [(0.0, 0), (1.0, 0), (1.0, 1), (0.0, 1), (0.2, 2), (0.4, 2)];
        for (value, (level, channel)) in out.into_iter().zip(levels) {
            assert!((value - expected(level, channel)).abs() < 1e-6);
        }
    }

    #[test]
    fn draws_stay_in_their_ranges_and_reach_their_ends() {
        let transform = TrainTransform {
            size: SIZE,
            flip_probability: 0.5,
            pad: 2,
            erasing: Some(RandomErasing::default()),
        };
        let draws: Vec<_> = (0..500).map(|item| transform.draw(&mut stream(1, "test", 0, item))).collect();
        for value in 0..=4 {
            assert!(
                draws.iter().any(|draw| draw.top == value) && draws.iter().any(|draw| draw.left == value)
            );
        }
        assert!(draws.iter().all(|draw| draw.top <= 4 && draw.left <= 4));
        let flips = draws.iter().filter(|draw| draw.flip).count();
        assert!((200..300).contains(&flips), "{flips} flips in 500");
        assert!(
            draws.iter().any(|draw| draw.erased.is_some()) && draws.iter().any(|draw| draw.erased.is_none())
        );
    }

    #[test]
    fn erasing_is_the_last_step_and_writes_raw_values() {
        let erasing = Some(RandomErasing::default());
        let transform = TrainTransform { size: SIZE, flip_probability: 0.5, pad: 0, erasing };
        let erased = Some(Rectangle { top: 0, left: 1, height: 1, width: 2 });
        let mut out = [0.0; 36];
        transform.apply(&pixels(), &TrainDraws { flip: true, top: 0, left: 0, erased }, &mut out);
        assert_eq!(out[1..3], [0.485; 2]);
        assert_eq!(out[25..27], [0.406; 2]);
        // Flipped: the first pixel is the third of the row.
        assert!((out[0] - (7.0 / 255.0 - 0.485) / 0.229).abs() < 1e-6);
    }
}
