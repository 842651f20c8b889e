//! D14: DBSCAN on precomputed distances.

use super::jaccard::SparseDistances;
use crate::error::{InvalidInput, Result};

/// The published least number of neighbours of a core point, itself counted.
pub const PUBLISHED_MIN_SAMPLES: usize = 4;

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

/// DBSCAN (D14): see `docs/method.md` for who belongs where.
///
/// Clusters are the connected parts of the graph of core points, so they are joined pair by pair; no list of neighbours is kept.
/// A border point belongs to the first cluster that reaches it: the one of the smallest number among its core neighbours, since
/// clusters are numbered by their lowest core point and grown whole.
///
/// Source: scikit-learn's `DBSCAN(metric='precomputed')`, which the published script calls with `min_samples=4`.
///
/// # Errors
/// eps not positive and finite, or `min_samples` = 0.
pub fn dbscan(distances: &SparseDistances, eps: f64, min_samples: usize) -> Result<Clusters> {
    if !(eps > 0.0 && eps.is_finite()) {
        return Err(
            InvalidInput::Parameter { what: "eps", value: eps, allowed: "positive and finite" }.into()
        );
    }
    InvalidInput::at_least_one("min_samples", min_samples)?;
    let core = core_points(distances, eps, min_samples);
    let (mut labels, count) = cluster_cores(distances, eps, &core);
    add_border_points(distances, eps, &core, &mut labels);
    Ok(Clusters { labels, core, count })
}

fn visit_pairs(distances: &SparseDistances, eps: f64, mut visit: impl FnMut(usize, usize)) {
    for i in 0..distances.rows() {
        distances.visit_within(i, eps, |j| visit(i, j));
    }
}

fn core_points(distances: &SparseDistances, eps: f64, min_samples: usize) -> Vec<bool> {
    let itself = |i: usize| usize::from(distances.get(i, i) <= eps);
    let mut neighbours: Vec<usize> = (0..distances.rows()).map(itself).collect();
    visit_pairs(distances, eps, |i, j| {
        neighbours[i] += 1;
        neighbours[j] += 1;
    });
    neighbours.into_iter().map(|count| count >= min_samples).collect()
}

/// Labels of the core points, and the number of clusters.
fn cluster_cores(distances: &SparseDistances, eps: f64, core: &[bool]) -> (Vec<Option<usize>>, usize) {
    let mut parts = Parts::new(core.len());
    visit_pairs(distances, eps, |i, j| {
        if core[i] && core[j] {
            parts.join(i, j);
        }
    });
    let mut labels = vec![None; core.len()];
    let mut count = 0;
    for i in (0..core.len()).filter(|&i| core[i]) {
        // The lowest point of a part is its root and comes first.
        let root = parts.root(i);
        if root == i {
            labels[i] = Some(count);
            count += 1;
        } else {
            labels[i] = labels[root];
        }
    }
    (labels, count)
}

fn add_border_points(distances: &SparseDistances, eps: f64, core: &[bool], labels: &mut [Option<usize>]) {
    let mut reach = |from: usize, to: usize| {
        if core[from] && !core[to] {
            labels[to] = labels[to].into_iter().chain(labels[from]).min();
        }
    };
    visit_pairs(distances, eps, |i, j| {
        reach(i, j);
        reach(j, i);
    });
}

/// A partition of `0..n` in which parts are joined; the root of a part is its lowest member.
struct Parts(Vec<u32>);

impl Parts {
    fn new(count: usize) -> Self {
        Self((0..count as u32).collect())
    }

    fn root(&mut self, mut at: usize) -> usize {
        while self.0[at] as usize != at {
            // Halves the way for the next one.
            self.0[at] = self.0[self.0[at] as usize];
            at = self.0[at] as usize;
        }
        at
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        self.0[a.max(b)] = a.min(b) as u32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(places: &[f64]) -> SparseDistances {
        let distances = places.iter().flat_map(|a| places.iter().map(move |b| (a - b).abs()));
        SparseDistances::from_dense(&distances.collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn two_groups_and_a_lone_point() {
        let found = dbscan(&line(&[10.0, 0.0, 1.0, 2.0, 11.0, 12.0, 50.0]), 1.0, 3).unwrap();
        assert_eq!(found.core, [false, false, true, false, true, false, false]);
        assert_eq!(found.labels, [Some(1), Some(0), Some(0), Some(0), Some(1), Some(1), None]);
        assert_eq!(found.count, 2);
    }

    #[test]
    fn a_border_point_between_two_clusters_belongs_to_the_first() {
        let found = dbscan(&line(&[7.0, 7.5, 6.0, 8.0, 4.0, 2.0, 0.0, 0.5, 1.0]), 2.0, 4).unwrap();
        assert!(!found.core[4]);
        assert_eq!((found.labels[4], found.count), (Some(0), 2));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let places = line(&[0.0, 1.0]);
        for eps in [0.0, f64::NAN, f64::INFINITY] {
            assert!(dbscan(&places, eps, 1).is_err());
        }
        assert!(dbscan(&places, 0.5, 0).is_err());
        assert!(SparseDistances::from_dense(&[0.0, 1.0, 2.0, 0.0]).is_err());
    }
}
