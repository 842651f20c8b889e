//! The legend above a figure's panels, so that it covers no line.

use plotters::prelude::*;

use super::super::names::row_label;
use super::super::results::Row;
use super::canvas::{Area, Drawn, Scale, anchor};
use super::palette::{colours, series};

/// Font height, and about the width of a letter.
const TEXT: f64 = 14.0;
const LETTER: f64 = 8.0;
/// Width of a sample with the gap after it; gap after an entry; height of a line; gap at both ends.
const SAMPLE: f64 = 38.0;
const GAP: f64 = 22.0;
const LINE: f64 = 24.0;
const MARGIN: f64 = 20.0;
/// Half the size of a mark.
const MARK: f64 = 3.5;

/// What stands before a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sample {
    /// A line; with its mark for rows that adapt, dashed for others.
    Line,
    /// A box.
    Box,
}

/// Names and colours of rows, and where they stand.
#[derive(Debug)]
pub(super) struct Legend {
    /// A colour per row.
    pub colours: Vec<RGBColor>,
    labels: Vec<String>,
    dashed: Vec<bool>,
    places: Vec<(f64, f64)>,
    sample: Sample,
}

impl Legend {
    /// A legend of `rows` in lines of `width` units.
    pub fn new(rows: &[Row], sample: Sample, width: u32) -> Self {
        let labels: Vec<String> = rows.iter().map(|row| row_label(&row.name)).collect();
        Self {
            colours: colours(rows),
            places: places(&labels, f64::from(width) - MARGIN),
            dashed: rows.iter().map(|row| matches!(row.method.as_str(), "pre-trained" | "oracle")).collect(),
            labels,
            sample,
        }
    }

    /// A legend of lines that are no rows.
    pub fn named(labels: Vec<String>, width: u32) -> Self {
        Self {
            colours: series(labels.len()),
            places: places(&labels, f64::from(width) - MARGIN),
            dashed: vec![false; labels.len()],
            labels,
            sample: Sample::Line,
        }
    }

    /// Height in units.
    pub fn height(&self) -> u32 {
        self.places.last().map_or(0.0, |(_, y)| y + LINE) as u32
    }

    /// Draws all entries.
    pub fn draw<B: DrawingBackend>(&self, strip: &Area<B>, scale: Scale) -> Drawn<B> {
        for (row, (x, y)) in self.places.iter().enumerate() {
            let (x, y) = (scale.px(*x), scale.px(y + LINE / 2.0));
            match self.sample {
                Sample::Line => self.draw_line(strip, row, (x, y), scale)?,
                Sample::Box => {
                    let corners =
                        [(x + scale.px(8.0), y - scale.px(6.0)), (x + scale.px(30.0), y + scale.px(6.0))];
                    strip.draw(&Rectangle::new(corners, self.colours[row].filled()))?;
                }
            }
            let text = scale.text(TEXT).pos(anchor::LEFT);
            strip.draw_text(&self.labels[row], &text, (x + scale.px(SAMPLE), y))?;
        }
        Ok(())
    }

    fn draw_line<B: DrawingBackend>(
        &self,
        strip: &Area<B>,
        row: usize,
        (x, y): (i32, i32),
        scale: Scale,
    ) -> Drawn<B> {
        let style = self.colours[row].stroke_width(scale.stroke(2.0));
        let dash =
            |from: f64, to: f64| PathElement::new([(x + scale.px(from), y), (x + scale.px(to), y)], style);
        if self.dashed[row] {
            [(0.0, 8.0), (12.0, 20.0), (24.0, 32.0)]
                .iter()
                .try_for_each(|(from, to)| strip.draw(&dash(*from, *to)))
        } else {
            strip.draw(&dash(0.0, 32.0))?;
            self.mark(strip, row, (x + scale.px(16.0), y), scale)
        }
    }

    /// Draws the mark of a row: shapes differ too, for those who print in grey.
    pub fn mark<B: DrawingBackend>(
        &self,
        area: &Area<B>,
        row: usize,
        at: (i32, i32),
        scale: Scale,
    ) -> Drawn<B> {
        let style = self.colours[row].filled();
        let size = scale.px(MARK);
        match row % 3 {
            0 => area.draw(&Circle::new(at, size, style)),
            1 => area.draw(&Rectangle::new([(at.0 - size, at.1 - size), (at.0 + size, at.1 + size)], style)),
            _ => area.draw(&TriangleMarker::new(at, scale.px(MARK + 1.5), style)),
        }
    }
}

/// Top left corners of entries, one after the other, a new line where one does not fit.
fn places(labels: &[String], right: f64) -> Vec<(f64, f64)> {
    let (mut x, mut y) = (MARGIN, 0.0);
    let mut places = Vec::new();
    for label in labels {
        let width = SAMPLE + LETTER * label.chars().count() as f64;
        if x > MARGIN && x + width > right {
            (x, y) = (MARGIN, y + LINE);
        }
        places.push((x, y));
        x += width + GAP;
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_wrap_before_the_edge() {
        let labels: Vec<String> = ["Baseline", "MMT-500", "MMT-1000"].map(str::to_owned).to_vec();
        let found = places(&labels, 300.0);
        assert_eq!(found[0], (MARGIN, 0.0));
        assert_eq!(found[2], (MARGIN, LINE));
        assert!(found[1].0 > MARGIN + SAMPLE && found[1].1 == 0.0);
    }
}
