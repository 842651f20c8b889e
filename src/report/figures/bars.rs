//! mAP of every row, grouped by task.

use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;

use super::super::frames::Value;
use super::super::results::{Pick, Results};
use super::super::summary::Context;
use super::canvas::{Area, Drawing, Drawn, Scale, TITLE, anchor, titled};
use super::legend::{Legend, Sample};
use super::palette::INK;
use crate::error::Result;

const WIDTH: u32 = 960;
const PLOT: u32 = 380;
/// Share of a task's width that its bars take.
const SHARE: f64 = 0.84;
/// Bars narrower than this many units have no number above them: it would run into the next.
const NUMBERED: f64 = 26.0;
/// Room above the highest bar for its number.
const HEADROOM: f64 = 1.12;

/// A chart of one number by another.
pub(super) type Numeric<'a, B> = ChartContext<'a, B, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// The figure.
pub(super) struct Bars {
    subtitle: String,
    legend: Legend,
    tasks: Vec<String>,
    /// Task by task, row by row.
    values: Vec<Vec<Option<Value>>>,
}

impl Bars {
    /// The bars of all tasks and rows.
    pub fn new(results: &Results, pick: Pick, context: &Context) -> Result<Self> {
        let found = results.map(pick)?;
        let value = |task: &String, row: &String| found.get(&(task.clone(), row.clone())).copied();
        let rows = results.main_rows();
        let values = |task| rows.iter().map(|row| value(task, &row.name)).collect();
        Ok(Self {
            subtitle: context.label(),
            legend: Legend::new(&rows, Sample::Box, WIDTH),
            tasks: results.tasks.iter().map(|task| context.task(task)).collect(),
            values: results.tasks.iter().map(values).collect(),
        })
    }

    fn top(&self) -> f64 {
        let tops = self.values.iter().flatten().flatten().map(|value| value.mean + value.sd.unwrap_or(0.0));
        (HEADROOM * tops.fold(1.0, f64::max)).max(10.0)
    }

    /// Width of a bar on the axis, where a task has 1.
    fn bar(&self) -> f64 {
        SHARE / self.values.first().map_or(1, Vec::len).max(1) as f64
    }

    fn draw_chart<B: DrawingBackend>(&self, area: &Area<B>, scale: Scale) -> Drawn<B> {
        let right = self.tasks.len() as f64 - 0.5;
        let mut chart = ChartBuilder::on(area)
            .margin(scale.px(10.0))
            .margin_right(scale.px(18.0))
            .x_label_area_size(scale.px(32.0))
            .y_label_area_size(scale.px(54.0))
            .build_cartesian_2d(-0.5..right, 0.0..self.top())?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .disable_x_axis()
            .y_labels(8)
            .y_desc("mAP (%)")
            .y_label_formatter(&|value| if *value > 100.0 { String::new() } else { format!("{value:.0}") })
            .light_line_style(TRANSPARENT)
            .bold_line_style(INK.mix(0.12))
            .axis_style(INK.mix(0.6))
            .label_style(scale.text(12.0))
            .axis_desc_style(scale.text(13.0))
            .draw()?;
        for (task, values) in self.values.iter().enumerate() {
            for (row, value) in values.iter().enumerate() {
                if let Some(value) = value {
                    let left = task as f64 - SHARE / 2.0 + row as f64 * self.bar();
                    self.draw_bar(area, &mut chart, (row, left), *value, scale)?;
                }
            }
        }
        self.draw_tasks(area, &mut chart, scale)
    }

    fn draw_bar<B: DrawingBackend>(
        &self,
        area: &Area<B>,
        chart: &mut Numeric<'_, B>,
        (row, left): (usize, f64),
        value: Value,
        scale: Scale,
    ) -> Drawn<B> {
        let bar = self.bar();
        let mut rectangle =
            Rectangle::new([(left, 0.0), (left + bar, value.mean)], self.legend.colours[row].filled());
        rectangle.set_margin(0, 0, scale.stroke(1.5), scale.stroke(1.5));
        chart.draw_series([rectangle])?;
        let middle = left + bar / 2.0;
        if let Some(sd) = value.sd {
            draw_error(area, chart, middle, ((value.mean - sd).max(0.0), value.mean + sd), scale)?;
        }
        if bar * f64::from(WIDTH) / self.tasks.len() as f64 >= NUMBERED {
            let at = place(area, chart, (middle, value.mean + value.sd.unwrap_or(0.0)), scale.px(-4.0));
            area.draw_text(&format!("{:.1}", value.mean), &scale.text(11.5).pos(anchor::ABOVE), at)?;
        }
        Ok(())
    }

    fn draw_tasks<B: DrawingBackend>(
        &self,
        area: &Area<B>,
        chart: &mut Numeric<'_, B>,
        scale: Scale,
    ) -> Drawn<B> {
        let right = self.tasks.len() as f64 - 0.5;
        let style = INK.mix(0.6).stroke_width(scale.stroke(1.0));
        chart.draw_series([PathElement::new([(-0.5, 0.0), (right, 0.0)], style)])?;
        for (at, task) in self.tasks.iter().enumerate() {
            let at = place(area, chart, (at as f64, 0.0), scale.px(8.0));
            area.draw_text(task, &scale.text(13.5).pos(anchor::BELOW), at)?;
        }
        Ok(())
    }
}

/// A point of the chart as a pixel of `area`, moved down by `shift`.
pub(super) fn place<B: DrawingBackend>(
    area: &Area<B>,
    chart: &Numeric<'_, B>,
    point: (f64, f64),
    shift: i32,
) -> (i32, i32) {
    let ((left, top), (x, y)) = (area.get_base_pixel(), chart.backend_coord(&point));
    (x - left, y - top + shift)
}

/// A line from the lower to the upper end, with a cap at both.
pub(super) fn draw_error<B: DrawingBackend>(
    area: &Area<B>,
    chart: &Numeric<'_, B>,
    middle: f64,
    (low, high): (f64, f64),
    scale: Scale,
) -> Drawn<B> {
    let style = INK.stroke_width(scale.stroke(1.2));
    let (cap, shift) = (scale.px(4.0), 0);
    let (low, high) = (place(area, chart, (middle, low), shift), place(area, chart, (middle, high), shift));
    area.draw(&PathElement::new([low, high], style))?;
    for (x, y) in [low, high] {
        area.draw(&PathElement::new([(x - cap, y), (x + cap, y)], style))?;
    }
    Ok(())
}

impl Drawing for Bars {
    fn size(&self) -> (u32, u32) {
        (WIDTH, TITLE as u32 + self.legend.height() + PLOT)
    }

    fn draw<B: DrawingBackend>(&self, root: &Area<B>, scale: Scale) -> Drawn<B> {
        let rest = titled(root, "mAP by task", &self.subtitle, scale)?;
        let (strip, rest) = rest.split_vertically(scale.px(f64::from(self.legend.height())));
        self.legend.draw(&strip, scale)?;
        self.draw_chart(&rest, scale)
    }
}
