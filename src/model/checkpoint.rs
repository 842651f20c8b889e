//! Checkpoints of any format: what is in the file, found by its content and not by its name.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};

use tch::{Kind, Tensor};

use super::stored::StoredTensor;
use super::torch_file;
use super::weights::{Named, TensorSource, safetensors_of};
use crate::error::{Error, Result};

/// Prefix that PyTorch's `DataParallel` puts before every name; the published checkpoints have it.
const PARALLEL: &str = "module.";

/// How a checkpoint is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// PyTorch since 1.6: a zip file.
    TorchZip,
    /// PyTorch before 1.6: a stream of pickles and storages.
    TorchStream,
    /// safetensors.
    Safetensors,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TorchZip => "PyTorch (zip)",
            Self::TorchStream => "PyTorch (stream, before 1.6)",
            Self::Safetensors => "safetensors",
        })
    }
}

/// What a checkpoint holds.
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

/// What the head of a file says.
#[derive(Debug)]
pub(super) struct Contents {
    pub format: Format,
    pub epoch: Option<i64>,
    pub best_map: Option<f64>,
    pub tensors: BTreeMap<String, StoredTensor>,
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
    /// Opens a checkpoint: `.pth` and `.pth.tar` of PyTorch 0.3 and later, or safetensors, told apart by their content. A prefix
    /// `module.` is taken off the names. Nothing in the file is executed.
    ///
    /// # Errors
    /// No such file, or one that is no such checkpoint: [`Error::File`] says what it is instead, or what is wrong with it.
    pub fn open(path: &Path) -> Result<Self> {
        let mut file = Self::open_as_stored(path)?;
        let tensors = std::mem::take(&mut file.contents.tensors);
        file.contents.tensors =
            strip_prefix(tensors, PARALLEL).map_err(|reason| Error::file(path, reason))?;
        Ok(file)
    }

    /// The same with the names of the file.
    pub(super) fn open_as_stored(path: &Path) -> Result<Self> {
        let metadata = path.metadata().map_err(Error::io("read", path))?;
        if !metadata.is_file() {
            let what = if metadata.is_dir() { "a folder" } else { "no regular file" };
            return Err(Error::file(path, format!("{what}, no checkpoint")));
        }
        let mut file = File::open(path).map_err(Error::io("read", path))?;
        let mut start = Vec::new();
        file.by_ref().take(512).read_to_end(&mut start).map_err(Error::io("read", path))?;
        file.rewind().map_err(Error::io("read", path))?;
        let length = metadata.len();
        let contents = if let Some(format) = torch_file::format_of(&start) {
            torch_file::open(&mut file, length, format)
        } else if start.get(8) == Some(&b'{') {
            let tensors = safetensors_of(&mut file, length);
            tensors.map(|tensors| Contents {
                format: Format::Safetensors,
                epoch: None,
                best_map: None,
                tensors,
            })
        } else {
            Err(format!("{}, no PyTorch or safetensors file", describe(&start)))
        };
        let contents = contents.map_err(|reason| Error::file(path, reason))?;
        let shared = RefCell::new(shared(contents.tensors.values()));
        Ok(Self { path: path.to_owned(), file, contents, shared })
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
        self.contents.tensors.iter().map(|(name, tensor)| (name.clone(), tensor.sizes())).collect()
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
            Some(Some(flat)) => stored.view(flat, 0),
            Some(kept) => stored.view(kept.insert(stored.read(&self.file, 0..stored.elements)?), 0),
            None => {
                let span = stored.span().ok_or("it reaches beyond its storage")?;
                stored.view(&stored.read(&self.file, span.clone())?, span.start)
            }
        }
    }
}

impl TensorSource for CheckpointFile {
    fn list(&self) -> Vec<(String, Kind, Vec<i64>)> {
        let tensors = self.contents.tensors.iter();
        tensors.map(|(name, tensor)| (name.clone(), tensor.kind, tensor.sizes())).collect()
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

/// What a file is that begins with these bytes, as far as they tell.
fn describe(start: &[u8]) -> &'static str {
    match start {
        [] => "an empty file",
        [0x89, b'P', b'N', b'G', ..] => "a PNG image",
        [0xff, 0xd8, 0xff, ..] => "a JPEG image",
        [0x1f, 0x8b, ..] => "a gzip file",
        [b'P', b'K', ..] => "an empty or damaged zip file",
        [0x80, ..] => "a pickle that torch.save did not write",
        _ if start.get(257..262) == Some(b"ustar") => "a TAR archive",
        _ => "a file of unknown content",
    }
}

/// Shapes of tensors by name.
pub type Shapes = BTreeMap<String, Vec<i64>>;

/// Takes `prefix` off the names that begin with it, as the published `copy_state_dict` does; the others stay.
///
/// # Errors
/// Two tensors come to the same name; the text says which.
pub fn strip_prefix<T>(
    tensors: BTreeMap<String, T>,
    prefix: &str,
) -> std::result::Result<BTreeMap<String, T>, String> {
    let stripped = |(name, tensor): (String, T)| match name.strip_prefix(prefix) {
        Some(rest) => (rest.to_owned(), tensor),
        None => (name, tensor),
    };
    unique(tensors.into_iter().map(stripped))
        .map_err(|name| format!("it holds {name} both with and without the prefix {prefix}"))
}

/// The pairs by name, or the first name that comes twice.
fn unique<T>(pairs: impl Iterator<Item = (String, T)>) -> std::result::Result<BTreeMap<String, T>, String> {
    let mut named = BTreeMap::new();
    for (name, value) in pairs {
        if named.contains_key(&name) {
            return Err(name);
        }
        named.insert(name, value);
    }
    Ok(named)
}
