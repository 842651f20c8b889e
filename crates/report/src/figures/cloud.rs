//! Points in a plane in named groups, each group about the mark of its mean, and a line at zero.

use super::axis::{Axis, draw_heights, name_across, name_up};
use super::pen::{Anchor, Pen, Stroke, Words};
use super::plate::{COLUMN, Panel};
use super::style::{DIFFERENCE, INK, PAPER, RULE, SOFT};

const LEFT: f64 = 38.0;
const RIGHT: f64 = 4.0;
const TITLE: f64 = 16.0;
const HEIGHT: f64 = 150.0;
const FOOT: f64 = 24.0;
/// Radii of a point, and of the room that a mark takes.
const DOT: f64 = 1.7;
const MARK: f64 = 3.0;
/// Between a mark and a label beside it.
const BESIDE: f64 = 5.0;
/// Height of a label, and how much farther up and down the next place for it lies.
const LABEL: f64 = 9.0;
/// Most room for a label.
const NAME: f64 = 96.0;
/// Of a mean: several points have one, a point is its own.
const FEWEST: usize = 2;

/// Points of one kind.
pub(super) struct Group {
    pub name: String,
    /// There is at least one.
    pub points: Vec<(f64, f64)>,
}

impl Group {
    fn mean(&self) -> (f64, f64) {
        let of = |value: fn(&(f64, f64)) -> f64| {
            self.points.iter().map(value).sum::<f64>() / self.points.len().max(1) as f64
        };
        (of(|point| point.0), of(|point| point.1))
    }
}

/// The panel.
pub(super) struct Cloud {
    pub title: String,
    /// Ends of the axes.
    pub x: (f64, f64),
    pub y: (f64, f64),
    pub x_name: &'static str,
    pub y_name: &'static str,
    pub groups: Vec<Group>,
}

/// A group on paper, in points.
struct Placed<'a> {
    name: &'a str,
    mean: (f64, f64),
    /// Those that are not the mean.
    dots: Vec<(f64, f64)>,
}

/// A rectangle on paper.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Area {
    left: f64,
    top: f64,
    right: f64,
    bottom: f64,
}

impl Area {
    fn about((x, y): (f64, f64), (width, height): (f64, f64)) -> Self {
        let (width, height) = (width / 2.0, height / 2.0);
        Self { left: x - width, top: y - height, right: x + width, bottom: y + height }
    }

    fn middle(&self) -> f64 {
        (self.top + self.bottom) / 2.0
    }

    fn meets(&self, other: &Self) -> bool {
        self.left < other.right
            && other.left < self.right
            && self.top < other.bottom
            && other.top < self.bottom
    }

    fn holds(&self, other: &Self) -> bool {
        self.left <= other.left
            && other.right <= self.right
            && self.top <= other.top
            && other.bottom <= self.bottom
    }
}

/// Places for a label of this width, the nearest to its mark first: right and left of it, then farther and farther up and down.
fn places((x, y): (f64, f64), width: f64, steps: usize) -> impl Iterator<Item = Area> {
    let beside = BESIDE + width / 2.0;
    let at =
        move |dy: f64| [x + beside, x - beside].map(|middle| Area::about((middle, y + dy), (width, LABEL)));
    (0..steps).map(|step| step as f64 * LABEL).flat_map(move |away| [at(-away), at(away)].concat())
}

/// Where labels of these widths stand at their marks: within `plot`, on none of `taken`, and on no other label. None where there is no such
/// place: the name is in the table.
fn labelled(marks: &[((f64, f64), f64)], plot: Area, taken: &[Area]) -> Vec<Option<Area>> {
    let steps = ((plot.bottom - plot.top) / LABEL) as usize + 1;
    let mut found: Vec<Option<Area>> = Vec::new();
    for (mark, width) in marks {
        let free = |area: &Area| !taken.iter().chain(found.iter().flatten()).any(|other| other.meets(area));
        let place = places(*mark, *width, steps).find(|area| plot.holds(area) && free(area));
        found.push(place);
    }
    found
}

impl Cloud {
    fn axes(&self) -> [Axis; 2] {
        let (low, high) = self.y;
        [
            Axis { low: self.x.0, high: self.x.1, from: LEFT, to: COLUMN - RIGHT },
            Axis { low, high, from: TITLE + HEIGHT, to: TITLE },
        ]
    }

    fn draw_axes(&self, pen: Pen<'_, '_>, [x, y]: [Axis; 2]) {
        draw_heights(pen, [x, y], 8);
        let (ticks, digits) = x.ticks(8);
        for tick in ticks {
            pen.line(&[(x.at(tick), y.from), (x.at(tick), y.to)], Stroke::new(RULE, 0.5));
            pen.text(
                &format!("{tick:.digits$}"),
                (x.at(tick), y.from + 7.0),
                Words::new(Anchor::Middle).soft(),
            );
        }
        pen.line(&[(x.from, y.at(0.0)), (x.to, y.at(0.0))], Stroke::new(SOFT, 0.9));
        pen.line(&[(x.from, y.from), (x.to, y.from)], Stroke::new(INK, 0.6));
        name_across(pen, [x, y], self.x_name);
        name_up(pen, y, self.y_name);
    }

    fn placed(&self, [x, y]: [Axis; 2]) -> Vec<Placed<'_>> {
        let at = |point: &(f64, f64)| (x.at(point.0), y.at(point.1));
        let place = |group: &'_ Group| -> Vec<(f64, f64)> {
            if group.points.len() < FEWEST { Vec::new() } else { group.points.iter().map(at).collect() }
        };
        self.groups
            .iter()
            .map(|group| Placed { name: &group.name, mean: at(&group.mean()), dots: place(group) })
            .collect()
    }
}

/// Lines from each point to its mean, which tell whose it is.
fn draw_spokes(pen: Pen<'_, '_>, groups: &[Placed<'_>]) {
    for group in groups {
        group.dots.iter().for_each(|dot| pen.line(&[*dot, group.mean], Stroke::new(SOFT, 0.4)));
    }
}

/// Where the labels stand, each with its text.
fn labels(pen: Pen<'_, '_>, groups: &[Placed<'_>], plot: Area) -> Vec<(String, Option<Area>)> {
    let words = Words::new(Anchor::Left);
    let names: Vec<String> = groups.iter().map(|group| pen.fitted(group.name, NAME, words)).collect();
    let widths = names.iter().map(|name| pen.width(name, words));
    let marks: Vec<_> = groups.iter().map(|group| group.mean).zip(widths).collect();
    let means = groups.iter().map(|group| Area::about(group.mean, (2.0 * MARK, 2.0 * MARK)));
    let dots = groups.iter().flat_map(|group| &group.dots);
    let dots = dots.map(|dot| Area::about(*dot, (2.0 * DOT, 2.0 * DOT)));
    let places = labelled(&marks, plot, &means.chain(dots).collect::<Vec<_>>());
    names.into_iter().zip(places).collect()
}

/// On paper of their own, so that no line goes through a word; a line leads to what stands away from its mark.
fn draw_labels(pen: Pen<'_, '_>, groups: &[Placed<'_>], plot: Area) {
    let labels = labels(pen, groups, plot);
    let stand =
        || groups.iter().zip(&labels).filter_map(|(group, (name, area))| Some((group.mean, name, (*area)?)));
    for ((x, y), _, area) in stand().filter(|(mark, _, area)| (area.middle() - mark.1).abs() > 1.0) {
        let end = if area.left > x { area.left } else { area.right };
        pen.line(&[(x, y), (end, area.middle())], Stroke::new(SOFT, 0.4));
    }
    for (_, name, area) in stand() {
        pen.rectangle([(area.left, area.top), (area.right, area.bottom)], PAPER);
        pen.text(name, (area.left, area.middle()), Words::new(Anchor::Left));
    }
}

impl Panel for Cloud {
    fn size(&self) -> (f64, f64) {
        (COLUMN, TITLE + HEIGHT + FOOT)
    }

    fn draw(&self, pen: Pen<'_, '_>) {
        let axes = self.axes();
        let groups = self.placed(axes);
        let [x, y] = axes;
        pen.text(&self.title, (LEFT, 6.0), Words::new(Anchor::Left).bold());
        self.draw_axes(pen, axes);
        draw_spokes(pen, &groups);
        draw_labels(pen, &groups, Area { left: x.from, top: y.to, right: x.to, bottom: y.from });
        for group in &groups {
            group.dots.iter().for_each(|dot| pen.dot(*dot, DOT, SOFT, 0.55));
            pen.mark(group.mean, DIFFERENCE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLOT: Area = Area { left: 0.0, top: 0.0, right: 200.0, bottom: 90.0 };

    #[test]
    fn labels_stand_at_their_marks_on_no_mark_and_on_no_other_label() {
        // At the right edge, two at one place, one alone.
        let marks =
            [((190.0, 45.0), 40.0), ((100.0, 45.0), 40.0), ((100.0, 45.0), 40.0), ((20.0, 80.0), 40.0)];
        let taken: Vec<Area> = marks.iter().map(|(mark, _)| Area::about(*mark, (6.0, 6.0))).collect();
        let found: Vec<Area> = labelled(&marks, PLOT, &taken).into_iter().flatten().collect();
        let middles: Vec<(f64, f64)> = found
            .iter()
            .map(|area| ((area.left + area.right) / 2.0, (area.top + area.bottom) / 2.0))
            .collect();
        // The first one has no room on its right; left of the second pair it takes none from them.
        assert_eq!(middles, [(165.0, 45.0), (125.0, 45.0), (75.0, 45.0), (45.0, 80.0)]);
        let crowd = vec![((100.0, 45.0), 40.0); 30];
        let found: Vec<Area> = labelled(&crowd, PLOT, &taken).into_iter().flatten().collect();
        // Nine heights fit, right and left.
        assert_eq!(found.len(), 18);
        for (at, one) in found.iter().enumerate() {
            assert!(PLOT.holds(one) && !taken.iter().chain(&found[at + 1..]).any(|other| other.meets(one)));
        }
    }

    #[test]
    fn a_mark_is_the_mean_of_its_points() {
        let group = Group { name: String::new(), points: vec![(0.1, -1.0), (0.3, 4.0)] };
        let (x, y) = group.mean();
        assert!((x - 0.2).abs() < 1e-12 && y == 1.5);
    }
}
