//! Lloyd's iteration.

use tch::{Kind, Tensor};

use super::points::{Points, pieces};
use crate::blocks::Blocks;

/// A block of the distance matrix: 64 MiB in f32.
pub(super) const BLOCKS: Blocks = Blocks::of_values(1 << 24);

/// The result of k-means.
#[derive(Debug)]
pub struct KMeans {
    /// Cluster `0..k` of each row.
    pub labels: Vec<usize>,
    /// Centres, `[K, D]`, of the kind and on the device of the features.
    pub centroids: Tensor,
    /// Sum of the squared distances of the rows from their centres.
    pub inertia: f64,
    /// Iterations of Lloyd.
    pub iterations: usize,
}

impl KMeans {
    /// Clusters that have a row. Fewer than were asked for where rows are equal: a centre that stands on another one's place is
    /// nearest to no row.
    pub fn clusters_found(&self) -> usize {
        self.labels.iter().collect::<std::collections::BTreeSet<_>>().len()
    }
}

pub(super) fn lloyd(
    points: &Points,
    start: &Tensor,
    max_iterations: usize,
    tolerance: f64,
    blocks: Blocks,
) -> KMeans {
    let blocks = blocks.fitted(points.x.device(), 3 * points.x.kind().elt_size_in_bytes());
    let variance = sum(pieces(&points.x).map(|(_, x)| x.square())) / points.x.numel() as f64;
    let threshold = tolerance * variance;
    let mut centres = start.copy();
    let mut labels: Option<Tensor> = None;
    let mut iterations = 0;
    let mut repeated = false;
    while iterations < max_iterations {
        iterations += 1;
        let assigned = assign(points, &centres, blocks);
        let moved = means(points, &centres, &assigned);
        let shift = (&moved - &centres).square().sum(Kind::Double).double_value(&[]);
        centres = moved;
        repeated = labels.as_ref().is_some_and(|labels| labels == &assigned);
        labels = Some(assigned);
        if repeated || shift <= threshold {
            break;
        }
    }
    let labels = match labels {
        Some(labels) if repeated => labels,
        // The centres have moved since the last assignment.
        _ => assign(points, &centres, blocks),
    };
    let inertia = sum(points.spread(&centres, &labels));
    KMeans { labels: to_indices(&labels), centroids: &centres + &points.mean, inertia, iterations }
}

/// Sum of all values of all pieces.
fn sum(pieces: impl Iterator<Item = Tensor>) -> f64 {
    pieces.map(|piece| piece.sum(Kind::Double).double_value(&[])).sum()
}

/// Nearest centre of each row, `[N]` i64, by |c|² − 2 x·c; the smallest index among equals.
fn assign(points: &Points, centres: &Tensor, blocks: Blocks) -> Tensor {
    let norms = centres.square().sum_dim_intlist(1, false, None::<Kind>);
    let step = blocks.rows_of(centres.size()[0] as usize) as i64;
    let blocks: Vec<Tensor> = points
        .x
        .split(step, 0)
        .iter()
        .map(|rows| (&norms - rows.matmul(&centres.tr()) * 2.0).argmin(1, false))
        .collect();
    Tensor::cat(&blocks, 0)
}

/// Means of the clusters, after empty ones have taken the points farthest from their centres.
fn means(points: &Points, centres: &Tensor, labels: &Tensor) -> Tensor {
    let clusters = centres.size()[0];
    let mut sums = centres.zeros_like().index_add(0, labels, &points.x);
    let mut counts = labels.bincount(None::<Tensor>, clusters).to_kind(points.x.kind());
    let sizes = Vec::<f64>::try_from(counts.to_kind(Kind::Double)).unwrap_or_default();
    let empty: Vec<i64> = (0..clusters).filter(|at| sizes[*at as usize] == 0.0).collect();
    if !empty.is_empty() {
        relocate(points, centres, labels, &empty, &mut sums, &mut counts);
    }
    // A cluster that is still empty (all points stand on their centres) joins the largest one.
    let largest = counts.argmax(0, false);
    let means = &sums / counts.clamp_min(1.0).unsqueeze(1);
    let of_largest = means.index_select(0, &largest.view(1));
    means.where_self(&counts.gt(0.0).unsqueeze(1), &of_largest)
}

fn relocate(
    points: &Points,
    centres: &Tensor,
    labels: &Tensor,
    empty: &[i64],
    sums: &mut Tensor,
    counts: &mut Tensor,
) {
    let distances = points.spread(centres, labels).map(|piece| piece.sum_dim_intlist(1, false, None::<Kind>));
    let distances = Tensor::cat(&distances.collect::<Vec<_>>(), 0).to_kind(Kind::Double);
    let distances = Vec::<f64>::try_from(distances).unwrap_or_default();
    if distances.iter().all(|distance| *distance == 0.0) {
        return;
    }
    let mut farthest: Vec<i64> = (0..distances.len() as i64).collect();
    farthest.sort_by(|a, b| distances[*b as usize].total_cmp(&distances[*a as usize]));
    for (&cluster, &point) in empty.iter().zip(&farthest) {
        let row = points.x.get(point);
        let old = labels.int64_value(&[point]);
        let _ = sums.get(old).g_sub_(&row);
        let _ = counts.get(old).g_sub_scalar_(1.0);
        sums.get(cluster).copy_(&row);
        let _ = counts.get(cluster).fill_(1.0);
    }
}

fn to_indices(labels: &Tensor) -> Vec<usize> {
    Vec::<i64>::try_from(labels).unwrap_or_default().into_iter().map(|label| label as usize).collect()
}
