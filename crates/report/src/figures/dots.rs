//! Rows below each other on one axis: a dot for each run, a mark for their mean, its interval.

use super::axis::{Axis, range};
use super::pen::{Anchor, Pen, Stroke, TEXT, Words};
use super::plate::{COLUMN, Panel};
use super::style::{INK, Look, PAPER, RULE, SOFT};

const TITLE: f64 = 13.0;
const LEGEND: f64 = 11.0;
/// Height of a row: its name, and the dots below it.
const ROW: f64 = 21.0;
const NAME: f64 = 6.0;
const DOTS: f64 = 15.5;
const FOOT: f64 = 24.0;
const EDGE: f64 = 2.0;
/// Room between the ends of the axis and the edge: half of the widest number.
const MARGIN: f64 = 14.0;
const DOT: f64 = 1.7;
/// Narrowest range of an axis.
const NARROWEST: f64 = 2.0;

/// A row.
pub(super) struct DotRow {
    pub name: String,
    /// The text at its right end.
    pub number: String,
    /// Single runs.
    pub dots: Vec<f64>,
    /// Means.
    pub marks: Vec<(f64, Look)>,
    pub interval: Option<(f64, f64)>,
    /// Stands for the rows above it: bold, with a rule before it.
    pub whole: bool,
}

/// Rows by what they compare, in the order in which each comparison comes first.
pub(super) fn by_comparison<'a>(
    rows: impl Iterator<Item = (&'a str, DotRow)>,
) -> Vec<(&'a str, Vec<DotRow>)> {
    let mut groups: Vec<(&str, Vec<DotRow>)> = Vec::new();
    for (compared, row) in rows {
        match groups.iter_mut().find(|(known, _)| *known == compared) {
            Some((_, rows)) => rows.push(row),
            None => groups.push((compared, vec![row])),
        }
    }
    groups
}

/// The panel.
pub(super) struct DotPanel {
    pub title: String,
    /// The names of the marks, where there are several.
    pub legend: Vec<(Look, String)>,
    pub axis: &'static str,
    /// Values with an upright line: what rows are held against.
    pub bars: Vec<f64>,
    pub rows: Vec<DotRow>,
}

impl DotPanel {
    fn top(&self) -> f64 {
        TITLE + if self.legend.is_empty() { 0.0 } else { LEGEND }
    }

    fn bottom(&self) -> f64 {
        self.top() + ROW * self.rows.len() as f64
    }

    fn x(&self) -> Axis {
        let ends =
            |row: &DotRow| row.interval.into_iter().flat_map(|(low, high)| [low, high]).collect::<Vec<_>>();
        let of = |row: &DotRow| -> Vec<f64> {
            row.dots
                .iter()
                .copied()
                .chain(row.marks.iter().map(|(value, _)| *value))
                .chain(ends(row))
                .collect()
        };
        let values = self.rows.iter().flat_map(of).chain(self.bars.iter().copied());
        let (low, high) = range(values, NARROWEST);
        Axis { low, high, from: MARGIN, to: COLUMN - MARGIN }
    }

    fn draw_axis(&self, pen: Pen<'_, '_>, x: Axis) {
        let (ticks, digits) = x.ticks(6);
        for tick in ticks {
            pen.line(&[(x.at(tick), self.top()), (x.at(tick), self.bottom())], Stroke::new(RULE, 0.5));
            let text = super::super::names::minus(&format!("{tick:.digits$}"));
            pen.text(&text, (x.at(tick), self.bottom() + 6.0), Words::new(Anchor::Middle).soft());
        }
        for bar in &self.bars {
            pen.line(&[(x.at(*bar), self.top()), (x.at(*bar), self.bottom())], Stroke::new(SOFT, 0.9));
        }
        pen.text(self.axis, (COLUMN / 2.0, self.bottom() + 17.0), Words::new(Anchor::Middle).soft());
    }

    fn draw_legend(&self, pen: Pen<'_, '_>) {
        let mut left = EDGE;
        for (look, name) in &self.legend {
            pen.mark((left + 3.0, TITLE + 4.0), *look);
            pen.text(name, (left + 9.0, TITLE + 4.0), Words::new(Anchor::Left));
            left += 9.0 + pen.width(name, Words::new(Anchor::Left)) + 10.0;
        }
    }
}

fn draw_row(pen: Pen<'_, '_>, row: &DotRow, (top, x): (f64, Axis)) {
    let words = |anchor| if row.whole { Words::new(anchor).bold() } else { Words::new(anchor) };
    if row.whole {
        pen.line(&[(EDGE, top), (COLUMN - EDGE, top)], Stroke::new(SOFT, 0.7));
    }
    // On paper of its own, so that no line goes through a word.
    let height = (top + NAME - TEXT / 2.0, top + NAME + TEXT / 2.0);
    let number = pen.width(&row.number, words(Anchor::Right));
    let shown = pen.fitted(&row.name, COLUMN - 2.0 * EDGE - number - 4.0, words(Anchor::Left));
    let name = pen.width(&shown, words(Anchor::Left));
    pen.rectangle([(EDGE, height.0), (EDGE + name + 2.0, height.1)], PAPER);
    pen.rectangle([(COLUMN - EDGE - number - 2.0, height.0), (COLUMN - EDGE, height.1)], PAPER);
    pen.text(&shown, (EDGE, top + NAME), words(Anchor::Left));
    pen.text(&row.number, (COLUMN - EDGE, top + NAME), words(Anchor::Right));
    let y = top + DOTS;
    if let Some((low, high)) = row.interval {
        pen.line(&[(x.at(low), y), (x.at(high), y)], Stroke::new(INK, 0.8));
        for end in [low, high] {
            pen.line(&[(x.at(end), y - 2.0), (x.at(end), y + 2.0)], Stroke::new(INK, 0.8));
        }
    }
    for dot in &row.dots {
        pen.dot((x.at(*dot), y), DOT, SOFT, 0.55);
    }
    for (value, look) in &row.marks {
        pen.mark((x.at(*value), y), *look);
    }
}

impl Panel for DotPanel {
    fn size(&self) -> (f64, f64) {
        (COLUMN, self.bottom() + FOOT)
    }

    fn draw(&self, pen: Pen<'_, '_>) {
        let x = self.x();
        pen.text(&self.title, (EDGE, 6.0), Words::new(Anchor::Left).bold());
        self.draw_legend(pen);
        self.draw_axis(pen, x);
        for (at, row) in self.rows.iter().enumerate() {
            draw_row(pen, row, (self.top() + ROW * at as f64, x));
        }
    }
}
