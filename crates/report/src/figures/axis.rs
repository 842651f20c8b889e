//! Axes: which values they show, where those lie, and how the two of a plane are drawn.

use super::super::names::minus;
use super::pen::{Anchor, Pen, Stroke, Words};
use super::style::RULE;

/// Lengths of a step, and multiples of them by ten.
const STEPS: [f64; 4] = [1.0, 2.0, 2.5, 5.0];

/// Values from `low` to `high` along points from `from` to `to`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Axis {
    pub low: f64,
    pub high: f64,
    pub from: f64,
    pub to: f64,
}

impl Axis {
    /// Where a value lies.
    pub fn at(&self, value: f64) -> f64 {
        self.from + (self.to - self.from) * (value - self.low) / (self.high - self.low)
    }

    /// The values to be named, with `most` steps at most between them, and the decimals that they need.
    pub fn ticks(&self, most: usize) -> (Vec<f64>, usize) {
        let step = step(self.high - self.low, most);
        let first = (self.low / step - 1e-9).ceil() as i64;
        let last = (self.high / step + 1e-9).floor() as i64;
        let digits = (0..4).find(|digits| (step * 10_f64.powi(*digits)).fract().abs() < 1e-6).unwrap_or(4);
        ((first..=last).map(|at| at as f64 * step).collect(), digits as usize)
    }
}

/// The smallest round step of which a range has `most` at most.
fn step(width: f64, most: usize) -> f64 {
    let power = 10_f64.powf((width / most.max(1) as f64).log10().floor());
    let steps = STEPS.iter().chain(&[10.0, 20.0]).map(|step| step * power);
    steps
        .clone()
        .find(|step| width / step <= most as f64 + 1e-9)
        .or(steps.max_by(f64::total_cmp))
        .unwrap_or(width)
}

/// A range about all values with a little room, not narrower than `least`; nothing becomes 0 to 1.
pub(super) fn range(values: impl Iterator<Item = f64>, least: f64) -> (f64, f64) {
    let (low, high) = values
        .filter(|value| value.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
    if low > high {
        return (0.0, 1.0);
    }
    let room = (0.06 * (high - low)).max((least - (high - low)) / 2.0);
    (low - room, high + room)
}

/// A line across at every round value of the second axis, with `most` steps at most between them, its number at the left.
pub(super) fn draw_heights(pen: Pen<'_, '_>, [x, y]: [Axis; 2], most: usize) {
    let (ticks, digits) = y.ticks(most);
    for tick in ticks {
        pen.line(&[(x.from, y.at(tick)), (x.to, y.at(tick))], Stroke::new(RULE, 0.5));
        let text = minus(&format!("{tick:.digits$}"));
        pen.text(&text, (x.from - 3.0, y.at(tick)), Words::new(Anchor::Right).soft());
    }
}

/// The name of the first axis, below the numbers.
pub(super) fn name_across(pen: Pen<'_, '_>, [x, y]: [Axis; 2], name: &str) {
    pen.text(name, ((x.from + x.to) / 2.0, y.from + 17.0), Words::new(Anchor::Middle).soft());
}

/// The name of the second axis, at the left edge of the panel.
pub(super) fn name_up(pen: Pen<'_, '_>, y: Axis, name: &str) {
    pen.text(name, (5.0, (y.from + y.to) / 2.0), Words::new(Anchor::Middle).soft().upright());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_within() {
        let axis = |low, high| Axis { low, high, from: 0.0, to: 100.0 };
        assert_eq!(axis(-1.3, 9.9).ticks(5), (vec![0.0, 2.5, 5.0, 7.5], 1));
        assert_eq!(axis(0.0, 100.0).ticks(5), (vec![0.0, 20.0, 40.0, 60.0, 80.0, 100.0], 0));
        assert_eq!(axis(0.0, 1.0).ticks(2), (vec![0.0, 0.5, 1.0], 1));
        assert_eq!(axis(1.0, 6.0).ticks(9).0, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    }

    #[test]
    fn values_lie_between_the_ends() {
        let axis = Axis { low: -2.0, high: 2.0, from: 10.0, to: 50.0 };
        assert_eq!([-2.0, 0.0, 2.0].map(|value| axis.at(value)), [10.0, 30.0, 50.0]);
        let upwards = Axis { from: 50.0, to: 10.0, ..axis };
        assert_eq!(upwards.at(1.0), 20.0);
    }

    #[test]
    fn a_range_holds_all_values_and_one_alone_has_width() {
        let (low, high) = range([3.0, -1.0, f64::NAN].into_iter(), 0.0);
        assert!(low < -1.0 && high > 3.0 && high < 3.5);
        assert_eq!(range([2.0].into_iter(), 1.0), (1.5, 2.5));
        assert_eq!(range(std::iter::empty(), 1.0), (0.0, 1.0));
    }
}
