//! A stored tensor and its readings.

use std::collections::HashMap;
use std::path::Path;

use mmt_reference::Matrix;
use safetensors::{Dtype, SafeTensors};
use tch::{Kind, Tensor};

use crate::{Actual, Failure, Trial};

/// A tensor of the golden folder, as stored.
#[derive(Debug)]
pub struct Stored {
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

pub(super) fn read(path: &Path) -> Trial<HashMap<String, Stored>> {
    let bytes = std::fs::read(path).map_err(|error| Failure::from(error).at(path.display()))?;
    let file = SafeTensors::deserialize(&bytes).map_err(|error| Failure::from(error).at(path.display()))?;
    let tensors = file.iter().map(|(name, view)| {
        let stored =
            Stored { dtype: view.dtype(), shape: view.shape().to_vec(), bytes: view.data().to_vec() };
        (name.to_owned(), stored)
    });
    Ok(tensors.collect())
}

impl Stored {
    /// The dtype in the manifest's spelling.
    pub fn dtype(&self) -> &'static str {
        match self.dtype {
            Dtype::F32 => "f32",
            Dtype::F64 => "f64",
            Dtype::I64 => "i64",
            Dtype::U8 => "u8",
            _ => "a dtype the format does not know",
        }
    }

    /// Sizes of the dimensions.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The values as doubles (f32 widened exactly), row by row.
    pub fn floats(&self) -> Vec<f64> {
        match self.dtype {
            Dtype::F32 => self.read(|bytes| f64::from(f32::from_le_bytes(bytes))),
            Dtype::F64 => self.read(f64::from_le_bytes),
            Dtype::I64 => self.read(|bytes| i64::from_le_bytes(bytes) as f64),
            _ => self.read(|[byte]| f64::from(byte)),
        }
    }

    /// The values as whole numbers; refuses float tensors.
    pub fn integers(&self) -> Trial<Vec<i64>> {
        match self.dtype {
            Dtype::I64 => Ok(self.read(i64::from_le_bytes)),
            Dtype::U8 => Ok(self.read(|[byte]| i64::from(byte))),
            _ => Err(Failure::new(format!("{} values are no whole numbers", self.dtype()))),
        }
    }

    /// The raw bytes of a u8 tensor.
    pub fn bytes(&self) -> Trial<&[u8]> {
        if self.dtype == Dtype::U8 {
            Ok(&self.bytes)
        } else {
            Err(Failure::new(format!("{} values are no bytes", self.dtype())))
        }
    }

    /// A `[rows, columns]` tensor, or a `[columns]` one as a single row.
    pub fn matrix(&self) -> Trial<Matrix> {
        match self.shape[..] {
            [rows, columns] => Ok(Matrix::new(rows, columns, self.floats())?),
            [columns] => Ok(Matrix::new(1, columns, self.floats())?),
            _ => Err(Failure::new(format!("the shape {:?} is not that of a matrix", self.shape))),
        }
    }

    /// The same values as a tensor of the given kind, on the device of the running test.
    pub fn tensor(&self, kind: Kind) -> Tensor {
        let shape: Vec<i64> = self.shape.iter().map(|&size| size as i64).collect();
        let flat = match self.dtype {
            Dtype::I64 => Tensor::from_slice(&self.read(i64::from_le_bytes)),
            _ => Tensor::from_slice(&self.floats()),
        };
        flat.view(shape.as_slice()).to_kind(kind).to_device(crate::devices::current())
    }

    /// Shape and values, for comparison.
    pub fn actual(&self) -> Actual {
        Actual::new(&self.shape, self.floats())
    }

    fn read<const N: usize, T>(&self, value: impl Fn([u8; N]) -> T) -> Vec<T> {
        let mut buffer = [0; N];
        self.bytes
            .chunks_exact(N)
            .map(|chunk| {
                buffer.copy_from_slice(chunk);
                value(buffer)
            })
            .collect()
    }
}
