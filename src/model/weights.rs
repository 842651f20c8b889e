//! A network's state in a safetensors file, and any list of named tensors in one.

use std::collections::BTreeMap;
use std::path::Path;

use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView, serialize};
use tch::{Device, Kind, Tensor};

use super::network::Network;
use crate::error::{Error, Result};

/// Named tensors, ordered by name.
pub type Named = BTreeMap<String, Tensor>;

/// The bytes of a safetensors file of `tensors` (f32, f64 or i64, any device).
///
/// # Errors
/// A tensor of another kind.
pub fn write_tensors(tensors: &Named) -> Result<Vec<u8>> {
    let mut parts = Vec::with_capacity(tensors.len());
    for (name, tensor) in tensors {
        let dtype = dtype(tensor.kind())
            .ok_or_else(|| Error::Training(format!("{name}: {:?} cannot be saved", tensor.kind())))?;
        let shape: Vec<usize> = tensor.size().iter().map(|size| *size as usize).collect();
        parts.push((name.as_str(), dtype, shape, bytes(tensor)));
    }
    let views = parts
        .iter()
        .map(|(name, dtype, shape, bytes)| Ok((*name, TensorView::new(*dtype, shape.clone(), bytes)?)))
        .collect::<std::result::Result<Vec<_>, safetensors::SafeTensorError>>();
    views
        .and_then(|views| serialize(views, None))
        .map_err(|error| Error::Training(format!("cannot save tensors: {error}")))
}

/// Reads the tensors of a safetensors file onto the CPU.
///
/// # Errors
/// An unreadable file, or one that is no safetensors file of f32, f64 and i64 values.
pub fn read_tensors(path: &Path) -> Result<Named> {
    let bytes = std::fs::read(path).map_err(Error::io("read", path))?;
    let file = SafeTensors::deserialize(&bytes)
        .map_err(|error| Error::file(path, format!("not a safetensors file: {error}")))?;
    let mut tensors = Named::new();
    for (name, view) in file.tensors() {
        let kind = kind(view.dtype()).ok_or_else(|| {
            Error::file(path, format!("{name} is of type {:?}; f32, f64 or i64 expected", view.dtype()))
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

fn dtype(kind: Kind) -> Option<Dtype> {
    match kind {
        Kind::Float => Some(Dtype::F32),
        Kind::Double => Some(Dtype::F64),
        Kind::Int64 => Some(Dtype::I64),
        _ => None,
    }
}

fn kind(dtype: Dtype) -> Option<Kind> {
    match dtype {
        Dtype::F32 => Some(Kind::Float),
        Dtype::F64 => Some(Kind::Double),
        Dtype::I64 => Some(Kind::Int64),
        _ => None,
    }
}

/// Row-major bytes, whatever the memory layout.
fn bytes(tensor: &Tensor) -> Vec<u8> {
    let flat = tensor.detach().to_device(Device::Cpu).contiguous();
    let mut bytes = vec![0; flat.numel() * flat.kind().elt_size_in_bytes()];
    flat.copy_data_u8(&mut bytes, flat.numel());
    bytes
}
