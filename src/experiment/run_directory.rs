//! The folder of one job: its resolved configuration, records, checkpoint and the mark that it is done.
//!
//! Every file is written whole or not at all, the checkpoint after the records of its epoch; so whatever moment a run ends at,
//! the folder holds a checkpoint and at least the records up to it.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;
use sha2::{Digest, Sha256};
use tch::{Kind, Tensor};
use toml::{Table, Value};

use crate::error::{Error, Result};
use crate::model::{Named, read_tensors, write_tensors};
use crate::record::files::write_whole;
use crate::record::{CONFIG, DONE};

/// Everything needed to go on.
const CHECKPOINT: &str = "checkpoint.safetensors";
/// Entry of the checkpoint that counts the epochs done.
const EPOCH: &str = "epoch";

/// A job's folder, opened for one configuration.
#[derive(Debug)]
pub struct RunDirectory {
    path: PathBuf,
    hash: String,
}

impl RunDirectory {
    /// Opens `path`, which is made where it is missing, for the configuration `config`.
    ///
    /// # Errors
    /// The folder belongs to another configuration (the changed keys are named), or cannot be written.
    pub fn open(path: PathBuf, config: &impl Serialize) -> Result<Self> {
        let text = toml::to_string(config)
            .map_err(|error| Error::Training(format!("cannot write a configuration: {error}")))?;
        let hash: String = Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
        let file = path.join(CONFIG);
        match fs::read_to_string(&file) {
            Ok(old) if old == text => {}
            Ok(old) => return Err(Error::Usage(changed(&path, &old, &text))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                fs::create_dir_all(&path).map_err(Error::io("create", &path))?;
                write_whole(&file, text.as_bytes())?;
            }
            Err(error) => return Err(Error::io("read", &file)(error)),
        }
        Ok(Self { path, hash })
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

    /// Path of the checkpoint.
    pub fn checkpoint_path(&self) -> PathBuf {
        self.path.join(CHECKPOINT)
    }

    /// Writes `state` as it is after `epoch` epochs.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn write_checkpoint(&self, mut state: Named, epoch: usize) -> Result<()> {
        state.insert(EPOCH.to_owned(), Tensor::from(epoch as i64));
        write_whole(&self.checkpoint_path(), &write_tensors(&state)?)
    }

    /// The checkpoint of a job that is done, and its path.
    ///
    /// # Errors
    /// The file is missing or broken.
    pub fn finished_checkpoint(&self) -> Result<(Named, PathBuf)> {
        let path = self.checkpoint_path();
        match self.read_checkpoint()? {
            Some((state, _)) => Ok((state, path)),
            None => Err(Error::file(path, "missing, though the job is done; delete its folder")),
        }
    }

    /// The last checkpoint and its epoch, if there is one.
    ///
    /// # Errors
    /// The file is broken.
    pub fn read_checkpoint(&self) -> Result<Option<(Named, usize)>> {
        let path = self.checkpoint_path();
        if !path.exists() {
            return Ok(None);
        }
        let mut state = read_tensors(&path)?;
        let epoch = state.remove(EPOCH).filter(|epoch| epoch.kind() == Kind::Int64 && epoch.numel() == 1);
        let epoch = epoch.ok_or_else(|| Error::file(&path, "the count of epochs is missing"))?;
        Ok(Some((state, epoch.int64_value(&[]) as usize)))
    }
}

/// What to tell when the folder holds a run of other settings.
fn changed(path: &Path, old: &str, new: &str) -> String {
    let leaves = |text: &str| {
        let mut found = Vec::new();
        let table: Table = text.parse().unwrap_or_default();
        collect("", &Value::Table(table), &mut found);
        found
    };
    let (old, new) = (leaves(old), leaves(new));
    let mut keys: Vec<&str> =
        old.iter().filter(|leaf| !new.contains(leaf)).map(|(key, _)| key.as_str()).collect();
    keys.extend(new.iter().filter(|leaf| !old.contains(leaf)).map(|(key, _)| key.as_str()));
    keys.sort_unstable();
    keys.dedup();
    format!(
        "{} holds a run with other settings ({}); choose another --out or delete that folder",
        path.display(),
        if keys.is_empty() { "an unreadable config.toml".to_owned() } else { keys.join(", ") }
    )
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
