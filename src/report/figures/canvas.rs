//! The canvas: a drawing once as SVG text and once as PNG pixels, with the same embedded font.

use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::RgbImage;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{FontFamily, FontStyle, register_font};

use super::File;
use super::palette::INK;
use crate::error::{Error, Result};

/// Pixels of the PNG per unit of the drawing, so that it is sharp in print.
const PNG_SCALE: u32 = 2;
/// Height of title and subtitle, in units.
pub(super) const TITLE: f64 = 58.0;
const FONT: &str = "sans-serif";

/// Where a drawing is drawn.
pub(super) type Area<B> = DrawingArea<B, Shift>;
/// Result of drawing on `B`.
pub(super) type Drawn<B> = std::result::Result<(), DrawingAreaErrorKind<<B as DrawingBackend>::ErrorType>>;

/// A figure that can be drawn on any backend, at any scale.
pub(super) trait Drawing {
    /// Width and height in units.
    fn size(&self) -> (u32, u32);
    /// Draws on `root`, which is `scale` times that size.
    fn draw<B: DrawingBackend>(&self, root: &Area<B>, scale: Scale) -> Drawn<B>;
}

/// Pixels per unit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale(f64);

impl Scale {
    /// `units` in pixels.
    pub fn px(self, units: f64) -> i32 {
        (self.0 * units).round() as i32
    }

    /// Width of a line.
    pub fn stroke(self, units: f64) -> u32 {
        self.px(units).max(1) as u32
    }

    /// Text of a height.
    pub fn text(self, height: f64) -> TextStyle<'static> {
        (FONT, self.0 * height).into_font().color(&INK)
    }

    /// Bold text of a height.
    pub fn bold(self, height: f64) -> TextStyle<'static> {
        FontDesc::new(FontFamily::Name(FONT), self.0 * height, FontStyle::Bold).color(&INK)
    }
}

/// Where text stands, seen from its point.
pub(super) mod anchor {
    use super::{HPos, Pos, VPos};

    /// Starts at the point, vertically centred.
    pub const LEFT: Pos = Pos { h_pos: HPos::Left, v_pos: VPos::Center };
    /// Stands on the point.
    pub const ABOVE: Pos = Pos { h_pos: HPos::Center, v_pos: VPos::Bottom };
    /// Hangs from the point.
    pub const BELOW: Pos = Pos { h_pos: HPos::Center, v_pos: VPos::Top };
}

/// The drawing as `<name>.svg` and `<name>.png`.
pub(super) fn files(name: &str, drawing: &impl Drawing) -> Result<Vec<File>> {
    register_fonts().map_err(|reason| failed(name, reason))?;
    let files = [("svg", svg(name, drawing)?), ("png", png(name, drawing)?)];
    Ok(files.into_iter().map(|(kind, bytes)| File { name: format!("{name}.{kind}"), bytes }).collect())
}

/// A drawing with photographs as `<name>.png`, and as `<name>.svg` that holds those pixels: every photograph by itself would be as large.
pub(super) fn pictures(name: &str, drawing: &impl Drawing) -> Result<Vec<File>> {
    register_fonts().map_err(|reason| failed(name, reason))?;
    let (png, (width, height)) = (png(name, drawing)?, drawing.size());
    let svg = format!(
        "<svg width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" xmlns=\"http://www.w3.org/2000/svg\">\n\
         <image width=\"{width}\" height=\"{height}\" href=\"data:image/png;base64,{}\"/>\n</svg>\n",
        STANDARD.encode(&png)
    );
    let files = [("svg", svg.into_bytes()), ("png", png)];
    Ok(files.into_iter().map(|(kind, bytes)| File { name: format!("{name}.{kind}"), bytes }).collect())
}

fn failed(name: &str, reason: impl ToString) -> Error {
    Error::Report { what: format!("figure {name}"), reason: reason.to_string() }
}

/// Systems without fonts get the same figures: the font comes with the program.
fn register_fonts() -> std::result::Result<(), String> {
    static DONE: OnceLock<std::result::Result<(), String>> = OnceLock::new();
    let register = || {
        let normal = register_font(FONT, FontStyle::Normal, dejavu::sans::regular());
        let bold = register_font(FONT, FontStyle::Bold, dejavu::sans::bold());
        normal.and(bold).map_err(|_| "the embedded font is broken".to_owned())
    };
    DONE.get_or_init(register).clone()
}

fn svg(name: &str, drawing: &impl Drawing) -> Result<Vec<u8>> {
    let mut text = String::new();
    {
        let root = SVGBackend::with_string(&mut text, drawing.size()).into_drawing_area();
        drawing.draw(&root, Scale(1.0)).map_err(|error| failed(name, error))?;
        root.present().map_err(|error| failed(name, error))?;
    }
    Ok(text.into_bytes())
}

fn png(name: &str, drawing: &impl Drawing) -> Result<Vec<u8>> {
    let (width, height) = drawing.size();
    let (width, height) = (width * PNG_SCALE, height * PNG_SCALE);
    let mut pixels = vec![0; (width * height * 3) as usize];
    {
        let root = BitMapBackend::with_buffer(&mut pixels, (width, height)).into_drawing_area();
        drawing.draw(&root, Scale(f64::from(PNG_SCALE))).map_err(|error| failed(name, error))?;
        root.present().map_err(|error| failed(name, error))?;
    }
    let image = RgbImage::from_raw(width, height, pixels).ok_or_else(|| failed(name, "too few pixels"))?;
    let mut bytes = Vec::new();
    // Figures are kept in repositories.
    let encoder = PngEncoder::new_with_quality(&mut bytes, CompressionType::Best, FilterType::Adaptive);
    image.write_with_encoder(encoder).map_err(|error| failed(name, error))?;
    Ok(bytes)
}

/// Draws a title and leaves the rest of `root`.
pub(super) fn titled<B: DrawingBackend>(
    root: &Area<B>,
    title: &str,
    subtitle: &str,
    scale: Scale,
) -> std::result::Result<Area<B>, DrawingAreaErrorKind<B::ErrorType>> {
    root.fill(&WHITE)?;
    let (strip, rest) = root.split_vertically(scale.px(TITLE));
    strip.draw_text(title, &scale.bold(20.0).pos(anchor::LEFT), (scale.px(20.0), scale.px(24.0)))?;
    strip.draw_text(subtitle, &scale.text(13.0).pos(anchor::LEFT), (scale.px(20.0), scale.px(47.0)))?;
    Ok(rest)
}
