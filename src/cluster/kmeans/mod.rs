//! D10: k-means. Lloyd's iteration from given centres, k-means++ to find some, the best of several starts.

mod lloyd;
mod plus_plus;
mod points;
mod products;

use rand::Rng;
use tch::Tensor;

use self::points::Points;
use self::products::Products;
use crate::blocks::Blocks;
use crate::device::memory::{LOWER_ROWS, guarded};
use crate::distance::check_features;
use crate::error::{InvalidInput, Result};
pub use lloyd::KMeans;

/// Settings of [`kmeans`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KMeansOptions {
    /// k.
    pub clusters: usize,
    /// Starts, of which the one with the smallest inertia is kept. The published code relies on 10.
    pub n_init: usize,
    /// Iterations at most.
    pub max_iterations: usize,
    /// Lloyd ends when the squared shift of all centres is at most this share of the mean variance of the columns.
    pub tolerance: f64,
}

impl Default for KMeansOptions {
    fn default() -> Self {
        Self { clusters: 500, n_init: 10, max_iterations: 300, tolerance: 1e-4 }
    }
}

/// k-means of `features: [N, D]` (f32 or f64, any device) from k-means++ starts drawn from `rng`.
///
/// # Errors
/// No clusters, no starts, fewer rows than clusters, or values that are not finite.
pub fn kmeans(features: &Tensor, options: &KMeansOptions, rng: &mut impl Rng) -> Result<KMeans> {
    InvalidInput::at_least_one("clusters", options.clusters)?;
    InvalidInput::at_least_one("n_init", options.n_init)?;
    guarded(LOWER_ROWS, || best_start(features, options, rng))
}

/// The start with the smallest inertia.
fn best_start(features: &Tensor, options: &KMeansOptions, rng: &mut impl Rng) -> Result<KMeans> {
    let points = Points::new(features, options.clusters)?;
    let products = Products::new(&points)?;
    let mut best: Option<KMeans> = None;
    for _ in 0..options.n_init {
        let rows = plus_plus::starting_rows(&products, options.clusters, rng);
        let centres = points.x.index_select(0, &Tensor::from_slice(&rows).to_device(points.x.device()));
        let found = lloyd::lloyd(&points, &centres, options.max_iterations, options.tolerance, lloyd::BLOCKS);
        if best.as_ref().is_none_or(|best| found.inertia < best.inertia) {
            best = Some(found);
        }
    }
    // `n_init` is at least 1.
    best.ok_or_else(|| InvalidInput::Empty { what: "the list of starts" }.into())
}

/// Rows of `features: [N, D]` (f32 or f64, any device) to start from, by k-means++ with draws of `rng` (D10): the first row by one
/// whole number below N, then `2 + floor(ln K)` numbers of `[0, 1)` for the candidates of each further one.
///
/// # Errors
/// As [`kmeans`].
pub fn starting_rows(features: &Tensor, clusters: usize, rng: &mut impl Rng) -> Result<Vec<usize>> {
    InvalidInput::at_least_one("clusters", clusters)?;
    let points = Points::new(features, clusters)?;
    let rows = plus_plus::starting_rows(&Products::new(&points)?, clusters, rng);
    Ok(rows.into_iter().map(|row| row as usize).collect())
}

/// Lloyd's iteration from `centres: [K, D]`, ties by index.
///
/// An empty cluster takes, after the assignment, the point farthest from its own centre as its new centre (several ones the
/// next farthest, in order), and that point leaves its old cluster's mean.
///
/// # Errors
/// As [`kmeans`], or centres of other columns.
pub fn kmeans_from(
    features: &Tensor,
    centres: &Tensor,
    max_iterations: usize,
    tolerance: f64,
) -> Result<KMeans> {
    kmeans_from_in_blocks(features, centres, max_iterations, tolerance, lloyd::BLOCKS)
}

/// [`kmeans_from`] with blocks of a given number of points.
///
/// # Errors
/// As [`kmeans_from`].
pub fn kmeans_from_in_blocks(
    features: &Tensor,
    centres: &Tensor,
    max_iterations: usize,
    tolerance: f64,
    blocks: Blocks,
) -> Result<KMeans> {
    check_features(centres, "centres")?;
    InvalidInput::at_least_one("max_iterations", max_iterations)?;
    let points = guarded(LOWER_ROWS, || Points::new(features, centres.size()[0] as usize))?;
    let (expected, found) = (features.size()[1], centres.size()[1]);
    if expected != found {
        let (expected, found) = (format!("[K, {expected}]"), format!("[K, {found}]"));
        return Err(InvalidInput::Shape { what: "centres", expected, found }.into());
    }
    guarded(LOWER_ROWS, || {
        let centres = centres.to_kind(points.x.kind()).to_device(points.x.device()) - &points.mean;
        Ok(lloyd::lloyd(&points, &centres, max_iterations, tolerance, blocks))
    })
}
