//! Lines over one axis, named at their ends.

use super::axis::{Axis, draw_heights, name_across, name_up, range};
use super::pen::{Anchor, Pen, Stroke, Words};
use super::plate::{COLUMN, Panel};
use super::style::{Dash, INK, Look, SOFT};

const TITLE: f64 = 13.0;
/// Room for the numbers left of the plot, and for their name.
const LEFT: f64 = 38.0;
const RIGHT: f64 = 4.0;
/// Room for numbers below the plot, and for their name.
const FOOT: f64 = 12.0;
const NAME: f64 = 11.0;
/// Most room for the names of lines.
const NAMES: f64 = 70.0;
/// Names of lines are this far apart.
const APART: f64 = 9.0;
const THICK: f64 = 1.3;
const THIN: f64 = 0.6;
/// Most marks on a line.
const MARKS: usize = 8;

/// A line.
pub(super) struct Course {
    /// Ascending; one alone is a level.
    pub points: Vec<(f64, f64)>,
    pub look: Look,
    /// A single run beside a mean.
    pub thin: bool,
    /// Its name at the right end; may be empty.
    pub name: String,
}

/// The panel.
pub(super) struct Courses {
    pub title: String,
    pub height: f64,
    /// Ends of the axis, and its name.
    pub x: (f64, f64),
    pub x_name: &'static str,
    /// Values of the axis and what they are called; empty for numbers.
    pub x_ticks: Vec<(f64, String)>,
    pub y_name: &'static str,
    /// Ends of the upright axis; by the lines where none are given.
    pub y: Option<(f64, f64)>,
    /// Narrowest range of the upright axis: what is less is noise.
    pub least: f64,
    /// A line at zero.
    pub zero: bool,
    pub lines: Vec<Course>,
}

impl Courses {
    fn values(&self) -> impl Iterator<Item = f64> {
        self.lines.iter().flat_map(|line| line.points.iter().map(|(_, y)| *y))
    }

    fn top(&self) -> f64 {
        if self.title.is_empty() { 4.0 } else { TITLE }
    }

    fn foot(&self) -> f64 {
        FOOT + if self.x_name.is_empty() { 0.0 } else { NAME }
    }

    /// Room that the names of lines need.
    fn names(&self, pen: Pen<'_, '_>) -> f64 {
        let widest = self.lines.iter().map(|line| pen.width(&line.name, Words::new(Anchor::Left)));
        widest.fold(0.0, f64::max).min(NAMES)
    }

    fn axes(&self, names: f64) -> [Axis; 2] {
        let right = COLUMN - RIGHT - if names > 0.0 { names + 6.0 } else { 0.0 };
        let zero = if self.zero { Some(0.0) } else { None };
        let (low, high) = self.y.unwrap_or_else(|| range(self.values().chain(zero), self.least));
        [
            Axis { low: self.x.0, high: self.x.1, from: LEFT, to: right },
            Axis { low, high, from: self.height - self.foot(), to: self.top() + 3.0 },
        ]
    }

    fn draw_axes(&self, pen: Pen<'_, '_>, [x, y]: [Axis; 2]) {
        draw_heights(pen, [x, y], ((y.from - y.to) / 14.0) as usize);
        if self.zero {
            pen.line(&[(x.from, y.at(0.0)), (x.to, y.at(0.0))], Stroke::new(SOFT, 0.9));
        }
        name_up(pen, y, self.y_name);
        let named = if self.x_ticks.is_empty() {
            // Epochs are whole.
            let whole = x.ticks(8).0.into_iter().filter(|tick| tick.fract() == 0.0);
            whole.map(|tick| (tick, format!("{tick:.0}"))).collect()
        } else {
            self.x_ticks.clone()
        };
        for (tick, text) in named {
            pen.text(&text, (x.at(tick), y.from + 7.0), Words::new(Anchor::Middle).soft());
        }
        name_across(pen, [x, y], self.x_name);
    }

    /// Names stand at the height of their lines' ends, pushed apart where those are close.
    fn draw_names(&self, pen: Pen<'_, '_>, [x, y]: [Axis; 2]) {
        let named = self.lines.iter().filter(|line| !line.name.is_empty());
        let end = |line: &Course| line.points.last().map(|(_, value)| y.at(*value));
        let mut places: Vec<(f64, &Course)> = named.filter_map(|line| Some((end(line)?, line))).collect();
        places.sort_by(|one, other| one.0.total_cmp(&other.0));
        let heights = apart(&places.iter().map(|(y, _)| *y).collect::<Vec<_>>(), (y.to, y.from));
        for ((_, line), height) in places.iter().zip(heights) {
            let words = Words::new(Anchor::Left);
            pen.text(&pen.fitted(&line.name, NAMES, words), (x.to + 6.0, height), words);
        }
    }
}

/// Ascending places, moved as little as keeps them [`APART`] and between the ends.
fn apart(places: &[f64], (top, bottom): (f64, f64)) -> Vec<f64> {
    let mut found: Vec<f64> = Vec::new();
    for place in places {
        found.push(found.last().map_or(place.max(top), |before| place.max(before + APART)));
    }
    let mut limit = bottom.max(top + APART * places.len().saturating_sub(1) as f64);
    for place in found.iter_mut().rev() {
        *place = place.min(limit);
        limit = *place - APART;
    }
    found
}

fn draw_line(pen: Pen<'_, '_>, line: &Course, [x, y]: [Axis; 2]) {
    let (width, alpha) = if line.thin { (THIN, 0.55) } else { (THICK, 1.0) };
    let colour = if line.thin { SOFT } else { line.look.colour };
    let dash = if line.thin { Dash::Solid } else { line.look.dash };
    let stroke = Stroke { colour, width, dash, alpha };
    if let [(_, level)] = line.points[..] {
        return pen.line(&[(x.from, y.at(level)), (x.to, y.at(level))], stroke);
    }
    let points: Vec<(f64, f64)> = line.points.iter().map(|(at, value)| (x.at(*at), y.at(*value))).collect();
    pen.line(&points, stroke);
    if !line.thin {
        points
            .iter()
            .rev()
            .step_by(points.len().div_ceil(MARKS))
            .for_each(|point| pen.mark(*point, line.look));
    }
}

impl Courses {
    /// Draws with this much room for names, so that panels below each other have one axis.
    fn draw_with(&self, pen: Pen<'_, '_>, names: f64) {
        let axes = self.axes(names);
        pen.text(&self.title, (LEFT, 6.0), Words::new(Anchor::Left).bold());
        self.draw_axes(pen, axes);
        let of = |thin: bool| self.lines.iter().filter(move |line| line.thin == thin);
        of(true).chain(of(false)).for_each(|line| draw_line(pen, line, axes));
        self.draw_names(pen, axes);
        let [x, y] = axes;
        pen.line(&[(x.from, y.from), (x.to, y.from)], Stroke::new(INK, 0.6));
    }
}

impl Panel for Courses {
    fn size(&self) -> (f64, f64) {
        (COLUMN, self.height)
    }

    fn draw(&self, pen: Pen<'_, '_>) {
        self.draw_with(pen, self.names(pen));
    }
}

/// Panels below each other that stay together.
pub(super) struct Stack(pub Vec<Courses>);

impl Panel for Stack {
    fn size(&self) -> (f64, f64) {
        (COLUMN, self.0.iter().map(|panel| panel.height).sum())
    }

    fn draw(&self, pen: Pen<'_, '_>) {
        let names = self.0.iter().map(|panel| panel.names(pen)).fold(0.0, f64::max);
        let mut top = 0.0;
        for panel in &self.0 {
            panel.draw_with(pen.moved(0.0, top), names);
            top += panel.height;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_pushed_apart_and_stay_between_the_ends() {
        assert_eq!(apart(&[10.0, 50.0], (0.0, 100.0)), [10.0, 50.0]);
        assert_eq!(apart(&[10.0, 12.0, 13.0], (0.0, 100.0)), [10.0, 19.0, 28.0]);
        assert_eq!(apart(&[95.0, 99.0], (0.0, 100.0)), [91.0, 100.0]);
        assert_eq!(apart(&[-5.0], (0.0, 100.0)), [0.0]);
    }
}
