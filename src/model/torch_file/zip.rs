//! The format of PyTorch 1.6 and later: a zip file with `NAME/data.pkl`, `NAME/byteorder` and `NAME/data/KEY`, all stored
//! without compression.

use std::io::{Read, Seek, SeekFrom};

use zip::{CompressionMethod, ZipArchive};

use super::Outcome;
use super::input::LONGEST;
use super::pickle;
use super::storage::{Location, Locations};
use super::value::{Heap, Value};
use crate::model::stored::ends_early;

/// Most entries of a file that is read.
const MOST_ENTRIES: usize = 1 << 17;

/// Reads the pickle and finds the storages of a file of `length` bytes.
pub fn open(source: &mut (impl Read + Seek), length: u64, heap: &mut Heap) -> Outcome<(Value, Locations)> {
    let entries = entries(source, length)?;
    let pickles: Vec<&str> = entries.keys().filter_map(|name| name.strip_suffix("/data.pkl")).collect();
    let [folder] = pickles.as_slice() else {
        return Err("a zip file, but no PyTorch checkpoint: it has no data.pkl, or several".to_owned());
    };
    if let Some(order) = entries.get(&format!("{folder}/byteorder")) {
        check_byte_order(source, order)?;
    }
    let location = &entries[&format!("{folder}/data.pkl")];
    location.verify(source, "its data.pkl")?;
    source.seek(SeekFrom::Start(location.start)).map_err(ends_early)?;
    let mut budget = LONGEST;
    let root = pickle::run(&mut source.take(location.bytes), heap, &mut budget)?;
    let prefix = format!("{folder}/data/");
    let storages =
        entries.iter().filter_map(|(name, location)| Some((name.strip_prefix(&prefix)?, location)));
    Ok((root, storages.map(|(key, location)| (key.to_owned(), *location)).collect()))
}

/// All files of the archive, by name.
fn entries(source: &mut (impl Read + Seek), length: u64) -> Outcome<Locations> {
    let damaged = |error: zip::result::ZipError| format!("a zip file that is cut short or damaged: {error}");
    let mut archive = ZipArchive::new(source).map_err(damaged)?;
    if archive.len() > MOST_ENTRIES {
        return Err(format!("a zip file of {} entries; at most {MOST_ENTRIES} are read", archive.len()));
    }
    let mut entries = Locations::new();
    for at in 0..archive.len() {
        let entry = archive.by_index_raw(at).map_err(damaged)?;
        let name = entry.name().map_err(damaged)?.into_owned();
        if entry.encrypted() || entry.compression() != CompressionMethod::Stored {
            return Err(
                "its zip entries are compressed or encrypted; torch.save stores them as they are".to_owned()
            );
        }
        let (bytes, crc) = (entry.size(), Some(entry.crc32()));
        let start = entry.data_start();
        let inside = start.and_then(|start| start.checked_add(bytes)).is_some_and(|end| end <= length);
        let Some(start) = start.filter(|_| inside && bytes == entry.compressed_size()) else {
            return Err("a zip file that is cut short or damaged: an entry reaches beyond its end".to_owned());
        };
        entries.insert(name, Location { start, bytes, crc });
    }
    Ok(entries)
}

fn check_byte_order(source: &mut (impl Read + Seek), location: &Location) -> Outcome<()> {
    source.seek(SeekFrom::Start(location.start)).map_err(ends_early)?;
    let mut order = Vec::new();
    source.take(location.bytes.min(16)).read_to_end(&mut order).map_err(ends_early)?;
    match order.as_slice() {
        b"little" => Ok(()),
        b"big" => Err(super::BIG_ENDIAN.to_owned()),
        _ => Err("its byte order is neither `little` nor `big`".to_owned()),
    }
}
