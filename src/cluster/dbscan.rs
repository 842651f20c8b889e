//! D14: DBSCAN on given distances.

use super::at_least_one;
use super::jaccard::SparseDistances;
use crate::error::{InvalidInput, Result};

/// What DBSCAN found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clusters {
    /// Cluster of each point, none for noise.
    pub labels: Vec<Option<usize>>,
    /// Number of clusters.
    pub count: usize,
    /// Whether each point is a core point.
    pub core: Vec<bool>,
}

/// Points within `eps` (≤) are neighbours, a point of itself only if its own entry says so; core points have at least `min_samples`
/// neighbours. Clusters are numbered by their lowest core point and grown whole, so a border point belongs to the first that
/// reaches it.
///
/// # Errors
/// eps that is not positive and finite, or `min_samples` = 0.
pub fn dbscan(distances: &SparseDistances, eps: f64, min_samples: usize) -> Result<Clusters> {
    if !(eps > 0.0 && eps.is_finite()) {
        return Err(
            InvalidInput::Parameter { what: "eps", value: eps, allowed: "positive and finite" }.into()
        );
    }
    at_least_one("min_samples", min_samples)?;
    let n = distances.len();
    let core: Vec<bool> = (0..n).map(|i| count_neighbours(distances, i, eps) >= min_samples).collect();
    let mut labels = vec![None; n];
    let mut count = 0;
    for first in 0..n {
        if core[first] && labels[first].is_none() {
            grow(distances, eps, first, count, &core, &mut labels);
            count += 1;
        }
    }
    Ok(Clusters { labels, count, core })
}

fn grow(
    distances: &SparseDistances,
    eps: f64,
    first: usize,
    cluster: usize,
    core: &[bool],
    labels: &mut [Option<usize>],
) {
    labels[first] = Some(cluster);
    let mut open = vec![first];
    while let Some(point) = open.pop() {
        for_each_neighbour(distances, point, eps, |neighbour| {
            if labels[neighbour].is_none() {
                labels[neighbour] = Some(cluster);
                if core[neighbour] {
                    open.push(neighbour);
                }
            }
        });
    }
}

fn count_neighbours(distances: &SparseDistances, i: usize, eps: f64) -> usize {
    let near = distances.row(i).filter(|(_, distance)| *distance <= eps).count();
    // Entries that are not stored are 1.
    if eps >= 1.0 { near + distances.len() - distances.row(i).count() } else { near }
}

fn for_each_neighbour(distances: &SparseDistances, i: usize, eps: f64, mut visit: impl FnMut(usize)) {
    if eps < 1.0 {
        distances.row(i).filter(|(_, distance)| *distance <= eps).for_each(|(j, _)| visit(j));
        return;
    }
    let mut stored = distances.row(i).peekable();
    for j in 0..distances.len() {
        let distance = stored.next_if(|(column, _)| *column == j).map_or(1.0, |(_, distance)| distance);
        if distance <= eps {
            visit(j);
        }
    }
}
