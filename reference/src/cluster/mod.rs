//! From features to pseudo labels: k-means (D10), or k-reciprocal Jaccard distances (D11, D12) with the eps rule (D13) and
//! DBSCAN (D14), then the centroids as classifier (D15). True identities never enter.

pub mod centroids;
pub mod dbscan;
pub mod eps;
pub mod jaccard;
pub mod k_reciprocal;
pub mod kmeans;
pub mod kmeans_plus_plus;

/// `Σ_k (a_k − b_k)²`.
fn squared_distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}
