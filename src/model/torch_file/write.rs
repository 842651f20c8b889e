//! Writing: a zip file as PyTorch 1.6 and later read it, also with `weights_only=True`.

use std::io::{Seek, Write};
use std::path::Path;

use tch::{Kind, Tensor};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::value::STORAGES;
use crate::error::{Error, Result};
use crate::model::weights::{Named, bytes};
use crate::whole_file::replace;

/// Multiple of bytes at which the data of an entry begins, so that PyTorch can map it.
const ALIGNMENT: u16 = 64;
/// The folder inside the zip file.
const FOLDER: &str = "archive";

/// Writes the state dict `tensors` for `torch.load`, whole or not at all. With an epoch or a score it is
/// `{'state_dict': …, 'epoch': …, 'best_mAP': …}`, as the published code saves it; else the bare dict.
///
/// # Errors
/// A tensor of a kind that PyTorch has no typed storage for, or a folder that cannot be written.
pub fn save_torch(path: &Path, tensors: &Named, epoch: Option<i64>, best_map: Option<f64>) -> Result<()> {
    let pickle = pickle(tensors, epoch, best_map)?;
    replace(path, |file| {
        write_zip(file, &pickle, tensors).map_err(|error| Error::file(path, format!("cannot write: {error}")))
    })
}

fn write_zip(file: &mut (impl Write + Seek), pickle: &[u8], tensors: &Named) -> zip::result::ZipResult<()> {
    let mut archive = ZipWriter::new(std::io::BufWriter::new(file));
    let mut entry = |name: &str, bytes: &[u8]| -> zip::result::ZipResult<()> {
        let large = bytes.len() >= u32::MAX as usize;
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .with_alignment(ALIGNMENT)
            .large_file(large);
        archive.start_file(format!("{FOLDER}/{name}"), options)?;
        Ok(archive.write_all(bytes)?)
    };
    entry("data.pkl", pickle)?;
    entry("byteorder", b"little")?;
    for (key, tensor) in tensors.values().enumerate() {
        entry(&format!("data/{key}"), &bytes(tensor))?;
    }
    entry("version", b"3\n")?;
    archive.finish()?.flush()?;
    Ok(())
}

/// The program that builds the object; the storage of the n-th tensor has key n.
fn pickle(tensors: &Named, epoch: Option<i64>, best_map: Option<f64>) -> Result<Vec<u8>> {
    let mut out = vec![0x80, 2];
    let wrapped = epoch.is_some() || best_map.is_some();
    if wrapped {
        out.extend(b"}(");
        text(&mut out, "state_dict");
    }
    out.extend(b"ccollections\nOrderedDict\n)R(");
    for (key, (name, tensor)) in tensors.iter().enumerate() {
        text(&mut out, name);
        view(&mut out, name, tensor, key)?;
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
fn view(out: &mut Vec<u8>, name: &str, tensor: &Tensor, key: usize) -> Result<()> {
    let storage = storage_name(tensor.kind())
        .ok_or_else(|| Error::Training(format!("{name}: {:?} cannot be saved", tensor.kind())))?;
    out.extend(b"ctorch._utils\n_rebuild_tensor_v2\n((");
    text(out, "storage");
    out.extend(format!("ctorch\n{storage}\n").bytes());
    text(out, &key.to_string());
    text(out, "cpu");
    integer(out, tensor.numel() as i64);
    out.extend(b"tQ");
    integer(out, 0);
    let shape = tensor.size();
    tuple(out, &shape);
    tuple(out, &row_major(&shape));
    out.extend(b"\x89ccollections\nOrderedDict\n)RtR");
    Ok(())
}

fn storage_name(kind: Kind) -> Option<&'static str> {
    STORAGES.iter().find(|(_, other)| *other == kind).map(|(name, _)| *name)
}

/// Strides of a contiguous tensor.
fn row_major(shape: &[i64]) -> Vec<i64> {
    let mut strides = vec![1; shape.len()];
    for at in (1..shape.len()).rev() {
        strides[at - 1] = strides[at] * shape[at].max(1);
    }
    strides
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
