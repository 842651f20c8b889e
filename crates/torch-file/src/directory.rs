//! The directory of a zip file: where each entry's bytes lie.
//!
//! Format: PKWARE's APPNOTE, 4.3 and 4.5.3. PyTorch writes end records of zip64 after every directory, and fills the fields of
//! the plain end record as well; where there is an end record of zip64, it holds.

use std::collections::BTreeMap;
use std::io::{BufReader, Read, Seek, SeekFrom};

use super::outcome::Outcome;
use super::storage::Location;
use crate::stored::ends_early;

/// Most entries of a file that is read.
const MOST_ENTRIES: u64 = 1 << 17;
/// Bytes of the end record of a zip file without its comment.
const END: u64 = 22;
/// Bytes of the pointer to the end record of zip64, which lies right before the other.
const LOCATOR: u64 = 20;
/// A field of 32 bits whose value stands in the zip64 field of the entry.
const ELSEWHERE: u64 = 0xffff_ffff;

/// An entry of the directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Where its bytes lie, whole and as they are.
    pub location: Location,
    /// Whether it is stored as it is: neither compressed nor encrypted.
    pub plain: bool,
}

/// Entries by name.
pub type Entries = BTreeMap<String, Entry>;

/// The files in the zip archive `source` of `length` bytes.
pub fn entries(source: &mut (impl Read + Seek), length: u64) -> Outcome<Entries> {
    let (count, start, end) = directory(source, length)?;
    if count > MOST_ENTRIES {
        return Err(format!("a zip file of {count} entries; at most {MOST_ENTRIES} are read"));
    }
    source.seek(SeekFrom::Start(start)).map_err(ends_early)?;
    let mut headers = BufReader::new(&mut *source).take(end - start);
    let listed = (0..count).map(|_| header(&mut headers)).collect::<Outcome<Vec<_>>>()?;
    let mut entries = Entries::new();
    for header in listed {
        let start = data_start(source, header.local)?;
        let inside = start.checked_add(header.stored).is_some_and(|end| end <= length);
        if !inside || (header.plain && header.stored != header.bytes) {
            return Err(damaged("an entry reaches beyond its end"));
        }
        let location = Location { start, bytes: header.stored, crc: Some(header.crc) };
        if entries.contains_key(&header.name) {
            return Err(damaged("two of its entries have one name"));
        }
        entries.insert(header.name, Entry { location, plain: header.plain });
    }
    Ok(entries)
}

/// Count of entries, first byte of the directory, and the byte after its last.
fn directory(source: &mut (impl Read + Seek), length: u64) -> Outcome<(u64, u64, u64)> {
    let (at, record) = end_record(source, length)?;
    let mut found = (number(&record, 10, 2), number(&record, 12, 4), number(&record, 16, 4));
    if let Some(wide) = wide_record(source, at)? {
        found = (number(&wide, 32, 8), number(&wide, 40, 8), number(&wide, 48, 8));
    }
    let (count, bytes, start) = found;
    let end = start.checked_add(bytes).filter(|end| *end <= at);
    // An entry takes 46 bytes at the least, so the count is bounded by the file.
    let end = end.filter(|_| count.checked_mul(46).is_some_and(|least| least <= bytes));
    Ok((count, start, end.ok_or_else(|| damaged("its directory reaches beyond its end"))?))
}

/// The end record and its place: the last that fits, as a comment may follow it.
fn end_record(source: &mut (impl Read + Seek), length: u64) -> Outcome<(u64, Vec<u8>)> {
    let first = length.saturating_sub(END + u64::from(u16::MAX));
    let tail = part(source, first, length - first)?;
    let fits = |at: &usize| {
        let record = &tail[*at..];
        record.starts_with(b"PK\x05\x06")
            && record.len() as u64 >= END
            && END + number(record, 20, 2) <= record.len() as u64
    };
    let at = (0..tail.len()).rev().find(fits).ok_or_else(|| damaged("its end record is missing"))?;
    Ok((first + at as u64, tail[at..at + END as usize].to_vec()))
}

/// The end record of zip64, where there is one before the other at byte `at`.
fn wide_record(source: &mut (impl Read + Seek), at: u64) -> Outcome<Option<Vec<u8>>> {
    let Some(before) = at.checked_sub(LOCATOR) else { return Ok(None) };
    let locator = part(source, before, LOCATOR)?;
    if !locator.starts_with(b"PK\x06\x07") {
        return Ok(None);
    }
    let place = number(&locator, 8, 8);
    let inside = place.checked_add(56).is_some_and(|end| end <= before);
    let record = if inside { part(source, place, 56)? } else { Vec::new() };
    if !record.starts_with(b"PK\x06\x06") {
        return Err(damaged("its zip64 record is not where it should be"));
    }
    Ok(Some(record))
}

/// The directory's record of an entry.
struct Header {
    name: String,
    plain: bool,
    crc: u32,
    /// Bytes in the archive.
    stored: u64,
    /// Bytes when unpacked.
    bytes: u64,
    /// Place of its local header.
    local: u64,
}

fn header(source: &mut impl Read) -> Outcome<Header> {
    let mut fixed = [0; 46];
    source.read_exact(&mut fixed).map_err(ends_early)?;
    if !fixed.starts_with(b"PK\x01\x02") {
        return Err(damaged("its directory is broken"));
    }
    let field = |at, width| number(&fixed, at, width);
    let mut rest = vec![0; (field(28, 2) + field(30, 2) + field(32, 2)) as usize];
    source.read_exact(&mut rest).map_err(ends_early)?;
    let (name, rest) = rest.split_at(field(28, 2) as usize);
    // The folder is called as the file was, in whatever encoding; the names that matter are plain.
    let name = String::from_utf8_lossy(name).into_owned();
    let wide = wide_fields(&rest[..field(30, 2) as usize]);
    let mut wide = wide.chunks_exact(8).map(|bytes| number(bytes, 0, 8));
    // Present in this order, and only those whose short fields are full.
    let mut whole = |short: u64| if short == ELSEWHERE { wide.next().unwrap_or(short) } else { short };
    let (bytes, stored, local) = (whole(field(24, 4)), whole(field(20, 4)), whole(field(42, 4)));
    let encrypted = field(8, 2) & 1 != 0;
    let plain = field(10, 2) == 0 && !encrypted;
    Ok(Header { name, plain, crc: field(16, 4) as u32, stored, bytes, local })
}

/// The extra field with ID 1: sizes and places of 64 bits.
fn wide_fields(mut extra: &[u8]) -> &[u8] {
    while let Some((head, rest)) = extra.split_at_checked(4) {
        let length = (number(head, 2, 2) as usize).min(rest.len());
        if number(head, 0, 2) == 1 {
            return &rest[..length];
        }
        extra = &rest[length..];
    }
    &[]
}

/// Where the bytes of an entry begin: behind its local header, whose extra field pads them to a multiple of 64.
fn data_start(source: &mut (impl Read + Seek), local: u64) -> Outcome<u64> {
    let fixed = part(source, local, 30)?;
    if !fixed.starts_with(b"PK\x03\x04") {
        return Err(damaged("an entry is not where it should be"));
    }
    let behind = 30 + number(&fixed, 26, 2) + number(&fixed, 28, 2);
    local.checked_add(behind).ok_or_else(|| damaged("an entry reaches beyond its end"))
}

fn part(source: &mut (impl Read + Seek), start: u64, bytes: u64) -> Outcome<Vec<u8>> {
    let mut part = vec![0; bytes as usize];
    source.seek(SeekFrom::Start(start)).map_err(ends_early)?;
    source.read_exact(&mut part).map_err(ends_early)?;
    Ok(part)
}

/// A little-endian number of `width` bytes; what is missing counts as 0.
fn number(bytes: &[u8], at: usize, width: usize) -> u64 {
    let field = bytes.get(at..at + width).unwrap_or_default();
    field.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn damaged(what: &str) -> String {
    format!("a zip file that is cut short or damaged: {what}")
}
