//! The head of a safetensors file: which tensors it holds, and where they lie.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;

use mmt_torch_file::{StoredTensor, ends_early, row_major};
use safetensors::tensor::{Metadata, TensorInfo};

use super::stored::TYPES;

/// The tensors of the safetensors `file` of `length` bytes.
pub(super) fn safetensors_of(
    file: &mut File,
    length: u64,
) -> std::result::Result<BTreeMap<String, StoredTensor>, String> {
    let wrong = |error: &dyn std::fmt::Display| format!("not a safetensors file: {error}");
    let mut count = [0; 8];
    file.read_exact(&mut count).map_err(|error| wrong(&ends_early(error)))?;
    let header = u64::from_le_bytes(count);
    let data = header.checked_add(8).filter(|data| *data <= length);
    let data = data.ok_or_else(|| wrong(&"its header reaches beyond its end"))?;
    let mut text = vec![0; header as usize];
    file.read_exact(&mut text).map_err(|error| wrong(&ends_early(error)))?;
    let metadata: Metadata = serde_json::from_slice(&text).map_err(|error| wrong(&error))?;
    if data.checked_add(metadata.data_len() as u64) != Some(length) {
        return Err(wrong(&"it is cut short, or longer than its header says"));
    }
    let one = |(name, info): (String, &TensorInfo)| {
        let known = TYPES.iter().find(|(.., dtype)| *dtype == info.dtype);
        let (kind, ..) =
            *known.ok_or_else(|| format!("{name} is of type {:?}, which is not read", info.dtype))?;
        let shape: Vec<u64> = info.shape.iter().map(|size| *size as u64).collect();
        let (first, end) = info.data_offsets;
        let elements = (end - first) as u64 / kind.size();
        let (start, strides) = (data + first as u64, row_major(&shape));
        Ok((name, StoredTensor { kind, start, elements, offset: 0, shape, strides }))
    };
    metadata.tensors().into_iter().map(one).collect()
}
