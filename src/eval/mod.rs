//! The eval room: mAP and CMC by the Market-1501 protocol, k-reciprocal re-ranking, the quality of pseudo labels, and what teachers know
//! beyond them.
//!
//! ```
//! use mmt::eval::{Labels, evaluate};
//! use tch::Tensor;
//!
//! # fn main() -> mmt::Result<()> {
//! // A query, and a gallery with a stranger and with the same person under another camera.
//! let query = Tensor::from_slice2(&[[1.0, 0.0]]);
//! let gallery = Tensor::from_slice2(&[[0.6, 0.8], [0.8, 0.6]]);
//! let (of_query, of_gallery) =
//!     (Labels { identities: &[7], cameras: &[1] }, Labels { identities: &[9, 7], cameras: &[1, 2] });
//! let found = evaluate(&query, &gallery, of_query, of_gallery)?;
//! assert_eq!((found.map, found.top(1)), (1.0, 1.0));
//! # Ok(())
//! # }
//! ```

mod accuracy;
mod average_precision;
pub mod cmc;
pub mod label_quality;
pub mod pair_errors;
pub mod ranking;
pub mod re_ranking;
pub mod teaching;

pub use accuracy::top1_share;
pub use average_precision::average_precision;
pub use ranking::{Labels, Ranking, nearest, rank, rank_all};

use rayon::prelude::*;
use tch::{Kind, Tensor};

use crate::blocks::Blocks;
use crate::device::memory::{LOWER_ROWS, guarded};
use crate::distance::{check_features, squared_euclidean};
use crate::error::{Error, InvalidInput, Result};

/// A block of the distance matrix: 128 MiB in f32.
const BLOCKS: Blocks = Blocks::of_values(1 << 25);

/// mAP and CMC.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// Mean average precision (D16), a fraction.
    pub map: f64,
    /// CMC (D17): entry r − 1 is the share of valid queries with a match within rank r.
    pub cmc: Vec<f64>,
    /// Average precision of each query that has a match; the others are skipped.
    pub queries: Vec<QueryPrecision>,
}

/// Average precision of one query.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QueryPrecision {
    /// Its place among the queries, skipped ones included.
    pub query: usize,
    /// Average precision (D16), a fraction.
    pub average_precision: f64,
}

impl Evaluation {
    /// Number of queries that have a match.
    pub fn valid_queries(&self) -> usize {
        self.queries.len()
    }

    /// CMC at `rank`, from 1.
    pub fn top(&self, rank: usize) -> f64 {
        rank.checked_sub(1).and_then(|at| self.cmc.get(at)).copied().unwrap_or(f64::NAN)
    }
}

/// Ranks of the CMC curve that is kept.
const RANKS: usize = 100;

/// Ranks the gallery for each query by the Euclidean distance of their features, and sums up.
///
/// `query_features: [Q, D]`, `gallery_features: [G, D]`. The distance matrix is made in blocks of queries, so that memory stays
/// small.
///
/// # Errors
/// Labels that do not belong to the features, values that are not finite, or no query with a match.
pub fn evaluate(
    query_features: &Tensor,
    gallery_features: &Tensor,
    query: Labels<'_>,
    gallery: Labels<'_>,
) -> Result<Evaluation> {
    evaluate_in_blocks(query_features, gallery_features, query, gallery, BLOCKS)
}

/// [`evaluate`] with blocks of a given number of queries.
///
/// # Errors
/// As [`evaluate`].
pub fn evaluate_in_blocks(
    query_features: &Tensor,
    gallery_features: &Tensor,
    query: Labels<'_>,
    gallery: Labels<'_>,
    blocks: Blocks,
) -> Result<Evaluation> {
    guarded(LOWER_ROWS, || rank_in_blocks(query_features, gallery_features, query, gallery, blocks))
}

fn rank_in_blocks(
    query_features: &Tensor,
    gallery_features: &Tensor,
    query: Labels<'_>,
    gallery: Labels<'_>,
    blocks: Blocks,
) -> Result<Evaluation> {
    check_test_set(query_features, gallery_features, query, gallery)?;
    let columns = gallery_features.size()[0] as usize;
    // The sum of the squares, the distances made of it, and those in f32.
    let bytes = 3 * query_features.kind().elt_size_in_bytes();
    let step = blocks.fitted(query_features.device(), bytes).rows_of(columns);
    let mut rankings = Vec::with_capacity(query.identities.len());
    for (at, block) in query_features.split(step as i64, 0).iter().enumerate() {
        let distances = squared_euclidean(block, gallery_features).to_kind(Kind::Float).view(-1);
        let distances = Vec::<f32>::try_from(distances).map_err(Error::torch("cannot read distances"))?;
        let first = at * step;
        let rows = distances.par_chunks_exact(columns).enumerate();
        let found: Vec<Option<Ranking>> =
            rows.map(|(row, distances)| rank(distances, query.get(first + row), gallery, false)).collect();
        rankings.extend(found);
    }
    of_queries(rankings)
}

/// Sums up the rankings of all queries, those without a match as `None`.
fn of_queries(rankings: Vec<Option<Ranking>>) -> Result<Evaluation> {
    let valid: Vec<usize> = (0..rankings.len()).filter(|at| rankings[*at].is_some()).collect();
    let rankings: Vec<Ranking> = rankings.into_iter().flatten().collect();
    let mut found = summarise(&rankings)?;
    found.queries.iter_mut().zip(valid).for_each(|(entry, query)| entry.query = query);
    Ok(found)
}

/// Features and labels of queries and gallery that belong together.
fn check_test_set(
    query_features: &Tensor,
    gallery_features: &Tensor,
    query: Labels<'_>,
    gallery: Labels<'_>,
) -> Result<()> {
    check_features(query_features, "query features")?;
    check_features(gallery_features, "gallery features")?;
    query.check(query_features.size()[0] as usize, "query labels")?;
    gallery.check(gallery_features.size()[0] as usize, "gallery labels")?;
    let (expected, found) = (query_features.size()[1], gallery_features.size()[1]);
    if expected != found {
        let (expected, found) = (format!("[G, {expected}]"), format!("[G, {found}]"));
        return Err(InvalidInput::Shape { what: "gallery features", expected, found }.into());
    }
    Ok(())
}

/// mAP and CMC of the rankings of all valid queries, which are numbered in the order that they have here.
///
/// # Errors
/// There is none.
pub fn summarise(rankings: &[Ranking]) -> Result<Evaluation> {
    if rankings.is_empty() {
        return Err(InvalidInput::NoValidQuery.into());
    }
    let precision =
        |(query, ranking)| QueryPrecision { query, average_precision: average_precision(ranking) };
    let queries: Vec<QueryPrecision> = rankings.iter().enumerate().map(precision).collect();
    let map = queries.iter().map(|entry| entry.average_precision).sum::<f64>() / rankings.len() as f64;
    let cmc = cmc::curve(rankings, cmc::Rule::First, RANKS)?;
    Ok(Evaluation { map, cmc, queries })
}
