//! What must hold before runs are averaged.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use toml::{Table, Value};

use super::runs::{Loaded, RunRecords};
use crate::error::{Error, Result};
use crate::record::{CONFIG, EPOCHS, EVALUATIONS, LABELS, RUN, Split, TIMINGS};

/// Runs that belong together; those that do not are left out with a warning.
///
/// # Errors
/// Runs of several profiles or of both kinds of domains, or no run of a task at all.
pub(super) fn checked(folder: &Path, loaded: Loaded) -> Result<Loaded> {
    let Loaded { runs, mut warnings } = loaded;
    let mut sound = Vec::new();
    for run in runs {
        match fault(folder, &run) {
            None => sound.push(run),
            Some(reason) => warnings.push(format!("left out: {}: {reason}", run.folder.display())),
        }
    }
    one_kind(folder, &sound)?;
    let sound = comparable(sound, &mut warnings);
    if sound.iter().all(RunRecords::is_pretraining) {
        let mut lines = vec!["no finished run of a task".to_owned()];
        lines.extend(warnings);
        return Err(Error::file(folder, lines.join("\n")));
    }
    Ok(Loaded { runs: sound, warnings })
}

/// What is wrong with the records of one run.
fn fault(folder: &Path, run: &RunRecords) -> Option<String> {
    not_finite(run)
        .or_else(|| no_fraction(run))
        .or_else(|| if run.is_pretraining() { None } else { misplaced(folder, run).or(incomplete(run)) })
}

fn not_finite(run: &RunRecords) -> Option<String> {
    let losses = run.epochs.iter().map(|record| (EPOCHS, record.epoch, vec![record.value]));
    let evaluations = run
        .evaluations
        .iter()
        .map(|record| (EVALUATIONS, record.epoch, vec![record.map, record.top1, record.top5, record.top10]));
    let labels =
        run.labels.iter().map(|record| (LABELS, record.epoch, vec![record.ari, record.nmi, record.purity]));
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

/// A copied folder would count one run twice.
fn misplaced(folder: &Path, run: &RunRecords) -> Option<String> {
    let info = &run.info;
    let expected = folder.join("adapt").join(&info.task).join(&info.row).join(format!("seed-{}", info.seed));
    let found = format!("{RUN} is that of {} {} seed {}", info.task, info.row, info.seed);
    (run.folder != expected).then_some(found)
}

fn incomplete(run: &RunRecords) -> Option<String> {
    let answering = answering(run);
    let Some((last, networks)) = answering.last_key_value() else {
        return Some(format!("{EVALUATIONS}: no evaluation of network-1 on the target's test set"));
    };
    if let Some((epoch, _)) = answering.iter().find(|(_, found)| *found != networks) {
        return Some(format!("{EVALUATIONS}: epochs {epoch} and {last} have different networks"));
    }
    let trained = run.epochs.iter().map(|record| record.epoch).max().unwrap_or(0);
    (trained != *last).then(|| {
        format!("{EPOCHS} ends at epoch {trained}, {EVALUATIONS} at epoch {last}; one of them is cut off")
    })
}

/// The networks that the method answers for, by epoch.
fn answering(run: &RunRecords) -> BTreeMap<usize, Vec<&str>> {
    let mut found: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
    for record in &run.evaluations {
        if record.split == Split::TargetTest && record.network.starts_with("network-") {
            found.entry(record.epoch).or_default().push(&record.network);
        }
    }
    found.values_mut().for_each(|networks| networks.sort_unstable());
    found
}

fn one_kind(folder: &Path, runs: &[RunRecords]) -> Result<()> {
    let profiles: BTreeSet<&str> = runs.iter().map(|run| run.info.profile.as_str()).collect();
    if profiles.len() > 1 {
        let names: Vec<&str> = profiles.into_iter().collect();
        return Err(Error::file(folder, format!("holds runs of several profiles ({})", names.join(", "))));
    }
    let domains: BTreeSet<_> = runs.iter().map(|run| run.info.domains).collect();
    if domains.len() > 1 {
        return Err(Error::file(
            folder,
            "holds runs on synthetic domains and on real data; a report takes one kind",
        ));
    }
    Ok(())
}

/// Drops the runs of a cell whose seeds were run under different settings: their mean would be that of nothing.
fn comparable(runs: Vec<RunRecords>, warnings: &mut Vec<String>) -> Vec<RunRecords> {
    let mut cells: BTreeMap<(String, String), Vec<Option<Table>>> = BTreeMap::new();
    for run in runs.iter().filter(|run| !run.is_pretraining()) {
        cells.entry(cell(run)).or_default().push(settings(&run.folder));
    }
    cells.retain(|_, settings| settings.iter().any(|other| *other != settings[0]));
    for (task, row) in cells.keys() {
        warnings
            .push(format!("left out: {task} {row}: its seeds were run under different settings ({CONFIG})"));
    }
    runs.into_iter().filter(|run| run.is_pretraining() || !cells.contains_key(&cell(run))).collect()
}

fn cell(run: &RunRecords) -> (String, String) {
    (run.info.task.clone(), run.info.row.clone())
}

/// The configuration without what differs between seeds; `None` where it cannot be read.
fn settings(folder: &Path) -> Option<Table> {
    let mut table: Table = fs::read_to_string(folder.join(CONFIG)).ok()?.parse().ok()?;
    forget_seed(&mut table);
    Some(table)
}

fn forget_seed(table: &mut Table) {
    // The parents' hashes change with the seed.
    table.remove("seed");
    table.remove("parents");
    for (_, value) in table.iter_mut() {
        if let Value::Table(below) = value {
            forget_seed(below);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::Fixture;
    use super::super::runs::load;
    use super::*;
    use crate::record::DomainKind;

    fn check(fixture: &Fixture) -> Result<Loaded> {
        checked(fixture.runs(), load(fixture.runs()).unwrap())
    }

    fn only_warning(fixture: &Fixture) -> String {
        let loaded = check(fixture).unwrap();
        assert_eq!(loaded.warnings.len(), 1, "{:?}", loaded.warnings);
        loaded.warnings[0].clone()
    }

    #[test]
    fn a_nan_loss_and_a_cut_off_record_are_left_out() {
        let fixture = Fixture::new();
        fixture.run("market-to-duke", "baseline", "baseline", 1, &[0.2, 0.3]);
        let folder = fixture.run("market-to-duke", "mmt-k", "mmt", 1, &[0.2, 0.3, 0.4]);
        let epochs = folder.join(EPOCHS);
        let sound = fs::read_to_string(&epochs).unwrap();
        fs::write(&epochs, sound.replace("1,2,total,1.0", "1,2,total,NaN")).unwrap();
        let text = only_warning(&fixture);
        assert!(text.contains("mmt-k") && text.contains("epochs.csv") && text.contains("epoch 2"), "{text}");
        fs::write(&epochs, &sound).unwrap();
        let evaluations = fs::read_to_string(folder.join(EVALUATIONS)).unwrap();
        fs::write(folder.join(EVALUATIONS), evaluations.replace("0.5,", "1.5,")).unwrap();
        assert!(only_warning(&fixture).contains("outside 0 to 1"));
        fs::write(folder.join(EVALUATIONS), evaluations).unwrap();
        let lines: Vec<&str> = sound.lines().collect();
        fs::write(&epochs, lines[..lines.len() - 1].join("\n")).unwrap();
        assert!(only_warning(&fixture).contains("cut off"));
    }

    #[test]
    fn seeds_of_other_settings_and_copied_folders_are_left_out() {
        let fixture = Fixture::new();
        fixture.run("market-to-duke", "baseline", "baseline", 1, &[0.2, 0.3]);
        let one = fixture.run("market-to-duke", "mmt-k", "mmt", 1, &[0.2, 0.3]);
        let two = fixture.run("market-to-duke", "mmt-k", "mmt", 2, &[0.2, 0.3]);
        fs::write(one.join(CONFIG), "seed = 1\nparents = ['a']\n[adaptation]\nepochs = 1\n").unwrap();
        fs::write(two.join(CONFIG), "seed = 2\nparents = ['b']\n[adaptation]\nepochs = 1\n").unwrap();
        assert!(check(&fixture).unwrap().warnings.is_empty());
        fs::write(two.join(CONFIG), "seed = 2\n[adaptation]\nepochs = 2\n").unwrap();
        assert!(only_warning(&fixture).contains("different settings"));
        fs::remove_dir_all(&one).unwrap();
        fs::rename(&two, two.with_file_name("seed-3")).unwrap();
        assert!(only_warning(&fixture).contains("seed 2"));
    }

    #[test]
    fn kinds_of_domains_and_profiles_are_never_mixed() {
        let fixture = Fixture::new();
        fixture.run("market-to-duke", "baseline", "baseline", 1, &[0.2, 0.3]);
        let mut real = Fixture::info("market-to-duke", "mmt-k", "mmt", 1);
        real.domains = DomainKind::Real;
        fixture.write(&real, &[0.2, 0.3]);
        assert!(check(&fixture).unwrap_err().to_string().contains("real data"));
        real.domains = DomainKind::Synthetic;
        real.profile = "paper".to_owned();
        fixture.write(&real, &[0.2, 0.3]);
        assert!(check(&fixture).unwrap_err().to_string().contains("paper, quick"));
    }

    #[test]
    fn nothing_finished_is_an_error_that_says_why() {
        let fixture = Fixture::new();
        let folder = fixture.run("market-to-duke", "baseline", "baseline", 1, &[0.2, 0.3]);
        fs::remove_file(folder.join(crate::record::DONE)).unwrap();
        let text = check(&fixture).unwrap_err().to_string();
        assert!(text.contains("no finished run") && text.contains("baseline"), "{text}");
    }
}
