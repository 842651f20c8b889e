//! The published numbers, for reports on real data only.

use std::io::Cursor;

use mmt_vocabulary::error::Result;
use mmt_vocabulary::record::DomainKind;
use polars::prelude::*;

use super::context::Context;
use super::frames::{numbers, refused, texts};
use super::names::task_label;
use super::results::Results;
use super::table::{Table, columns};

/// task, method, backbone, map, top1, top5, top10 (percent), source.
const PUBLISHED: &str = include_str!("published.csv");

/// Returns the published results for the tasks of this report; none on synthetic domains, whose numbers bear no comparison.
pub(super) fn table(results: &Results, context: &Context) -> Result<Option<Table>> {
    if context.domains != DomainKind::Real {
        return Ok(None);
    }
    let frame = read(&results.tasks).map_err(refused("the table of published results"))?;
    if frame.height() == 0 {
        return Ok(None);
    }
    make(frame).map(Some).map_err(refused("the table of published results"))
}

fn read(tasks: &[String]) -> PolarsResult<DataFrame> {
    let frame = CsvReader::new(Cursor::new(PUBLISHED)).finish()?;
    let wanted: BooleanChunked = texts(&frame, "task")?.iter().map(|task| Some(is_of(task, tasks))).collect();
    frame.filter(&wanted)
}

/// Whether published numbers of `task` belong to one of `tasks`; `market-supervised` is an oracle of all tasks to Market-1501.
fn is_of(task: &str, tasks: &[String]) -> bool {
    let to = |target: &str| tasks.iter().any(|task| task.ends_with(&format!("-to-{target}")));
    tasks.iter().any(|own| own == task) || task.strip_suffix("-supervised").is_some_and(to)
}

fn make(frame: DataFrame) -> PolarsResult<Table> {
    let mut rows: Vec<Vec<String>> =
        texts(&frame, "task")?.iter().map(|task| vec![task_label(task, DomainKind::Real)]).collect();
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
        title: "Published results".to_owned(),
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
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn published_numbers_are_read() {
        let frame = read(&["duke-to-market".to_owned()]).unwrap();
        let at = texts(&frame, "method").unwrap().iter().position(|method| method == "MMT-500").unwrap();
        assert_eq!(numbers(&frame, "map").unwrap()[at], Some(71.2));
        let tasks: BTreeSet<String> = texts(&frame, "task").unwrap().into_iter().collect();
        assert_eq!(tasks.into_iter().collect::<Vec<_>>(), ["duke-to-market", "market-supervised"]);
    }

    /// The best mAP of each task as the paper's text has it, beside the numbers of its Table 1.
    #[test]
    fn table_1_of_the_paper_is_complete() {
        let few: &[u32] = &[500, 700, 900];
        let many: &[u32] = &[500, 1000, 1500, 2000];
        for (task, clusters, best) in [
            ("market-to-duke", few, 68.7),
            ("duke-to-market", few, 76.5),
            ("market-to-msmt", many, 26.6),
            ("duke-to-msmt", many, 29.7),
        ] {
            let frame = read(&[task.to_owned()]).unwrap();
            let [methods, backbones, sources] =
                ["method", "backbone", "source"].map(|name| texts(&frame, name).unwrap());
            let measures = ["map", "top1", "top5", "top10"].map(|name| numbers(&frame, name).unwrap());
            let mut found = Vec::new();
            for at in (0..frame.height()).filter(|at| sources[*at].contains("paper Table 1")) {
                assert!(measures.iter().all(|values| values[at].is_some()), "{task} {}", methods[at]);
                found.push((backbones[at].clone(), methods[at].clone()));
            }
            let names: Vec<String> = clusters.iter().map(|k| format!("MMT-{k}")).collect();
            let names = [vec!["Pre-trained".to_owned()], names].concat();
            let pairs = ["ResNet-50", "IBN-ResNet-50"].map(|backbone| {
                names.iter().map(|name| (backbone.to_owned(), name.clone())).collect::<Vec<_>>()
            });
            assert_eq!(found, pairs.concat(), "{task}");
            let paper = (0..frame.height()).filter(|at| sources[*at].contains("paper Table 1"));
            let highest = paper.filter_map(|at| measures[0][at]).fold(0.0, f64::max);
            assert_eq!(highest, best, "{task}");
        }
    }
}
