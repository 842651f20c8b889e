//! Each step under one signature for both implementations.

use mmt::cluster::jaccard::SparseDistances;
use mmt_reference::Matrix;
use mmt_reference::cluster as reference;
use mmt_reference::cluster::jaccard::Neighbourhood;
use mmt_testkit::{Trial, convert, generate};
use tch::Kind;

use crate::side::Side;

/// Implementations that have k-means.
pub const KMEANS: [Side; 2] = Side::BOTH;
/// Implementations that have k-reciprocal neighbours.
pub const NEIGHBOURS: [Side; 2] = Side::BOTH;
/// Implementations that have the Jaccard distance.
pub const JACCARD: [Side; 2] = Side::BOTH;
/// Implementations that have the eps rule.
pub const EPS: [Side; 2] = Side::BOTH;
/// Implementations that have centroids.
pub const CENTROIDS: [Side; 2] = Side::BOTH;
/// Implementations that have DBSCAN.
pub const DBSCAN: [Side; 2] = Side::BOTH;

/// Pseudo labels; none is noise.
pub type Labels = Vec<Option<usize>>;

/// The result of k-means, from whichever implementation.
pub struct Kmeans {
    pub labels: Vec<usize>,
    pub centres: Matrix,
    pub inertia: f64,
    pub iterations: usize,
}

pub fn kmeans(
    side: Side,
    points: &Matrix,
    centres: &Matrix,
    tolerance: f64,
    max_iterations: usize,
) -> Trial<Kmeans> {
    match side {
        Side::Reference => {
            let limits = reference::kmeans::Limits { tolerance, max_iterations };
            let found = reference::kmeans::from_centres(points, centres, limits)?;
            let (labels, centres) = (found.labels, found.centroids);
            Ok(Kmeans { labels, centres, inertia: found.inertia, iterations: found.iterations })
        }
        Side::Fast => {
            let [points, centres] = [points, centres].map(|matrix| convert::tensor(matrix, Kind::Double));
            let found = mmt::cluster::kmeans::kmeans_from(&points, &centres, max_iterations, tolerance)?;
            let centres = convert::matrix(&found.centroids)?;
            Ok(Kmeans { labels: found.labels, centres, inertia: found.inertia, iterations: found.iterations })
        }
    }
}

pub fn neighbours(side: Side, ranking: &[Vec<usize>], k: usize) -> Trial<Vec<Vec<usize>>> {
    match side {
        Side::Reference => Ok(reference::k_reciprocal::k_reciprocal(ranking, k)?),
        Side::Fast => Ok(mmt::cluster::k_reciprocal::k_reciprocal(ranking, k)?),
    }
}

pub fn jaccard(side: Side, features: &Matrix, k1: usize, k2: usize) -> Trial<Matrix> {
    match side {
        Side::Reference => Ok(reference::jaccard::jaccard(features, Neighbourhood { k1, k2 })?),
        Side::Fast => fast_jaccard(features, k1, k2, Kind::Double),
    }
}

/// The fast code's Jaccard distances of features in `kind`, as a whole matrix.
pub fn fast_jaccard(features: &Matrix, k1: usize, k2: usize, kind: Kind) -> Trial<Matrix> {
    let neighbourhood = mmt::cluster::jaccard::Neighbourhood { k1, k2 };
    let found = mmt::cluster::jaccard::jaccard(&convert::tensor(features, kind), neighbourhood)?;
    Ok(Matrix::new(found.rows(), found.rows(), found.to_dense())?)
}

/// Mean features of each cluster, and the classifier rows made of them.
pub fn centroids(side: Side, features: &Matrix, labels: &Labels, clusters: usize) -> Trial<[Matrix; 2]> {
    match side {
        Side::Reference => {
            let means = reference::centroids::centroids(features, labels, clusters)?;
            let before = Matrix::zeros(clusters, features.columns());
            let rows = reference::centroids::classifier(&before, &means)?;
            Ok([means, rows])
        }
        Side::Fast => {
            use mmt::cluster::centroids;

            let means = centroids::centroids(&convert::tensor(features, Kind::Double), labels, clusters)?;
            let rows = centroids::classifier(&means)?;
            Ok([convert::matrix(&means)?, convert::matrix(&rows)?])
        }
    }
}

pub fn eps(side: Side, distances: &Matrix, rho: f64) -> Trial<f64> {
    match side {
        Side::Reference => Ok(reference::eps::eps(distances, rho)?),
        Side::Fast => Ok(mmt::cluster::eps::eps(&SparseDistances::from_dense(distances.values())?, rho)?),
    }
}

pub fn dbscan(side: Side, distances: &Matrix, eps: f64, min_samples: usize) -> Trial<Labels> {
    match side {
        Side::Reference => Ok(reference::dbscan::dbscan(distances, eps, min_samples)?.labels),
        Side::Fast => {
            let distances = SparseDistances::from_dense(distances.values())?;
            Ok(mmt::cluster::dbscan::dbscan(&distances, eps, min_samples)?.labels)
        }
    }
}

/// Jaccard distances of a few blobs as the fast code keeps them, most pairs as ones that are not stored, and all of them.
pub fn sparse_and_dense(rows: usize, seed: u64) -> Trial<(SparseDistances, Matrix)> {
    let (points, _) = generate::blobs(rows, 5, 6, 0.4, &mut generate::rng(seed));
    let neighbourhood = mmt::cluster::jaccard::Neighbourhood { k1: 3, k2: 2 };
    let features = convert::tensor(&generate::unit_rows(&points), Kind::Double);
    let sparse = mmt::cluster::jaccard::jaccard(&features, neighbourhood)?;
    let dense = Matrix::new(rows, rows, sparse.to_dense())?;
    Ok((sparse, dense))
}
