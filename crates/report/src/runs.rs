//! The records of every run below one or several folders of a profile.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use toml::Table;

use mmt_vocabulary::Method;
use mmt_vocabulary::error::{Error, Result};
use mmt_vocabulary::record::{
    CONFIG, DONE, ENVIRONMENT, EPOCHS, EVALUATIONS, EpochRecord, EvaluationRecord, LABELS, LabelRecord,
    PRETRAIN, PROVENANCE, Provenance, QUERIES, QueryRecord, RANKED_LISTS, RUN, RankedRecord, Record, RunInfo,
    TIMINGS, TimingRecord, read_csv, read_json,
};
use mmt_vocabulary::run_directory::{KINDS, config_hash, jobs_below};

/// Everything random that a run drew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Draw {
    /// Seed of the drawn domains; 0 on real data.
    pub domain: u64,
    /// Seed of the training.
    pub seed: u64,
}

/// Everything that a run left.
#[derive(Debug, Clone)]
pub(super) struct RunRecords {
    pub folder: PathBuf,
    /// The same, as it stands below `runs/<profile>/`.
    pub place: PathBuf,
    pub info: RunInfo,
    pub config: Table,
    /// The machine it ran on; empty where nothing was kept.
    pub environment: BTreeMap<String, String>,
    /// Source, command and day; older runs have none.
    pub provenance: Option<Provenance>,
    pub epochs: Vec<EpochRecord>,
    pub evaluations: Vec<EvaluationRecord>,
    pub labels: Vec<LabelRecord>,
    pub timings: Vec<TimingRecord>,
    /// Of the last epoch; older runs have none.
    pub queries: Vec<QueryRecord>,
    /// Of the last epoch; older runs have none.
    pub ranked: Vec<RankedRecord>,
}

impl RunRecords {
    /// Its draw.
    pub fn draw(&self) -> Draw {
        Draw { domain: self.info.domain_seed.unwrap_or(0), seed: self.info.seed }
    }

    /// Whether this is source pre-training, which has no row in the tables of results.
    pub fn is_pretraining(&self) -> bool {
        self.info.method == PRETRAIN
    }

    /// Its method; none for pre-training, and for what this version does not know.
    pub fn method(&self) -> Option<Method> {
        self.info.method.parse().ok()
    }

    /// Its settings of adaptation; none where nothing is adapted.
    pub fn adaptation(&self) -> Option<&Table> {
        self.config.get("adaptation")?.as_table()
    }

    /// k of its k-means; none where it clusters otherwise, or not at all.
    pub fn clusters(&self) -> Option<i64> {
        self.adaptation()?.get("clustering")?.get("clusters")?.as_integer()
    }

    /// The SHA-256 of the checkpoint that a pre-training started from; none for random weights.
    pub fn start(&self) -> Option<String> {
        Some(self.config.get("init")?.get("sha256")?.as_str()?.to_owned())
    }

    /// Hashes of the configurations that it builds on.
    pub fn parents(&self) -> Vec<&str> {
        let parents = self.config.get("parents").and_then(|parents| parents.as_array());
        parents.into_iter().flatten().filter_map(|parent| parent.as_str()).collect()
    }

    /// The same numbers as another copy of this run, seconds apart.
    fn agrees(&self, other: &Self) -> bool {
        self.epochs == other.epochs
            && self.evaluations == other.evaluations
            && self.labels == other.labels
            && self.queries == other.queries
    }
}

/// Runs in the order of their places, and what was wrong with those left out.
#[derive(Debug, Clone, Default)]
pub(super) struct Loaded {
    pub runs: Vec<RunRecords>,
    pub warnings: Vec<String>,
}

/// Reads every finished run below each of `roots`; unfinished and unreadable ones become warnings.
///
/// # Errors
/// A root that holds no runs, or two runs of one place that are not the same run.
pub(super) fn load(roots: &[PathBuf]) -> Result<Loaded> {
    let mut loaded = Loaded::default();
    for root in roots {
        for folder in folders(root)? {
            match read(root, &folder) {
                Ok(run) => add(&mut loaded, run)?,
                Err(error) => loaded.warnings.push(format!("left out: {error}")),
            }
        }
    }
    // No order of the roots decides about the order of a sum.
    loaded.runs.sort_by(|one, two| one.place.cmp(&two.place));
    Ok(loaded)
}

/// Adds `run`, unless another root gave it already.
fn add(loaded: &mut Loaded, run: RunRecords) -> Result<()> {
    let Some(known) = loaded.runs.iter().find(|known| known.place == run.place) else {
        loaded.runs.push(run);
        return Ok(());
    };
    if known.info != run.info {
        let reason = format!(
            "not the run of the same name in {} ({RUN}: another configuration); a report takes one of them",
            known.folder.display()
        );
        return Err(Error::file(&run.folder, reason));
    }
    if !known.agrees(&run) {
        loaded.warnings.push(format!(
            "left out: {}: the same run as {}, with other numbers",
            run.folder.display(),
            known.folder.display()
        ));
    }
    Ok(())
}

fn folders(root: &Path) -> Result<Vec<PathBuf>> {
    let kinds: Vec<PathBuf> = KINDS.iter().map(|kind| root.join(kind)).filter(|path| path.is_dir()).collect();
    if kinds.is_empty() {
        let reason = format!(
            "no finished run: neither {} is in it; a profile's folder is wanted, such as runs/quick",
            KINDS.join(" nor ")
        );
        return Err(Error::file(root, reason));
    }
    let found = kinds.iter().map(|kind| jobs_below(kind)).collect::<Result<Vec<_>>>()?;
    Ok(found.concat())
}

fn read(root: &Path, folder: &Path) -> Result<RunRecords> {
    let done = folder.join(DONE);
    if !done.exists() {
        return Err(Error::file(folder, "not finished"));
    }
    let info: RunInfo = read_json(&folder.join(RUN))?;
    let hash = fs::read_to_string(&done).map_err(Error::io("read", &done))?;
    if hash.trim() != info.config {
        return Err(Error::file(folder, format!("{DONE} and {RUN} are of different configurations")));
    }
    Ok(RunRecords {
        folder: folder.to_owned(),
        place: folder.strip_prefix(root).unwrap_or(folder).to_owned(),
        config: read_config(&folder.join(CONFIG), &info.config)?,
        environment: read_environment(&folder.join(ENVIRONMENT))?,
        info,
        provenance: Some(folder.join(PROVENANCE))
            .filter(|path| path.exists())
            .map(|path| read_json(&path))
            .transpose()?,
        epochs: read_if_there(&folder.join(EPOCHS))?,
        evaluations: read_if_there(&folder.join(EVALUATIONS))?,
        labels: read_if_there(&folder.join(LABELS))?,
        timings: read_if_there(&folder.join(TIMINGS))?,
        queries: read_if_there(&folder.join(QUERIES))?,
        ranked: read_if_there(&folder.join(RANKED_LISTS))?,
    })
}

/// The configuration, which must be the one whose hash the run kept.
fn read_config(path: &Path, hash: &str) -> Result<Table> {
    let text = fs::read_to_string(path).map_err(Error::io("read", path))?;
    if config_hash(&text) != hash {
        return Err(Error::file(path, format!("not the configuration that {RUN} has the hash of")));
    }
    text.parse().map_err(|error: toml::de::Error| Error::file(path, error.message()))
}

fn read_environment(path: &Path) -> Result<BTreeMap<String, String>> {
    if !path.exists() {
        return Ok(BTreeMap::new());
    }
    let bytes = fs::read(path).map_err(Error::io("read", path))?;
    serde_json::from_slice(&bytes).map_err(|error| Error::file(path, error.to_string()))
}

/// Jobs leave no file for records that they have none of.
fn read_if_there<T: serde::de::DeserializeOwned + Record>(path: &Path) -> Result<Vec<T>> {
    if path.exists() { read_csv(path) } else { Ok(Vec::new()) }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::Fixture;
    use super::*;

    fn left_out(change: impl Fn(&Path)) -> String {
        let fixture = Fixture::new();
        fixture.run("market-to-duke", "baseline", "baseline", 1, &[0.2, 0.3]);
        let broken = fixture.run("market-to-duke", "mmt-k", "mmt", 1, &[0.2, 0.4]);
        change(&broken);
        let loaded = load(&fixture.roots()).unwrap();
        assert_eq!(loaded.runs.len(), 1, "the sound run stays");
        assert_eq!(loaded.warnings.len(), 1);
        assert!(loaded.warnings[0].contains("mmt-k"), "the folder is named: {}", loaded.warnings[0]);
        loaded.warnings[0].clone()
    }

    fn edit(path: &Path, change: impl Fn(&str) -> String) {
        fs::write(path, change(&fs::read_to_string(path).unwrap())).unwrap();
    }

    #[test]
    fn roots_in_any_order_give_the_runs_in_one() {
        let [one, two] = [Fixture::new(), Fixture::new()];
        one.run("market-to-duke", "baseline", "baseline", 1, &[0.2, 0.3]);
        two.run("duke-to-market", "mmt-k", "mmt", 1, &[0.2, 0.4]);
        let places = |roots: &[PathBuf]| -> Vec<_> {
            load(roots).unwrap().runs.into_iter().map(|run| run.place).collect()
        };
        let forth = places(&[one.roots(), two.roots()].concat());
        assert_eq!(forth, places(&[two.roots(), one.roots()].concat()));
        assert!(forth.len() == 2 && forth.is_sorted(), "{forth:?}");
    }

    #[test]
    fn an_unfinished_run_is_left_out() {
        assert!(left_out(|folder| fs::remove_file(folder.join(DONE)).unwrap()).contains("not finished"));
    }

    #[test]
    fn a_run_finished_under_another_configuration_is_left_out() {
        assert!(
            left_out(|folder| fs::write(folder.join(DONE), "other\n").unwrap()).contains("configurations")
        );
        let changed = left_out(|folder| edit(&folder.join(CONFIG), |text| text.replace("alpha", "beta")));
        assert!(changed.contains(CONFIG) && changed.contains("hash"), "{changed}");
        assert!(left_out(|folder| fs::remove_file(folder.join(CONFIG)).unwrap()).contains(CONFIG));
    }

    #[test]
    fn half_a_file_is_left_out() {
        let half =
            left_out(|folder| edit(&folder.join(EVALUATIONS), |text| text[..text.len() - 9].to_owned()));
        assert!(half.contains(EVALUATIONS), "{half}");
        let half =
            left_out(|folder| edit(&folder.join(ENVIRONMENT), |text| text[..text.len() / 2].to_owned()));
        assert!(half.contains(ENVIRONMENT), "{half}");
        let half = left_out(|folder| edit(&folder.join(RUN), |text| text[..text.len() / 2].to_owned()));
        assert!(half.contains(RUN), "{half}");
    }

    #[test]
    fn a_missing_column_is_left_out_and_named() {
        for (file, column) in
            [(LABELS, "nmi"), (EVALUATIONS, "top5"), (EPOCHS, "value"), (TIMINGS, "seconds")]
        {
            let text = left_out(|folder| edit(&folder.join(file), |text| text.replacen(column, "other", 1)));
            assert!(text.contains(file) && text.contains(column), "{text}");
        }
    }

    #[test]
    fn records_of_another_schema_and_without_a_description_are_left_out() {
        let schema = left_out(|folder| {
            edit(&folder.join(RUN), |text| text.replace("\"schema\": 3", "\"schema\": 99"));
        });
        assert!(schema.contains("schema 99"), "{schema}");
        assert!(left_out(|folder| fs::remove_file(folder.join(RUN)).unwrap()).contains(RUN));
    }

    /// Two machines with one run in common.
    fn two() -> (Fixture, Fixture, PathBuf) {
        let (one, two) = (Fixture::new(), Fixture::new());
        one.run("market-to-duke", "baseline", "baseline", 1, &[0.2, 0.3]);
        two.run("market-to-duke", "mmt-k", "mmt", 1, &[0.2, 0.4]);
        let common = two.run("market-to-duke", "baseline", "baseline", 1, &[0.2, 0.3]);
        (one, two, common)
    }

    #[test]
    fn runs_of_two_machines_are_merged_in_any_order() {
        let (one, two, _) = two();
        let rows = |roots: &[PathBuf]| -> Vec<String> {
            let loaded = load(roots).unwrap();
            assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
            loaded.runs.into_iter().map(|run| run.info.row).collect()
        };
        assert_eq!(rows(&[one.roots(), two.roots()].concat()), ["baseline", "mmt-k"]);
        assert_eq!(rows(&[two.roots(), one.roots()].concat()), ["baseline", "mmt-k"]);
    }

    #[test]
    fn one_name_for_two_runs_is_refused_and_other_numbers_are_left_out() {
        let (one, two, common) = two();
        let roots = [one.roots(), two.roots()].concat();
        edit(&common.join(EVALUATIONS), |text| text.replace("0.29", "0.28"));
        let loaded = load(&roots).unwrap();
        assert!(loaded.warnings[0].contains("with other numbers"), "{:?}", loaded.warnings);
        assert_eq!(loaded.runs[0].evaluations[3].map, 0.29, "the first folder's numbers stay");
        two.reconfigure(&common, |adaptation| {
            adaptation.insert("alpha".to_owned(), 0.5.into());
        });
        let text = load(&roots).unwrap_err().to_string();
        assert!(
            text.contains("another configuration") && text.contains("baseline/domain-1/seed-1"),
            "{text}"
        );
    }

    #[test]
    fn a_folder_without_runs_is_refused_beside_a_good_one() {
        let (one, _, _) = two();
        let roots = [one.roots(), vec![one.runs().join("adapt")]].concat();
        let text = load(&roots).unwrap_err().to_string();
        assert!(text.contains("no finished run") && text.contains("adapt"), "{text}");
    }
}
