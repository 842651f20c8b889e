//! The published numbers, for reports on real data only.

use std::io::Cursor;

use polars::prelude::*;

use super::frames::{numbers, refused, texts};
use super::names::task_label;
use super::results::Results;
use super::summary::Context;
use super::table::{Table, columns};
use crate::error::Result;
use crate::record::DomainKind;

/// task, method, backbone, map, top1, top5, top10 (percent), source.
const PUBLISHED: &str = include_str!("published.csv");

/// What was published for the tasks of this report; none on synthetic domains, whose numbers bear no comparison.
pub(super) fn table(results: &Results, context: &Context) -> Result<Option<Table>> {
    if context.domains != DomainKind::Real {
        return Ok(None);
    }
    let frame = read(&results.tasks).map_err(refused("the table of published results"))?;
    if frame.height() == 0 {
        return Ok(None);
    }
    make(frame, context).map(Some).map_err(refused("the table of published results"))
}

fn read(tasks: &[String]) -> PolarsResult<DataFrame> {
    let frame = CsvReader::new(Cursor::new(PUBLISHED)).finish()?;
    let wanted: BooleanChunked =
        texts(&frame, "task")?.iter().map(|task| Some(tasks.contains(task))).collect();
    frame.filter(&wanted)
}

fn make(frame: DataFrame, context: &Context) -> PolarsResult<Table> {
    let mut rows: Vec<Vec<String>> =
        texts(&frame, "task")?.iter().map(|task| vec![task_label(task)]).collect();
    let mut push = |cells: Vec<String>| rows.iter_mut().zip(cells).for_each(|(row, cell)| row.push(cell));
    push(texts(&frame, "method")?);
    push(texts(&frame, "backbone")?);
    for name in ["map", "top1", "top5", "top10"] {
        let text = |value: Option<f64>| value.map_or(String::new(), |value| format!("{value:.1}"));
        push(numbers(&frame, name)?.into_iter().map(text).collect());
    }
    push(texts(&frame, "source")?);
    Ok(Table {
        name: "published",
        title: format!("Published results ({})", context.label()),
        caption: "Numbers of others, as their sources give them, in percent.".to_owned(),
        rows,
        data: frame,
        header: columns(["Task", "Method", "backbone", "mAP", "top-1", "top-5", "top-10", "source"]),
        settings: Vec::new(),
        names: 3,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_numbers_are_read() {
        let frame = read(&["duke-to-market".to_owned()]).unwrap();
        let at = texts(&frame, "method").unwrap().iter().position(|method| method == "MMT-500").unwrap();
        assert_eq!(numbers(&frame, "map").unwrap()[at], Some(71.2));
        assert!(texts(&frame, "task").unwrap().iter().all(|task| task == "duke-to-market"));
    }
}
