//! The tools room: what a user brings along. A file of features is clustered ([`clustering`]), a checkpoint evaluated on a dataset
//! ([`evaluation`]), images become a file of features ([`extraction`]).
//!
//! ```text
//! checkpoint ── Loaded::open ─▶ Network ──┬─ evaluation ──▶ mAP, CMC, re-ranked too
//!                      images ────────────┴─ extraction ──▶ file of features ── clustering ──▶ labels.csv
//! ```
//!
//! Nothing is printed here: whoever calls passes a [`Progress`] and gets the seconds of each stage with the result.

pub mod clustering;
pub mod evaluation;
pub mod extraction;
pub mod feature_file;
pub mod memory;
pub mod network_file;
mod npy;
mod stages;

use std::path::Path;

use crate::error::{Error, Result};
pub use stages::{Progress, Seconds};

/// Refuses a path that cannot be written in the end, before hours of work: its folder is missing, or it is a folder itself.
///
/// # Errors
/// [`Error::File`] that names the path.
pub fn check_output(path: &Path) -> Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if path.is_dir() || path.file_name().is_none() {
        return Err(Error::file(path, "is a folder; the name of a file to write is needed"));
    }
    if folder.is_dir() {
        return Ok(());
    }
    Err(Error::file(path, format!("cannot be written: there is no folder {}", folder.display())))
}
