//! Numbers over epochs: panels, and lines in them.

use plotters::coord::types::{RangedCoordf64, RangedCoordi32};
use plotters::prelude::*;

use super::super::frames::Value;
use super::super::results::{Cells, Results, Row};
use super::super::summary::Context;
use super::canvas::{Area, Drawing, Drawn, Scale, TITLE, titled};
use super::legend::{Legend, Sample};
use super::palette::INK;
use crate::error::Result;

/// Panels of mAP beside each other.
pub(super) const COLUMNS: usize = 2;
pub(super) const PANEL: (u32, u32) = (480, 300);
/// The range of the mAP axis ends at multiples of this.
const STEP: f64 = 5.0;
/// At most this many ticks of the epoch axis.
const TICKS: usize = 9;
/// At most this many markers on a line.
const MARKERS: usize = 12;

/// A chart of a number by epoch.
type Chart<'a, B> = ChartContext<'a, B, Cartesian2d<RangedCoordi32, RangedCoordf64>>;

/// A line with the colour and the mark of a row of the legend.
pub(super) struct Line {
    pub row: usize,
    pub points: Vec<(i32, Value)>,
}

/// A chart.
pub(super) struct Panel {
    pub title: String,
    /// Name of its upright axis, and decimals there.
    pub axis: (&'static str, usize),
    pub range: (f64, f64),
    pub lines: Vec<Line>,
}

/// The figure.
pub(super) struct Curves {
    pub title: &'static str,
    pub subtitle: String,
    pub legend: Legend,
    pub panels: Vec<Panel>,
    /// Panels beside each other.
    pub columns: usize,
    /// Width and height of a panel.
    pub panel: (u32, u32),
    pub epochs: std::ops::Range<i32>,
}

impl Curves {
    /// mAP of all tasks; none where no row has more than its start.
    pub fn map(results: &Results, context: &Context) -> Result<Option<Self>> {
        let curves = results.curves()?;
        let last = |points: &Vec<(u32, Value)>| points.last().map_or(0, |(epoch, _)| *epoch);
        let epochs = curves.values().map(last).max().unwrap_or(0);
        if epochs == 0 {
            return Ok(None);
        }
        let (rows, columns) = (results.main_rows(), COLUMNS.min(results.tasks.len()));
        let panel = |task: &String| {
            let lines = lines(task, &rows, &curves);
            let range = rounded(points(&lines));
            Panel { title: context.task(task), axis: ("mAP (%)", 0), range, lines }
        };
        Ok(Some(Self {
            title: "mAP over epochs",
            subtitle: context.label(),
            legend: Legend::new(&rows, Sample::Line, columns as u32 * PANEL.0),
            panels: results.tasks.iter().map(panel).collect(),
            columns,
            panel: PANEL,
            epochs: 0..epochs as i32,
        }))
    }

    fn draw_panel<B: DrawingBackend>(&self, area: &Area<B>, panel: &Panel, scale: Scale) -> Drawn<B> {
        let ((low, high), (axis, digits)) = (panel.range, panel.axis);
        let mut chart = ChartBuilder::on(area)
            .caption(&panel.title, scale.bold(15.0))
            .margin(scale.px(10.0))
            .margin_right(scale.px(18.0))
            .x_label_area_size(scale.px(40.0))
            .y_label_area_size(scale.px(52.0))
            .build_cartesian_2d(self.epochs.clone(), low..high)?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .x_labels(TICKS.min(self.epochs.len() + 1))
            .y_labels(7)
            .x_desc("epoch")
            .y_desc(axis)
            .y_label_formatter(&|value| format!("{value:.digits$}"))
            .light_line_style(TRANSPARENT)
            .bold_line_style(INK.mix(0.12))
            .axis_style(INK.mix(0.6))
            .label_style(scale.text(12.0))
            .axis_desc_style(scale.text(13.0))
            .draw()?;
        for line in &panel.lines {
            self.draw_band(&mut chart, line)?;
        }
        panel.lines.iter().try_for_each(|line| self.draw_line(area, &mut chart, line, scale))
    }

    fn draw_band<B: DrawingBackend>(&self, chart: &mut Chart<'_, B>, line: &Line) -> Drawn<B> {
        let edge = |sign: f64| {
            line.points.iter().filter_map(move |(epoch, value)| Some((*epoch, value.mean + sign * value.sd?)))
        };
        let upper: Vec<(i32, f64)> = edge(1.0).collect();
        let lower: Vec<(i32, f64)> = edge(-1.0).collect();
        if upper.len() > 1 {
            let outline: Vec<_> = upper.into_iter().chain(lower.into_iter().rev()).collect();
            chart.draw_series([Polygon::new(outline, self.legend.colours[line.row].mix(0.18))])?;
        }
        Ok(())
    }

    fn draw_line<B: DrawingBackend>(
        &self,
        area: &Area<B>,
        chart: &mut Chart<'_, B>,
        line: &Line,
        scale: Scale,
    ) -> Drawn<B> {
        let style = self.legend.colours[line.row].stroke_width(scale.stroke(2.0));
        if let [(_, value)] = line.points[..] {
            let ends = [(self.epochs.start, value.mean), (self.epochs.end, value.mean)];
            chart.draw_series(DashedLineSeries::new(ends, scale.px(7.0), scale.px(5.0), style))?;
            return Ok(());
        }
        let points: Vec<(i32, f64)> = line.points.iter().map(|(epoch, value)| (*epoch, value.mean)).collect();
        chart.draw_series(LineSeries::new(points.iter().copied(), style))?;
        let (left, top) = area.get_base_pixel();
        for point in points.iter().step_by(points.len().div_ceil(MARKERS)) {
            let (x, y) = chart.backend_coord(point);
            self.legend.mark(area, line.row, (x - left, y - top), scale)?;
        }
        Ok(())
    }
}

impl Drawing for Curves {
    fn size(&self) -> (u32, u32) {
        let rows = self.panels.len().div_ceil(self.columns) as u32;
        (self.columns as u32 * self.panel.0, TITLE as u32 + self.legend.height() + rows * self.panel.1)
    }

    fn draw<B: DrawingBackend>(&self, root: &Area<B>, scale: Scale) -> Drawn<B> {
        let rest = titled(root, self.title, &self.subtitle, scale)?;
        let (strip, rest) = rest.split_vertically(scale.px(f64::from(self.legend.height())));
        self.legend.draw(&strip, scale)?;
        let areas = rest.split_evenly((self.panels.len().div_ceil(self.columns), self.columns));
        self.panels.iter().zip(&areas).try_for_each(|(panel, area)| self.draw_panel(area, panel, scale))
    }
}

/// A line for each of `rows` that has points.
pub(super) fn lines(task: &str, rows: &[Row], curves: &Cells<Vec<(u32, Value)>>) -> Vec<Line> {
    let line = |(row, name): (usize, &String)| {
        let points = curves.get(&(task.to_owned(), name.clone()))?;
        Some(Line { row, points: points.iter().map(|(epoch, value)| (*epoch as i32, *value)).collect() })
    };
    rows.iter().map(|row| &row.name).enumerate().filter_map(line).collect()
}

/// The lowest and the highest end of values with their deviations.
pub(super) fn ends<'a>(values: impl Iterator<Item = &'a Value> + Clone) -> (f64, f64) {
    let sd = |value: &Value| value.sd.unwrap_or(0.0);
    let low = values.clone().map(|value| value.mean - sd(value)).fold(f64::INFINITY, f64::min);
    let high = values.map(|value| value.mean + sd(value)).fold(f64::NEG_INFINITY, f64::max);
    (low, high)
}

/// The range of an axis of mAP: all values, rounded outwards.
pub(super) fn rounded<'a>(values: impl Iterator<Item = &'a Value> + Clone) -> (f64, f64) {
    let (low, high) = ends(values);
    let low = ((low - 1.0) / STEP).floor() * STEP;
    (low.max(0.0), ((high + 1.0) / STEP).ceil() * STEP)
}

/// The points of all lines.
pub(super) fn points(lines: &[Line]) -> impl Iterator<Item = &Value> + Clone {
    lines.iter().flat_map(|line| &line.points).map(|(_, value)| value)
}
