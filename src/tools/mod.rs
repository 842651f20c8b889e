//! The tools room: what a user brings along. A file of features is clustered ([`clustering`]), a checkpoint evaluated on a dataset
//! ([`evaluation`]), images become a file of features ([`extraction`]), a data root is looked over ([`data_check`]), what is
//! to be mended listed ([`fix_list`]).
//!
//! ```text
//! checkpoint ── Loaded::open ─▶ Network ──┬─ evaluation ──▶ mAP, CMC, re-ranked too
//!                      images ────────────┴─ extraction ──▶ file of features ── clustering ──▶ labels.csv
//! ```
//!
//! Nothing is printed here: whoever calls passes a [`Progress`] and gets the seconds of each stage with the result.
//!
//! ```
//! use mmt::model::{Named, save_tensors};
//! use mmt::tools::feature_file::FeatureFile;
//! use tch::Tensor;
//!
//! # fn main() -> mmt::Result<()> {
//! # let folder = tempfile::tempdir().map_err(mmt::Error::io("write", &std::env::temp_dir()))?;
//! let path = folder.path().join("features.safetensors");
//! save_tensors(&path, &Named::from([("features".to_owned(), Tensor::from_slice2(&[[1.0, 0.0], [0.0, 1.0]]))]))?;
//! assert_eq!(FeatureFile { path, name: None }.read()?.size(), [2, 2]);
//! # Ok(())
//! # }
//! ```

pub mod clustering;
pub mod data_check;
pub mod evaluation;
pub mod extraction;
pub mod feature_file;
pub mod fix_list;
pub mod memory;
pub mod network_file;
mod npy;
mod stages;

pub use stages::{Progress, Seconds};
