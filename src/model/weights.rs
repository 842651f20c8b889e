//! A network's state in a safetensors file, and any list of named tensors in one.

use std::borrow::Cow;
use std::cell::RefCell;
use std::path::Path;

use mmt_torch_file::{Beside, ElementType, Unwritten, write};
use safetensors::tensor::{Dtype, View, serialize, serialize_to_file};
use tch::{Device, Kind, Tensor};

use super::checkpoint::CheckpointFile;
use super::contents::Format;
use super::named::{Named, TensorSource};
use super::network::Network;
use super::stored::TYPES;
use crate::error::{Error, Result};
use crate::whole_file::replace;

/// The bytes of a safetensors file of `tensors` (floats, integers and booleans, any device).
///
/// # Errors
/// A tensor of another kind.
pub fn write_tensors(tensors: &Named) -> Result<Vec<u8>> {
    let failure = RefCell::default();
    serialize(stored(tensors, &failure)?, None)
        .map_err(|error| Error::Training(format!("cannot save tensors: {error}")))
}

/// Writes a safetensors file of `tensors`, whole or not at all, and holds one tensor at a time.
///
/// # Errors
/// A tensor of another kind than those of [`write_tensors`] or that cannot be read, or a folder that cannot be written.
pub fn save_tensors(path: &Path, tensors: &impl TensorSource) -> Result<()> {
    let failure = RefCell::default();
    let stored = stored(tensors, &failure)?;
    replace(path, |file| {
        let written = serialize_to_file(stored, None, file.path());
        match failure.take() {
            Some(failure) => Err(failure),
            None => written.map_err(|error| Error::file(path, error.to_string())),
        }
    })
}

/// Writes the state dict `tensors` for `torch.load`, whole or not at all. With an epoch or a score it is
/// `{'state_dict': …, 'epoch': …, 'best_mAP': …}`, as the published code saves it; else the bare dict. One tensor is held at a time.
///
/// # Errors
/// A tensor that cannot be read, or of a kind that PyTorch has no typed storage for; a folder that cannot be written.
pub fn save_torch(
    path: &Path,
    tensors: &impl TensorSource,
    epoch: Option<i64>,
    best_map: Option<f64>,
) -> Result<()> {
    let entry = |(name, kind, shape): (String, Kind, Vec<i64>)| {
        let (element, ..) = known(&name, kind)?;
        Ok((name, element, shape.into_iter().map(|size| size as u64).collect()))
    };
    let list = tensors.list().into_iter().map(entry).collect::<Result<Vec<_>>>()?;
    let data = list.iter().map(|(name, ..)| Ok(bytes(&tensors.tensor(name)?)));
    replace(path, |file| {
        write(file, &list, data, Beside { epoch, best_map }).map_err(|unwritten| match unwritten {
            Unwritten::Source(error) => error,
            other => Error::file(path, other.to_string()),
        })
    })
}

/// How a kind of tensor is called where it is saved.
fn known(name: &str, kind: Kind) -> Result<(ElementType, Kind, Dtype)> {
    let found = TYPES.iter().find(|(_, known, _)| *known == kind);
    found.copied().ok_or_else(|| Error::Training(format!("{name}: {kind:?} cannot be saved")))
}

/// CRC-32 of names, kinds, shapes and bytes of `tensors`, one after the other.
///
/// # Errors
/// A tensor that cannot be read.
pub fn checksum(tensors: &impl TensorSource) -> Result<u32> {
    let mut sum = crc32fast::Hasher::new();
    for (name, kind, shape) in tensors.list() {
        sum.update(format!("{name} {kind:?} {shape:?} ").as_bytes());
        sum.update(&bytes(&tensors.tensor(&name)?));
    }
    Ok(sum.finalize())
}

/// A tensor as safetensors takes it: its bytes are read and copied when their turn comes. What goes wrong then is kept in `failure`,
/// since safetensors asks for bytes and nothing else.
struct Stored<'a, S> {
    source: &'a S,
    failure: &'a RefCell<Option<Error>>,
    name: String,
    dtype: Dtype,
    shape: Vec<usize>,
    length: usize,
}

impl<S: TensorSource> View for Stored<'_, S> {
    fn dtype(&self) -> Dtype {
        self.dtype
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        if self.failure.borrow().is_some() {
            return Cow::default();
        }
        match self.source.tensor(&self.name) {
            Ok(tensor) => bytes(&tensor).into(),
            Err(error) => {
                self.failure.replace(Some(error));
                Cow::default()
            }
        }
    }

    fn data_len(&self) -> usize {
        self.length
    }
}

fn stored<'a, S: TensorSource>(
    source: &'a S,
    failure: &'a RefCell<Option<Error>>,
) -> Result<Vec<(String, Stored<'a, S>)>> {
    let one = |(name, kind, shape): (String, Kind, Vec<i64>)| {
        let (_, _, dtype) = known(&name, kind)?;
        let shape: Vec<usize> = shape.iter().map(|size| *size as usize).collect();
        let length = shape.iter().product::<usize>() * kind.elt_size_in_bytes();
        Ok((name.clone(), Stored { source, failure, name, dtype, shape, length }))
    };
    source.list().into_iter().map(one).collect()
}

/// Reads the tensors of a safetensors file onto the CPU.
///
/// # Errors
/// An unreadable file, or one that is no safetensors file of floats, integers and booleans.
pub fn read_tensors(path: &Path) -> Result<Named> {
    let file = CheckpointFile::open_as_stored(path, None)?;
    if file.format() != Format::Safetensors {
        return Err(Error::file(path, format!("not a safetensors file: {}", file.format())));
    }
    file.read_all()
}

impl Network {
    /// The state under `prefix` + published names, detached row-major copies on the CPU.
    pub fn state(&self, prefix: &str) -> Named {
        let copy = |tensor: &Tensor| tensor.detach().to_device(Device::Cpu).contiguous().copy();
        self.entries().iter().map(|entry| (format!("{prefix}{}", entry.name), copy(&entry.tensor))).collect()
    }

    /// Takes every tensor of the state from `tensors`, names under `prefix`.
    ///
    /// # Errors
    /// A tensor is missing or has another shape; `path` is named as where they came from.
    pub fn load_state(&mut self, tensors: &Named, prefix: &str, path: &Path) -> Result<()> {
        for entry in self.entries() {
            let name = format!("{prefix}{}", entry.name);
            let found = tensors.get(&name).ok_or_else(|| Error::file(path, format!("{name} is missing")))?;
            if found.size() != entry.tensor.size() {
                let (found, expected) = (found.size(), entry.tensor.size());
                return Err(Error::file(path, format!("{name} has shape {found:?}, expected {expected:?}")));
            }
        }
        tch::no_grad(|| {
            for entry in self.entries() {
                entry.tensor.shallow_clone().copy_(&tensors[&format!("{prefix}{}", entry.name)]);
            }
        });
        Ok(())
    }
}

/// Row-major bytes, whatever the memory layout.
pub(super) fn bytes(tensor: &Tensor) -> Vec<u8> {
    let flat = tensor.detach().to_device(Device::Cpu).contiguous();
    let mut bytes = vec![0; flat.numel() * flat.kind().elt_size_in_bytes()];
    flat.copy_data_u8(&mut bytes, flat.numel());
    bytes
}
