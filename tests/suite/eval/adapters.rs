//! Each measure under one signature for both implementations.

use mmt_reference::Matrix;
use mmt_reference::cluster::jaccard::Neighbourhood;
use mmt_reference::eval as reference;
use mmt_testkit::generate::{Split, permute_rows};
use mmt_testkit::{Trial, convert};
use tch::Kind;

use crate::side::Side;

/// Implementations that have mAP and CMC.
pub const RANKING: [Side; 2] = Side::BOTH;
/// Implementations that measure pseudo labels.
pub const QUALITY: [Side; 2] = Side::BOTH;
/// Implementations that have re-ranking.
pub const RE_RANKING: [Side; 2] = Side::BOTH;

/// Ranks of a CMC curve: as many as published keeps.
const RANKS: usize = 100;

/// The published variants of the CMC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CmcRule {
    /// By the first match.
    First,
    /// Each of n matches counts 1/n.
    All,
    /// By the first match, the query's camera taken out of the gallery.
    SeparateCameras,
}

impl CmcRule {
    pub const ALL: [Self; 3] = [Self::First, Self::All, Self::SeparateCameras];
}

/// Labels of queries and gallery as the fast code takes them.
pub fn fast_labels(split: &Split) -> [mmt::eval::Labels<'_>; 2] {
    use mmt::eval::Labels;

    let query = Labels { identities: &split.query_identities, cameras: &split.query_cameras };
    [query, Labels { identities: &split.gallery_identities, cameras: &split.gallery_cameras }]
}

fn fast_rankings(split: &Split, separate_cameras: bool) -> Trial<Vec<mmt::eval::Ranking>> {
    let [query, gallery] = fast_labels(split);
    Ok(mmt::eval::rank_all(split.distances.values(), query, gallery, separate_cameras)?)
}

/// Labels of queries and gallery as the reference takes them.
pub fn reference_labels(split: &Split) -> [reference::ranking::Labels<'_>; 2] {
    use reference::ranking::Labels;

    let query = Labels { identities: &split.query_identities, cameras: &split.query_cameras };
    [query, Labels { identities: &split.gallery_identities, cameras: &split.gallery_cameras }]
}

pub fn mean_ap(side: Side, split: &Split) -> Trial<f64> {
    match side {
        Side::Reference => {
            let [query, gallery] = reference_labels(split);
            Ok(reference::average_precision::mean_average_precision(&split.distances, query, gallery)?)
        }
        Side::Fast => Ok(mmt::eval::summarise(&fast_rankings(split, false)?)?.map),
    }
}

pub fn cmc(side: Side, split: &Split, rule: CmcRule) -> Trial<Vec<f64>> {
    match side {
        Side::Reference => reference_cmc(split, rule),
        Side::Fast => {
            let counting =
                if rule == CmcRule::All { mmt::eval::cmc::Rule::All } else { mmt::eval::cmc::Rule::First };
            let rankings = fast_rankings(split, rule == CmcRule::SeparateCameras)?;
            Ok(mmt::eval::cmc::curve(&rankings, counting, RANKS)?)
        }
    }
}

fn reference_cmc(split: &Split, rule: CmcRule) -> Trial<Vec<f64>> {
    use reference::cmc::Counting;
    use reference::ranking::Removed;

    let [query, gallery] = reference_labels(split);
    let (removed, counting) = match rule {
        CmcRule::First => (Removed::SameIdentityAndCamera, Counting::First),
        CmcRule::All => (Removed::SameIdentityAndCamera, Counting::All),
        CmcRule::SeparateCameras => (Removed::SameCamera, Counting::First),
    };
    Ok(reference::cmc::cmc(&split.distances, query, gallery, removed, counting, RANKS)?)
}

/// The three measures of pseudo labels, from whichever implementation.
pub struct Quality {
    pub adjusted_rand: f64,
    pub mutual_information: f64,
    pub purity: f64,
}

/// Measures `found` against `truth`, every image having a pseudo label.
pub fn quality(side: Side, truth: &[usize], found: &[usize]) -> Trial<Quality> {
    quality_with_noise(side, truth, &found.iter().map(|&label| Some(label)).collect::<Vec<_>>())
}

/// Measures `found` against `truth`; images without a pseudo label are noise.
pub fn quality_with_noise(side: Side, truth: &[usize], found: &[Option<usize>]) -> Trial<Quality> {
    let (adjusted_rand, mutual_information, purity) = match side {
        Side::Reference => {
            let quality = reference::label_quality::label_quality(found, truth)?;
            (quality.ari, quality.nmi, quality.purity)
        }
        Side::Fast => {
            let quality = mmt::eval::label_quality::label_quality(found, truth)?;
            (quality.ari, quality.nmi, quality.purity)
        }
    };
    Ok(Quality { adjusted_rand, mutual_information, purity })
}

/// Distances within and between queries and gallery.
#[derive(Debug, Clone)]
pub struct Distances {
    pub query_gallery: Matrix,
    pub query_query: Matrix,
    pub gallery_gallery: Matrix,
}

impl Distances {
    /// Euclidean distances among points, of which the first `queries` are queries.
    pub fn among(points: &Matrix, queries: usize) -> Self {
        let distance = |i: usize, j: usize| {
            let square: f64 = points.row(i).iter().zip(points.row(j)).map(|(a, b)| (a - b) * (a - b)).sum();
            square.sqrt()
        };
        let gallery = points.rows() - queries;
        Self {
            query_gallery: Matrix::from_fn(queries, gallery, |i, j| distance(i, queries + j)),
            query_query: Matrix::from_fn(queries, queries, distance),
            gallery_gallery: Matrix::from_fn(gallery, gallery, |i, j| distance(queries + i, queries + j)),
        }
    }

    /// All distances squared.
    pub fn squared(&self) -> Self {
        let squared = |m: &Matrix| Matrix::from_fn(m.rows(), m.columns(), |i, j| m[(i, j)] * m[(i, j)]);
        Self {
            query_gallery: squared(&self.query_gallery),
            query_query: squared(&self.query_query),
            gallery_gallery: squared(&self.gallery_gallery),
        }
    }

    /// All distances times `factor`.
    pub fn scaled(&self, factor: f64) -> Self {
        let scaled = |m: &Matrix| Matrix::from_fn(m.rows(), m.columns(), |i, j| factor * m[(i, j)]);
        Self {
            query_gallery: scaled(&self.query_gallery),
            query_query: scaled(&self.query_query),
            gallery_gallery: scaled(&self.gallery_gallery),
        }
    }

    /// The gallery in another order.
    pub fn with_gallery_order(&self, order: &[usize]) -> Self {
        let columns = |m: &Matrix| Matrix::from_fn(m.rows(), order.len(), |i, j| m[(i, order[j])]);
        Self {
            query_gallery: columns(&self.query_gallery),
            query_query: self.query_query.clone(),
            gallery_gallery: permute_rows(&columns(&self.gallery_gallery), order),
        }
    }
}

pub fn re_ranking(side: Side, distances: &Distances, k1: usize, k2: usize, lambda: f64) -> Trial<Matrix> {
    let Distances { query_gallery, query_query, gallery_gallery } = distances;
    match side {
        Side::Reference => {
            let distances = reference::re_ranking::Distances { query_gallery, query_query, gallery_gallery };
            Ok(reference::re_ranking::re_ranking(distances, Neighbourhood { k1, k2 }, lambda)?)
        }
        Side::Fast => {
            use mmt::eval::re_ranking;

            let all = [query_gallery, query_query, gallery_gallery].map(|m| convert::tensor(m, Kind::Double));
            let [query_gallery, query_query, gallery_gallery] = &all;
            let distances = re_ranking::Distances { query_gallery, query_query, gallery_gallery };
            let neighbourhood = mmt::cluster::jaccard::Neighbourhood { k1, k2 };
            convert::matrix(&re_ranking::re_ranking(distances, neighbourhood, lambda)?)
        }
    }
}
