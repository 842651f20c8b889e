//! Checkpoints of PyTorch: fixtures that PyTorch wrote (`tests/fixtures/torch/make.py`), hostile files, and PyTorch reading what
//! we write.

mod cases;
mod fuzz;
mod hostile;
mod loading;
mod made;
mod reading;
mod writing;

use std::path::{Path, PathBuf};

use tch::{Kind, Tensor};

/// The fixtures.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/torch")
}

/// Equal in kind, shape and every bit; NaN equals NaN.
fn assert_same(name: &str, actual: &Tensor, expected: &Tensor) {
    assert_eq!(actual.kind(), expected.kind(), "kind of {name}");
    assert_eq!(actual.size(), expected.size(), "shape of {name}");
    assert_eq!(bits(actual), bits(expected), "values of {name}");
}

/// Row-major bytes.
fn bits(tensor: &Tensor) -> Vec<u8> {
    let mut bytes = vec![0; tensor.numel() * tensor.kind().elt_size_in_bytes()];
    let plain =
        if tensor.kind() == Kind::Bool { tensor.to_kind(Kind::Uint8) } else { tensor.shallow_clone() };
    plain.contiguous().copy_data_u8(&mut bytes, tensor.numel());
    bytes
}
