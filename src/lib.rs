//! Mutual Mean-Teaching for unsupervised domain adaptation in person re-identification, on libtorch.
//!
//! Rooms from the ground up; a room uses only rooms that stand before it (`tests/suite/architecture.rs` holds this).

pub mod data;
pub mod distance;
pub mod error;
pub mod loss;
pub mod random;

pub use error::{Error, InvalidInput, Result};
