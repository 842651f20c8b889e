//! D10: k-means++ starts, with the greedy choice among a few candidates that scikit-learn makes.

use super::kmeans::enough_points;
use super::squared_distance;
use crate::check;
use crate::error::Result;
use crate::matrix::Matrix;

/// Indices of `clusters` rows of `points: [N, D]` to start k-means from (D10). `uniform` hands out numbers of `[0, 1)`.
///
/// The first is `floor(N u)`. Then, until there are enough, `2 + floor(ln K)` candidates are drawn, each row i with probability
/// `w_i / Σ w`, `w_i` = squared distance to the nearest row chosen so far: the first i with `w_0 + … + w_i > u Σ w`. Of the
/// candidates the one that leaves the smallest `Σ w` is taken, the first among equals.
///
/// # Errors
/// Nothing to choose from, values that are not finite, no clusters, or more clusters than rows.
pub fn starting_rows(
    points: &Matrix,
    clusters: usize,
    mut uniform: impl FnMut() -> f64,
) -> Result<Vec<usize>> {
    check::filled(points, "points")?;
    check::at_least_one(clusters, "clusters")?;
    enough_points(points.rows(), clusters)?;
    let candidates = 2 + (clusters as f64).ln() as usize;
    let first = (uniform() * points.rows() as f64) as usize;
    let mut chosen = vec![first.min(points.rows() - 1)];
    while chosen.len() < clusters {
        let weights = weights(points, &chosen);
        let drawn: Vec<usize> = (0..candidates).map(|_| draw(&weights, uniform())).collect();
        let mut best = (f64::INFINITY, drawn[0]);
        for candidate in drawn {
            let left = weights_with(points, &weights, candidate).iter().sum();
            if left < best.0 {
                best = (left, candidate);
            }
        }
        chosen.push(best.1);
    }
    Ok(chosen)
}

/// Squared distance of each row to the nearest of the `chosen` ones.
fn weights(points: &Matrix, chosen: &[usize]) -> Vec<f64> {
    let start = vec![f64::INFINITY; points.rows()];
    chosen.iter().fold(start, |weights, &row| weights_with(points, &weights, row))
}

fn weights_with(points: &Matrix, weights: &[f64], row: usize) -> Vec<f64> {
    let nearer = |i: usize| weights[i].min(squared_distance(points.row(i), points.row(row)));
    (0..points.rows()).map(nearer).collect()
}

fn draw(weights: &[f64], uniform: f64) -> usize {
    let target = uniform * weights.iter().sum::<f64>();
    let mut sum = 0.0;
    for (i, weight) in weights.iter().enumerate() {
        sum += weight;
        if sum > target {
            return i;
        }
    }
    // All rows equal chosen ones.
    weights.len() - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line() -> Matrix {
        Matrix::from_fn(4, 1, |i, _| [0.0, 1.0, 10.0, 11.0][i])
    }

    #[test]
    fn a_far_row_follows_the_first_one() {
        // Weights from row 0: 0, 1, 100, 121 (sum 222). The draws 0.4 and 0.6 are rows 2 and 3, which leave 2 and 2.
        let mut draws = [0.0, 0.4, 0.6].into_iter();
        assert_eq!(starting_rows(&line(), 2, || draws.next().unwrap()).unwrap(), [0, 2]);
        // The draw 0.001 is row 1, which leaves 81 + 100: the second candidate wins.
        let mut draws = [0.0, 0.001, 0.6].into_iter();
        assert_eq!(starting_rows(&line(), 2, || draws.next().unwrap()).unwrap(), [0, 3]);
    }

    #[test]
    fn equal_rows_and_many_clusters_end() {
        assert_eq!(starting_rows(&Matrix::zeros(3, 1), 3, || 0.5).unwrap(), [1, 2, 2]);
    }

    #[test]
    fn what_cannot_be_chosen_from_is_refused() {
        assert!(starting_rows(&line(), 0, || 0.5).is_err());
        assert!(starting_rows(&line(), 5, || 0.5).is_err());
        assert!(starting_rows(&Matrix::zeros(0, 1), 1, || 0.5).is_err());
    }
}
