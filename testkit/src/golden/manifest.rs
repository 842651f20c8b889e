//! `manifest.json` as it is written.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::{Failure, Trial};

/// The whole manifest.
#[derive(Debug, Deserialize)]
pub(super) struct Manifest {
    format: u64,
    pub(super) seed: u64,
    pub(super) cases: Vec<Entry>,
}

/// One case.
#[derive(Debug, Deserialize)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) group: String,
    pub(super) file: Option<String>,
    pub(super) function: String,
    pub(super) inputs: BTreeMap<String, Spec>,
    pub(super) params: serde_json::Map<String, serde_json::Value>,
    pub(super) outputs: BTreeMap<String, Output>,
    pub(super) raises: Option<Raises>,
    #[serde(default)]
    pub(super) files: Vec<String>,
    pub(super) note: Option<String>,
}

/// Shape and dtype of a stored tensor.
#[derive(Debug, Clone, Deserialize)]
pub struct Spec {
    /// `f32`, `f64`, `i64` or `u8`.
    pub dtype: String,
    /// Sizes of the dimensions.
    pub shape: Vec<usize>,
    /// Its content, in words.
    #[serde(default)]
    pub meaning: String,
}

/// An output and the rule by which it is compared.
#[derive(Debug, Clone, Deserialize)]
pub struct Output {
    /// Shape, dtype and meaning.
    #[serde(flatten)]
    pub spec: Spec,
    /// How to compare.
    #[serde(flatten)]
    pub rule: Rule,
}

/// How an output is compared.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(tag = "compare", rename_all = "lowercase")]
pub enum Rule {
    /// Equal values.
    Exact,
    /// |a - b| <= atol + rtol |b|.
    Close {
        /// Relative part.
        rtol: f64,
        /// Absolute part.
        atol: f64,
    },
    /// Recorded, not to be compared.
    Info,
}

/// The Python error in which the published code ended.
#[derive(Debug, Clone, Deserialize)]
pub struct Raises {
    /// Class of the error.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its text.
    pub message: String,
}

pub(super) fn read(path: &Path) -> Trial<Manifest> {
    let text = std::fs::read_to_string(path).map_err(|error| Failure::from(error).at(path.display()))?;
    let manifest: Manifest =
        serde_json::from_str(&text).map_err(|error| Failure::from(error).at(path.display()))?;
    if manifest.format != 1 {
        return Err(Failure::new(format!("{}: format {} is unknown", path.display(), manifest.format)));
    }
    Ok(manifest)
}
