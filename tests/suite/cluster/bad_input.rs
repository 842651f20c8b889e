//! D10 … D15: input no step of the clustering is defined for is a typed error, of the same variant in both implementations.

use mmt::cluster as fast;
use mmt::cluster::jaccard::SparseDistances;
use mmt_reference::{Matrix, cluster as slow};
use mmt_testkit::convert::tensor;
use mmt_testkit::{Trial, generate, strategies};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use tch::Kind;

use crate::side::both_refuse;

fn jaccard(expected: &str, features: &Matrix, k1: usize, k2: usize) -> Trial {
    let reference = slow::jaccard::jaccard(features, slow::jaccard::Neighbourhood { k1, k2 });
    let neighbourhood = fast::jaccard::Neighbourhood { k1, k2 };
    both_refuse(expected, reference, fast::jaccard::jaccard(&tensor(features, Kind::Double), neighbourhood))
}

fn kmeans(expected: &str, points: &Matrix, centres: &Matrix, max_iterations: usize) -> Trial {
    let limits = slow::kmeans::Limits { tolerance: 1e-4, max_iterations };
    let reference = slow::kmeans::from_centres(points, centres, limits);
    let [points, centres] = [points, centres].map(|matrix| tensor(matrix, Kind::Double));
    both_refuse(expected, reference, fast::kmeans::kmeans_from(&points, &centres, max_iterations, 1e-4))
}

fn centroids(expected: &str, features: &Matrix, labels: &[Option<usize>], clusters: usize) -> Trial {
    let reference = slow::centroids::centroids(features, labels, clusters);
    let features = tensor(features, Kind::Double);
    both_refuse(expected, reference, fast::centroids::centroids(&features, labels, clusters))
}

fn eps(expected: &str, distances: &Matrix, rho: f64) -> Trial {
    let found = SparseDistances::from_dense(distances.values()).and_then(|d| fast::eps::eps(&d, rho));
    both_refuse(expected, slow::eps::eps(distances, rho), found)
}

fn dbscan(expected: &str, distances: &Matrix, eps: f64, least: usize) -> Trial {
    let found =
        SparseDistances::from_dense(distances.values()).and_then(|d| fast::dbscan::dbscan(&d, eps, least));
    both_refuse(expected, slow::dbscan::dbscan(distances, eps, least), found)
}

fn with_source(expected: &str, features: &Matrix, source: &Matrix, lambda: f64) -> Trial {
    let neighbourhood = slow::jaccard::Neighbourhood { k1: 2, k2: 1 };
    let distances = slow::jaccard::jaccard(features, neighbourhood)?;
    let reference = slow::jaccard::with_source(&distances, features, source, lambda);
    let sparse = SparseDistances::from_dense(distances.values())?;
    let [features, source] = [features, source].map(|matrix| tensor(matrix, Kind::Double));
    both_refuse(expected, reference, fast::jaccard::with_source(sparse, &features, &source, lambda))
}

/// Features of a few rows.
fn features() -> impl Strategy<Value = Matrix> {
    (2..9_usize, 1..5_usize, any::<u64>())
        .prop_map(|(rows, columns, seed)| generate::normal(rows, columns, 1.0, &mut generate::rng(seed)))
}

/// The same with one value that is not finite.
fn spoiled(matrix: &Matrix, at: Index, bad: f64) -> Matrix {
    let at = at.index(matrix.values().len());
    Matrix::from_fn(matrix.rows(), matrix.columns(), |i, j| {
        if i * matrix.columns() + j == at { bad } else { matrix[(i, j)] }
    })
}

fn not_finite() -> impl Strategy<Value = f64> {
    select(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY])
}

proptest! {
    #![proptest_config(strategies::config(48))]

    #[test]
    fn features_and_centres_that_are_not_finite_are_refused(features in features(), at: Index, bad in not_finite()) {
        let broken = spoiled(&features, at, bad);
        jaccard("NotFinite", &broken, 2, 1)?;
        kmeans("NotFinite", &broken, &features, 10)?;
        kmeans("NotFinite", &features, &broken, 10)?;
        centroids("NotFinite", &broken, &vec![Some(0); broken.rows()], 1)?;
        with_source("NotFinite", &features, &broken, 0.5)?;
    }

    #[test]
    fn distances_that_are_not_finite_are_refused(count in 2..9_usize, seed: u64, at: Index, bad in not_finite()) {
        let distances = generate::distances(count, 3, &mut generate::rng(seed));
        // Both halves, or they would be refused as not symmetric.
        let at = at.index(count * count);
        let broken = Matrix::from_fn(count, count, |i, j| {
            if i * count + j == at || j * count + i == at { bad } else { distances[(i, j)] }
        });
        eps("NotFinite", &broken, 0.5)?;
        dbscan("NotFinite", &broken, 0.5, 2)?;
    }

    #[test]
    fn shapes_that_do_not_belong_together_are_refused(features in features(), other in features()) {
        if features.columns() != other.columns() {
            let rows = features.rows().min(other.rows());
            let centres = Matrix::from_fn(rows, other.columns(), |i, j| other[(i, j)]);
            kmeans("Shape", &features, &centres, 10)?;
            with_source("Shape", &features, &other, 0.5)?;
        }
        centroids("Shape", &features, &vec![Some(0); features.rows() + 1], 1)?;
    }

    #[test]
    fn fewer_rows_than_a_step_needs_are_refused(features in features(), more in 1..4_usize) {
        let rows = features.rows();
        let centres = Matrix::from_fn(rows + more, features.columns(), |_, _| 0.5);
        kmeans("TooFewSamples", &features, &centres, 10)?;
        jaccard("TooFewSamples", &features, 2, rows + more)?;
        // The last cluster has no image.
        centroids("TooFewSamples", &features, &vec![Some(0); rows], 1 + more)?;
    }

    #[test]
    fn labels_out_of_range_are_refused(features in features(), beyond in 0..3_usize) {
        let mut labels = vec![Some(0); features.rows()];
        labels[1] = Some(1 + beyond);
        centroids("LabelOutOfRange", &features, &labels, 1)?;
    }

    #[test]
    fn parameters_out_of_range_are_refused(features in features(), count in 2..9_usize, seed: u64, below in -3.0..0.0_f64) {
        let distances = generate::distances(count, 3, &mut generate::rng(seed));
        jaccard("Parameter", &features, 2, 0)?;
        kmeans("Parameter", &features, &features, 0)?;
        centroids("Parameter", &features, &vec![None; features.rows()], 0)?;
        for rho in [below, 1.0 - below + 1e-9, f64::NAN] {
            eps("Parameter", &distances, rho)?;
            with_source("Parameter", &features, &features, rho)?;
        }
        for wrong in [below, 0.0, f64::NAN, f64::INFINITY] {
            dbscan("Parameter", &distances, wrong, 2)?;
        }
        dbscan("Parameter", &distances, 0.5, 0)?;
    }

    #[test]
    fn rankings_that_are_no_permutations_are_refused(count in 2..8_usize, row: Index, place: Index) {
        let mut rankings: Vec<Vec<usize>> = vec![(0..count).collect(); count];
        let (row, place) = (row.index(count), place.index(count));
        rankings[row][place] = (place + 1) % count;
        both_refuse("Shape", slow::k_reciprocal::k_reciprocal(&rankings, 2), fast::k_reciprocal::k_reciprocal(&rankings, 2))?;
    }
}

#[test]
fn nothing_at_all_is_refused() -> Trial {
    let nothing = Matrix::zeros(0, 3);
    jaccard("Empty", &nothing, 2, 1)?;
    kmeans("Empty", &nothing, &Matrix::zeros(1, 3), 10)?;
    kmeans("Empty", &Matrix::zeros(1, 3), &nothing, 10)?;
    centroids("Empty", &nothing, &[], 1)?;
    eps("Empty", &Matrix::zeros(0, 0), 0.5)?;
    dbscan("Empty", &Matrix::zeros(0, 0), 0.5, 2)?;
    both_refuse("Empty", slow::k_reciprocal::k_reciprocal(&[], 2), fast::k_reciprocal::k_reciprocal(&[], 2))
}

#[test]
fn a_share_of_the_distances_that_rounds_to_none_is_refused() -> Trial {
    let distances = generate::distances(4, 3, &mut generate::rng(1));
    eps("TooFewSamples", &distances, 1e-3)
}
