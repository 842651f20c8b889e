//! Points of two numbers of one kind, and the line where they are equal.

use super::axis::{Axis, name_across, name_up};
use super::pen::{Anchor, Pen, Stroke, Words};
use super::plate::{COLUMN, Panel};
use super::style::{DIFFERENCE, RULE, SOFT};

const LEFT: f64 = 32.0;
const TITLE: f64 = 24.0;
/// Side of the square.
const SIDE: f64 = 150.0;
const FOOT: f64 = 24.0;

/// The panel; numbers are percentages.
pub(super) struct Scatter {
    pub title: String,
    /// A line below the title.
    pub note: String,
    pub x_name: String,
    pub y_name: String,
    pub points: Vec<(f64, f64)>,
}

impl Panel for Scatter {
    fn size(&self) -> (f64, f64) {
        (COLUMN, TITLE + SIDE + FOOT)
    }

    fn draw(&self, pen: Pen<'_, '_>) {
        let x = Axis { low: 0.0, high: 100.0, from: LEFT, to: LEFT + SIDE };
        let y = Axis { low: 0.0, high: 100.0, from: TITLE + SIDE, to: TITLE };
        pen.text(&self.title, (LEFT, 6.0), Words::new(Anchor::Left).bold());
        pen.text(&self.note, (LEFT, 16.5), Words::new(Anchor::Left));
        for tick in [0.0, 25.0, 50.0, 75.0, 100.0] {
            pen.line(&[(x.at(tick), y.from), (x.at(tick), y.to)], Stroke::new(RULE, 0.5));
            pen.line(&[(x.from, y.at(tick)), (x.to, y.at(tick))], Stroke::new(RULE, 0.5));
            pen.text(&format!("{tick:.0}"), (x.at(tick), y.from + 7.0), Words::new(Anchor::Middle).soft());
            pen.text(&format!("{tick:.0}"), (LEFT - 3.0, y.at(tick)), Words::new(Anchor::Right).soft());
        }
        pen.line(&[(x.from, y.from), (x.to, y.to)], Stroke::new(SOFT, 0.9));
        for (across, up) in &self.points {
            pen.dot((x.at(*across), y.at(*up)), 1.3, DIFFERENCE.colour, 0.6);
        }
        name_across(pen, [x, y], &self.x_name);
        name_up(pen, y, &self.y_name);
    }
}
