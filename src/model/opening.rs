//! From a path to the content of a checkpoint: which reader a file is for, and what else it is where it is for none.

use std::fs::File;
use std::path::Path;

use super::contents::{Contents, Format};
use super::safetensors_header::safetensors_of;
use crate::file_kind::FileKind;

/// Returns the content of a file of `length` bytes that begins with `start`.
pub(super) fn contents(
    file: &mut File,
    length: u64,
    start: &[u8],
    key: Option<&str>,
) -> std::result::Result<Contents, String> {
    let kind = FileKind::of(start);
    if matches!(kind, FileKind::Zip | FileKind::TorchStream) {
        return mmt_torch_file::open(file, key).map(Contents::from).map_err(|error| error.to_string());
    }
    // Whatever its header claims to be long.
    if start.get(8) == Some(&b'{') {
        let tensors = safetensors_of(file, length)?;
        let (format, epoch, best_map) = (Format::Safetensors, None, None);
        return Ok(Contents { format, epoch, best_map, tensors, keys: Vec::new(), beside: Vec::new() });
    }
    let way_out = kind.way_out().or_else(|| way_out(kind)).map(|way| format!(": {way}"));
    Err(format!("{kind}, no PyTorch or safetensors file{}", way_out.unwrap_or_default()))
}

/// Says what to do with a file of another kind to get a checkpoint.
fn way_out(kind: FileKind) -> Option<&'static str> {
    Some(match kind {
        FileKind::Npz | FileKind::Npy | FileKind::Matlab | FileKind::Matlab73 | FileKind::Hdf5 => {
            "write its arrays as tensors under the network's names, with torch.save or safetensors"
        }
        FileKind::Pickle => "load it with what wrote it, and torch.save the state_dict() of its network",
        FileKind::Onnx | FileKind::TensorFlowModel | FileKind::TensorFlowCheckpoint | FileKind::Gguf => {
            "give the PyTorch weights it was made from, or write its tensors with safetensors"
        }
        FileKind::LuaTorch => "write its tensors with torch.save or safetensors",
        FileKind::Json => "it may be the index of a checkpoint in parts; give the parts in one file",
        _ => return None,
    })
}

/// Most files of a folder that a message names.
const NAMED: usize = 5;
/// How the names of checkpoints end.
const ENDS: [&str; 8] = ["pth", "pt", "tar", "safetensors", "bin", "ckpt", "pyth", "pkl"];

/// Says what a folder that was given for a file has to offer.
pub(super) fn folder(path: &Path) -> String {
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    let mut names: Vec<String> =
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    if names.iter().any(|name| name == "data.pkl") {
        return "a folder, no checkpoint: it seems to be an unpacked PyTorch file; pack it again with `zip -0 -r`, or give \
                the file it came from"
            .to_owned();
    }
    if names.iter().any(|name| name == "saved_model.pb") {
        return "a folder, no checkpoint: it is a TensorFlow model (SavedModel)".to_owned();
    }
    let is_checkpoint =
        |name: &&String| ENDS.iter().any(|end| name.rsplit_once('.').is_some_and(|(_, found)| found == *end));
    let found: Vec<String> = names.iter().filter(is_checkpoint).map(|name| format!("`{name}`")).collect();
    match found.len() {
        0 => "a folder, no checkpoint: give the file".to_owned(),
        count => {
            let more = if count > NAMED { ", …" } else { "" };
            format!(
                "a folder, no checkpoint: give a file, such as {}{more}",
                found[..count.min(NAMED)].join(", ")
            )
        }
    }
}

/// The message for a key that a file lacks.
pub(super) fn no_key(key: &str, keys: &[(String, usize)]) -> String {
    let named: Vec<String> = keys
        .iter()
        .filter(|(key, _)| !key.is_empty())
        .map(|(key, count)| format!("`{key}` ({count} tensors)"))
        .collect();
    if named.is_empty() {
        return "its tensors stand under no key: leave --key out".to_owned();
    }
    format!("no state dict under the key `{key}`; there are {}", named.join(", "))
}
