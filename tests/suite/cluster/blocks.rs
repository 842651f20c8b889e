//! D10, D11 and D12 in pieces: neither blocks nor tiles of any size may be seen in an answer, and of several starts and candidates
//! the best is taken, as the reference finds that tries them all.

use mmt::blocks::Blocks;
use mmt::cluster::jaccard::{self, Neighbourhood, SparseDistances, with_source_in_blocks};
use mmt::cluster::kmeans::{self, KMeansOptions, kmeans_from_in_blocks};
use mmt_reference::Matrix;
use mmt_reference::cluster as reference;
use mmt_testkit::tolerance::{Quantity, Width, check, same};
use mmt_testkit::{Failure, Trial, convert, generate, strategies};
use proptest::prelude::*;
use rand::Rng;
use tch::Kind;

use crate::side::block_sizes;

fn unit_blobs(rows: usize, seed: u64) -> Matrix {
    generate::unit_rows(&generate::blobs(rows, 5, 4, 0.4, &mut generate::rng(seed)).0)
}

fn dense(found: &SparseDistances) -> Trial<Matrix> {
    Ok(Matrix::new(found.rows(), found.rows(), found.to_dense())?)
}

fn double(matrix: &Matrix) -> tch::Tensor {
    convert::tensor(matrix, Kind::Double)
}

proptest! {
    #![proptest_config(strategies::config(24))]

    #[test]
    fn jaccard_distances_equal_the_reference_in_blocks_of_any_size(rows in 4..30_usize, k1 in 1..9_usize, k2 in 1..4_usize, seed: u64) {
        let features = unit_blobs(rows, seed);
        let expected = reference::jaccard::jaccard(&features, reference::jaccard::Neighbourhood { k1, k2 }).map_err(Failure::from)?;
        for size in block_sizes(rows) {
            let found = jaccard::jaccard_in_blocks(&double(&features), Neighbourhood { k1, k2 }, Blocks::of_rows(size))?;
            check("D12", Quantity::Value, Width::Double, 1.0, &dense(&found)?, &expected).map_err(|failure| failure.at(size))?;
        }
    }

    #[test]
    fn the_source_term_equals_the_reference_in_blocks_of_any_size(rows in 4..20_usize, sources in 1..9_usize, lambda in 0.1..1.0, seed: u64) {
        let (features, source) = (unit_blobs(rows, seed), unit_blobs(sources, seed ^ 1));
        let neighbourhood = reference::jaccard::Neighbourhood { k1: 3, k2: 2 };
        let plain = reference::jaccard::jaccard(&features, neighbourhood).map_err(Failure::from)?;
        let expected = reference::jaccard::with_source(&plain, &features, &source, lambda).map_err(Failure::from)?;
        for size in block_sizes(rows) {
            let distances = jaccard::jaccard(&double(&features), Neighbourhood { k1: 3, k2: 2 })?;
            let found = with_source_in_blocks(distances, &double(&features), &double(&source), lambda, Blocks::of_rows(size))?;
            check("D12", Quantity::Value, Width::Double, 1.0, &dense(&found)?, &expected).map_err(|failure| failure.at(size))?;
        }
    }

    #[test]
    fn k_means_equals_the_reference_in_blocks_of_any_size(rows in 4..40_usize, clusters in 1..5_usize, seed: u64) {
        let mut rng = generate::rng(seed);
        let (points, _) = generate::blobs(rows, 3, clusters, 0.4, &mut rng);
        let centres = generate::centres_among(&points, clusters.min(rows), &mut rng);
        let expected = reference::kmeans::from_centres(&points, &centres, reference::kmeans::Limits::default()).map_err(Failure::from)?;
        for size in block_sizes(rows) {
            let found = kmeans_from_in_blocks(&double(&points), &double(&centres), 300, 1e-4, Blocks::of_rows(size))?;
            same("D10", &found.labels, &expected.labels).map_err(|failure| failure.at(size))?;
        }
    }
}

/// Fixed seeds and many rows to a cluster: of two rows that only have each other near, both lower the inertia by as much, and rounding
/// would choose.
#[test]
fn the_starting_rows_are_those_of_the_reference_which_tries_every_candidate() -> Trial {
    for seed in 0..200 {
        let (rows, clusters) = (40 + seed as usize % 34, 1 + seed as usize % 4);
        let (points, _) = generate::blobs(rows, 3, 4, 0.5, &mut generate::rng(seed));
        let expected = starting_rows(&points, clusters, &mut generate::rng(seed ^ 7))?;
        let found = kmeans::starting_rows(&double(&points), clusters, &mut generate::rng(seed ^ 7))?;
        same("D10", &found, &expected).map_err(|failure| failure.at(seed))?;
    }
    Ok(())
}

/// The reference's, with the draws that the fast code makes: one whole number, then numbers of `[0, 1)`.
fn starting_rows(points: &Matrix, clusters: usize, rng: &mut impl Rng) -> Trial<Vec<usize>> {
    let count = points.rows();
    let mut first = Some((rng.random_range(0..count as i64) as f64 + 0.5) / count as f64);
    let uniform = || first.take().unwrap_or_else(|| rng.random());
    Ok(reference::kmeans_plus_plus::starting_rows(points, clusters, uniform)?)
}

/// Fixed seeds: a tie that rounding breaks the other way in one implementation would be another answer, not a wrong one.
#[test]
fn the_best_of_several_starts_is_the_reference_s_which_tries_them_all() -> Trial {
    for seed in 0..24 {
        let (rows, clusters, n_init) = (20 + seed as usize, 2 + seed as usize % 5, 1 + seed as usize % 6);
        let (points, _) = generate::blobs(rows, 2, 8, 0.3, &mut generate::rng(seed));
        let mut rng = generate::rng(seed ^ 7);
        let mut starts = Vec::new();
        for _ in 0..n_init {
            starts.push(generate::permute_rows(&points, &starting_rows(&points, clusters, &mut rng)?));
        }
        let expected = reference::kmeans::best_of(&points, &starts, reference::kmeans::Limits::default())?;
        let options = KMeansOptions { clusters, n_init, ..KMeansOptions::default() };
        let found = kmeans::kmeans(&double(&points), &options, &mut generate::rng(seed ^ 7))?;
        check("D15", Quantity::Value, Width::Double, 10.0, found.inertia, expected.inertia)
            .map_err(|failure| failure.at(seed))?;
    }
    Ok(())
}

/// The eight starts of this seed are of several kinds, good and poor.
#[test]
fn neither_the_first_nor_the_last_nor_the_worst_start_is_kept() -> Trial {
    let (points, _) = generate::blobs(60, 2, 12, 0.1, &mut generate::rng(5));
    let clusters = 9;
    let mut rng = generate::rng(11);
    let limits = reference::kmeans::Limits::default();
    let mut inertias = Vec::new();
    for _ in 0..8 {
        let start = generate::permute_rows(&points, &starting_rows(&points, clusters, &mut rng)?);
        inertias.push(reference::kmeans::from_centres(&points, &start, limits)?.inertia);
    }
    let best = inertias.iter().copied().fold(f64::INFINITY, f64::min);
    let options = KMeansOptions { clusters, n_init: 8, ..KMeansOptions::default() };
    let found = kmeans::kmeans(&double(&points), &options, &mut generate::rng(11))?;
    assert!(inertias.iter().any(|inertia| *inertia > best * 1.01), "all starts are as good: {inertias:?}");
    check("D15", Quantity::Value, Width::Double, 10.0, found.inertia, best)?;
    Ok(())
}

/// More rows than a production tile has; quarters, so that all products are exact and the answers equal bit for bit.
#[test]
fn tiles_as_they_are_in_production_give_what_small_ones_give() -> Trial {
    let features = generate::dyadic(1100, 6, 4, &mut generate::rng(3));
    for kind in [Kind::Double, Kind::Float] {
        let features = convert::tensor(&features, kind);
        let found = jaccard::jaccard(&features, Neighbourhood::default())?;
        let expected = jaccard::jaccard_in_blocks(&features, Neighbourhood::default(), Blocks::of_rows(97))?;
        assert!(found == expected, "in {kind:?}");
    }
    Ok(())
}

#[test]
fn equal_rows_leave_clusters_empty_and_those_found_are_counted() -> Trial {
    let points = Matrix::from_fn(9, 2, |i, _| (i % 3) as f64);
    let options = KMeansOptions { clusters: 5, n_init: 2, ..KMeansOptions::default() };
    let found = kmeans::kmeans(&double(&points), &options, &mut generate::rng(1))?;
    assert_eq!((found.clusters_found(), found.centroids.size()), (3, vec![5, 2]));
    Ok(())
}
