//! The measured steps.

use std::hint::black_box;

use mmt::cluster::jaccard::{Neighbourhood, jaccard};
use mmt::cluster::kmeans::{KMeansOptions, kmeans};
use mmt::cluster::{dbscan::dbscan, eps::eps};
use mmt::eval::{Labels, rank, summarise};
use mmt::tools::memory::peak;
use mmt_testkit::generate;
use rayon::prelude::*;

use super::inputs::{Half, Inputs};

/// A step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The bare product X·Xᵀ, all of it, in blocks of rows: the limit of the others.
    Product,
    /// Features to pseudo labels by DBSCAN.
    Dbscan,
    /// Features to pseudo labels by k-means, one start.
    KMeans,
    /// Distances between queries and gallery.
    Distances,
    /// mAP and CMC of given distances.
    Ranking,
}

impl Step {
    pub const ALL: [Self; 5] = [Self::Product, Self::Dbscan, Self::KMeans, Self::Distances, Self::Ranking];

    pub fn name(self) -> &'static str {
        match self {
            Self::Product => "product X·Xᵀ",
            Self::Dbscan => "Jaccard + eps + DBSCAN",
            Self::KMeans => "k-means, one start",
            Self::Distances => "query-gallery distances",
            Self::Ranking => "mAP + CMC",
        }
    }

    pub fn run(self, inputs: &Inputs) {
        match self {
            Self::Product => product(inputs),
            Self::Dbscan => cluster(inputs),
            Self::KMeans => {
                // 500 clusters for 12,936 images, as published.
                let clusters = inputs.images() * 500 / 12_936;
                let options = KMeansOptions { clusters, n_init: 1, ..KMeansOptions::default() };
                let found = kmeans(&inputs.features, &options, &mut generate::rng(1));
                black_box(found.map(|found| found.inertia)).ok();
            }
            Self::Distances => {
                let (query, gallery) = (&inputs.query.features, &inputs.gallery.features);
                let _ = black_box(mmt::distance::squared_euclidean(query, gallery));
            }
            Self::Ranking => ranking(inputs),
        }
    }
}

fn product(inputs: &Inputs) {
    for block in inputs.features.split(4096, 0) {
        let _ = black_box(block.matmul(&inputs.features.tr()));
    }
}

fn cluster(inputs: &Inputs) {
    let labels = jaccard(&inputs.features, Neighbourhood::default()).and_then(|distances| {
        let eps = eps(&distances, 1.6e-3)?;
        dbscan(&distances, eps, 4)
    });
    black_box(labels.map(|clusters| clusters.count)).ok();
}

fn ranking(inputs: &Inputs) {
    let Half { identities, cameras, .. } = &inputs.gallery;
    let gallery = Labels { identities, cameras };
    let rows = inputs.distances.par_chunks_exact(identities.len()).enumerate();
    let of_query = Labels { identities: &inputs.query.identities, cameras: &inputs.query.cameras };
    let rankings: Vec<_> = rows.filter_map(|(at, row)| rank(row, of_query.get(at), gallery, false)).collect();
    black_box(summarise(&rankings).map(|evaluation| evaluation.map)).ok();
}

/// Memory that `step` needs above what is held already, in bytes; none where Linux does not tell.
pub fn peak_above(step: impl FnOnce()) -> Option<usize> {
    // Writing 5 sets the high-water mark to what is held now.
    std::fs::write("/proc/self/clear_refs", "5").ok()?;
    let before = peak()?;
    step();
    Some(peak()?.saturating_sub(before))
}
