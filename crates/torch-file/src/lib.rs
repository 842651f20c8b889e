//! PyTorch's checkpoints, read and written without Python and without libtorch: the zip format of today and the stream format before
//! PyTorch 1.6.
//!
//! A pickle is a program, and running one from the internet is running what its author likes. This reader executes nothing: it
//! knows the instructions and the few names that a state dict needs, and of everything else only what it is called. Sizes and
//! checksums are checked against the file before memory is asked for, so a hostile file ends in one line.
//!
//! State dicts are found by their shape, under whatever key they stand; what else is in the file is told of and not looked into.
//!
//! ```
//! use std::io::Cursor;
//!
//! use mmt_torch_file::{Beside, ElementType, open, write};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let values = [1.5_f32, -2.0, 0.25].map(f32::to_le_bytes).concat();
//! let list = [("layer.bias".to_owned(), ElementType::Float, vec![3])];
//! let beside = Beside { epoch: Some(7), best_map: None };
//! let mut file = Cursor::new(Vec::new());
//! write(&mut file, &list, [Ok::<_, std::io::Error>(values.clone())].into_iter(), beside)?;
//!
//! let contents = open(&mut file, None)?;
//! assert_eq!(contents.epoch, Some(7));
//! let bias = &contents.tensors["layer.bias"];
//! assert_eq!((bias.kind, bias.shape.as_slice()), (ElementType::Float, &[3][..]));
//! // Its elements in the storage, which it may share with others, and their bytes.
//! let span = bias.span().ok_or("it reaches beyond its storage")?;
//! assert_eq!(bias.read(&mut file, span)?, values);
//! # Ok(())
//! # }
//! ```
//!
//! Format: observed from files that PyTorch writes, and Python's `pickletools`.

mod directory;
mod element_type;
mod input;
mod legacy;
mod names;
mod outcome;
mod pickle;
mod rebuild;
mod root;
mod stack;
mod storage;
mod stored;
mod value;
mod write;
mod zip;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Seek, SeekFrom};

pub use element_type::ElementType;
pub use names::{PARALLEL, strip_prefix, unique};
pub use stored::{StoredTensor, ends_early, row_major};
pub use write::{Beside, Unwritten, write};

use outcome::Outcome;
use root::{Root, State};
use storage::Locations;
use value::Heap;

/// Description of a fault in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error(String);

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

/// How files of the format before PyTorch 1.6 begin: `PROTO 2`, `LONG1`, the ten bytes of 0x1950a86a20f9469cfc6c, `STOP`.
pub const STREAM_MAGIC: &[u8; 15] = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";

/// How a file is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A zip file: PyTorch since 1.6.
    Zip,
    /// A stream of pickles and storages: PyTorch before 1.6.
    Stream,
}

impl Format {
    /// The format of a file that begins with `start`; none where that is neither.
    pub fn of(start: &[u8]) -> Option<Self> {
        match start {
            [b'P', b'K', 3 | 5 | 6 | 7, ..] => Some(Self::Zip),
            _ if start.starts_with(STREAM_MAGIC) => Some(Self::Stream),
            _ => None,
        }
    }
}

/// The content of a file. All of it was checked; the tensors' bytes are read when they are asked for.
#[derive(Debug)]
pub struct Contents {
    /// How the file is stored.
    pub format: Format,
    /// The integer at the key `epoch`, if there is one.
    pub epoch: Option<i64>,
    /// The number at the key `best_mAP`, if there is one.
    pub best_map: Option<f64>,
    /// The tensors by name.
    pub tensors: BTreeMap<String, StoredTensor>,
    /// Keys of its state dicts, with how many tensors each has: first its networks. The object itself has the key "".
    pub keys: Vec<(String, usize)>,
    /// The entries beside the tensors: key and description.
    pub beside: Vec<(String, String)>,
}

/// Opens the file in `source`: the tensors of the state dict at `key` (keys on the way to it, with dots between), or of its network; of
/// several networks, each name begins with the key of its own. A prefix `module.` is taken off.
///
/// # Errors
/// It is no PyTorch file, or damaged, hostile, or holds no tensor; in words.
pub fn open(source: &mut (impl Read + Seek), key: Option<&str>) -> Result<Contents, Error> {
    contents(source, key).map_err(Error)
}

fn contents(source: &mut (impl Read + Seek), key: Option<&str>) -> Outcome<Contents> {
    let length = source.seek(SeekFrom::End(0)).map_err(ends_early)?;
    source.rewind().map_err(ends_early)?;
    let mut start = Vec::new();
    source.by_ref().take(STREAM_MAGIC.len() as u64).read_to_end(&mut start).map_err(ends_early)?;
    let format = Format::of(&start).ok_or("no PyTorch file")?;
    let mut heap = Heap::default();
    let (root, locations) = match format {
        Format::Stream => legacy::open(source, length, &mut heap)?,
        Format::Zip => zip::open(source, length, &mut heap)?,
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
    let tensors = tensors(source, length, &heap, &chosen, &locations)?;
    Ok(Contents { format, epoch, best_map, tensors, keys, beside })
}

/// The tensors of the chosen state dicts under their names in the file, without a prefix `module.`.
fn tensors(
    source: &mut (impl Read + Seek),
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
    storage::tensors(source, length, heap, &named, locations)
}
