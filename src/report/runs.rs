//! The records of every run below a folder.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::record::{
    CONFIG, DONE, EPOCHS, EVALUATIONS, EpochRecord, EvaluationRecord, LABELS, LabelRecord, RUN, Record,
    RunInfo, TIMINGS, TimingRecord, read_csv, read_json,
};

/// Folders below `runs/<profile>/`; nothing else in there is a run.
const KINDS: [&str; 2] = ["adapt", "pretrain"];
/// How deep a run's folder lies below those at most.
const DEPTH: usize = 5;
/// A folder with one of these files is that of a run.
const FILES: [&str; 7] = [RUN, CONFIG, DONE, EPOCHS, EVALUATIONS, LABELS, TIMINGS];

/// Everything that a run left.
#[derive(Debug, Clone)]
pub(super) struct RunRecords {
    pub folder: PathBuf,
    pub info: RunInfo,
    pub epochs: Vec<EpochRecord>,
    pub evaluations: Vec<EvaluationRecord>,
    pub labels: Vec<LabelRecord>,
    pub timings: Vec<TimingRecord>,
}

impl RunRecords {
    /// Whether this is source pre-training, which has no row in the tables of results.
    pub fn is_pretraining(&self) -> bool {
        self.info.method == "pretrain"
    }
}

/// Runs in the order of their folders, and what was wrong with those left out.
#[derive(Debug, Clone, Default)]
pub(super) struct Loaded {
    pub runs: Vec<RunRecords>,
    pub warnings: Vec<String>,
}

/// Reads every finished run below `runs`; unfinished and unreadable ones become warnings.
pub(super) fn load(runs: &Path) -> Result<Loaded> {
    let mut folders = Vec::new();
    for kind in KINDS {
        let folder = runs.join(kind);
        if folder.is_dir() {
            find(&folder, DEPTH, &mut folders)?;
        }
    }
    let mut loaded = Loaded::default();
    for folder in folders {
        match read(&folder) {
            Ok(run) => loaded.runs.push(run),
            Err(error) => loaded.warnings.push(format!("left out: {error}")),
        }
    }
    Ok(loaded)
}

/// Folders of runs below `folder`, sorted by name so that no file system decides about an order.
fn find(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<()> {
    if FILES.iter().any(|name| folder.join(name).exists()) {
        found.push(folder.to_owned());
        return Ok(());
    }
    if depth == 0 {
        return Ok(());
    }
    let mut below = Vec::new();
    for entry in fs::read_dir(folder).map_err(Error::io("read", folder))? {
        let path = entry.map_err(Error::io("read", folder))?.path();
        if path.is_dir() {
            below.push(path);
        }
    }
    below.sort();
    below.iter().try_for_each(|path| find(path, depth - 1, found))
}

fn read(folder: &Path) -> Result<RunRecords> {
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
        info,
        epochs: read_if_there(&folder.join(EPOCHS))?,
        evaluations: read_if_there(&folder.join(EVALUATIONS))?,
        labels: read_if_there(&folder.join(LABELS))?,
        timings: read_if_there(&folder.join(TIMINGS))?,
    })
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
        let loaded = load(fixture.runs()).unwrap();
        assert_eq!(loaded.runs.len(), 1, "the sound run stays");
        assert_eq!(loaded.warnings.len(), 1);
        assert!(loaded.warnings[0].contains("mmt-k"), "the folder is named: {}", loaded.warnings[0]);
        loaded.warnings[0].clone()
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
    }

    #[test]
    fn broken_records_are_left_out_and_named() {
        let half = left_out(|folder| {
            let text = fs::read_to_string(folder.join(EVALUATIONS)).unwrap();
            fs::write(folder.join(EVALUATIONS), &text[..text.len() - 9]).unwrap();
        });
        assert!(half.contains(EVALUATIONS), "{half}");
        let column = left_out(|folder| {
            let text = fs::read_to_string(folder.join(LABELS)).unwrap().replace("nmi", "mni");
            fs::write(folder.join(LABELS), text).unwrap();
        });
        assert!(column.contains(LABELS) && column.contains("nmi"), "{column}");
        let schema = left_out(|folder| {
            let text =
                fs::read_to_string(folder.join(RUN)).unwrap().replace("\"schema\": 1", "\"schema\": 99");
            fs::write(folder.join(RUN), text).unwrap();
        });
        assert!(schema.contains("schema 99"), "{schema}");
        assert!(left_out(|folder| fs::remove_file(folder.join(RUN)).unwrap()).contains(RUN));
    }
}
