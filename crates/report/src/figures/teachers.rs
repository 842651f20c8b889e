//! The knowledge of mutual mean-teaching's teachers beyond its hard labels, over epochs.

use mmt_vocabulary::error::Result;
use mmt_vocabulary::record::LabelRecord;

use super::super::rows::Row;
use super::super::runs::RunRecords;
use super::courses::{Course, Courses};
use super::epochs::{Histories, History, LEAST_AGREEMENT, means, panel};
use super::figure::Figure;
use super::plate::{Caption, Panel, figure};
use super::source::Source;
use super::style::{HARD, Look, TAUGHT};
use crate::context::Context;

/// A line of a panel: its name, its look, and what it shows.
type Line = (&'static str, Look, fn(&LabelRecord) -> Option<f64>);

/// The panels of a task, each with the name of its axis.
const PANELS: [(&str, &[Line]); 4] = [
    (
        "accuracy of labels",
        &[
            ("hard", HARD, |record| record.hard_label_accuracy),
            ("soft", TAUGHT, |record| record.soft_label_accuracy),
        ],
    ),
    (
        "labels changed",
        &[
            ("wrong → right", TAUGHT, |record| record.soft_right_where_hard_wrong),
            ("right → wrong", HARD, |record| record.soft_wrong_where_hard_right),
        ],
    ),
    (
        "teacher right",
        &[
            ("student wrong", TAUGHT, |record| record.teacher_right_where_student_wrong),
            ("label wrong", HARD, |record| record.teacher_right_where_triplet_wrong),
        ],
    ),
    ("certainty", &[("", TAUGHT, |record| record.teacher_certainty)]),
];

/// A row of panels for each task; none where no run of mutual mean-teaching has more than one epoch with such records.
pub(super) fn teachers(source: &Source<'_>, context: &Context) -> Result<Option<Figure>> {
    let Some(full) = source.results.full() else { return Ok(None) };
    let mut panels: Vec<Box<dyn Panel>> = Vec::new();
    for task in &source.results.tasks {
        for (y_name, lines) in PANELS {
            let lines: Vec<Course> =
                lines.iter().filter_map(|line| course(source, (task, full), line)).collect();
            let last = lines.iter().filter_map(|line| line.points.last()).map(|(epoch, _)| *epoch);
            let last = last.fold(0.0, f64::max);
            if last > 1.0 {
                let courses = panel(context.task(task), y_name, last as u32, lines);
                panels.push(Box::new(Courses { x: (1.0, last), least: LEAST_AGREEMENT, ..courses }));
            }
        }
    }
    let caption = Caption {
        name: "teachers_over_epochs".to_owned(),
        title: "What teachers know over epochs".to_owned(),
        text: format!(
            "The training steps of {} against the true identities of their images, means over runs. Accuracy of hard labels (an image's \
             cluster) and of soft ones (the cluster that its teacher takes for the likeliest), each cluster standing for its commonest \
             person. Labels changed: of the wrong hard labels, those that the soft one has right, and of the right ones, those that it has \
             wrong. Teacher right: of the triplets that the student orders wrongly, and of those whose hard label is wrong, those that the \
             teacher orders rightly. Certainty: mean distance from 1/2 of the teacher's probability that the negative is farther. No \
             training sees true identities.",
            source.results.label(full)
        ),
    };
    if panels.is_empty() { Ok(None) } else { figure(caption, &panels, context).map(Some) }
}

/// A line's mean over the runs of a row on a task; none where no record has it.
fn course(source: &Source<'_>, (task, row): (&str, &Row), (name, look, of): &Line) -> Option<Course> {
    let own = source.runs.iter().filter(|run| run.info.task == task && run.info.row == row.name);
    let history = |run: &RunRecords| -> History {
        run.labels.iter().filter_map(|record| Some((record.epoch as u32, of(record)?))).collect()
    };
    let runs: Histories = own.map(|run| (run.draw(), history(run))).collect();
    let points = means(&runs);
    (!points.is_empty()).then(|| Course { points, look: *look, thin: false, name: (*name).to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_shows_its_own_measure() {
        let record = LabelRecord {
            hard_label_accuracy: Some(0.1),
            soft_label_accuracy: Some(0.2),
            soft_right_where_hard_wrong: Some(0.3),
            soft_wrong_where_hard_right: Some(0.4),
            teacher_right_where_student_wrong: Some(0.5),
            teacher_right_where_triplet_wrong: Some(0.6),
            teacher_certainty: Some(0.7),
            ..LabelRecord::default()
        };
        let lines = PANELS.iter().flat_map(|(_, lines)| *lines);
        let shown: Vec<_> = lines.map(|(name, _, of)| (*name, of(&record).unwrap())).collect();
        let expected = [
            ("hard", 0.1),
            ("soft", 0.2),
            ("wrong → right", 0.3),
            ("right → wrong", 0.4),
            ("student wrong", 0.5),
            ("label wrong", 0.6),
            ("", 0.7),
        ];
        assert_eq!(shown, expected);
    }
}
