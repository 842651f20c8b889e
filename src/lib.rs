//! Mutual Mean-Teaching for unsupervised domain adaptation in person re-identification, on libtorch.
//!
//! Rooms from the ground up; a room uses only rooms that stand before it (`tests/suite/architecture.rs` holds this).

pub mod blocks;
pub mod cluster;
pub mod data;
pub mod device;
pub mod distance;
pub mod error;
pub mod eval;
pub mod experiment;
pub mod features;
pub mod file_kind;
pub mod loss;
pub mod model;
pub mod random;
pub mod record;
pub mod report;
pub mod shim;
pub mod step_budget;
pub mod synthetic;
pub mod tools;
pub mod train;
pub mod whole_file;

pub use error::{Error, InvalidInput, Result};
