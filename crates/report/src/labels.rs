//! How good the pseudo labels were.

use mmt_vocabulary::error::Result;
use mmt_vocabulary::record::LabelRecord;
use polars::prelude::*;

use super::context::Context;
use super::frames::{fill, numbers, refused, statistics, texts, values};
use super::results::{Results, settings_of, task_row_runs};
use super::runs::RunRecords;
use super::table::{Table, columns};

/// A measure of the last epoch: its column, its name for people, and its decimals.
type Measure = (&'static str, &'static str, usize);

/// The measures that are shown, as far as a run has them.
const SHOWN: [Measure; 14] = [
    ("clusters", "clusters", 0),
    ("unassigned", "unassigned", 0),
    ("first_ari", "ARI, first", 3),
    ("ari", "ARI", 3),
    ("nmi", "NMI", 3),
    ("purity", "purity", 3),
    ("wrong_merges", "wrong merges", 3),
    ("wrong_splits", "wrong splits", 3),
    ("one_camera", "in one camera", 3),
    ("one_camera_by_chance", "by chance", 3),
    ("hard_label_accuracy", "hard labels right", 3),
    ("soft_label_accuracy", "soft labels right", 3),
    ("soft_right_where_hard_wrong", "soft right of hard wrong", 3),
    ("teacher_right_where_student_wrong", "teacher right of student wrong", 3),
];

/// The table of label quality; none where no run made pseudo labels.
pub(super) fn table(runs: &[RunRecords], results: &Results, context: &Context) -> Result<Option<Table>> {
    let runs: Vec<&RunRecords> = runs.iter().filter(|run| !run.labels.is_empty()).collect();
    if runs.is_empty() {
        return Ok(None);
    }
    make(&runs, results, context).map(Some).map_err(refused("the table of label quality"))
}

fn make(runs: &[&RunRecords], results: &Results, context: &Context) -> PolarsResult<Table> {
    let measures = SHOWN.map(|(name, ..)| name);
    let found = statistics(&per_run(runs)?, &["task", "row"], &measures)?;
    let labelled: Vec<String> = texts(&found, "row")?;
    let grid = results.grid()?;
    // Methods that never cluster have no place in this table.
    let clusters: BooleanChunked =
        texts(&grid, "row")?.iter().map(|row| Some(labelled.contains(row))).collect();
    let frame = fill(&grid.filter(&clusters)?, &found, &["task", "row"])?;
    let shown = found_of(&frame)?;
    let names = shown.iter().map(|(_, name, _)| (*name).to_owned()).collect();
    Ok(Table {
        name: "label_quality",
        title: "Pseudo labels against true identities".to_owned(),
        caption: "The clustering of the last epoch, and the ARI of the first; mean ± sample standard deviation over runs. Wrong \
                  merges: share of the pairs in one cluster that are two persons; wrong splits: share of a person's pairs in two \
                  clusters; in one camera: share of the wrong merges, and of any two persons' pairs by chance. Of the training steps of \
                  methods with teachers: images whose hard label, and whose soft label, stands for their person; of the images whose hard \
                  label does not, those whose soft label does; of the triplets that the student orders wrongly, those that its teacher \
                  orders rightly. True identities of training images are used for this table and the figures of pseudo labels and of \
                  teachers only; no training sees them."
            .to_owned(),
        rows: cells(&frame, &shown, context)?,
        settings: settings_of(&frame, context)?,
        data: context.stamped(frame)?,
        header: [columns(["Task", "Method", "runs"]), names].concat(),
        names: 2,
    })
}

/// One line per run: its last clustering and the ARI of its first.
fn per_run(runs: &[&RunRecords]) -> PolarsResult<DataFrame> {
    let at_end = |of: fn(&LabelRecord) -> Option<f64>| -> Vec<Option<f64>> {
        runs.iter().map(|run| run.labels.iter().max_by_key(|record| record.epoch).and_then(of)).collect()
    };
    let first =
        runs.iter().map(|run| run.labels.iter().min_by_key(|record| record.epoch).map(|record| record.ari));
    df!(
        "task" => runs.iter().map(|run| run.info.task.as_str()).collect::<Vec<_>>(),
        "row" => runs.iter().map(|run| run.info.row.as_str()).collect::<Vec<_>>(),
        "clusters" => at_end(|record| Some(record.clusters as f64)),
        "unassigned" => at_end(|record| Some(record.unassigned as f64)),
        "first_ari" => first.collect::<Vec<_>>(),
        "ari" => at_end(|record| Some(record.ari)),
        "nmi" => at_end(|record| Some(record.nmi)),
        "purity" => at_end(|record| Some(record.purity)),
        "wrong_merges" => at_end(|record| record.wrong_merges),
        "wrong_splits" => at_end(|record| record.wrong_splits),
        "one_camera" => at_end(|record| record.one_camera),
        "one_camera_by_chance" => at_end(|record| record.one_camera_by_chance),
        "hard_label_accuracy" => at_end(|record| record.hard_label_accuracy),
        "soft_label_accuracy" => at_end(|record| record.soft_label_accuracy),
        "soft_right_where_hard_wrong" => at_end(|record| record.soft_right_where_hard_wrong),
        "teacher_right_where_student_wrong" => at_end(|record| record.teacher_right_where_student_wrong),
    )
}

/// The measures that some row has: records of early builds have none of teachers.
fn found_of(frame: &DataFrame) -> PolarsResult<Vec<Measure>> {
    let mut found = Vec::new();
    for measure in SHOWN {
        if numbers(frame, measure.0)?.iter().any(Option::is_some) {
            found.push(measure);
        }
    }
    Ok(found)
}

fn cells(frame: &DataFrame, shown: &[Measure], context: &Context) -> PolarsResult<Vec<Vec<String>>> {
    let mut rows = task_row_runs(frame, context)?;
    let mut push = |cells: Vec<String>| rows.iter_mut().zip(cells).for_each(|(row, cell)| row.push(cell));
    for (name, _, digits) in shown {
        let text =
            |value: &Option<super::frames::Value>| value.map_or(String::new(), |value| value.text(*digits));
        push(values(frame, name)?.iter().map(text).collect());
    }
    Ok(rows)
}
