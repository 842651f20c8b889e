//! Re-ranking and evaluation straight from features, in blocks of queries.

use rayon::prelude::*;
use tch::{Kind, Tensor};

use super::{Blend, check_lambda};
use crate::blocks::Blocks;
use crate::cluster::jaccard::{Encodings, Neighbourhood, Overlaps};
use crate::cluster::k_reciprocal::{Measure, Points};
use crate::device::memory::{LOWER_ROWS, guarded};
use crate::distance::squared_euclidean;
use crate::error::{Error, Result};
use crate::eval::{Evaluation, Labels, Ranking, check_test_set, of_queries, rank};

/// A block of the distance matrix: 64 MiB in f64.
const BLOCKS: Blocks = Blocks::of_values(1 << 23);

/// mAP and CMC of the gallery as re-ranked (D18) by the squared Euclidean distances of the features, as the published evaluator
/// means to.
///
/// `query_features: [Q, D]`, `gallery_features: [G, D]`. Neighbours and encodings are sparse and distances made in blocks of
/// queries, so that memory stays small.
///
/// # Errors
/// As [`crate::eval::evaluate`] and [`super::re_ranking`].
pub fn evaluate_re_ranked(
    query_features: &Tensor,
    gallery_features: &Tensor,
    query: Labels<'_>,
    gallery: Labels<'_>,
    neighbourhood: Neighbourhood,
    lambda: f64,
) -> Result<Evaluation> {
    let labels = (query, gallery);
    evaluate_re_ranked_in_blocks(query_features, gallery_features, labels, neighbourhood, lambda, BLOCKS)
}

/// [`evaluate_re_ranked`] in pieces of given sizes: tiles of neighbours, pairs gathered and queries ranked at once.
///
/// # Errors
/// As [`evaluate_re_ranked`].
pub fn evaluate_re_ranked_in_blocks(
    query_features: &Tensor,
    gallery_features: &Tensor,
    (query, gallery): (Labels<'_>, Labels<'_>),
    neighbourhood: Neighbourhood,
    lambda: f64,
    blocks: Blocks,
) -> Result<Evaluation> {
    let features = [query_features, gallery_features];
    guarded(LOWER_ROWS, || rank_in_blocks(features, (query, gallery), neighbourhood, lambda, blocks))
}

fn rank_in_blocks(
    [query_features, gallery_features]: [&Tensor; 2],
    (query, gallery): (Labels<'_>, Labels<'_>),
    neighbourhood: Neighbourhood,
    lambda: f64,
    blocks: Blocks,
) -> Result<Evaluation> {
    check_test_set(query_features, gallery_features, query, gallery)?;
    check_lambda(lambda)?;
    let all = Tensor::cat(&[query_features, gallery_features], 0);
    let points = Points::new(&all, Measure::ReRanking, blocks)?;
    drop(all);
    let rows = points.rows();
    neighbourhood.check(rows)?;
    let neighbours = points.neighbours(neighbourhood.entries(rows))?;
    let encodings = Encodings::new(&neighbours, neighbourhood, |pairs| points.distances(pairs))?;
    drop(points);
    let blend = Blend::new(&encodings, query.identities.len(), lambda);
    let columns = gallery.identities.len();
    // The sum of the squares, the distances made of it and their squares, and those in f64.
    let bytes = 3 * query_features.kind().elt_size_in_bytes() + 8;
    let step = blocks.fitted(query_features.device(), bytes).rows_of(columns);
    let mut rankings = Vec::new();
    for (at, block) in query_features.split(step as i64, 0).iter().enumerate() {
        let squares = squared_euclidean(block, gallery_features).square().to_kind(Kind::Double).view(-1);
        let squares = Vec::<f64>::try_from(squares).map_err(Error::torch("cannot read distances"))?;
        let row = |overlaps: &mut Overlaps, (row, squares): (usize, &[f64])| {
            let i = at * step + row;
            let scaled = squares.iter().map(|d| d / neighbours.divisors()[i]).collect();
            rank(&blend.row(overlaps, i, scaled), query.get(i), gallery, false)
        };
        let work = squares.par_chunks_exact(columns).enumerate();
        let found: Vec<Option<Ranking>> = work.map_init(|| Overlaps::new(columns), row).collect();
        rankings.extend(found);
    }
    of_queries(rankings)
}
