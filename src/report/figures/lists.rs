//! Ranked lists: the query, then the gallery's nearest images, framed by whether they are right.

use image::imageops::{FilterType, crop_imm, resize};
use plotters::element::BitMapElement;
use plotters::prelude::*;

use super::super::ranked::{List, Lists, Ranked};
use super::super::summary::Context;
use super::canvas::{Area, Drawing, Drawn, Scale, TITLE, anchor, titled};
use super::palette::{BAD, GOOD, INK};
use crate::record::{Case, RANKED_TILES};

/// Height of a tile, in units; its width follows from its image.
const TILE: f64 = 96.0;
const GAP: f64 = 10.0;
/// Width of the words before a list, and the room after the query.
const WORDS: f64 = 92.0;
const AFTER_QUERY: f64 = 14.0;
const HEADING: f64 = 34.0;
const FRAME: f64 = 3.0;
/// Length of a dash and of the gap after it.
const DASH: f64 = 6.0;

/// The figure of a task.
pub(super) struct RankedLists<'a> {
    ranked: &'a Ranked,
    title: String,
    subtitle: String,
}

impl<'a> RankedLists<'a> {
    pub fn new(ranked: &'a Ranked, context: &Context) -> Self {
        Self { ranked, title: format!("Ranked lists, {}", ranked.task), subtitle: context.label() }
    }

    /// Width of a tile in units.
    fn tile(lists: &Lists) -> f64 {
        let (width, height) = lists.image.dimensions();
        let (width, height) =
            (f64::from(width) / RANKED_TILES as f64, f64::from(height) / lists.lists.len() as f64);
        (TILE * width / height).clamp(12.0, 2.0 * TILE)
    }

    fn draw_list<B: DrawingBackend>(
        &self,
        area: &Area<B>,
        (lists, row): (&Lists, usize),
        top: f64,
        scale: Scale,
    ) -> Drawn<B> {
        let list = &lists.lists[row];
        let words = [case(list).to_owned(), format!("AP {:.1} %", list.ap)];
        for (text, y) in words.iter().zip([-10.0, 10.0]) {
            let at = (scale.px(20.0), scale.px(top + TILE / 2.0 + y));
            area.draw_text(text, &scale.text(14.0).pos(anchor::LEFT), at)?;
        }
        let width = Self::tile(lists);
        for column in 0..=list.right.len() {
            let after = if column > 0 { AFTER_QUERY } else { 0.0 };
            let left = 20.0 + WORDS + column as f64 * (width + GAP) + after;
            draw_tile(area, (lists, row, column), (left, top), scale)?;
            let corners = [(left, top), (left + width, top + TILE)];
            match column.checked_sub(1).map(|rank| list.right[rank]) {
                None => frame(area, corners, (INK, false), scale)?,
                Some(true) => frame(area, corners, (GOOD, false), scale)?,
                Some(false) => {
                    frame(area, corners, (BAD, true), scale)?;
                    cross(area, (left + width, top), scale)?;
                }
            }
        }
        Ok(())
    }
}

fn case(list: &List) -> &'static str {
    match list.case {
        Case::Worst => "worst query",
        Case::Median => "median",
        Case::Best => "best query",
    }
}

/// Draws a tile of the picture at the size that the scale asks for.
fn draw_tile<B: DrawingBackend>(
    area: &Area<B>,
    (lists, row, column): (&Lists, usize, usize),
    (left, top): (f64, f64),
    scale: Scale,
) -> Drawn<B> {
    let (width, height) = lists.image.dimensions();
    let (width, height) = (width / RANKED_TILES as u32, height / lists.lists.len() as u32);
    let tile = crop_imm(&lists.image, column as u32 * width, row as u32 * height, width, height).to_image();
    let size = (scale.px(RankedLists::tile(lists)).max(1) as u32, scale.px(TILE).max(1) as u32);
    // Drawings of a few pixels are shown as they are, which also keeps the files small; photographs smoothly.
    let filter = if size.1 >= 2 * height { FilterType::Nearest } else { FilterType::CatmullRom };
    let pixels = resize(&tile, size.0, size.1, filter).into_raw();
    match BitMapElement::<_, plotters::backend::RGBPixel>::with_owned_buffer(
        (scale.px(left), scale.px(top)),
        size,
        pixels,
    ) {
        Some(element) => area.draw(&element),
        None => Ok(()),
    }
}

/// A frame about a tile; a dashed one is seen without colours too.
fn frame<B: DrawingBackend>(
    area: &Area<B>,
    [(left, top), (right, bottom)]: [(f64, f64); 2],
    (colour, dashed): (RGBColor, bool),
    scale: Scale,
) -> Drawn<B> {
    let half = FRAME / 2.0;
    let (left, top, right, bottom) = (left - half, top - half, right + half, bottom + half);
    let corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)];
    for side in corners.windows(2) {
        let (from, to) = (side[0], side[1]);
        let length = (to.0 - from.0).abs() + (to.1 - from.1).abs();
        let pieces = if dashed { (length / (2.0 * DASH)).ceil() } else { 1.0 };
        for piece in 0..pieces as usize {
            let share = |offset: f64| (piece as f64 + offset) / pieces;
            let point = |share: f64| {
                (scale.px(from.0 + (to.0 - from.0) * share), scale.px(from.1 + (to.1 - from.1) * share))
            };
            let end = if dashed { 0.6 } else { 1.0 };
            let style = colour.stroke_width(scale.stroke(FRAME));
            area.draw(&PathElement::new([point(share(0.0)), point(share(end))], style))?;
        }
    }
    Ok(())
}

/// A cross on white in the corner of a wrong image.
fn cross<B: DrawingBackend>(area: &Area<B>, (right, top): (f64, f64), scale: Scale) -> Drawn<B> {
    let at = |x: f64, y: f64| (scale.px(right + x), scale.px(top + y));
    area.draw(&Rectangle::new([at(-14.0, 0.0), at(0.0, 14.0)], WHITE.filled()))?;
    let style = BAD.stroke_width(scale.stroke(2.5));
    area.draw(&PathElement::new([at(-11.0, 3.0), at(-3.0, 11.0)], style))?;
    area.draw(&PathElement::new([at(-3.0, 3.0), at(-11.0, 11.0)], style))
}

impl Drawing for RankedLists<'_> {
    fn size(&self) -> (u32, u32) {
        let width =
            |lists: &Lists| 40.0 + WORDS + AFTER_QUERY + RANKED_TILES as f64 * (Self::tile(lists) + GAP);
        let height = |lists: &Lists| HEADING + lists.lists.len() as f64 * (TILE + GAP);
        let lists = &self.ranked.lists;
        let (width, height) =
            (lists.iter().map(width).fold(0.0, f64::max), lists.iter().map(height).sum::<f64>());
        (width as u32, (TITLE + height + GAP) as u32)
    }

    fn draw<B: DrawingBackend>(&self, root: &Area<B>, scale: Scale) -> Drawn<B> {
        let area = titled(root, &self.title, &self.subtitle, scale)?;
        let mut top = 0.0;
        for lists in &self.ranked.lists {
            let at = (scale.px(20.0), scale.px(top + HEADING / 2.0));
            area.draw_text(&lists.label, &scale.bold(14.0).pos(anchor::LEFT), at)?;
            top += HEADING;
            for row in 0..lists.lists.len() {
                self.draw_list(&area, (lists, row), top, scale)?;
                top += TILE + GAP;
            }
        }
        Ok(())
    }
}
