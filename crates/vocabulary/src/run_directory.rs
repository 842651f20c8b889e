//! The folder of one job: its resolved configuration, records, checkpoint and the mark that it is done; and where such folders are.
//!
//! Every file is written whole or not at all, the checkpoint after the records of its epoch; so whatever moment a run ends at,
//! the folder holds a checkpoint and at least the records up to it. They are on the disk, and not in its cache alone, before the next one is
//! begun: a power loss leaves no mark of what is not there.

use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::Serialize;
use sha2::{Digest, Sha256};
use toml::{Table, Value};

use crate::error::{Error, Result};
use crate::record::files::{read_csv, write_whole};
use crate::record::{CONFIG, DONE, EPOCHS, EVALUATIONS, EpochRecord, LABELS, RUN, SCHEMA_VERSION, TIMINGS};
use crate::whole_file::is_unfinished;

/// Folders below that of a profile in which jobs have theirs; nothing else in there is a job.
pub const KINDS: [&str; 2] = [ADAPTATIONS, PRETRAININGS];
/// Of the two, that of whatever is done for a task.
pub const ADAPTATIONS: &str = "adapt";
/// Of the two, that of pre-trainings.
pub const PRETRAININGS: &str = "pretrain";
/// How deep a job's folder lies below those at most.
const DEPTH: usize = 5;
/// A folder with one of these files is that of a job.
const FILES: [&str; 7] = [RUN, CONFIG, DONE, EPOCHS, EVALUATIONS, LABELS, TIMINGS];
/// Held while a process is at work in the folder.
const LOCK: &str = ".lock";

/// A job's folder for one configuration.
#[derive(Debug)]
pub struct RunDirectory {
    path: PathBuf,
    config: String,
    hash: String,
}

/// How far the job of a folder is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// Nothing is there.
    Missing,
    /// Begun; as many epochs have records.
    Partly(usize),
    /// Done.
    Done,
    /// The folder belongs to a run of other settings; the text says which.
    Other(String),
}

/// A job that this process is at work on; given back when dropped. The system gives it back when the process ends, however that
/// comes, so a crash leaves nothing to clean up.
#[derive(Debug)]
pub struct Claim {
    _file: File,
}

impl RunDirectory {
    /// The folder `path` for the configuration `config`. Nothing is read or written.
    ///
    /// # Errors
    /// A configuration that TOML cannot hold.
    pub fn new(path: PathBuf, config: &impl Serialize) -> Result<Self> {
        let config = toml::to_string(config)
            .map_err(|error| Error::Training(format!("cannot write a configuration: {error}")))?;
        let hash = config_hash(&config);
        Ok(Self { path, config, hash })
    }

    /// Returns the message for a folder that belongs to another configuration.
    fn other(&self) -> Result<Option<String>> {
        let file = self.path.join(CONFIG);
        match fs::read_to_string(&file) {
            Ok(old) if old == self.config => Ok(None),
            Ok(old) => Ok(Some(changed(&self.path, &old, &self.config))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::io("read", &file)(error)),
        }
    }

    /// How far the job is. Nothing is written.
    ///
    /// # Errors
    /// Records that cannot be read.
    pub fn progress(&self) -> Result<Progress> {
        if let Some(text) = self.other()? {
            return Ok(Progress::Other(text));
        }
        if self.is_done() {
            return Ok(Progress::Done);
        }
        if !self.path.join(CONFIG).exists() {
            return Ok(Progress::Missing);
        }
        let epochs = self.path.join(EPOCHS);
        if !epochs.exists() {
            return Ok(Progress::Partly(0));
        }
        let records: Vec<EpochRecord> = read_csv(&epochs)?;
        Ok(Progress::Partly(records.iter().map(|record| record.epoch).max().unwrap_or(0)))
    }

    /// Takes the folder, which is made where it is missing, for this process; `None` where another process (or job) has it.
    ///
    /// # Errors
    /// The folder belongs to another configuration (the changed keys are named), cannot be written, or its file system has no
    /// locks.
    pub fn claim(&self) -> Result<Option<Claim>> {
        if let Some(text) = self.other()? {
            return Err(Error::Usage(text));
        }
        fs::create_dir_all(&self.path).map_err(Error::io("create", &self.path))?;
        let path = self.path.join(LOCK);
        let file = File::create(&path).map_err(Error::io("write", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(Error::io("lock", &path)(error)),
        }
        remove_unfinished(&self.path)?;
        match self.other()? {
            Some(text) => Err(Error::Usage(text)),
            None => {
                write_whole(&self.path.join(CONFIG), self.config.as_bytes())?;
                Ok(Some(Claim { _file: file }))
            }
        }
    }

    /// Whether a process is at work in the folder now.
    pub fn is_claimed(&self) -> bool {
        let held = |file: File| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock));
        File::open(self.path.join(LOCK)).is_ok_and(held)
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// SHA-256 of the configuration, in hexadecimal.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// Whether the job of this very configuration is done.
    pub fn is_done(&self) -> bool {
        fs::read_to_string(self.path.join(DONE)).is_ok_and(|hash| hash.trim() == self.hash)
    }

    /// Marks the job as done.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn finish(&self) -> Result<()> {
        write_whole(&self.path.join(DONE), format!("{}\n", self.hash).as_bytes())
    }

    /// How an error in `epoch` is introduced: with what is kept, where something is.
    pub fn stage(&self, epoch: usize) -> String {
        match epoch {
            0 | 1 => format!("epoch {epoch}"),
            _ => format!("epoch {epoch} (epoch {} is kept in {})", epoch - 1, self.path.display()),
        }
    }
}

/// Removes the files that a killed process was about to write.
fn remove_unfinished(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder).map_err(Error::io("read", folder))? {
        let path = entry.map_err(Error::io("read", folder))?.path();
        if is_unfinished(&path) {
            fs::remove_file(&path).map_err(Error::io("remove", &path))?;
        }
    }
    Ok(())
}

/// Returns the message for a folder that holds a run of other settings.
fn changed(path: &Path, old: &str, new: &str) -> String {
    let leaves = |text: &str| {
        let mut found = Vec::new();
        let table: Table = text.parse().unwrap_or_default();
        collect("", &Value::Table(table), &mut found);
        found
    };
    let (old, new) = (leaves(old), leaves(new));
    let changes = differences(&old, &new);
    format!(
        "{} holds a run with other settings ({}); choose another --out or delete that folder",
        path.display(),
        if changes.is_empty() { "an unreadable config.toml".to_owned() } else { changes.join("; ") }
    )
}

/// `seed: 1 then, 2 now` for every key that differs.
fn differences(old: &[(String, String)], new: &[(String, String)]) -> Vec<String> {
    let value = |leaves: &[(String, String)], key: &str| {
        let found = leaves.iter().find(|(other, _)| other == key);
        found.map_or("none".to_owned(), |(_, value)| value.clone())
    };
    let keys: BTreeSet<&str> = old.iter().chain(new).map(|(key, _)| key.as_str()).collect();
    let values = keys.into_iter().map(|key| (key, value(old, key), value(new, key)));
    values
        .filter(|(_, then, now)| then != now)
        .map(|(key, then, now)| format!("{key}: {then} then, {now} now"))
        .collect()
}

/// SHA-256 of a configuration's text, in hexadecimal.
pub fn config_hash(config: &str) -> String {
    Sha256::digest(config.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The folders of jobs below `folder`, sorted by name so that no file system decides about an order.
///
/// # Errors
/// A folder that cannot be read.
pub fn jobs_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    find(folder, DEPTH, &mut found)?;
    Ok(found)
}

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

/// Refuses a profile's folder in which a job was written by a version of the program with other records.
///
/// # Errors
/// There is such a job; its folder, both versions and the way out are named.
pub fn refuse_other_schema(folder: &Path) -> Result<()> {
    for kind in KINDS.map(|kind| folder.join(kind)).iter().filter(|kind| kind.is_dir()) {
        for job in jobs_below(kind)? {
            let Ok(text) = fs::read_to_string(job.join(RUN)) else { continue };
            let info: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
            if let Some(schema) = info["schema"].as_u64()
                && schema != u64::from(SCHEMA_VERSION)
            {
                return Err(Error::Usage(format!(
                    "{} was written by another version of this program (records of schema {schema}, this one has \
                     {SCHEMA_VERSION}); choose another --out or delete {}",
                    job.display(),
                    folder.display()
                )));
            }
        }
    }
    Ok(())
}

fn collect(prefix: &str, value: &Value, found: &mut Vec<(String, String)>) {
    match value {
        Value::Table(table) => {
            for (key, value) in table {
                let name = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
                collect(&name, value, found);
            }
        }
        other => found.push((prefix.to_owned(), other.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory(path: &Path, value: i64) -> RunDirectory {
        let config: Table = [("value".to_owned(), Value::Integer(value))].into_iter().collect();
        RunDirectory::new(path.join("job"), &config).unwrap()
    }

    #[test]
    fn a_folder_tells_how_far_its_job_is_and_looking_makes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let directory = directory(folder.path(), 1);
        assert_eq!(directory.progress().unwrap(), Progress::Missing);
        assert!(!directory.is_claimed() && !directory.path().exists());
        let unfinished = directory.path().join(".tmp-x1y2z3");
        fs::create_dir(directory.path()).unwrap();
        fs::write(&unfinished, "half").unwrap();
        assert_eq!(directory.progress().unwrap(), Progress::Missing, "a folder without a configuration");
        drop(directory.claim().unwrap());
        assert!(!unfinished.exists(), "what was half-written is gone");
        assert_eq!(directory.progress().unwrap(), Progress::Partly(0));
        directory.finish().unwrap();
        assert_eq!(directory.progress().unwrap(), Progress::Done);
        let other = self::directory(folder.path(), 2);
        assert!(matches!(other.progress().unwrap(), Progress::Other(text) if text.contains("value")));
        assert!(other.claim().unwrap_err().is_usage());
    }

    #[test]
    fn a_folder_of_another_schema_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let job = folder.path().join("adapt/market-to-duke/mmt-k/seed-1");
        fs::create_dir_all(&job).unwrap();
        fs::write(job.join(RUN), format!("{{\"schema\": {SCHEMA_VERSION}}}")).unwrap();
        refuse_other_schema(folder.path()).unwrap();
        fs::write(job.join(RUN), "{\"schema\": 1}").unwrap();
        let error = refuse_other_schema(folder.path()).unwrap_err();
        assert!(error.is_usage());
        let text = error.to_string();
        for part in ["mmt-k/seed-1", "schema 1", "--out", "delete"] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
        refuse_other_schema(&folder.path().join("absent")).unwrap();
    }

    #[test]
    fn differences_name_key_and_both_values() {
        let leaf = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        let old = [leaf("seed", "1"), leaf("data.duke.query", "\"20 images\""), leaf("gone", "true")];
        let new = [leaf("seed", "1"), leaf("data.duke.query", "\"18 images\""), leaf("came", "0.5")];
        assert_eq!(
            differences(&old, &new),
            [
                "came: none then, 0.5 now",
                "data.duke.query: \"20 images\" then, \"18 images\" now",
                "gone: true then, none now"
            ]
        );
    }

    #[test]
    fn c33_an_error_of_an_epoch_names_what_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let directory = directory(folder.path(), 1);
        assert_eq!(directory.stage(1), "epoch 1");
        let stage = directory.stage(3);
        assert!(stage.contains("epoch 3 (epoch 2 is kept") && stage.contains("job"), "{stage}");
    }

    #[test]
    fn one_claim_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let directory = directory(folder.path(), 1);
        let claim = directory.claim().unwrap();
        assert!(claim.is_some() && directory.is_claimed());
        assert!(directory.claim().unwrap().is_none());
        drop(claim);
        assert!(!directory.is_claimed());
        assert!(directory.claim().unwrap().is_some());
    }
}
