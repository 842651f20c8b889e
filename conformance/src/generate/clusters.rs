//! Inputs of the clustering steps: blobs of features, distance matrices with ties, identities of images.

use mmt_reference::Matrix;
use rand::Rng;
use rand::seq::SliceRandom;

use super::matrices::{normal, single, standard_normal};

/// `rows` points around `clusters` centres of standard deviation 1, spread by `spread`; the centre of each, too.
pub fn blobs(
    rows: usize,
    columns: usize,
    clusters: usize,
    spread: f64,
    rng: &mut impl Rng,
) -> (Matrix, Vec<usize>) {
    let centres = normal(clusters, columns, 1.0, rng);
    let labels: Vec<usize> = (0..rows).map(|_| rng.random_range(0..clusters)).collect();
    let points = Matrix::from_fn(rows, columns, |i, j| {
        single(centres[(labels[i], j)] + spread * standard_normal(rng))
    });
    (points, labels)
}

/// `count` different rows of `points`, as initial centres.
pub fn centres_among(points: &Matrix, count: usize, rng: &mut impl Rng) -> Matrix {
    let order = super::permutation(points.rows(), rng);
    super::permute_rows(points, &order[..count])
}

/// A symmetric matrix of 64ths in 0..=1 with a zero diagonal: groups of near points, and many ties.
pub fn distances(count: usize, groups: usize, rng: &mut impl Rng) -> Matrix {
    distances_with_diagonal(count, groups, 0, rng)
}

/// The same with a diagonal of up to `diagonal` 64ths.
pub fn distances_with_diagonal(count: usize, groups: usize, diagonal: i32, rng: &mut impl Rng) -> Matrix {
    let group: Vec<usize> = (0..count).map(|_| rng.random_range(0..groups.max(1))).collect();
    let mut matrix = Matrix::zeros(count, count);
    for i in 0..count {
        matrix[(i, i)] = f64::from(rng.random_range(0..=diagonal)) / 64.0;
        for j in 0..i {
            let steps =
                if group[i] == group[j] { rng.random_range(0..=28) } else { rng.random_range(16..=64) };
            matrix[(i, j)] = f64::from(steps) / 64.0;
            matrix[(j, i)] = matrix[(i, j)];
        }
    }
    matrix
}

/// `count` images as (identity, camera): identities are not contiguous, some have one image or one camera only.
pub fn identities(
    count: usize,
    identities: usize,
    cameras: usize,
    rng: &mut impl Rng,
) -> Vec<(usize, usize)> {
    let mut names: Vec<usize> = (0..3 * identities).collect();
    names.shuffle(rng);
    (0..count).map(|_| (names[rng.random_range(0..identities)], rng.random_range(0..cameras))).collect()
}
