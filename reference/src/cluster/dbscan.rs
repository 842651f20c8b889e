//! D14: DBSCAN on precomputed distances.

use crate::check;
use crate::error::Result;
use crate::matrix::Matrix;

/// The result of DBSCAN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clusters {
    /// Cluster `0..count` of each point; `None` is noise.
    pub labels: Vec<Option<usize>>,
    /// Whether each point is a core point.
    pub core: Vec<bool>,
    /// Number of clusters.
    pub count: usize,
}

/// DBSCAN (D14) on `distances: [N, N]`.
///
/// - The neighbours of i are the j with `d(i, j) ≤ eps`; i itself is one only where `d(i, i) ≤ eps`.
/// - A core point has at least `min_samples` neighbours.
/// - Clusters are numbered by their lowest core point and grown whole, one after the other: a cluster holds its first core point
///   and all neighbours of its core points. A border point stays in the first cluster that reaches it.
/// - All other points are noise.
///
/// Source: scikit-learn's `DBSCAN(metric='precomputed')`, which the published script calls with `min_samples=4`.
///
/// # Errors
/// Not square, values that are not finite, eps not positive and finite, or `min_samples` = 0.
pub fn dbscan(distances: &Matrix, eps: f64, min_samples: usize) -> Result<Clusters> {
    check::square(distances, "distances")?;
    check::between(eps, (f64::MIN_POSITIVE, f64::MAX), "eps", "positive and finite")?;
    check::at_least_one(min_samples, "min_samples")?;
    let all = 0..distances.rows();
    let neighbours: Vec<Vec<usize>> =
        all.clone().map(|i| all.clone().filter(|&j| distances[(i, j)] <= eps).collect()).collect();
    let core: Vec<bool> = neighbours.iter().map(|near| near.len() >= min_samples).collect();
    let mut labels = vec![None; distances.rows()];
    let mut count = 0;
    for first in all {
        if core[first] && labels[first].is_none() {
            grow(first, count, &neighbours, &core, &mut labels);
            count += 1;
        }
    }
    Ok(Clusters { labels, core, count })
}

fn grow(
    first: usize,
    cluster: usize,
    neighbours: &[Vec<usize>],
    core: &[bool],
    labels: &mut [Option<usize>],
) {
    labels[first] = Some(cluster);
    let mut waiting = vec![first];
    while let Some(point) = waiting.pop() {
        if !core[point] {
            continue;
        }
        for &near in &neighbours[point] {
            if labels[near].is_none() {
                labels[near] = Some(cluster);
                waiting.push(near);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(places: &[f64]) -> Matrix {
        Matrix::from_fn(places.len(), places.len(), |i, j| (places[i] - places[j]).abs())
    }

    fn labels(distances: &Matrix, eps: f64, min_samples: usize) -> Vec<Option<usize>> {
        dbscan(distances, eps, min_samples).unwrap().labels
    }

    #[test]
    fn two_groups_and_a_lone_point() {
        let places = line(&[10.0, 0.0, 1.0, 2.0, 11.0, 12.0, 50.0]);
        let found = dbscan(&places, 1.0, 3).unwrap();
        // 1 and 11 are core; the cluster of 1 has the lower core index (2 before 4), though 10 comes first.
        assert_eq!(found.core, [false, false, true, false, true, false, false]);
        assert_eq!(found.labels, [Some(1), Some(0), Some(0), Some(0), Some(1), Some(1), None]);
        assert_eq!(found.count, 2);
    }

    #[test]
    fn a_border_point_between_two_clusters_belongs_to_the_first() {
        // 4 is within 2 of the cores 2 and 6, but no core itself.
        let places = [7.0, 7.5, 6.0, 8.0, 4.0, 2.0, 0.0, 0.5, 1.0];
        let found = dbscan(&line(&places), 2.0, 4).unwrap();
        assert!(!found.core[4]);
        assert_eq!(found.labels[4], Some(0));
        assert_eq!(found.count, 2);
    }

    #[test]
    fn both_limits_are_inclusive() {
        let places = line(&[0.0, 0.5]);
        assert_eq!(labels(&places, 0.5, 2), [Some(0), Some(0)]);
        assert_eq!(labels(&places, 0.5, 3), [None, None]);
        assert_eq!(labels(&places, 0.499, 2), [None, None]);
    }

    #[test]
    fn a_point_farther_than_eps_from_itself_is_no_neighbour_of_its_own() {
        let distances = Matrix::from_fn(2, 2, |i, j| if i == j { 0.9 } else { 0.5 });
        assert_eq!(labels(&distances, 0.5, 2), [None, None]);
        assert_eq!(labels(&distances, 0.5, 1), [Some(0), Some(0)]);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let places = line(&[0.0, 1.0]);
        assert!(dbscan(&places, 0.0, 1).is_err());
        assert!(dbscan(&places, f64::NAN, 1).is_err());
        assert!(dbscan(&places, f64::INFINITY, 1).is_err());
        assert!(dbscan(&places, 0.5, 0).is_err());
        assert!(dbscan(&Matrix::zeros(1, 2), 0.5, 1).is_err());
        assert!(dbscan(&line(&[0.0, f64::NAN]), 0.5, 1).is_err());
    }
}
