//! Checkpoints of any format: what is in the file, found by its content and not by its name.

use std::fmt;
use std::fs::File;
use std::io::{Read, Seek};
use std::path::Path;

use super::torch_file;
use super::weights::{Named, read_tensors};
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

/// Reads a checkpoint: `.pth` and `.pth.tar` of PyTorch 0.3 and later, or safetensors, told apart by their content. A prefix
/// `module.` is taken off the names. Nothing in the file is executed.
///
/// # Errors
/// No such file, or one that is no such checkpoint: [`Error::File`] says what it is instead, or what is wrong with it.
pub fn read_checkpoint(path: &Path) -> Result<Checkpoint> {
    let mut checkpoint = read_as_stored(path)?;
    checkpoint.tensors =
        strip_prefix(checkpoint.tensors, PARALLEL).map_err(|reason| Error::file(path, reason))?;
    Ok(checkpoint)
}

/// The tensors of [`read_checkpoint`].
///
/// # Errors
/// Those of [`read_checkpoint`].
pub fn read_any(path: &Path) -> Result<Named> {
    read_checkpoint(path).map(|checkpoint| checkpoint.tensors)
}

fn read_as_stored(path: &Path) -> Result<Checkpoint> {
    let metadata = path.metadata().map_err(Error::io("read", path))?;
    if !metadata.is_file() {
        let what = if metadata.is_dir() { "a folder" } else { "no regular file" };
        return Err(Error::file(path, format!("{what}, no checkpoint")));
    }
    let mut file = File::open(path).map_err(Error::io("read", path))?;
    let mut start = Vec::new();
    file.by_ref().take(512).read_to_end(&mut start).map_err(Error::io("read", path))?;
    if let Some(format) = torch_file::format_of(&start) {
        file.rewind().map_err(Error::io("read", path))?;
        return torch_file::read(path, &mut file, metadata.len(), format);
    }
    if start.get(8) == Some(&b'{') {
        let tensors = read_tensors(path)?;
        return Ok(Checkpoint { tensors, format: Format::Safetensors, epoch: None, best_map: None });
    }
    Err(Error::file(path, format!("{}, no PyTorch or safetensors file", describe(&start))))
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

/// Takes `prefix` off the names that begin with it, as the published `copy_state_dict` does; the others stay.
///
/// # Errors
/// Two tensors come to the same name; the text says which.
pub fn strip_prefix(tensors: Named, prefix: &str) -> std::result::Result<Named, String> {
    let mut stripped = Named::new();
    for (name, tensor) in tensors {
        let name = name.strip_prefix(prefix).map_or(name.clone(), str::to_owned);
        if stripped.contains_key(&name) {
            return Err(format!("it holds {name} both with and without the prefix {prefix}"));
        }
        stripped.insert(name, tensor);
    }
    Ok(stripped)
}
