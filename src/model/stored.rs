//! Tensors of libtorch from where they lie in a file.

use std::fs::File;
use std::ops::Range;

use mmt_torch_file::{ElementType, StoredTensor, ends_early};
use safetensors::tensor::Dtype;
use tch::{Kind, Tensor};

/// The types that a checkpoint's tensors may have: in PyTorch's files, in libtorch, in safetensors.
pub(super) const TYPES: [(ElementType, Kind, Dtype); 10] = [
    (ElementType::Float, Kind::Float, Dtype::F32),
    (ElementType::Double, Kind::Double, Dtype::F64),
    (ElementType::Half, Kind::Half, Dtype::F16),
    (ElementType::BFloat16, Kind::BFloat16, Dtype::BF16),
    (ElementType::Int64, Kind::Int64, Dtype::I64),
    (ElementType::Int, Kind::Int, Dtype::I32),
    (ElementType::Int16, Kind::Int16, Dtype::I16),
    (ElementType::Int8, Kind::Int8, Dtype::I8),
    (ElementType::Uint8, Kind::Uint8, Dtype::U8),
    (ElementType::Bool, Kind::Bool, Dtype::BOOL),
];

/// The kind of a tensor that is read. No reader gives one of another type than those of [`TYPES`].
pub(super) fn kind(stored: &StoredTensor) -> Kind {
    let found = TYPES.iter().find(|(element, ..)| *element == stored.kind);
    found.map_or(Kind::Uint8, |(_, kind, _)| *kind)
}

/// Sizes as libtorch counts them; they are those of a file, and so far below 2^63.
pub(super) fn sizes(stored: &StoredTensor) -> Vec<i64> {
    signed(&stored.shape)
}

/// Elements `range` of the storage of `stored`, `[N]`.
///
/// # Errors
/// The file cannot be read, or libtorch refuses; in words.
pub(super) fn read(stored: &StoredTensor, mut file: &File, range: Range<u64>) -> Result<Tensor, String> {
    let count = [(range.end - range.start) as i64];
    let bytes = stored.read(&mut file, range).map_err(ends_early)?;
    match kind(stored) {
        // A boolean of another value than 0 and 1 is undefined behaviour in C++.
        Kind::Bool => {
            let flat = Tensor::f_from_data_size(&bytes, &count, Kind::Uint8).map_err(refused)?;
            flat.f_ne(0).map_err(refused)
        }
        kind => Tensor::f_from_data_size(&bytes, &count, kind).map_err(refused),
    }
}

/// The tensor `stored`, contiguous, from a run of its storage's elements that begins with element `first`.
///
/// # Errors
/// libtorch refuses; in words.
pub(super) fn view(stored: &StoredTensor, flat: &Tensor, first: u64) -> Result<Tensor, String> {
    let offset = (stored.offset - first) as i64;
    let view = flat.f_as_strided(sizes(stored), signed(&stored.strides), offset);
    view.and_then(|view| view.f_contiguous()).map_err(refused)
}

fn signed(sizes: &[u64]) -> Vec<i64> {
    sizes.iter().map(|size| *size as i64).collect()
}

fn refused(error: tch::TchError) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}
