//! Checkpoints of any format: what is in the file, found by its content and not by its name.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};

use mmt_torch_file::{PARALLEL, StoredTensor, strip_prefix, unique};
use tch::{Kind, Tensor};

use super::contents::{Contents, Format};
use super::named::{Named, TensorSource};
use super::opening::{contents, folder, no_key};
use super::stored;
use crate::error::{Error, Result};
use crate::file_kind::BEGINNING;

/// The content of a checkpoint.
#[derive(Debug)]
pub struct Checkpoint {
    /// The tensors on the CPU, contiguous, in the kinds of the file. Tied ones share their memory.
    pub tensors: Named,
    /// How they were stored.
    pub format: Format,
    /// Published `epoch`, if it is there.
    pub epoch: Option<i64>,
    /// Published `best_mAP`, a share of 1, if it is there.
    pub best_map: Option<f64>,
}

/// An open checkpoint. All that it says was checked, checksums as well; its tensors are read when they are asked for, one at a time.
#[derive(Debug)]
pub struct CheckpointFile {
    path: PathBuf,
    file: File,
    contents: Contents,
    /// Storages (by their first byte) that are shared by tensors which do not lie in one piece: each is read once, whole, and kept.
    shared: RefCell<BTreeMap<u64, Option<Tensor>>>,
}

impl CheckpointFile {
    /// Opens a checkpoint: `.pth` and `.pth.tar` of PyTorch 0.3 and later, or safetensors, told apart by their content. A state dict
    /// is found under whatever key it stands; of several, the names begin with the key of their own. A prefix `module.` is taken
    /// off. Nothing in the file is executed.
    ///
    /// # Errors
    /// No such file, or one that is no such checkpoint: [`Error::File`] says what it is instead, or what is wrong with it.
    pub fn open(path: &Path) -> Result<Self> {
        Self::open_at(path, None)
    }

    /// The same of the state dict at `key` alone, where one is given: keys on the way to it, with dots between.
    ///
    /// # Errors
    /// Those of [`CheckpointFile::open`], and [`Error::Usage`] with all keys where there is no such one.
    pub fn open_at(path: &Path, key: Option<&str>) -> Result<Self> {
        let mut file = Self::open_as_stored(path, key)?;
        let contents = &mut file.contents;
        if let Some(key) = key.filter(|key| contents.keys.iter().all(|(known, _)| known != key)) {
            return Err(Error::Usage(format!("{}: {}", path.display(), no_key(key, &contents.keys))));
        }
        if contents.format == Format::Safetensors {
            let tensors = std::mem::take(&mut contents.tensors);
            contents.tensors = strip_prefix(tensors, PARALLEL).map_err(|reason| Error::file(path, reason))?;
        }
        Ok(file)
    }

    /// The same with the names of the file, if that is of safetensors.
    pub(super) fn open_as_stored(path: &Path, key: Option<&str>) -> Result<Self> {
        let metadata = path.metadata().map_err(Error::io("read", path))?;
        if !metadata.is_file() {
            let what =
                if metadata.is_dir() { folder(path) } else { "no regular file, no checkpoint".to_owned() };
            return Err(Error::file(path, what));
        }
        let mut file = File::open(path).map_err(Error::io("read", path))?;
        let mut start = Vec::new();
        file.by_ref().take(BEGINNING as u64).read_to_end(&mut start).map_err(Error::io("read", path))?;
        file.rewind().map_err(Error::io("read", path))?;
        let length = metadata.len();
        let contents =
            contents(&mut file, length, &start, key).map_err(|reason| Error::file(path, reason))?;
        let shared = RefCell::new(shared(contents.tensors.values()));
        Ok(Self { path: path.to_owned(), file, contents, shared })
    }

    /// The path it was opened by.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Keys of its state dicts, with how many tensors each has; none for safetensors.
    pub fn keys(&self) -> &[(String, usize)] {
        &self.contents.keys
    }

    /// Returns the entries beside the tensors of a PyTorch file, which are not looked into: key and description.
    pub fn beside(&self) -> &[(String, String)] {
        &self.contents.beside
    }

    /// How the tensors are stored.
    pub fn format(&self) -> Format {
        self.contents.format
    }

    /// Published `epoch`, if it is there.
    pub fn epoch(&self) -> Option<i64> {
        self.contents.epoch
    }

    /// Published `best_mAP`, a share of 1, if it is there.
    pub fn best_map(&self) -> Option<f64> {
        self.contents.best_map
    }

    /// Whether there is a tensor of that name.
    pub fn has(&self, name: &str) -> bool {
        self.contents.tensors.contains_key(name)
    }

    /// Shapes by name.
    pub fn shapes(&self) -> Shapes {
        self.contents.tensors.iter().map(|(name, tensor)| (name.clone(), stored::sizes(tensor))).collect()
    }

    /// Gives the tensors the names that `rename` says; those without one are left out.
    ///
    /// # Errors
    /// Two tensors come to the same name.
    pub fn renamed(mut self, rename: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let tensors = std::mem::take(&mut self.contents.tensors);
        let named = tensors.into_iter().filter_map(|(name, tensor)| Some((rename(&name)?, tensor)));
        self.contents.tensors = unique(named)
            .map_err(|name| Error::file(&self.path, format!("two of its tensors are called {name}")))?;
        Ok(self)
    }

    /// All tensors. Tied ones share their memory.
    ///
    /// # Errors
    /// The file cannot be read any more.
    pub fn read_all(&self) -> Result<Named> {
        let mut read: BTreeMap<_, Tensor> = BTreeMap::new();
        let mut tensors = Named::new();
        for (name, stored) in &self.contents.tensors {
            let place = (stored.start, stored.offset, &stored.shape, &stored.strides);
            let tensor = match read.get(&place) {
                Some(tied) => tied.shallow_clone(),
                None => self.tensor(name)?,
            };
            read.insert(place, tensor.shallow_clone());
            tensors.insert(name.clone(), tensor);
        }
        Ok(tensors)
    }

    fn read(&self, stored: &StoredTensor) -> std::result::Result<Tensor, String> {
        let mut shared = self.shared.borrow_mut();
        match shared.get_mut(&stored.start).filter(|_| !stored.is_in_one_piece()) {
            Some(Some(flat)) => stored::view(stored, flat, 0),
            Some(kept) => {
                stored::view(stored, kept.insert(stored::read(stored, &self.file, 0..stored.elements)?), 0)
            }
            None => {
                let span = stored.span().ok_or("it reaches beyond its storage")?;
                stored::view(stored, &stored::read(stored, &self.file, span.clone())?, span.start)
            }
        }
    }
}

impl TensorSource for CheckpointFile {
    fn list(&self) -> Vec<(String, Kind, Vec<i64>)> {
        let tensors = self.contents.tensors.iter();
        tensors.map(|(name, tensor)| (name.clone(), stored::kind(tensor), stored::sizes(tensor))).collect()
    }

    fn tensor(&self, name: &str) -> Result<Tensor> {
        let refuse = |reason: String| Error::file(&self.path, format!("{name}: {reason}"));
        let stored = self.contents.tensors.get(name).ok_or_else(|| refuse("no such tensor".to_owned()))?;
        self.read(stored).map_err(refuse)
    }
}

/// Reads a whole checkpoint: [`CheckpointFile::open`] and [`CheckpointFile::read_all`].
///
/// # Errors
/// Those of [`CheckpointFile::open`].
pub fn read_checkpoint(path: &Path) -> Result<Checkpoint> {
    let file = CheckpointFile::open(path)?;
    let Contents { format, epoch, best_map, .. } = file.contents;
    Ok(Checkpoint { tensors: file.read_all()?, format, epoch, best_map })
}

/// The tensors of [`read_checkpoint`].
///
/// # Errors
/// Those of [`read_checkpoint`].
pub fn read_any(path: &Path) -> Result<Named> {
    CheckpointFile::open(path)?.read_all()
}

/// Storages of which more than one of `tensors` takes parts that do not lie in one piece.
fn shared<'a>(tensors: impl Iterator<Item = &'a StoredTensor>) -> BTreeMap<u64, Option<Tensor>> {
    let mut users: BTreeMap<u64, usize> = BTreeMap::new();
    for tensor in tensors.filter(|tensor| !tensor.is_in_one_piece()) {
        *users.entry(tensor.start).or_default() += 1;
    }
    users.into_iter().filter(|(_, users)| *users > 1).map(|(start, _)| (start, None)).collect()
}

/// Shapes of tensors by name.
pub type Shapes = BTreeMap<String, Vec<i64>>;
