//! Photographs on a canvas. Strips of tiles are kept once, as JPEG at their own size, and shown tile by tile with hard pixels.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::codecs::jpeg::JpegEncoder;
use image::imageops::{FilterType, crop_imm, overlay, resize};
use image::{ImageBuffer, RgbImage, Rgba};

use mmt_vocabulary::error::{Error, Result};

const QUALITY: u8 = 75;

/// A part of a strip, and where it lies on the canvas in points: left, top, width, height.
#[derive(Debug, Clone, Copy)]
struct Tile {
    strip: usize,
    from: [u32; 4],
    place: [f64; 4],
}

/// All photographs of a canvas.
#[derive(Debug, Clone, Default)]
pub(super) struct Tiles {
    strips: Vec<RgbImage>,
    tiles: Vec<Tile>,
}

impl Tiles {
    /// Keeps a strip and returns its number.
    pub fn strip(&mut self, image: RgbImage) -> usize {
        self.strips.push(image);
        self.strips.len() - 1
    }

    /// Shows the part `from` of a strip (left, top, width, height in pixels) at `place`.
    pub fn show(&mut self, strip: usize, from: [u32; 4], place: [f64; 4]) {
        self.tiles.push(Tile { strip, from, place });
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.tiles.is_empty()
    }

    /// As elements of an SVG that is `scale` times as large; `name` keeps the names of strips apart on a page.
    pub fn svg(&self, name: &str, scale: f64) -> Result<String> {
        let mut text = String::new();
        for (at, strip) in self.strips.iter().enumerate() {
            let mut bytes = Vec::new();
            let written = strip.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, QUALITY));
            written.map_err(|error| Error::Report {
                what: format!("figure {name}"),
                reason: error.to_string(),
            })?;
            let (width, height) = strip.dimensions();
            text += &format!(
                "<defs><image id=\"{name}-strip-{at}\" width=\"{width}\" height=\"{height}\" style=\"image-rendering:pixelated\" \
                 href=\"data:image/jpeg;base64,{}\"/></defs>\n",
                STANDARD.encode(&bytes)
            );
        }
        for Tile { strip, from: [left, top, width, height], place } in &self.tiles {
            let [x, y, w, h] = place.map(|value| (value * scale).round());
            text += &format!(
                "<svg x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" viewBox=\"{left} {top} {width} {height}\" \
                 preserveAspectRatio=\"none\"><use href=\"#{name}-strip-{strip}\"/></svg>\n"
            );
        }
        Ok(text)
    }

    /// Onto pixels that are `scale` times as many as points.
    pub fn paint(&self, pixels: &mut ImageBuffer<Rgba<u8>, Vec<u8>>, scale: f64) {
        for Tile { strip, from: [left, top, width, height], place } in &self.tiles {
            let tile = crop_imm(&self.strips[*strip], *left, *top, *width, *height).to_image();
            let [x, y, w, h] = place.map(|value| (value * scale).round());
            let tile = image::DynamicImage::ImageRgb8(tile).to_rgba8();
            let filter =
                if h >= 2.0 * f64::from(*height) { FilterType::Nearest } else { FilterType::CatmullRom };
            let tile = resize(&tile, (w as u32).max(1), (h as u32).max(1), filter);
            overlay(pixels, &tile, x as i64, y as i64);
        }
    }
}
