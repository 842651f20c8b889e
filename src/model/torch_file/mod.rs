//! PyTorch's own files, read and written without Python: the zip format of today and the stream format before PyTorch 1.6.
//!
//! A pickle is a program, and running one from the internet is running what its author likes. [`pickle`] is a machine that
//! executes nothing: it knows the instructions and the few names that a state dict needs, and refuses everything else by name.
//! Sizes are checked against the file before memory is asked for, so a hostile file ends in one line.
//!
//! Format: observed from files that PyTorch writes, and Python's `pickletools`.

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

use std::fs::File;
pub use write::save_torch;

use super::checkpoint::{Contents, Format};
use value::Heap;

/// What is wrong with a file, in words; the path is added outside.
type Outcome<T> = std::result::Result<T, String>;

const BIG_ENDIAN: &str = "it was written on a big-endian machine; only little-endian files are read";

/// The format of a PyTorch file that begins with these bytes.
pub(super) fn format_of(start: &[u8]) -> Option<Format> {
    if start.starts_with(b"PK\x03\x04") {
        return Some(Format::TorchZip);
    }
    start.starts_with(&legacy::MAGIC).then_some(Format::TorchStream)
}

/// What the checkpoint in `file` holds, which is of that `format` and `length` bytes long.
pub(super) fn open(file: &mut File, length: u64, format: Format) -> Outcome<Contents> {
    let mut heap = Heap::default();
    let (root, locations) = match format {
        Format::TorchStream => legacy::open(file, length, &mut heap)?,
        _ => zip::open(file, length, &mut heap)?,
    };
    let root = root::Root::of(&heap, root)?;
    let tensors = storage::tensors(file, length, &heap, &root.tensors, &locations)?;
    Ok(Contents { format, epoch: root.epoch, best_map: root.best_map, tensors })
}
