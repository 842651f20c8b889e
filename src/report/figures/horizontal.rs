//! Rows under each other with a mark on one axis: bars of mAP, or points with intervals.

use plotters::prelude::*;

use super::super::claims::{GainLine, Gains};
use super::super::names::row_label;
use super::super::results::{Pick, Results, Row};
use super::super::summary::Context;
use super::canvas::{Area, Drawing, Drawn, Scale, TITLE, anchor, titled};
use super::palette::{INK, colours, series};
use crate::error::Result;

/// Half a page: text stays readable.
const WIDTH: f64 = 640.0;
/// Ends of the axis; names stand before it, numbers after it.
const AXIS: (f64, f64) = (216.0, 468.0);
const LINE: f64 = 26.0;
const HEADING: f64 = 32.0;
const FOOT: f64 = 56.0;
/// Fewest units whose interval is drawn.
const FEWEST: usize = 3;
/// At most this many steps of the axis.
const STEPS: f64 = 6.0;

struct Entry {
    name: String,
    colour: RGBColor,
    middle: f64,
    ends: Option<(f64, f64)>,
    number: String,
}

struct Group {
    title: String,
    entries: Vec<Entry>,
}

/// The figure.
pub(super) struct Horizontal {
    title: &'static str,
    subtitle: String,
    axis: &'static str,
    /// Bars from zero, else points.
    bars: bool,
    groups: Vec<Group>,
}

impl Horizontal {
    /// mAP of the changed rows of experiments beside that of what they were changed from; none without such rows. Rows in `elsewhere`
    /// are left out.
    pub fn ablations(results: &Results, context: &Context, elsewhere: &[String]) -> Result<Option<Self>> {
        let found = results.map(Pick::Last)?;
        let beside = |row: &&Row| {
            row.method != "oracle" && (row.method != "variant" || !elsewhere.contains(&row.name))
        };
        let rows: Vec<Row> = results.rows.iter().filter(beside).cloned().collect();
        let colours = colours(&rows);
        let value = |task: &String, row: &Row| found.get(&(task.clone(), row.name.clone())).copied();
        let changed =
            |task: &&String| rows.iter().any(|row| row.method == "variant" && value(task, row).is_some());
        let group = |task: &String| Group {
            title: context.task(task),
            entries: rows
                .iter()
                .zip(&colours)
                .filter_map(|(row, colour)| {
                    let value = value(task, row)?;
                    Some(Entry {
                        name: row_label(&row.name),
                        // Changed rows share a colour: their names stand beside them.
                        colour: if row.method == "variant" { series(4)[3] } else { *colour },
                        middle: value.mean,
                        ends: value.sd.map(|sd| ((value.mean - sd).max(0.0), value.mean + sd)),
                        number: value.text(1),
                    })
                })
                .collect(),
        };
        let groups: Vec<Group> = results.tasks.iter().filter(changed).map(group).collect();
        let (title, subtitle) = ("mAP without parts of the method", context.label());
        Ok((!groups.is_empty()).then_some(Self { title, subtitle, axis: "mAP (%)", bars: true, groups }))
    }

    /// Gains in mAP with their intervals; none without a gain.
    pub fn gains(gains: &Gains, context: &Context) -> Option<Self> {
        let lines: Vec<&GainLine> =
            gains.lines.iter().filter(|line| line.measure == "mAP" && line.gain.n() > 0).collect();
        let mut groups: Vec<Group> = Vec::new();
        for line in &lines {
            let Some(middle) = line.gain.mean() else { continue };
            // Of two units an interval is ten times as wide as all else that is drawn.
            let ends = line.gain.interval().filter(|_| line.gain.n() >= FEWEST);
            let interval = ends.map_or(String::new(), |_| format!(" ({})", line.gain.interval_text()));
            let entry = Entry {
                name: line.scope(context.domains),
                colour: series(1)[0],
                middle,
                ends,
                number: format!("{}{interval}", line.gain.mean_text()),
            };
            match groups.iter_mut().find(|group| group.title == line.compared()) {
                Some(group) => group.entries.push(entry),
                None => groups.push(Group { title: line.compared(), entries: vec![entry] }),
            }
        }
        let (title, subtitle) = ("Gains of mutual mean-teaching", context.label());
        (!groups.is_empty()).then_some(Self {
            title,
            subtitle,
            axis: "difference of mAP (percentage points)",
            bars: false,
            groups,
        })
    }

    /// Lowest and highest number with room, and the step of the axis.
    fn range(&self) -> (f64, f64, f64) {
        let entries = || self.groups.iter().flat_map(|group| &group.entries);
        let ends = || entries().map(|entry| entry.ends.unwrap_or((entry.middle, entry.middle)));
        let low = ends().map(|(low, _)| low).fold(0.0, f64::min);
        let high = ends().map(|(_, high)| high).fold(0.0, f64::max);
        let width = (high - low).max(1.0);
        let steps = [0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0];
        let step = steps.into_iter().find(|step| width / step <= STEPS).unwrap_or(50.0);
        ((low / step).floor() * step, (high / step).ceil() * step, step)
    }

    fn lines(&self) -> f64 {
        self.groups.iter().map(|group| HEADING + LINE * group.entries.len() as f64).sum()
    }

    fn draw_axis<B: DrawingBackend>(
        &self,
        area: &Area<B>,
        x: &impl Fn(f64) -> f64,
        scale: Scale,
    ) -> Drawn<B> {
        let ((low, high, step), foot) = (self.range(), self.lines());
        let at = |x: f64, y: f64| (scale.px(x), scale.px(y));
        for tick in 0..=((high - low) / step).round() as i32 {
            let value = low + f64::from(tick) * step;
            let zero = value.abs() < step / 2.0;
            let style = INK.mix(if zero { 0.8 } else { 0.14 }).stroke_width(scale.stroke(1.0));
            area.draw(&PathElement::new([at(x(value), 8.0), at(x(value), foot + 6.0)], style))?;
            let text = if step < 1.0 { format!("{value:.1}") } else { format!("{value:.0}") };
            area.draw_text(&text, &scale.text(13.0).pos(anchor::BELOW), at(x(value), foot + 10.0))?;
        }
        area.draw_text(
            self.axis,
            &scale.text(14.0).pos(anchor::BELOW),
            at((AXIS.0 + AXIS.1) / 2.0, foot + 30.0),
        )
    }

    fn draw_entry<B: DrawingBackend>(
        &self,
        area: &Area<B>,
        entry: &Entry,
        (x, y): (&impl Fn(f64) -> f64, f64),
        scale: Scale,
    ) -> Drawn<B> {
        let at = |x: f64, y: f64| (scale.px(x), scale.px(y));
        area.draw_text(&entry.name, &scale.text(14.0).pos(anchor::LEFT), at(20.0, y))?;
        if self.bars {
            let corners = [at(x(0.0), y - 8.0), at(x(entry.middle), y + 8.0)];
            area.draw(&Rectangle::new(corners, entry.colour.filled()))?;
        }
        if let Some((low, high)) = entry.ends {
            let style = INK.stroke_width(scale.stroke(1.5));
            area.draw(&PathElement::new([at(x(low), y), at(x(high), y)], style))?;
            for end in [low, high] {
                area.draw(&PathElement::new([at(x(end), y - 4.0), at(x(end), y + 4.0)], style))?;
            }
        }
        if !self.bars {
            area.draw(&Circle::new(at(x(entry.middle), y), scale.px(5.0), entry.colour.filled()))?;
        }
        area.draw_text(&entry.number, &scale.text(13.0).pos(anchor::LEFT), at(AXIS.1 + 14.0, y))
    }
}

impl Drawing for Horizontal {
    fn size(&self) -> (u32, u32) {
        (WIDTH as u32, (TITLE + self.lines() + FOOT) as u32)
    }

    fn draw<B: DrawingBackend>(&self, root: &Area<B>, scale: Scale) -> Drawn<B> {
        let area = titled(root, self.title, &self.subtitle, scale)?;
        let (low, high, _) = self.range();
        let x = |value: f64| AXIS.0 + (AXIS.1 - AXIS.0) * (value - low) / (high - low);
        self.draw_axis(&area, &x, scale)?;
        let mut y = 0.0;
        for group in &self.groups {
            let place = (scale.px(20.0), scale.px(y + HEADING / 2.0 + 2.0));
            area.draw_text(&group.title, &scale.bold(14.0).pos(anchor::LEFT), place)?;
            y += HEADING;
            for entry in &group.entries {
                self.draw_entry(&area, entry, (&x, y + LINE / 2.0), scale)?;
                y += LINE;
            }
        }
        Ok(())
    }
}
