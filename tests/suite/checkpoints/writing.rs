//! Files that we write, we read back, and PyTorch reads them with `weights_only=True`.

use std::path::Path;
use std::process::Command;

use mmt::model::{Named, read_checkpoint, read_tensors, save_tensors, save_torch};
use mmt_testkit::devices::say;
use tch::{Device, Kind, Tensor};

use super::{assert_same, folder};

/// Every kind, and shapes with and without elements.
fn tensors() -> Named {
    let mut tensors = read_tensors(&folder().join("expected.safetensors")).unwrap();
    tensors.insert(
        "channels".to_owned(),
        Tensor::arange(24, (Kind::Float, Device::Cpu)).view([2, 3, 4]).permute([2, 0, 1]),
    );
    tensors.insert("none".to_owned(), Tensor::zeros([3, 0, 2], (Kind::Float, Device::Cpu)));
    tensors.into_iter().map(|(name, tensor)| (name.replace(".pth", ""), tensor)).collect()
}

fn same(actual: &Named, expected: &Named) {
    assert_eq!(actual.len(), expected.len());
    for (name, tensor) in actual {
        assert_same(name, tensor, &expected[name]);
    }
}

#[test]
fn export_and_import_are_the_identity() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.pth");
    let tensors = tensors();
    for (epoch, best) in [(None, None), (Some(40), Some(0.625)), (Some(-1), None), (None, Some(0.0))] {
        save_torch(&path, &tensors, epoch, best).unwrap();
        let read = read_checkpoint(&path).unwrap();
        assert_eq!((read.epoch, read.best_map), (epoch, best));
        same(&read.tensors, &tensors);
    }
    save_torch(&path, &Named::new(), None, None).unwrap();
    assert!(read_checkpoint(&path).unwrap().tensors.is_empty());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file is left");
}

/// Loads a file as a careful user does, with the data mapped where that is asked for, and hands the tensors back.
const SCRIPT: &str = "
import sys, torch
from zipfile import ZipFile
path, out = sys.argv[1:]
for mapped in (False, True):
    found = torch.load(path, weights_only=True, mmap=mapped)
    assert found['epoch'] == 7 and found['best_mAP'] == 0.5, found
state = found['state_dict']
assert type(state).__name__ == 'OrderedDict', type(state)
assert all(tensor.is_contiguous() for tensor in state.values())
with open(path, 'rb') as file, ZipFile(file) as archive:
    assert archive.testzip() is None
    for entry in archive.infolist():
        file.seek(entry.header_offset + 26)
        name, extra = (int.from_bytes(file.read(2), 'little') for _ in range(2))
        assert (entry.header_offset + 30 + name + extra) % 64 == 0 and entry.compress_type == 0, entry
torch.save({'state_dict': state}, out)
";

/// A Python that has torch: `MMT_PYTHON`, or `python3`.
fn python() -> Option<String> {
    let python = std::env::var("MMT_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let found = Command::new(&python).args(["-c", "import torch"]).output();
    found.is_ok_and(|output| output.status.success()).then_some(python)
}

#[test]
fn pytorch_reads_what_we_write() {
    let Some(python) = python() else { return say("skipped: no Python with torch") };
    let folder = tempfile::tempdir().unwrap();
    let [ours, theirs] = ["ours.pth", "theirs.pth"].map(|name| folder.path().join(name));
    let tensors = tensors();
    save_torch(&ours, &tensors, Some(7), Some(0.5)).unwrap();
    let paths: [&Path; 2] = [&ours, &theirs];
    let output = Command::new(python).args(["-c", SCRIPT]).args(paths).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    same(&read_checkpoint(&theirs).unwrap().tensors, &tensors);
}

#[test]
fn safetensors_hold_every_kind() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.safetensors");
    let tensors = tensors();
    save_tensors(&path, &tensors).unwrap();
    same(&read_tensors(&path).unwrap(), &tensors);
}

#[test]
fn an_unknown_kind_is_refused_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let tensors = Named::from([("z".to_owned(), Tensor::zeros([1], (Kind::ComplexFloat, Device::Cpu)))]);
    for name in ["out.pth", "out.safetensors"] {
        let path = folder.path().join(name);
        let result = if name.ends_with("pth") {
            save_torch(&path, &tensors, None, None)
        } else {
            save_tensors(&path, &tensors)
        };
        assert!(result.unwrap_err().to_string().contains("z: ComplexFloat"));
        assert!(!path.exists());
    }
}
