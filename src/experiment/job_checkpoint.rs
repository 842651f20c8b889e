//! The checkpoint of a job and the one before it: what is torn, by a power loss or a failing disk, is told by a checksum, and the job
//! goes on from the one before.

use std::fs;
use std::path::{Path, PathBuf};

use mmt_vocabulary::run_directory::RunDirectory;
use tch::{Kind, Tensor};

use crate::error::{Error, Result};
use crate::model::{Named, checksum, read_tensors, save_tensors};

/// Everything needed to go on.
const LAST: &str = "checkpoint.safetensors";
/// The same, an epoch earlier; gone when the job is done.
const BEFORE: &str = "checkpoint-before.safetensors";
/// Entry that counts the epochs done.
const EPOCH: &str = "epoch";
/// Entry that holds the checksum of all others.
const CHECKSUM: &str = "checksum";

/// A state that can be gone on from.
#[derive(Debug)]
pub(super) struct Found {
    pub state: Named,
    /// Epochs done.
    pub epoch: usize,
    /// The file.
    pub path: PathBuf,
    /// The warning to give where a later checkpoint was torn.
    pub warning: Option<String>,
}

/// Path of the last checkpoint in `folder`.
pub(super) fn path(folder: &Path) -> PathBuf {
    folder.join(LAST)
}

/// Writes `state` as it is after `epoch` epochs; the checkpoint that was there becomes the one before.
///
/// # Errors
/// The folder cannot be written. One of the two checkpoints is there all the same.
pub(super) fn write(folder: &Path, mut state: Named, epoch: usize) -> Result<()> {
    state.insert(EPOCH.to_owned(), Tensor::from(epoch as i64));
    let sum = checksum(&state)?;
    state.insert(CHECKSUM.to_owned(), Tensor::from(i64::from(sum)));
    let last = folder.join(LAST);
    if last.exists() {
        fs::rename(&last, folder.join(BEFORE)).map_err(Error::io("write", &last))?;
    }
    save_tensors(&last, &state)
}

/// The last checkpoint in `folder` that is whole; none where none was written.
///
/// # Errors
/// There are checkpoints, and all are torn: each is named.
pub(super) fn read(folder: &Path) -> Result<Option<Found>> {
    let (last, before) = (folder.join(LAST), folder.join(BEFORE));
    match (last.exists(), before.exists()) {
        (false, false) => Ok(None),
        (true, false) => read_one(&last).map(Some),
        (false, true) => read_one(&before).map(Some),
        (true, true) => read_one(&last).or_else(|torn| instead(&before, &torn)).map(Some),
    }
}

/// The state that a finished job ended with, which is its last and no other, and its file.
///
/// # Errors
/// It is missing or torn.
pub(super) fn finished(folder: &Path) -> Result<(Named, PathBuf)> {
    let last = path(folder);
    let way_out =
        |reason: String| Error::file(&last, format!("{reason}, though the job is done; delete its folder"));
    if !last.exists() {
        return Err(way_out("missing".to_owned()));
    }
    match read_one(&last) {
        Ok(found) => Ok((found.state, found.path)),
        Err(Error::File { reason, .. }) => Err(way_out(reason)),
        Err(error) => Err(error),
    }
}

/// The checkpoint before a torn one.
fn instead(before: &Path, torn: &Error) -> Result<Found> {
    let found = read_one(before).map_err(|error| {
        Error::Training(format!("{torn}; and the one before: {error}; delete the folder to begin anew"))
    })?;
    let warning = format!("{torn}; going on from the checkpoint before, of epoch {}", found.epoch);
    Ok(Found { warning: Some(warning), ..found })
}

fn read_one(path: &Path) -> Result<Found> {
    let mut state = read_tensors(path)?;
    // Checkpoints of earlier versions have none.
    if let Some(expected) = state.remove(CHECKSUM)
        && number(&expected) != Some(i64::from(checksum(&state)?))
    {
        return Err(Error::file(path, "damaged: its checksum does not fit its content"));
    }
    let epoch = state.remove(EPOCH).and_then(|epoch| usize::try_from(number(&epoch)?).ok());
    let epoch = epoch.ok_or_else(|| Error::file(path, "the count of epochs is missing"))?;
    Ok(Found { state, epoch, path: path.to_owned(), warning: None })
}

fn number(tensor: &Tensor) -> Option<i64> {
    (tensor.kind() == Kind::Int64 && tensor.numel() == 1).then(|| tensor.int64_value(&[]))
}

/// Marks the job of `directory` as done and takes the checkpoint before the last away.
///
/// # Errors
/// The folder cannot be written.
pub(super) fn finish(directory: &RunDirectory) -> Result<()> {
    directory.finish()?;
    tidy(directory.path())
}

fn tidy(folder: &Path) -> Result<()> {
    let before = folder.join(BEFORE);
    if before.exists() { fs::remove_file(&before).map_err(Error::io("remove", &before)) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(value: f64) -> Named {
        let values = Tensor::full([100], value, (Kind::Float, tch::Device::Cpu));
        Named::from([("weight".to_owned(), values), ("bias".to_owned(), Tensor::from(value))])
    }

    /// A folder with the checkpoints of two epochs.
    fn two() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        assert!(read(folder.path()).unwrap().is_none());
        write(folder.path(), state(1.0), 1).unwrap();
        write(folder.path(), state(2.0), 2).unwrap();
        folder
    }

    fn found(folder: &Path) -> (usize, f64, bool) {
        let found = read(folder).unwrap().unwrap();
        assert_eq!(found.state.keys().collect::<Vec<_>>(), ["bias", "weight"]);
        (found.epoch, found.state["weight"].double_value(&[99]), found.warning.is_some())
    }

    #[test]
    fn t17_10_a_torn_checkpoint_is_noticed_and_the_one_before_is_used() {
        let folder = two();
        let last = path(folder.path());
        let bytes = fs::read(&last).unwrap();
        assert_eq!(found(folder.path()), (2, 2.0, false));
        let header = 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        let zeroed = |from: usize| [&bytes[..from], &vec![0; bytes.len() - from][..]].concat();
        let mut torn: Vec<Vec<u8>> =
            vec![Vec::new(), bytes[..bytes.len() / 2].to_vec(), zeroed(0), zeroed(header)];
        // Any bit of the data: pages that never reached the disk need not be at the end.
        torn.extend((header..bytes.len()).map(|at| {
            let mut bytes = bytes.clone();
            bytes[at] ^= 1 << (at % 8);
            bytes
        }));
        for torn in torn {
            fs::write(&last, torn).unwrap();
            assert_eq!(found(folder.path()), (1, 1.0, true));
        }
        let warning = read(folder.path()).unwrap().unwrap().warning.unwrap();
        assert!(
            warning.contains(LAST) && warning.contains("epoch 1") && !warning.contains('\n'),
            "{warning}"
        );
    }

    #[test]
    fn t17_10_between_two_checkpoints_there_is_always_one() {
        let folder = two();
        fs::remove_file(path(folder.path())).unwrap();
        assert_eq!(found(folder.path()), (1, 1.0, false));
        write(folder.path(), state(3.0), 3).unwrap();
        assert_eq!(found(folder.path()), (3, 3.0, false));
        tidy(folder.path()).unwrap();
        tidy(folder.path()).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert_eq!(found(folder.path()), (3, 3.0, false));
    }

    #[test]
    fn t17_10_a_finished_job_ends_with_its_last_checkpoint_and_no_other() {
        let folder = two();
        assert_eq!(finished(folder.path()).unwrap().0["bias"].double_value(&[]), 2.0);
        let refused = || finished(folder.path()).unwrap_err().to_string();
        fs::write(path(folder.path()), "torn").unwrap();
        assert!(refused().contains(LAST) && refused().contains("delete its folder"));
        fs::remove_file(path(folder.path())).unwrap();
        assert!(refused().contains(LAST) && refused().contains("missing, though the job is done"));
    }

    #[test]
    fn t17_10_two_torn_checkpoints_are_both_named() {
        let folder = two();
        fs::write(path(folder.path()), "").unwrap();
        fs::write(folder.path().join(BEFORE), "").unwrap();
        let text = read(folder.path()).unwrap_err().to_string();
        assert!(text.contains(LAST) && text.contains(BEFORE) && text.contains("delete"), "{text}");
    }

    #[test]
    fn a_checkpoint_without_a_checksum_is_one_of_an_earlier_version() {
        let folder = tempfile::tempdir().unwrap();
        let mut old = state(1.0);
        old.insert(EPOCH.to_owned(), Tensor::from(7_i64));
        save_tensors(&path(folder.path()), &old).unwrap();
        assert_eq!(found(folder.path()), (7, 1.0, false));
    }
}
