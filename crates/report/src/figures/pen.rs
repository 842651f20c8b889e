//! The pen: draws on an SVG canvas in points of print. plotters knows whole pixels alone, so its canvas is ten times as large.

use std::cell::RefCell;

use mmt_vocabulary::error::{Error, Result};
use plotters::backend::SVGBackend;
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, IntoDrawingArea};
use plotters::element::{Circle, PathElement, Polygon, Rectangle};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontDesc, FontFamily, FontStyle, RGBColor, TextStyle, register_font};

use super::style::{Dash, INK, Look, Mark, PAPER, hex};
use super::tiles::Tiles;

/// Pixels of the canvas per point.
const SCALE: f64 = 10.0;
/// plotters divides the height of text by this before it writes it.
const FONT_SCALE: f64 = 1.24;
/// plotters measures text as if its height were that from the lowest to the highest letter, which in this font is 1.164 of its size.
const EM: f64 = 1.164 / FONT_SCALE;
/// Half the width of a mark.
const MARK: f64 = 2.4;
pub(super) const FONT: &str = "sans-serif";
/// Height of text.
pub(super) const TEXT: f64 = 8.0;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Where text stands, seen from its point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    /// Begins at it.
    Left,
    /// Ends at it.
    Right,
    /// Its middle is there.
    Middle,
}

/// How text is set.
#[derive(Debug, Clone, Copy)]
pub(super) struct Words {
    pub anchor: Anchor,
    pub colour: RGBColor,
    pub bold: bool,
    /// Written upwards.
    pub upright: bool,
}

impl Words {
    pub const fn new(anchor: Anchor) -> Self {
        Self { anchor, colour: INK, bold: false, upright: false }
    }

    pub const fn bold(self) -> Self {
        Self { bold: true, ..self }
    }

    pub const fn soft(self) -> Self {
        Self { colour: super::style::SOFT, ..self }
    }

    pub const fn upright(self) -> Self {
        Self { upright: true, ..self }
    }
}

/// A line: colour, width in points, dashes, and how much of the ground it hides.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stroke {
    pub colour: RGBColor,
    pub width: f64,
    pub dash: Dash,
    pub alpha: f64,
}

impl Stroke {
    pub const fn new(colour: RGBColor, width: f64) -> Self {
        Self { colour, width, dash: Dash::Solid, alpha: 1.0 }
    }
}

/// The canvas, what went wrong on it, and the photographs that lie on it.
struct Canvas<'a> {
    area: Area<'a>,
    failed: RefCell<Option<String>>,
    /// Elements of dashed lines, which lie on all others.
    dashed: RefCell<String>,
    tiles: RefCell<Tiles>,
}

/// Draws on a part of the canvas. The first failure is kept and told at the end.
#[derive(Clone, Copy)]
pub(super) struct Pen<'a, 'b> {
    canvas: &'b Canvas<'a>,
    left: f64,
    top: f64,
}

impl Pen<'_, '_> {
    /// The pen with its origin moved.
    pub fn moved(self, left: f64, top: f64) -> Self {
        Self { left: self.left + left, top: self.top + top, ..self }
    }

    fn at(&self, (x, y): (f64, f64)) -> (i32, i32) {
        (pixels(self.left + x), pixels(self.top + y))
    }

    fn keep<T, E: std::fmt::Display>(&self, drawn: std::result::Result<T, E>) -> Option<T> {
        drawn.map_err(|error| self.canvas.failed.borrow_mut().get_or_insert(error.to_string()).clone()).ok()
    }

    pub fn line(&self, points: &[(f64, f64)], stroke: Stroke) {
        let points: Vec<(i32, i32)> = points.iter().map(|point| self.at(*point)).collect();
        let width = pixels(stroke.width).max(1) as u32;
        let Some(dash) = stroke.dash.lengths() else {
            let style = stroke.colour.mix(stroke.alpha).stroke_width(width);
            self.keep(self.canvas.area.draw(&PathElement::new(points, style)));
            return;
        };
        // plotters would write an element for each dash.
        let points: Vec<String> = points.iter().map(|(x, y)| format!("{x},{y}")).collect();
        let (on, off) = (pixels(dash.0), pixels(dash.1));
        *self.canvas.dashed.borrow_mut() += &format!(
            "<polyline fill=\"none\" opacity=\"{}\" stroke=\"{}\" stroke-width=\"{width}\" stroke-dasharray=\"{on},{off}\" points=\"{}\"/>\n",
            stroke.alpha,
            hex(stroke.colour),
            points.join(" ")
        );
    }

    pub fn rectangle(&self, corners: [(f64, f64); 2], colour: RGBColor) {
        let corners = corners.map(|corner| self.at(corner));
        self.keep(self.canvas.area.draw(&Rectangle::new(corners, colour.filled())));
    }

    pub fn dot(&self, at: (f64, f64), radius: f64, colour: RGBColor, alpha: f64) {
        let circle = Circle::new(self.at(at), pixels(radius), colour.mix(alpha).filled());
        self.keep(self.canvas.area.draw(&circle));
    }

    /// The mark of a row: shapes differ too, for those who print in grey.
    pub fn mark(&self, (x, y): (f64, f64), look: Look) {
        let polygon = |corners: &[(f64, f64)]| {
            let corners: Vec<_> =
                corners.iter().map(|(right, down)| self.at((x + right * MARK, y + down * MARK))).collect();
            self.keep(self.canvas.area.draw(&Polygon::new(corners, look.colour.filled())));
        };
        match look.mark {
            Mark::None => {}
            Mark::Circle => self.dot((x, y), MARK, look.colour, 1.0),
            Mark::Square => polygon(&[(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)]),
            Mark::Triangle => polygon(&[(0.0, -1.2), (1.15, 0.9), (-1.15, 0.9)]),
            Mark::Diamond => polygon(&[(0.0, -1.3), (1.3, 0.0), (0.0, 1.3), (-1.3, 0.0)]),
        }
    }

    /// Text whose middle is at the height of its point.
    pub fn text(&self, text: &str, at: (f64, f64), words: Words) {
        if !text.is_empty() {
            self.keep(self.canvas.area.draw_text(text, &style(words), self.at(at)));
        }
    }

    /// Width of text in points.
    pub fn width(&self, text: &str, words: Words) -> f64 {
        let size = self.keep(self.canvas.area.estimate_text_size(text, &style(words)));
        size.map_or(0.0, |(width, _)| f64::from(width) / SCALE * EM)
    }

    /// As much of `text` as has room, with dots where letters are missing.
    pub fn fitted(&self, text: &str, room: f64, words: Words) -> String {
        let letters: Vec<char> = text.chars().collect();
        let part = |n: usize| {
            if n == letters.len() { text.to_owned() } else { letters[..n].iter().collect::<String>() + "…" }
        };
        (0..=letters.len()).rev().map(part).find(|part| self.width(part, words) <= room).unwrap_or_default()
    }

    /// Lays photographs on the canvas.
    pub fn tiles(&self, draw: impl FnOnce(&mut Tiles, (f64, f64))) {
        draw(&mut self.canvas.tiles.borrow_mut(), (self.left, self.top));
    }
}

fn pixels(points: f64) -> i32 {
    (SCALE * points).round() as i32
}

fn style(words: Words) -> TextStyle<'static> {
    let weight = if words.bold { FontStyle::Bold } else { FontStyle::Normal };
    let font = FontDesc::new(FontFamily::Name(FONT), SCALE * FONT_SCALE * TEXT, weight);
    let font = if words.upright { font.transform(plotters::style::FontTransform::Rotate270) } else { font };
    let h_pos = match words.anchor {
        Anchor::Left => HPos::Left,
        Anchor::Right => HPos::Right,
        Anchor::Middle => HPos::Center,
    };
    let colour = words.colour.to_backend_color();
    TextStyle { font, color: colour, pos: Pos { h_pos, v_pos: VPos::Center } }
}

/// A drawing: the elements of an SVG of `size` times ten, and photographs.
pub(super) struct Drawn {
    /// Width and height in points.
    pub size: (f64, f64),
    pub elements: String,
    pub tiles: Tiles,
}

impl Drawn {
    /// Lets `draw` draw on white.
    ///
    /// # Errors
    /// Those of plotters.
    pub fn new(size: (f64, f64), draw: impl FnOnce(Pen<'_, '_>)) -> Result<Self> {
        let failed = |reason: String| Error::Report { what: "a figure".to_owned(), reason };
        register_fonts();
        let mut text = String::new();
        let (tiles, dashed) = {
            let root = SVGBackend::with_string(&mut text, (pixels(size.0) as u32, pixels(size.1) as u32));
            let area = root.into_drawing_area();
            let canvas = Canvas {
                area,
                failed: RefCell::default(),
                dashed: RefCell::default(),
                tiles: RefCell::default(),
            };
            let pen = Pen { canvas: &canvas, left: 0.0, top: 0.0 };
            pen.rectangle([(0.0, 0.0), size], PAPER);
            draw(pen);
            pen.keep(canvas.area.present());
            if let Some(reason) = canvas.failed.take() {
                return Err(failed(reason));
            }
            (canvas.tiles.take(), canvas.dashed.take())
        };
        // The first line is the opening tag, the last one the closing one.
        let inner = text.split_once('\n').and_then(|(_, rest)| rest.rsplit_once("</svg>"));
        let elements = inner
            .map(|(inner, _)| format!("{inner}{dashed}"))
            .ok_or_else(|| failed("no drawing".to_owned()))?;
        Ok(Self { size, elements, tiles })
    }
}

/// Systems without fonts get the same figures: the font comes with the program. A broken one makes the drawing fail.
fn register_fonts() {
    let _ = register_font(FONT, FontStyle::Normal, dejavu::sans::regular());
    let _ = register_font(FONT, FontStyle::Bold, dejavu::sans::bold());
}
