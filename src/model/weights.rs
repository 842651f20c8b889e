//! A network's state in a safetensors file, and any list of named tensors in one.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, View, serialize, serialize_to_file};
use tch::{Device, Kind, Tensor};

use super::network::Network;
use crate::error::{Error, Result};
use crate::whole_file::replace;

/// Named tensors, ordered by name.
pub type Named = BTreeMap<String, Tensor>;

/// The bytes of a safetensors file of `tensors` (floats, integers and booleans, any device).
///
/// # Errors
/// A tensor of another kind.
pub fn write_tensors(tensors: &Named) -> Result<Vec<u8>> {
    serialize(stored(tensors)?, None)
        .map_err(|error| Error::Training(format!("cannot save tensors: {error}")))
}

/// Writes a safetensors file of `tensors`, whole or not at all, and holds a copy of one tensor at a time.
///
/// # Errors
/// A tensor of another kind than those of [`write_tensors`], or a folder that cannot be written.
pub fn save_tensors(path: &Path, tensors: &Named) -> Result<()> {
    let stored = stored(tensors)?;
    replace(path, |file| {
        serialize_to_file(stored, None, file.path()).map_err(|error| Error::file(path, error.to_string()))
    })
}

/// A tensor as safetensors takes it: its bytes are copied when their turn comes.
struct Stored<'a> {
    tensor: &'a Tensor,
    dtype: Dtype,
    shape: Vec<usize>,
}

impl<'a> Stored<'a> {
    fn of(name: &str, tensor: &'a Tensor) -> Result<Self> {
        let known = KINDS.iter().find(|(kind, _)| *kind == tensor.kind());
        let (_, dtype) =
            *known.ok_or_else(|| Error::Training(format!("{name}: {:?} cannot be saved", tensor.kind())))?;
        let shape = tensor.size().iter().map(|size| *size as usize).collect();
        Ok(Self { tensor, dtype, shape })
    }
}

impl View for Stored<'_> {
    fn dtype(&self) -> Dtype {
        self.dtype
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        bytes(self.tensor).into()
    }

    fn data_len(&self) -> usize {
        self.tensor.numel() * self.tensor.kind().elt_size_in_bytes()
    }
}

fn stored(tensors: &Named) -> Result<Vec<(&str, Stored<'_>)>> {
    tensors.iter().map(|(name, tensor)| Ok((name.as_str(), Stored::of(name, tensor)?))).collect()
}

/// Reads the tensors of a safetensors file onto the CPU.
///
/// # Errors
/// An unreadable file, or one that is no safetensors file of floats, integers and booleans.
pub fn read_tensors(path: &Path) -> Result<Named> {
    let bytes = std::fs::read(path).map_err(Error::io("read", path))?;
    let file = SafeTensors::deserialize(&bytes)
        .map_err(|error| Error::file(path, format!("not a safetensors file: {error}")))?;
    let mut tensors = Named::new();
    for (name, view) in file.tensors() {
        let known = KINDS.iter().find(|(_, dtype)| *dtype == view.dtype());
        let (kind, _) = *known.ok_or_else(|| {
            Error::file(path, format!("{name} is of type {:?}, which is not read", view.dtype()))
        })?;
        let shape: Vec<i64> = view.shape().iter().map(|size| *size as i64).collect();
        let tensor = Tensor::f_from_data_size(view.data(), &shape, kind)
            .map_err(Error::torch(format!("cannot read {name} of {}", path.display())))?;
        tensors.insert(name, tensor);
    }
    Ok(tensors)
}

impl Network {
    /// The state under `prefix` + published names, detached copies on the CPU.
    pub fn state(&self, prefix: &str) -> Named {
        let copy = |tensor: &Tensor| tensor.detach().to_device(Device::Cpu).copy();
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

/// The kinds that a checkpoint may have, and what safetensors calls them.
const KINDS: [(Kind, Dtype); 10] = [
    (Kind::Float, Dtype::F32),
    (Kind::Double, Dtype::F64),
    (Kind::Half, Dtype::F16),
    (Kind::BFloat16, Dtype::BF16),
    (Kind::Int64, Dtype::I64),
    (Kind::Int, Dtype::I32),
    (Kind::Int16, Dtype::I16),
    (Kind::Int8, Dtype::I8),
    (Kind::Uint8, Dtype::U8),
    (Kind::Bool, Dtype::BOOL),
];

/// Row-major bytes, whatever the memory layout.
pub(super) fn bytes(tensor: &Tensor) -> Vec<u8> {
    let flat = tensor.detach().to_device(Device::Cpu).contiguous();
    let mut bytes = vec![0; flat.numel() * flat.kind().elt_size_in_bytes()];
    flat.copy_data_u8(&mut bytes, flat.numel());
    bytes
}
