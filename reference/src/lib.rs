//! The slow reference of `mmt`: every loss, clustering and evaluation step of Mutual Mean-Teaching once more, in plain Rust,
//! in `f64`, with loops straight from the equations of `docs/method.md` (D1 … Dn). Nothing here is fast, and nothing
//! here is written from the fast code: it is what the fast code is held against.
//!
//! Rooms and file names mirror those of `mmt`.

mod check;
pub mod cluster;
pub mod data;
pub mod distance;
pub mod error;
pub mod eval;
pub mod loss;
pub mod matrix;
pub mod model;
pub mod statistics;
pub mod train;

pub use error::{InvalidInput, Result};
pub use matrix::Matrix;
