//! The cluster room: features → pseudo labels. True identities never enter it.
//!
//! ```text
//! features ── ranking ──▶ lists of neighbours ── k_reciprocal ──▶ sets ── encoding ──▶ sparse rows
//!     sparse rows ── jaccard ──▶ SparseDistances ── eps, dbscan ──▶ labels
//! features ── kmeans ──▶ labels, centroids
//! ```
//!
//! Nothing of size N × N is kept: pairs of images that share no encoded neighbour have the Jaccard distance 1 exactly, and are
//! not stored.

pub mod centroids;
pub mod dbscan;
pub mod eps;
pub mod jaccard;
pub mod k_reciprocal;
pub mod kmeans;
pub mod ranking;

use crate::error::{InvalidInput, Result};

fn at_least_one(what: &'static str, value: usize) -> Result<()> {
    if value > 0 {
        return Ok(());
    }
    Err(InvalidInput::Parameter { what, value: 0.0, allowed: "at least 1" }.into())
}
