//! From files to batches: what file names say, the transforms of an image (D26 … D28) and the sampler (D25). What is random
//! comes from draws that the caller hands in.

pub mod file_names;
pub mod image;
pub mod random_erasing;
pub mod resize;
pub mod sampler;
pub mod transforms;

/// A number of `0..count` from `uniform` of `[0, 1)`: `floor(u · count)`.
fn whole(uniform: f64, count: usize) -> usize {
    ((uniform * count as f64) as usize).min(count.saturating_sub(1))
}
