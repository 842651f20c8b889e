//! PyTorch's own files, read and written without Python: the zip format of today and the stream format before PyTorch 1.6.
//!
//! A pickle is a program, and running one from the internet is running what its author likes. [`pickle`] is a machine that
//! executes nothing: it knows the instructions and the few names that a state dict needs, and of everything else only what it is
//! called. Sizes are checked against the file before memory is asked for, so a hostile file ends in one line.
//!
//! Format: observed from files that PyTorch writes, and Python's `pickletools`.

mod directory;
mod input;
mod legacy;
mod pickle;
mod rebuild;
mod root;
mod stack;
mod storage;
mod value;
mod write;
mod zip;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
pub use write::save_torch;

use super::checkpoint::{Contents, Format, PARALLEL, strip_prefix};
use crate::file_kind::FileKind;
use crate::model::stored::StoredTensor;
use root::{Root, State};
use storage::Locations;
use value::Heap;

/// What is wrong with a file, in words; the path is added outside.
type Outcome<T> = std::result::Result<T, String>;

const BIG_ENDIAN: &str = "it was written on a big-endian machine; only little-endian files are read";

/// The format of a PyTorch file of that kind.
pub(super) fn format_of(kind: FileKind) -> Option<Format> {
    match kind {
        FileKind::Zip => Some(Format::TorchZip),
        FileKind::TorchStream => Some(Format::TorchStream),
        _ => None,
    }
}

/// What the checkpoint in `file` holds, which is of that `format` and `length` bytes long: the tensors of the state dict at `key`,
/// or of its network; of several, each name begins with the key of its own.
pub(super) fn open(file: &mut File, length: u64, format: Format, key: Option<&str>) -> Outcome<Contents> {
    let mut heap = Heap::default();
    let (root, locations) = match format {
        Format::TorchStream => legacy::open(file, length, &mut heap)?,
        _ => zip::open(file, length, &mut heap)?,
    };
    let Root { networks, others, beside, epoch, best_map } = Root::of(&heap, root)?;
    let listed = |states: &[State]| -> Vec<(String, usize)> {
        states.iter().map(|state| (state.key.clone(), state.tensors.len())).collect()
    };
    let keys = [listed(&networks), listed(&others)].concat();
    let chosen: Vec<State> = match key {
        Some(key) => networks.into_iter().chain(others).filter(|state| state.key == key).collect(),
        None => networks,
    };
    let tensors = tensors(file, length, &heap, &chosen, &locations)?;
    Ok(Contents { format, epoch, best_map, tensors, keys, beside })
}

/// The tensors of the chosen state dicts under their names in the file, without a prefix `module.`.
fn tensors(
    file: &mut File,
    length: u64,
    heap: &Heap,
    chosen: &[State],
    locations: &Locations,
) -> Outcome<BTreeMap<String, StoredTensor>> {
    let mut named = Vec::new();
    for state in chosen {
        let own: BTreeMap<String, _> = state.tensors.iter().cloned().collect();
        let prefix =
            if chosen.len() > 1 && !state.key.is_empty() { format!("{}.", state.key) } else { String::new() };
        let own = strip_prefix(own, PARALLEL)?;
        named.extend(own.into_iter().map(|(name, id)| (format!("{prefix}{name}"), id)));
    }
    let unique: BTreeSet<&str> = named.iter().map(|(name, _)| name.as_str()).collect();
    if unique.len() < named.len() {
        return Err("two of its state dicts have tensors of the same name".to_owned());
    }
    storage::tensors(file, length, heap, &named, locations)
}
