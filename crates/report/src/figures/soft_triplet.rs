//! The worth of the soft triplet loss, by how much its teacher says.

use mmt_vocabulary::error::Result;

use super::super::soft_triplet::{COMPARED, Point, TITLE, Worth};
use super::axis::range;
use super::cloud::{Cloud, Group};
use super::figure::Figure;
use super::plate::{Caption, Panel, figure};
use super::source::Source;
use crate::context::Context;

/// Narrowest ranges of the axes.
const CERTAINTY: f64 = 0.02;
const POINTS: f64 = 2.0;

/// A panel for each task; none without a row that stands beside the same without the loss.
pub(super) fn soft_triplet(source: &Source<'_>, context: &Context) -> Result<Option<Figure>> {
    if source.worth.is_empty() {
        return Ok(None);
    }
    let all = |of: fn(&Point) -> f64| {
        let points = source.worth.iter().flat_map(|row| row.points.values());
        points.map(of).chain([0.0])
    };
    let (_, high) = range(all(|point| point.certainty), CERTAINTY);
    let y = range(all(|point| point.gain), POINTS);
    let panel = |task: &String| -> Option<Box<dyn Panel>> {
        let own = source.worth.iter().filter(|row| row.task == *task);
        let groups: Vec<Group> = own.map(|row| group(row, context.row(&row.row))).collect();
        let axes = ((0.0, high), y);
        (!groups.is_empty()).then(|| Box::new(cloud(context.task(task), groups, axes)) as Box<dyn Panel>)
    };
    let panels: Vec<Box<dyn Panel>> = source.results.tasks.iter().filter_map(panel).collect();
    let caption = Caption {
        name: "soft_triplet".to_owned(),
        title: TITLE.to_owned(),
        text: format!(
            "{COMPARED} Grey dots: units, their training runs averaged; mark: their mean, with the name of the row. Above zero the loss \
             helps, below it costs. All panels have the same axes."
        ),
    };
    figure(caption, &panels, context).map(Some)
}

fn group(row: &Worth, name: String) -> Group {
    let points = row.points.values().map(|point| (point.certainty, point.gain));
    Group { name, points: points.collect() }
}

fn cloud(title: String, groups: Vec<Group>, (x, y): ((f64, f64), (f64, f64))) -> Cloud {
    let (x_name, y_name) = ("certainty of the teachers", "difference of mAP (points)");
    Cloud { title, x, y, x_name, y_name, groups }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::super::statistics::Unit;
    use super::*;

    #[test]
    fn certainty_goes_to_the_right_and_what_the_loss_is_worth_up() {
        let point = |certainty, gain| Point { certainty, gain };
        let row = Worth {
            task: "market-to-duke".to_owned(),
            row: "mmt-k".to_owned(),
            without: "without-soft-tri".to_owned(),
            unit: Unit::Domains,
            points: BTreeMap::from([(101, point(0.125, -2.0)), (102, point(0.25, 3.0))]),
        };
        let found = group(&row, "MMT-100".to_owned());
        assert_eq!((&found.name[..], &found.points[..]), ("MMT-100", &[(0.125, -2.0), (0.25, 3.0)][..]));
    }
}
