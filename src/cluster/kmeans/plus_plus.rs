//! k-means++ starts, with the greedy choice among a few candidates that scikit-learn makes.

use rand::Rng;
use tch::{Kind, Tensor};

use super::products::Products;

/// K rows of the points, each drawn with probability proportional to the squared distance from those before it. Of 2 + ln k
/// candidates the one that lowers the inertia most is taken.
pub(super) fn starting_rows(products: &Products, clusters: usize, rng: &mut impl Rng) -> Vec<i64> {
    let points = products.points();
    let trials = 2 + (clusters as f64).ln() as usize;
    let mut chosen = vec![rng.random_range(0..points.rows())];
    let mut nearest = squared_distances(products, &chosen).view(-1);
    while chosen.len() < clusters {
        let candidates = draw(&nearest, trials, rng);
        let distances = squared_distances(products, &candidates).minimum(&nearest);
        let best = distances.sum_dim_intlist(1, false, Kind::Double).argmin(0, false).int64_value(&[]);
        nearest = distances.get(best);
        chosen.push(candidates[best as usize]);
    }
    chosen
}

/// `count` rows, each with probability proportional to `weights: [N]`.
fn draw(weights: &Tensor, count: usize, rng: &mut impl Rng) -> Vec<i64> {
    let weights = Vec::<f64>::try_from(weights.to_kind(Kind::Double)).unwrap_or_default();
    let mut sum = 0.0;
    let cumulative: Vec<f64> = weights
        .iter()
        .map(|weight| {
            sum += weight;
            sum
        })
        .collect();
    (0..count)
        .map(|_| {
            let target = rng.random::<f64>() * sum;
            cumulative.partition_point(|value| *value <= target).min(weights.len() - 1) as i64
        })
        .collect()
}

/// Squared distances of all points from `rows` of them: `[rows, N]`.
fn squared_distances(products: &Products, rows: &[i64]) -> Tensor {
    let points = products.points();
    let product = products.with(rows);
    let norms = points.norms.index_select(0, &Tensor::from_slice(rows).to_device(points.x.device()));
    (norms.unsqueeze(1) + points.norms.unsqueeze(0) - product * 2.0).clamp_min(0.0)
}
