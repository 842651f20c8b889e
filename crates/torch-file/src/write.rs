//! Writing: a zip file as PyTorch 1.6 and later read it, also with `weights_only=True`.

use std::error::Error;
use std::fmt;
use std::io::{self, Seek, SeekFrom, Write};

use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::ElementType;
use crate::stored::row_major;

/// Multiple of bytes at which the data of an entry begins, so that PyTorch can map it.
const ALIGNMENT: u16 = 64;
/// The folder inside the zip file.
const FOLDER: &str = "archive";

/// The entries that are written beside the tensors.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Beside {
    /// At the key `epoch`.
    pub epoch: Option<i64>,
    /// At the key `best_mAP`.
    pub best_map: Option<f64>,
}

/// Why a file was not written.
#[derive(Debug)]
pub enum Unwritten<E> {
    /// The bytes of a tensor could not be had.
    Source(E),
    /// This tensor is of a type that PyTorch has no typed storage for, or that is not written.
    Type(String, ElementType),
    /// The file cannot be written.
    File(ZipError),
}

impl<E: fmt::Display> fmt::Display for Unwritten<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Source(error) => error.fmt(f),
            Self::Type(name, kind) => write!(f, "{name}: {kind:?} cannot be saved"),
            Self::File(error) => write!(f, "cannot write: {error}"),
        }
    }
}

impl<E: Error> Error for Unwritten<E> {}

/// Writes a state dict for `torch.load`: of each tensor name, type and shape in `list`, and its row-major bytes, little-endian, in `bytes`.
/// With something `beside` it is `{'state_dict': …, 'epoch': …, 'best_mAP': …}`, else the bare dict. One tensor is held at a time.
///
/// # Errors
/// `bytes` gives one, a tensor is of a type that is not written, or `file` cannot be.
pub fn write<E>(
    file: &mut (impl Write + Seek),
    list: &[(String, ElementType, Vec<u64>)],
    bytes: impl Iterator<Item = Result<Vec<u8>, E>>,
    beside: Beside,
) -> Result<(), Unwritten<E>> {
    let pickle = pickle(list, beside).map_err(|(name, kind)| Unwritten::Type(name, kind))?;
    let mut archive = ZipWriter::new(io::BufWriter::new(FailsOnce::new(file)));
    let mut entry = |name: &str, bytes: &[u8]| -> Result<(), Unwritten<E>> {
        let large = bytes.len() >= u32::MAX as usize;
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .with_alignment(ALIGNMENT)
            .large_file(large);
        archive.start_file(format!("{FOLDER}/{name}"), options).map_err(Unwritten::File)?;
        archive.write_all(bytes).map_err(|error| Unwritten::File(error.into()))
    };
    entry("data.pkl", &pickle)?;
    entry("byteorder", b"little")?;
    for (key, bytes) in bytes.enumerate() {
        entry(&format!("data/{key}"), &bytes.map_err(Unwritten::Source)?)?;
    }
    entry("version", b"3\n")?;
    let mut written = archive.finish().map_err(Unwritten::File)?;
    written.flush().map_err(|error| Unwritten::File(error.into()))
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
    tensors: &[(String, ElementType, Vec<u64>)],
    beside: Beside,
) -> Result<Vec<u8>, (String, ElementType)> {
    let Beside { epoch, best_map } = beside;
    let mut out = vec![0x80, 2];
    let wrapped = epoch.is_some() || best_map.is_some();
    if wrapped {
        out.extend(b"}(");
        text(&mut out, "state_dict");
    }
    out.extend(b"ccollections\nOrderedDict\n)R(");
    for (key, (name, kind, shape)) in tensors.iter().enumerate() {
        text(&mut out, name);
        let storage = kind.storage().ok_or_else(|| (name.clone(), *kind))?;
        view(&mut out, storage, shape, key);
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
fn view(out: &mut Vec<u8>, storage: &str, shape: &[u64], key: usize) {
    out.extend(b"ctorch._utils\n_rebuild_tensor_v2\n((");
    text(out, "storage");
    out.extend(format!("ctorch\n{storage}\n").bytes());
    text(out, &key.to_string());
    text(out, "cpu");
    integer(out, shape.iter().product::<u64>() as i64);
    out.extend(b"tQ");
    integer(out, 0);
    tuple(out, shape);
    tuple(out, &row_major(shape));
    out.extend(b"\x89ccollections\nOrderedDict\n)RtR");
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

fn tuple(out: &mut Vec<u8>, values: &[u64]) {
    out.push(b'(');
    values.iter().for_each(|value| integer(out, *value as i64));
    out.push(b't');
}
