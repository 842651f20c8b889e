//! Seeded generators of cases, named by kind. The same seed gives the same case, in tests and in benches.
//!
//! Values are always representable in f32, so that an implementation in f32 and the f64 reference get the same inputs.

mod batches;
mod clusters;
mod matrices;
mod splits;

pub use batches::{Batch, BatchKind};
pub use clusters::{blobs, centres_among, distances, distances_with_diagonal, identities};
pub use matrices::{dyadic, logits, normal, permutation, permute_rows, unit_rows};
pub use splits::Split;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// The random numbers of a seed.
pub fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}
