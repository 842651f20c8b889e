//! Conditions that must hold before runs are averaged.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use mmt_vocabulary::error::{Error, Result};
use mmt_vocabulary::record::CONFIG;
use toml::{Table, Value};

use super::faults::fault;
use super::queries;
use super::runs::{Draw, Loaded, RunRecords};

/// Runs that belong together; those that do not are left out with a warning.
///
/// # Errors
/// Runs of several profiles, of both kinds of domains, or of one task and seed with different starts; no run of a task at all.
pub(super) fn checked(roots: &[PathBuf], loaded: Loaded) -> Result<Loaded> {
    let Loaded { runs, mut warnings } = loaded;
    let mut sound = Vec::new();
    for run in runs {
        match fault(&run) {
            None => sound.push(run),
            Some(reason) => warnings.push(format!("left out: {}: {reason}", run.folder.display())),
        }
    }
    let refuse = |reason: String| {
        let roots: Vec<String> = roots.iter().map(|root| root.display().to_string()).collect();
        Error::file(roots.join(", "), reason)
    };
    if let Some(reason) = several_kinds(&sound).or_else(|| several_starts(&sound)) {
        return Err(refuse(reason));
    }
    let sound = comparable(without_copies(sound, &mut warnings), &mut warnings);
    warnings.extend(queries::comparable(&sound));
    if sound.iter().all(RunRecords::is_pretraining) {
        let mut lines = vec!["no finished run of a task".to_owned()];
        lines.extend(warnings);
        return Err(refuse(lines.join("\n")));
    }
    Ok(Loaded { runs: sound, warnings })
}

fn several_kinds(runs: &[RunRecords]) -> Option<String> {
    let profiles: BTreeSet<&str> = runs.iter().map(|run| run.info.profile.as_str()).collect();
    if profiles.len() > 1 {
        let names: Vec<&str> = profiles.into_iter().collect();
        return Some(format!("holds runs of several profiles ({})", names.join(", ")));
    }
    let domains: BTreeSet<_> = runs.iter().map(|run| run.info.domains).collect();
    (domains.len() > 1)
        .then(|| "holds runs on synthetic domains and on real data; a report takes one kind".to_owned())
}

/// Differences are taken run by run, so the rows of one draw must start from the same networks.
fn several_starts(runs: &[RunRecords]) -> Option<String> {
    let mut starts: BTreeMap<(&str, Draw), &RunRecords> = BTreeMap::new();
    for run in runs.iter().filter(|run| run.adaptation().is_some()) {
        let first = starts.entry((run.info.task.as_str(), run.draw())).or_insert(run);
        if first.parents() != run.parents() {
            return Some(format!(
                "{} and {} start from different networks ({CONFIG}: parents)",
                first.folder.display(),
                run.folder.display()
            ));
        }
    }
    None
}

/// Drops a run that stands in two places, which would count its minutes twice.
fn without_copies(runs: Vec<RunRecords>, warnings: &mut Vec<String>) -> Vec<RunRecords> {
    let mut seen: BTreeMap<String, PathBuf> = BTreeMap::new();
    let mut kept = Vec::new();
    for run in runs {
        match seen.get(&run.info.config) {
            Some(first) => {
                let (copy, first) = (run.folder.display(), first.display());
                warnings.push(format!("left out: {copy}: a copy of {first} (equal {CONFIG})"));
            }
            None => {
                seen.insert(run.info.config.clone(), run.folder.clone());
                kept.push(run);
            }
        }
    }
    kept
}

/// Drops runs of one name that were run under different settings: their mean would be that of nothing.
fn comparable(runs: Vec<RunRecords>, warnings: &mut Vec<String>) -> Vec<RunRecords> {
    let tasks: Vec<&RunRecords> = runs.iter().filter(|run| !run.is_pretraining()).collect();
    let rows = disagreeing(tasks.iter().map(|run| (run.info.row.clone(), run.adaptation().cloned())));
    for row in &rows {
        warnings.push(format!("left out: {row}: its runs were run under different settings ({CONFIG})"));
    }
    let known: BTreeMap<&str, &RunRecords> = runs.iter().map(|run| (run.info.config.as_str(), run)).collect();
    let own = tasks.iter().map(|run| (cell(run), without_seed(&run.config)));
    // Parents can be compared where they are at hand.
    let ancestors = tasks.iter().filter_map(|run| Some((cell(run), lineage(run, &known)?)));
    let cells: BTreeSet<(String, String)> =
        disagreeing(own).into_iter().chain(disagreeing(ancestors)).collect();
    for (task, row) in cells.iter().filter(|(_, row)| !rows.contains(row)) {
        warnings
            .push(format!("left out: {task} {row}: its seeds were run under different settings ({CONFIG})"));
    }
    let dropped = |run: &RunRecords| rows.contains(&run.info.row) || cells.contains(&cell(run));
    let dropped: BTreeSet<PathBuf> =
        tasks.iter().filter(|run| dropped(run)).map(|run| run.place.clone()).collect();
    runs.into_iter().filter(|run| !dropped.contains(&run.place)).collect()
}

fn cell(run: &RunRecords) -> (String, String) {
    (run.info.task.clone(), run.info.row.clone())
}

/// The keys with more than one value.
fn disagreeing<K: Ord + Clone, V: PartialEq>(pairs: impl Iterator<Item = (K, V)>) -> BTreeSet<K> {
    let mut values: BTreeMap<K, Vec<V>> = BTreeMap::new();
    for (key, value) in pairs {
        values.entry(key).or_default().push(value);
    }
    values.retain(|_, values| values.iter().any(|value| *value != values[0]));
    values.into_keys().collect()
}

/// The settings of a run and of all that it builds on; none where a parent is not at hand.
fn lineage(run: &RunRecords, known: &BTreeMap<&str, &RunRecords>) -> Option<Vec<Table>> {
    let mut found = vec![without_seed(&run.config)];
    for parent in run.parents() {
        found.extend(lineage(known.get(parent)?, known)?);
    }
    Some(found)
}

/// A configuration without what differs between seeds; the parents' hashes change with the seed.
fn without_seed(config: &Table) -> Table {
    let mut table = config.clone();
    table.remove("seed");
    table.remove("domain_seed");
    table.remove("parents");
    for (_, value) in table.iter_mut() {
        if let Value::Table(below) = value {
            *below = without_seed(below);
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::fixture::Fixture;
    use super::super::runs::load;
    use super::*;
    use mmt_vocabulary::record::{DONE, DomainKind, EPOCHS};

    fn check(fixture: &Fixture) -> Result<Loaded> {
        checked(&fixture.roots(), load(&fixture.roots()).unwrap())
    }

    fn only_warning(fixture: &Fixture) -> String {
        let loaded = check(fixture).unwrap();
        assert_eq!(loaded.warnings.len(), 1, "{:?}", loaded.warnings);
        loaded.warnings[0].clone()
    }

    /// A sound baseline and two seeds of `mmt-k`.
    fn three() -> (Fixture, PathBuf, PathBuf) {
        let fixture = Fixture::new();
        fixture.run("market-to-duke", "baseline", "baseline", 1, &[0.2, 0.3]);
        let one = fixture.run("market-to-duke", "mmt-k", "mmt", 1, &[0.2, 0.3]);
        let two = fixture.run("market-to-duke", "mmt-k", "mmt", 2, &[0.2, 0.3]);
        (fixture, one, two)
    }

    #[test]
    fn a_faulty_run_is_left_out_and_the_others_stay() {
        let (fixture, one, _) = three();
        assert!(check(&fixture).unwrap().warnings.is_empty());
        let epochs = fs::read_to_string(one.join(EPOCHS)).unwrap();
        fs::write(one.join(EPOCHS), epochs.replace("1.0", "NaN")).unwrap();
        let text = only_warning(&fixture);
        assert!(text.contains("mmt-k/domain-1/seed-1") && text.contains("NaN"), "{text}");
        assert_eq!(check(&fixture).unwrap().runs.len(), 2);
    }

    #[test]
    fn seeds_and_tasks_of_other_settings_are_left_out() {
        let (fixture, _, two) = three();
        fixture.reconfigure(&two, |adaptation| {
            adaptation.insert("alpha".to_owned(), 0.25.into());
        });
        assert!(only_warning(&fixture).contains("mmt-k: its runs were run under different settings"));
        assert_eq!(check(&fixture).unwrap().runs.len(), 1);
        let (fixture, _, _) = three();
        let other = fixture.run("duke-to-market", "mmt-k", "mmt", 1, &[0.2, 0.3]);
        assert!(check(&fixture).unwrap().warnings.is_empty());
        fixture.reconfigure(&other, |adaptation| {
            adaptation.insert("learning_rate".to_owned(), 0.25.into());
        });
        assert!(only_warning(&fixture).contains("mmt-k"), "a row means the same on every task");
    }

    #[test]
    fn seeds_whose_pre_training_had_other_settings_are_left_out() {
        let table = |text: &str| text.parse::<Table>().unwrap();
        let (fixture, ..) = three();
        let mut runs = load(&fixture.roots()).unwrap().runs;
        for (seed, epochs) in [(1, 8), (2, 8)] {
            let mut parent = runs[0].clone();
            parent.info.method = "pretrain".to_owned();
            parent.info.config = format!("start of market-to-duke {seed}");
            parent.place = PathBuf::from(format!("pretrain/{seed}"));
            parent.config = table(&format!("seed = {seed}\n[pretraining]\nepochs = {epochs}"));
            runs.push(parent);
        }
        let mut warnings = Vec::new();
        assert_eq!(comparable(runs.clone(), &mut warnings).len(), 5, "{warnings:?}");
        runs[4].config = table("seed = 2\n[pretraining]\nepochs = 16");
        let kept = comparable(runs, &mut warnings);
        assert!(warnings[0].contains("market-to-duke mmt-k: its seeds"), "{warnings:?}");
        assert_eq!(kept.len(), 3);
    }

    #[test]
    fn copied_folders_are_left_out() {
        let (fixture, one, two) = three();
        fs::remove_dir_all(&one).unwrap();
        fs::rename(&two, two.with_file_name("seed-3")).unwrap();
        assert!(only_warning(&fixture).contains("seed 2"));
        let (fixture, ..) = three();
        let trained = fixture.run("market", "pretrain", "pretrain", 1, &[0.3]);
        let copy = trained.with_file_name("network-9");
        fs::create_dir(&copy).unwrap();
        for file in fs::read_dir(&trained).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), copy.join(file.file_name())).unwrap();
        }
        let text = only_warning(&fixture);
        assert!(text.contains("network-9: a copy of") && text.contains("network-1"), "{text}");
    }

    #[test]
    fn rows_of_a_seed_with_different_starts_are_refused() {
        let (fixture, one, _) = three();
        let mut loaded = load(&fixture.roots()).unwrap();
        let run = loaded.runs.iter_mut().find(|run| run.folder == one).unwrap();
        run.config.insert("parents".to_owned(), vec!["another"].into());
        let text = checked(&fixture.roots(), loaded).unwrap_err().to_string();
        assert!(text.contains("different networks") && text.contains("mmt-k/domain-1/seed-1"), "{text}");
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
        fs::remove_file(folder.join(DONE)).unwrap();
        let text = check(&fixture).unwrap_err().to_string();
        assert!(text.contains("no finished run") && text.contains("baseline"), "{text}");
    }
}
