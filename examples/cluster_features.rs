//! Pseudo labels of features: DBSCAN on k-reciprocal Jaccard distances (D11 to D14).
//!
//! `cargo run --example cluster_features -- FILE` takes a matrix `[N, D]` of a safetensors or `.npy` file; without a file it draws features
//! of 30 people.

use std::path::PathBuf;

use mmt::Result;
use mmt::cluster::{Clustering, ClusteringState};
use mmt::random::stream;
use mmt::tools::feature_file::FeatureFile;
use mmt::train::PseudoLabels;
use rand::Rng;
use tch::Tensor;

const PEOPLE: usize = 30;
const IMAGES: usize = 20;
const DIMENSION: usize = 16;

/// Around a direction of each person, `[PEOPLE · IMAGES, DIMENSION]`.
fn drawn() -> Tensor {
    let mut values = Vec::with_capacity(PEOPLE * IMAGES * DIMENSION);
    for person in 0..PEOPLE {
        let mut rng = stream(1, "cluster-features", 0, person as u64);
        let centre: Vec<f32> = (0..DIMENSION).map(|_| rng.random_range(-1.0..1.0)).collect();
        for _ in 0..IMAGES {
            values.extend(centre.iter().map(|value| value + rng.random_range(-0.2..0.2)));
        }
    }
    Tensor::from_slice(&values).view([(PEOPLE * IMAGES) as i64, DIMENSION as i64])
}

fn cluster(features: &Tensor) -> Result<PseudoLabels> {
    // Published are k1 = 20 and rho = 1.6e-3, for some 20 images of each of hundreds of people; here are 20 of each of 30.
    let clustering = Clustering::Dbscan { k1: 10, k2: 6, rho: 0.05, min_samples: 4 };
    let (mut state, mut rng) = (ClusteringState::default(), stream(1, "cluster-features/k-means", 0, 0));
    PseudoLabels::find(&clustering, features, &mut state, &mut rng)
}

/// Labels of drawn features.
pub fn run() -> Result<PseudoLabels> {
    cluster(&drawn())
}

fn main() -> Result<()> {
    let found = match std::env::args().nth(1) {
        Some(path) => cluster(&FeatureFile { path: PathBuf::from(path), name: None }.read()?)?,
        None => run()?,
    };
    println!(
        "{} clusters of {} rows, {} without one",
        found.clusters,
        found.labels.len(),
        found.unassigned()
    );
    Ok(())
}
