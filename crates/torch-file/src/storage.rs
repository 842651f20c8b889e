//! From announced storages and views to tensors that can be read. Every size is checked against the bytes that the file has before
//! any memory is asked for, and checksums where the file has some.

use std::collections::BTreeMap;
use std::io::{Read, Seek, SeekFrom};

use super::ElementType;
use super::outcome::Outcome;
use super::value::{Heap, Id, TensorRef};
use crate::stored::{StoredTensor, ends_early};

/// All tensors together, each name counted, may be this many times as large as the file: tied weights are wanted, a small
/// file that repeats one number a billion times is not.
const LARGEST_GROWTH: u64 = 8;
/// Bytes of a file that are looked at together.
const PART: usize = 1 << 16;

/// Where in the file the bytes of a storage lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Location {
    /// First byte.
    pub start: u64,
    /// Number of bytes.
    pub bytes: u64,
    /// Their checksum, where the file keeps one.
    pub crc: Option<u32>,
}

impl Location {
    /// Holds the bytes of `what` against their checksum.
    pub fn verify(&self, source: &mut (impl Read + Seek), what: &str) -> Outcome<()> {
        let Some(expected) = self.crc else { return Ok(()) };
        source.seek(SeekFrom::Start(self.start)).map_err(ends_early)?;
        let (mut crc, mut left, mut part) = (crc32fast::Hasher::new(), self.bytes, [0; PART]);
        while left > 0 {
            let part = &mut part[..left.min(PART as u64) as usize];
            source.read_exact(part).map_err(ends_early)?;
            crc.update(part);
            left -= part.len() as u64;
        }
        if crc.finalize() == expected {
            return Ok(());
        }
        Err(format!("{what} is damaged: its checksum differs"))
    }
}

/// Locations of all storages of a file, by key.
pub type Locations = BTreeMap<String, Location>;

/// The tensors `named` (by their place in the heap) of `source`, a file of `length` bytes.
pub fn tensors(
    source: &mut (impl Read + Seek),
    length: u64,
    heap: &Heap,
    named: &[(String, Id)],
    locations: &Locations,
) -> Outcome<BTreeMap<String, StoredTensor>> {
    let mut room = length.saturating_mul(LARGEST_GROWTH);
    let mut storages: BTreeMap<&str, (ElementType, u64, &Location)> = BTreeMap::new();
    let mut tensors = BTreeMap::new();
    for (name, id) in named {
        let TensorRef { storage, offset, shape, strides } = heap.tensor(*id);
        let announced = heap.storage(*storage);
        let (key, kind, elements) = (announced.key.as_str(), announced.kind, announced.elements);
        let location = match storages.get(key) {
            Some((other_kind, other_elements, location))
                if (*other_kind, *other_elements) == (kind, elements) =>
            {
                location
            }
            Some(_) => return Err(format!("storage {key} is announced in two ways")),
            None => whole(key, kind, elements, locations)?,
        };
        storages.insert(key, (kind, elements, location));
        let (start, offset) = (location.start, *offset);
        let (shape, strides) = (shape.clone(), strides.clone());
        let tensor = StoredTensor { kind, start, elements, offset, shape, strides };
        check(name, &tensor, &mut room)?;
        tensors.insert(name.clone(), tensor);
    }
    let stored = storages.values().map(|(_, _, location)| location.bytes).fold(0, u64::saturating_add);
    if stored > length {
        return Err(format!("its storages overlap: {stored} bytes in a file of {length}"));
    }
    for (key, (_, _, location)) in storages {
        location.verify(source, &format!("storage {key}"))?;
    }
    Ok(tensors)
}

/// The bytes of a storage, if there are as many as were announced.
fn whole<'a>(key: &str, kind: ElementType, elements: u64, locations: &'a Locations) -> Outcome<&'a Location> {
    let location = locations.get(key).ok_or_else(|| format!("the bytes of storage {key} are missing"))?;
    let bytes = location.bytes;
    if elements.checked_mul(kind.size()) == Some(bytes) {
        return Ok(location);
    }
    Err(format!("storage {key} should have {elements} values of {kind:?}, but has {bytes} bytes"))
}

/// Holds a view against its storage, and takes its size from `room`.
fn check(name: &str, tensor: &StoredTensor, room: &mut u64) -> Outcome<()> {
    let size = tensor.kind.size();
    let needed =
        tensor.values().filter(|_| tensor.span().is_some()).and_then(|values| values.checked_mul(size));
    let needed = needed.ok_or_else(|| {
        let StoredTensor { offset, shape, strides, elements, .. } = tensor;
        format!(
            "{name}: shape {shape:?}, strides {strides:?} and offset {offset} reach beyond its storage of {elements} values"
        )
    })?;
    *room = room.checked_sub(needed).ok_or_else(|| {
        format!("its tensors would take more than {LARGEST_GROWTH} times the size of the file")
    })?;
    Ok(())
}
