//! The stream format of PyTorch before 1.6, in which the published checkpoints are: five pickles (magic number, protocol
//! version, system, object, keys of the storages), then each storage as a count of elements and its bytes.

use std::collections::BTreeMap;
use std::io::{BufReader, Read, Seek, SeekFrom};

use super::ElementType;
use super::input::Budget;
use super::outcome::{BIG_ENDIAN, Outcome};
use super::pickle;
use super::storage::{Location, Locations};
use super::value::{Heap, Value};
use crate::stored::ends_early;

/// Version of the format, the only one there has been.
const PROTOCOL: i64 = 1001;

/// Reads the pickles and finds the storages of a file of `length` bytes.
pub fn open(source: &mut (impl Read + Seek), length: u64, heap: &mut Heap) -> Outcome<(Value, Locations)> {
    source.rewind().map_err(ends_early)?;
    let mut budget = Budget::default();
    let mut source = BufReader::new(source);
    let mut next = || pickle::run(&mut source, heap, &mut budget);
    let (magic, version, system) = (next()?, next()?, next()?);
    let (root, keys) = (next()?, next()?);
    if magic != Value::Magic || version != Value::Int(PROTOCOL) {
        return Err(format!("a PyTorch file of another protocol than {PROTOCOL}"));
    }
    if heap.get(system, "little_endian") != Some(Value::Bool(true)) {
        return Err(BIG_ENDIAN.to_owned());
    }
    let start = budget.used();
    Ok((root, locations(source.into_inner(), start, length, heap, keys)?))
}

/// Walks over the storages, which begin at byte `start` in the order of `keys`.
fn locations(
    source: &mut (impl Read + Seek),
    mut start: u64,
    length: u64,
    heap: &Heap,
    keys: Value,
) -> Outcome<Locations> {
    let keys = heap.items(keys).ok_or("the list of its storages is missing")?;
    let kinds: BTreeMap<&str, ElementType> =
        heap.storages().iter().map(|storage| (storage.key.as_str(), storage.kind)).collect();
    let mut locations = Locations::new();
    for key in keys {
        let key = heap.text(*key).ok_or("the list of its storages is damaged")?;
        let kind = kinds.get(key).ok_or_else(|| format!("no tensor announces storage {key}"))?;
        source.seek(SeekFrom::Start(start)).map_err(ends_early)?;
        let mut count = [0; 8];
        source.read_exact(&mut count).map_err(ends_early)?;
        start += 8;
        let bytes = u64::from_le_bytes(count).checked_mul(kind.size());
        let end = bytes.and_then(|bytes| start.checked_add(bytes)).filter(|end| *end <= length);
        let Some((bytes, end)) = bytes.zip(end) else {
            return Err(format!("storage {key} reaches beyond the end of the file: cut short or damaged"));
        };
        if locations.insert(key.to_owned(), Location { start, bytes, crc: None }).is_some() {
            return Err(format!("storage {key} is listed twice"));
        }
        start = end;
    }
    Ok(locations)
}
