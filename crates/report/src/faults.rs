//! Faults of the records of one run, taken for itself.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::Path;

use mmt_vocabulary::record::{
    EPOCHS, EVALUATIONS, EvaluationRecord, LABELS, NetworkName, RUN, Split, TIMINGS,
};
use mmt_vocabulary::run_directory::ADAPTATIONS;

use super::queries;
use super::runs::RunRecords;

/// Names of what a file has of each epoch: networks, losses.
type Names<T> = BTreeMap<usize, BTreeSet<T>>;

/// The first fault that is found; none for sound records.
pub(super) fn fault(run: &RunRecords) -> Option<String> {
    not_finite(run)
        .or_else(|| no_fraction(run))
        .or_else(|| repeated(run))
        .or_else(|| if run.is_pretraining() { None } else { misplaced(run).or_else(|| incomplete(run)) })
        .or_else(|| queries::fault(run))
}

fn not_finite(run: &RunRecords) -> Option<String> {
    let losses = run.epochs.iter().map(|record| (EPOCHS, record.epoch, vec![record.value]));
    let evaluations = run
        .evaluations
        .iter()
        .map(|record| (EVALUATIONS, record.epoch, vec![record.map, record.top1, record.top5, record.top10]));
    let labels = run.labels.iter().map(|record| (LABELS, record.epoch, record.measures().collect()));
    let timings = run.timings.iter().map(|record| (TIMINGS, record.epoch, vec![record.seconds]));
    let mut all = losses.chain(evaluations).chain(labels).chain(timings);
    let (file, epoch, _) = all.find(|(_, _, values)| values.iter().any(|value| !value.is_finite()))?;
    Some(format!("{file}: NaN or infinite values at epoch {epoch}"))
}

fn no_fraction(run: &RunRecords) -> Option<String> {
    let mut all =
        run.evaluations.iter().map(|record| (record, [record.map, record.top1, record.top5, record.top10]));
    let (record, _) = all.find(|(_, values)| values.iter().any(|value| !(0.0..=1.0).contains(value)))?;
    Some(format!("{EVALUATIONS}: values outside 0 to 1 at epoch {}", record.epoch))
}

/// A line that stands twice would count twice in a mean or a sum.
fn repeated(run: &RunRecords) -> Option<String> {
    let losses = run.epochs.iter().map(|record| (EPOCHS, record.epoch, record.loss.clone()));
    let evaluations = run
        .evaluations
        .iter()
        .map(|record| (EVALUATIONS, record.epoch, format!("{} on {:?}", record.network, record.split)));
    let labels = run.labels.iter().map(|record| (LABELS, record.epoch, "the clustering".to_owned()));
    let timings = run.timings.iter().map(|record| (TIMINGS, record.epoch, record.stage.clone()));
    let mut seen = BTreeSet::new();
    let mut all = losses.chain(evaluations).chain(labels).chain(timings);
    let (file, epoch, name) = all.find(|line| !seen.insert(line.clone()))?;
    Some(format!("{file}: {name} stands twice for epoch {epoch}"))
}

/// A copied folder would count one run twice.
fn misplaced(run: &RunRecords) -> Option<String> {
    let info = &run.info;
    let mut expected = Path::new(ADAPTATIONS).join(&info.task).join(&info.row);
    let mut found = format!("{RUN} is that of {} {}", info.task, info.row);
    if let Some(domain) = info.domain_seed {
        expected.push(format!("domain-{domain}"));
        found += &format!(" domain {domain}");
    }
    expected.push(format!("seed-{}", info.seed));
    found += &format!(" seed {}", info.seed);
    (run.place != expected).then_some(found)
}

/// Records that end before the last epoch of the configuration, or lack a line in between.
fn incomplete(run: &RunRecords) -> Option<String> {
    let epochs = run.adaptation().and_then(|settings| settings.get("epochs")?.as_integer());
    let last = epochs.map_or(0, |epochs| usize::try_from(epochs).unwrap_or(0));
    let answering = names(evaluated(run).filter(|(_, name)| name.answers()));
    if answering.is_empty() {
        return Some(format!("{EVALUATIONS}: no evaluation of network-1 on the target's test set"));
    }
    let losses = names(run.epochs.iter().map(|record| (record.epoch, record.loss.as_str())));
    let labels = names(run.labels.iter().map(|record| (record.epoch, "")));
    let mut stages = names(run.timings.iter().map(|record| (record.epoch, "")));
    stages.remove(&0);
    let mut networks = names(evaluated(run));
    // The start has no students.
    networks.remove(&0);
    gap(EVALUATIONS, &answering, 0..=last)
        .or_else(|| gap(EVALUATIONS, &networks, 1..=last))
        .or_else(|| gap(EPOCHS, &losses, 1..=last))
        .or_else(|| gap(LABELS, &labels, 1..=last))
        .or_else(|| gap(TIMINGS, &stages, 1..=last))
}

/// Epochs and networks of the evaluations on the target's test set.
fn evaluated(run: &RunRecords) -> impl Iterator<Item = (usize, NetworkName)> {
    let wanted = |record: &&EvaluationRecord| record.split == Split::TargetTest;
    run.evaluations.iter().filter(wanted).map(|record| (record.epoch, record.network))
}

fn names<T: Ord>(lines: impl Iterator<Item = (usize, T)>) -> Names<T> {
    let mut names = Names::new();
    for (epoch, name) in lines {
        names.entry(epoch).or_default().insert(name);
    }
    names
}

/// Where `found` is not the same for every epoch of `expected`.
fn gap<T: Ord + Clone + Display>(
    file: &str,
    found: &Names<T>,
    expected: RangeInclusive<usize>,
) -> Option<String> {
    let last = *expected.end();
    if let Some(epoch) = found.keys().find(|epoch| !expected.contains(epoch)) {
        return Some(format!("{file}: epoch {epoch}, but the configuration has {last}"));
    }
    if let Some(epoch) = expected.clone().find(|epoch| !found.contains_key(epoch)) {
        return Some(format!("{file}: nothing of epoch {epoch} of {last}; the file is cut off"));
    }
    let all: BTreeSet<T> = found.values().flatten().cloned().collect();
    let (epoch, names) = found.iter().find(|(_, names)| **names != all)?;
    let missing: Vec<String> = all.difference(names).map(T::to_string).collect();
    Some(format!("{file}: no {} at epoch {epoch}; the file is cut off", missing.join(", ")))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::fixture::Fixture;
    use super::super::runs::load;
    use super::*;

    /// The fault of a run of two epochs whose `file` is changed.
    fn found(file: &str, change: impl Fn(&str) -> String) -> String {
        let fixture = Fixture::new();
        let folder = fixture.run("market-to-duke", "mmt-k", "mmt", 1, &[0.2, 0.3, 0.4]);
        let path = folder.join(file);
        fs::write(&path, change(&fs::read_to_string(&path).unwrap())).unwrap();
        let loaded = load(&fixture.roots()).unwrap();
        assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
        fault(&loaded.runs[0]).unwrap_or_default()
    }

    fn without_last_line(text: &str) -> String {
        let lines: Vec<&str> = text.lines().collect();
        lines[..lines.len() - 1].join("\n")
    }

    #[test]
    fn sound_records_have_no_fault() {
        assert_eq!(found(EPOCHS, str::to_owned), "");
    }

    #[test]
    fn nan_losses_and_evaluations_are_found() {
        let loss = found(EPOCHS, |text| text.replace("3,2,total,1.0", "3,2,total,NaN"));
        assert!(loss.contains(EPOCHS) && loss.contains("epoch 2"), "{loss}");
        let evaluation = found(EVALUATIONS, |text| text.replacen("0.19", "NaN", 1));
        assert!(evaluation.contains(EVALUATIONS) && evaluation.contains("epoch 0"), "{evaluation}");
        let infinite = found(LABELS, |text| text.replacen("0.75", "inf", 1));
        assert!(infinite.contains(LABELS) && infinite.contains("epoch 1"), "{infinite}");
        let of_teachers = found(LABELS, |text| text.replacen("0.625", "NaN", 1));
        assert!(of_teachers.contains(LABELS) && of_teachers.contains("epoch 1"), "{of_teachers}");
    }

    #[test]
    fn values_that_are_no_fractions_are_found() {
        assert!(found(EVALUATIONS, |text| text.replacen("0.19", "1.5", 1)).contains("outside 0 to 1"));
    }

    #[test]
    fn a_file_cut_off_between_two_lines_is_found() {
        for file in [EPOCHS, LABELS, EVALUATIONS] {
            let text = found(file, without_last_line);
            assert!(text.contains(file) && text.contains("cut off"), "{file}: {text}");
        }
        let timings = found(TIMINGS, |text| text.replace("3,2,training,60.0\n", ""));
        assert!(timings.contains(TIMINGS) && timings.contains("epoch 2 of 2"), "{timings}");
        let students = found(EVALUATIONS, without_last_line);
        assert!(students.contains("no student-1 at epoch 2"), "{students}");
    }

    #[test]
    fn a_file_that_goes_on_after_the_last_epoch_is_found() {
        let text = found(LABELS, |text| {
            format!("{text}3,3,100,5,0.3,0.5,0.75,0.25,0.125,0.5,0.2{}\n", ",".repeat(11))
        });
        assert!(text.contains("epoch 3, but the configuration has 2"), "{text}");
    }

    #[test]
    fn a_line_that_stands_twice_is_found() {
        for file in [EPOCHS, LABELS, EVALUATIONS, TIMINGS] {
            let text = found(file, |text| format!("{text}{}\n", text.lines().last().unwrap()));
            assert!(text.contains(file) && text.contains("twice"), "{file}: {text}");
        }
    }
}
