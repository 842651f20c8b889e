//! From announced storages and views to tensors. Every size is checked against the bytes that the file has before any memory
//! is asked for, and one storage is read at a time: no more than the tensors and one storage are held.

use std::collections::BTreeMap;
use std::io::{Read, Seek, SeekFrom};

use tch::{Kind, Tensor};

use super::Outcome;
use super::pickle::ends_early;
use super::value::{Heap, Id, TensorRef};
use crate::model::weights::Named;

/// All tensors together, each name counted, may be this many times as large as the file: tied weights are wanted, a small
/// file that repeats one number a billion times is not.
const LARGEST_GROWTH: u64 = 8;

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

/// Locations of all storages of a file, by key.
pub type Locations = BTreeMap<String, Location>;

/// Reads the tensors `named` (by their place in the heap) from `source`, a file of `length` bytes.
///
/// Tied tensors share their memory, as in PyTorch. All are contiguous.
pub fn read_tensors(
    source: &mut (impl Read + Seek),
    length: u64,
    heap: &Heap,
    named: &[(String, Id)],
    locations: &Locations,
) -> Outcome<Named> {
    let views = views_by_storage(heap, named)?;
    let mut room = length.saturating_mul(LARGEST_GROWTH);
    for (key, storage) in &views {
        let location =
            locations.get(*key).ok_or_else(|| format!("the bytes of storage {key} are missing"))?;
        storage.check(key, location, &mut room)?;
    }
    let stored: u64 = views.keys().map(|key| locations[*key].bytes).fold(0, u64::saturating_add);
    if stored > length {
        return Err(format!("its storages overlap: {stored} bytes in a file of {length}"));
    }
    let mut tensors = Named::new();
    for (key, storage) in &views {
        let bytes = read(source, key, &locations[*key])?;
        storage.tensors(bytes, &mut tensors)?;
    }
    Ok(tensors)
}

/// A storage and the views of it.
struct Storage<'a> {
    kind: Kind,
    elements: u64,
    views: Vec<(&'a str, &'a TensorRef)>,
}

fn views_by_storage<'a>(
    heap: &'a Heap,
    named: &'a [(String, Id)],
) -> Outcome<BTreeMap<&'a str, Storage<'a>>> {
    let mut storages: BTreeMap<&str, Storage> = BTreeMap::new();
    for (name, id) in named {
        let view = heap.tensor(*id);
        let announced = heap.storage(view.storage);
        let (kind, elements) = (announced.kind, announced.elements);
        let storage = storages.entry(&announced.key).or_insert(Storage { kind, elements, views: Vec::new() });
        if storage.kind != kind || storage.elements != elements {
            return Err(format!("storage {} is announced in two ways", announced.key));
        }
        storage.views.push((name, view));
    }
    Ok(storages)
}

impl Storage<'_> {
    /// Holds what was announced against the bytes that are there; takes the size of all views from `room`.
    fn check(&self, key: &str, location: &Location, room: &mut u64) -> Outcome<()> {
        let size = self.kind.elt_size_in_bytes() as u64;
        if self.elements.checked_mul(size) != Some(location.bytes) {
            let (elements, bytes, kind) = (self.elements, location.bytes, self.kind);
            return Err(format!(
                "storage {key} should have {elements} values of {kind:?}, but has {bytes} bytes"
            ));
        }
        for (name, view) in &self.views {
            let needed = elements(view)
                .filter(|_| fits(view, self.elements))
                .and_then(|elements| elements.checked_mul(size))
                .ok_or_else(|| {
                    let TensorRef { offset, shape, strides, .. } = view;
                    format!(
                        "{name}: shape {shape:?}, strides {strides:?} and offset {offset} reach beyond its storage of {} values",
                        self.elements
                    )
                })?;
            *room = room.checked_sub(needed).ok_or_else(|| {
                format!("its tensors would take more than {LARGEST_GROWTH} times the size of the file")
            })?;
        }
        Ok(())
    }

    fn tensors(&self, bytes: Vec<u8>, tensors: &mut Named) -> Outcome<()> {
        let torch = |error: tch::TchError| error.to_string().lines().next().unwrap_or_default().to_owned();
        // A boolean of another value than 0 and 1 is undefined behaviour in C++.
        let kind = if self.kind == Kind::Bool { Kind::Uint8 } else { self.kind };
        let flat = Tensor::f_from_data_size(&bytes, &[self.elements as i64], kind).map_err(torch)?;
        drop(bytes);
        let flat = if self.kind == Kind::Bool { flat.f_ne(0).map_err(torch)? } else { flat };
        for (name, view) in &self.views {
            let (shape, strides) = (signed(&view.shape), signed(&view.strides));
            let tensor = flat
                .f_as_strided(&shape, &strides, view.offset as i64)
                .and_then(|tensor| tensor.f_contiguous())
                .map_err(|error| format!("{name}: {}", torch(error)))?;
            tensors.insert((*name).to_owned(), tensor);
        }
        Ok(())
    }
}

/// Sizes of a pickle are signed numbers: they fit.
fn signed(sizes: &[u64]) -> Vec<i64> {
    sizes.iter().map(|size| *size as i64).collect()
}

/// Number of elements of a view, where it can be counted.
fn elements(view: &TensorRef) -> Option<u64> {
    if view.shape.contains(&0) {
        return Some(0);
    }
    view.shape.iter().try_fold(1_u64, |product, size| product.checked_mul(*size))
}

/// True where every element of the view is one of the storage's `elements`.
fn fits(view: &TensorRef, elements: u64) -> bool {
    if view.shape.len() != view.strides.len() {
        return false;
    }
    if view.shape.contains(&0) {
        return view.offset <= elements;
    }
    let mut dimensions = view.shape.iter().zip(&view.strides);
    let last = dimensions
        .try_fold(view.offset, |last, (size, stride)| last.checked_add((size - 1).checked_mul(*stride)?));
    last.is_some_and(|last| last < elements)
}

/// The bytes of a storage; their number was checked against the file.
fn read(source: &mut (impl Read + Seek), key: &str, location: &Location) -> Outcome<Vec<u8>> {
    source.seek(SeekFrom::Start(location.start)).map_err(ends_early)?;
    let mut bytes = vec![0; location.bytes as usize];
    source.read_exact(&mut bytes).map_err(ends_early)?;
    if location.crc.is_some_and(|crc| crc != crc32fast::hash(&bytes)) {
        return Err(format!("storage {key} is damaged: its checksum differs"));
    }
    Ok(bytes)
}
