//! Writing: a zip file as PyTorch 1.6 and later read it, also with `weights_only=True`.

use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;

use tch::Kind;
use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::value::STORAGES;
use crate::error::{Error, Result};
use crate::model::stored::{row_major, signed};
use crate::model::weights::{TensorSource, bytes};
use crate::whole_file::replace;

/// Multiple of bytes at which the data of an entry begins, so that PyTorch can map it.
const ALIGNMENT: u16 = 64;
/// The folder inside the zip file.
const FOLDER: &str = "archive";

/// Writes the state dict `tensors` for `torch.load`, whole or not at all. With an epoch or a score it is
/// `{'state_dict': …, 'epoch': …, 'best_mAP': …}`, as the published code saves it; else the bare dict. One tensor is held at a time.
///
/// # Errors
/// A tensor that cannot be read, or of a kind that PyTorch has no typed storage for; a folder that cannot be written.
pub fn save_torch(
    path: &Path,
    tensors: &impl TensorSource,
    epoch: Option<i64>,
    best_map: Option<f64>,
) -> Result<()> {
    let list = tensors.list();
    let pickle = pickle(&list, epoch, best_map)?;
    let data = list.iter().map(|(name, _, _)| Ok(bytes(&tensors.tensor(name)?)));
    replace(path, |file| {
        let refuse = |error: ZipError| Error::file(path, format!("cannot write: {error}"));
        write_zip(file, &pickle, data, refuse)
    })
}

fn write_zip(
    file: &mut (impl Write + Seek),
    pickle: &[u8],
    storages: impl Iterator<Item = Result<Vec<u8>>>,
    refuse: impl Fn(ZipError) -> Error,
) -> Result<()> {
    let mut archive = ZipWriter::new(io::BufWriter::new(FailsOnce::new(file)));
    let mut entry = |name: &str, bytes: &[u8]| -> Result<()> {
        let large = bytes.len() >= u32::MAX as usize;
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .with_alignment(ALIGNMENT)
            .large_file(large);
        archive.start_file(format!("{FOLDER}/{name}"), options).map_err(&refuse)?;
        archive.write_all(bytes).map_err(|error| refuse(error.into()))
    };
    entry("data.pkl", pickle)?;
    entry("byteorder", b"little")?;
    for (key, bytes) in storages.enumerate() {
        entry(&format!("data/{key}"), &bytes?)?;
    }
    entry("version", b"3\n")?;
    let mut written = archive.finish().map_err(&refuse)?;
    written.flush().map_err(|error| refuse(error.into()))
}

/// A file that fails once. The zip crate goes on to write when it is dropped, and tells standard error what came of it; the first
/// failure has ended everything by then, so what comes after it is only counted.
struct FailsOnce<'a, W> {
    file: &'a mut W,
    failed: bool,
    place: u64,
    end: u64,
}

impl<'a, W> FailsOnce<'a, W> {
    fn new(file: &'a mut W) -> Self {
        Self { file, failed: false, place: 0, end: 0 }
    }

    /// The result of `attempt`, or `counted` where there was a failure before.
    fn attempt<T>(&mut self, counted: T, attempt: impl FnOnce(&mut W) -> io::Result<T>) -> io::Result<T> {
        if self.failed {
            return Ok(counted);
        }
        let result = attempt(self.file);
        self.failed = result.is_err();
        result
    }
}

impl<W: Write> Write for FailsOnce<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.attempt(bytes.len(), |file| file.write_all(bytes).map(|()| bytes.len()))?;
        self.place = self.place.saturating_add(written as u64);
        self.end = self.end.max(self.place);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.attempt((), |file| file.flush())
    }
}

impl<W: Seek> Seek for FailsOnce<'_, W> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let counted = match to {
            SeekFrom::Start(place) => place,
            SeekFrom::Current(step) => self.place.saturating_add_signed(step),
            SeekFrom::End(step) => self.end.saturating_add_signed(step),
        };
        self.place = self.attempt(counted, |file| file.seek(to))?;
        Ok(self.place)
    }
}

/// The program that builds the object; the storage of the n-th tensor has key n.
fn pickle(
    tensors: &[(String, Kind, Vec<i64>)],
    epoch: Option<i64>,
    best_map: Option<f64>,
) -> Result<Vec<u8>> {
    let mut out = vec![0x80, 2];
    let wrapped = epoch.is_some() || best_map.is_some();
    if wrapped {
        out.extend(b"}(");
        text(&mut out, "state_dict");
    }
    out.extend(b"ccollections\nOrderedDict\n)R(");
    for (key, (name, kind, shape)) in tensors.iter().enumerate() {
        text(&mut out, name);
        view(&mut out, name, *kind, shape, key)?;
    }
    out.push(b'u');
    if let Some(epoch) = epoch {
        text(&mut out, "epoch");
        integer(&mut out, epoch);
    }
    if let Some(value) = best_map {
        text(&mut out, "best_mAP");
        out.push(b'G');
        out.extend(value.to_be_bytes());
    }
    if wrapped {
        out.push(b'u');
    }
    out.push(b'.');
    Ok(out)
}

/// `torch._utils._rebuild_tensor_v2(storage, 0, shape, strides, False, OrderedDict())`.
fn view(out: &mut Vec<u8>, name: &str, kind: Kind, shape: &[i64], key: usize) -> Result<()> {
    let storage =
        storage_name(kind).ok_or_else(|| Error::Training(format!("{name}: {kind:?} cannot be saved")))?;
    out.extend(b"ctorch._utils\n_rebuild_tensor_v2\n((");
    text(out, "storage");
    out.extend(format!("ctorch\n{storage}\n").bytes());
    text(out, &key.to_string());
    text(out, "cpu");
    integer(out, shape.iter().product());
    out.extend(b"tQ");
    integer(out, 0);
    tuple(out, shape);
    let shape: Vec<u64> = shape.iter().map(|size| *size as u64).collect();
    tuple(out, &signed(&row_major(&shape)));
    out.extend(b"\x89ccollections\nOrderedDict\n)RtR");
    Ok(())
}

fn storage_name(kind: Kind) -> Option<&'static str> {
    STORAGES.iter().find(|(_, other)| *other == kind).map(|(name, _)| *name)
}

fn text(out: &mut Vec<u8>, text: &str) {
    out.push(b'X');
    out.extend((text.len() as u32).to_le_bytes());
    out.extend(text.bytes());
}

/// `LONG1` of eight bytes holds every integer.
fn integer(out: &mut Vec<u8>, value: i64) {
    out.extend([0x8a, 8]);
    out.extend(value.to_le_bytes());
}

fn tuple(out: &mut Vec<u8>, values: &[i64]) {
    out.push(b'(');
    values.iter().for_each(|value| integer(out, *value));
    out.push(b't');
}
