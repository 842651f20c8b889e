//! The formats of checkpoints, and what the head of a file says, whichever it is.

use std::collections::BTreeMap;
use std::fmt;

use mmt_torch_file::StoredTensor;

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

/// The content of a file's head.
#[derive(Debug)]
pub(super) struct Contents {
    pub format: Format,
    pub epoch: Option<i64>,
    pub best_map: Option<f64>,
    pub tensors: BTreeMap<String, StoredTensor>,
    /// Keys of its state dicts, with how many tensors each has: first its networks.
    pub keys: Vec<(String, usize)>,
    /// The entries beside the tensors: key and description.
    pub beside: Vec<(String, String)>,
}

impl From<mmt_torch_file::Contents> for Contents {
    fn from(found: mmt_torch_file::Contents) -> Self {
        let mmt_torch_file::Contents { format, epoch, best_map, tensors, keys, beside } = found;
        let format = match format {
            mmt_torch_file::Format::Zip => Format::TorchZip,
            mmt_torch_file::Format::Stream => Format::TorchStream,
        };
        Self { format, epoch, best_map, tensors, keys, beside }
    }
}
