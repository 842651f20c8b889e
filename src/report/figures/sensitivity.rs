//! mAP against one number of the settings at a time: a panel per number, a line per task.

use plotters::prelude::*;

use super::super::claims::{NUMBERS, differs_in, is_full, number};
use super::super::frames::Value;
use super::super::results::{Pick, Results, Row};
use super::super::summary::Context;
use super::bars::{Numeric, draw_error, place};
use super::canvas::{Area, Drawing, Drawn, Scale, TITLE, anchor, titled};
use super::curves::rounded;
use super::legend::Legend;
use super::palette::INK;
use crate::error::Result;

const COLUMNS: usize = 2;
const PANEL: (u32, u32) = (360, 270);

struct Point {
    /// Place of its value on the axis, from 0.
    place: usize,
    map: Value,
    /// The row that the others were changed from.
    own: bool,
}

struct Panel {
    name: &'static str,
    values: Vec<f64>,
    /// Task by task.
    lines: Vec<Vec<Point>>,
}

/// The figure.
pub(super) struct Sensitivity {
    subtitle: String,
    legend: Legend,
    panels: Vec<Panel>,
    /// Rows that the panels show, without the one that they were changed from.
    pub changed: Vec<String>,
}

impl Sensitivity {
    /// The panels of numbers that rows differ in from the first full row of mutual mean-teaching; none where there are no such rows.
    pub fn new(results: &Results, context: &Context) -> Result<Option<Self>> {
        let Some(full) = results.rows.iter().find(|row| is_full(row)) else { return Ok(None) };
        let found = results.map(Pick::Last)?;
        let value = |task: &String, row: &Row| found.get(&(task.clone(), row.name.clone())).copied();
        let changed = |key| {
            results.rows.iter().filter(move |row| row.method == "variant" && differs_in(full, row, key))
        };
        let tasks: Vec<&String> = results
            .tasks
            .iter()
            .filter(|task| NUMBERS.iter().any(|(key, _)| changed(key).any(|row| value(task, row).is_some())))
            .collect();
        let mut panels = Vec::new();
        for (key, name) in NUMBERS {
            let rows: Vec<&Row> = changed(key).chain([full]).collect();
            let mut values: Vec<f64> = rows.iter().filter_map(|row| number(row, key)).collect();
            values.sort_by(f64::total_cmp);
            values.dedup();
            let line = |task: &&String| {
                let point = |row: &&Row| {
                    let place = values.iter().position(|value| Some(*value) == number(row, key))?;
                    Some(Point { place, map: value(task, row)?, own: row.name == full.name })
                };
                let mut points: Vec<Point> = rows.iter().filter_map(point).collect();
                points.sort_by_key(|point| point.place);
                // A task with no changed row has nothing to compare its one point with.
                if points.len() > 1 { points } else { Vec::new() }
            };
            let lines = tasks.iter().map(line).collect();
            if values.len() > 1 {
                panels.push(Panel { name, values, lines });
            }
        }
        let labels = tasks.iter().map(|task| context.task(task)).collect();
        Ok((!panels.is_empty() && !tasks.is_empty()).then(|| Self {
            subtitle: context.label(),
            legend: Legend::named(labels, COLUMNS as u32 * PANEL.0),
            panels,
            changed: NUMBERS.iter().flat_map(|(key, _)| changed(key)).map(|row| row.name.clone()).collect(),
        }))
    }

    /// One range for all panels, so that their slopes can be compared.
    fn range(&self) -> (f64, f64) {
        rounded(self.panels.iter().flat_map(|panel| panel.lines.iter().flatten()).map(|point| &point.map))
    }

    fn draw_panel<B: DrawingBackend>(&self, area: &Area<B>, panel: &Panel, scale: Scale) -> Drawn<B> {
        let (low, high) = self.range();
        let right = panel.values.len() as f64 - 0.5;
        let mut chart = ChartBuilder::on(area)
            .margin(scale.px(10.0))
            .x_label_area_size(scale.px(46.0))
            .y_label_area_size(scale.px(52.0))
            .build_cartesian_2d(-0.5..right, low..high)?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .disable_x_axis()
            .y_labels(6)
            .y_desc("mAP (%)")
            .y_label_formatter(&|value| format!("{value:.0}"))
            .light_line_style(TRANSPARENT)
            .bold_line_style(INK.mix(0.12))
            .axis_style(INK.mix(0.6))
            .label_style(scale.text(13.0))
            .axis_desc_style(scale.text(14.0))
            .draw()?;
        let style = INK.mix(0.6).stroke_width(scale.stroke(1.0));
        chart.draw_series([PathElement::new([(-0.5, low), (right, low)], style)])?;
        for (at, value) in panel.values.iter().enumerate() {
            let at = place(area, &chart, (at as f64, low), scale.px(6.0));
            area.draw_text(&value.to_string(), &scale.text(13.0).pos(anchor::BELOW), at)?;
        }
        let middle = place(area, &chart, ((right - 0.5) / 2.0, low), scale.px(25.0));
        area.draw_text(panel.name, &scale.bold(14.0).pos(anchor::BELOW), middle)?;
        panel.lines.iter().enumerate().try_for_each(|line| self.draw_line(area, &mut chart, line, scale))
    }

    fn draw_line<B: DrawingBackend>(
        &self,
        area: &Area<B>,
        chart: &mut Numeric<'_, B>,
        (task, points): (usize, &Vec<Point>),
        scale: Scale,
    ) -> Drawn<B> {
        let style = self.legend.colours[task].stroke_width(scale.stroke(2.0));
        let line: Vec<(f64, f64)> = points.iter().map(|point| (point.place as f64, point.map.mean)).collect();
        chart.draw_series(LineSeries::new(line, style))?;
        for point in points {
            let (x, value) = (point.place as f64, point.map);
            if let Some(sd) = value.sd {
                draw_error(area, chart, x, (value.mean - sd, value.mean + sd), scale)?;
            }
            let at = place(area, chart, (x, value.mean), 0);
            self.legend.mark(area, task, at, scale)?;
            if point.own {
                area.draw(&Circle::new(at, scale.px(8.0), INK.stroke_width(scale.stroke(1.5))))?;
            }
        }
        Ok(())
    }
}

impl Drawing for Sensitivity {
    fn size(&self) -> (u32, u32) {
        let rows = self.panels.len().div_ceil(COLUMNS) as u32;
        (COLUMNS as u32 * PANEL.0, TITLE as u32 + self.legend.height() + rows * PANEL.1)
    }

    fn draw<B: DrawingBackend>(&self, root: &Area<B>, scale: Scale) -> Drawn<B> {
        let rest = titled(root, "mAP against one setting at a time", &self.subtitle, scale)?;
        let (strip, rest) = rest.split_vertically(scale.px(f64::from(self.legend.height())));
        self.legend.draw(&strip, scale)?;
        let areas = rest.split_evenly((self.panels.len().div_ceil(COLUMNS), COLUMNS));
        self.panels.iter().zip(&areas).try_for_each(|(panel, area)| self.draw_panel(area, panel, scale))
    }
}
