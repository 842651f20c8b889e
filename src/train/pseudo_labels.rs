//! Features → pseudo labels.

use rand::Rng;
use tch::{Kind, Tensor};

use super::settings::Clustering;
use crate::cluster::kmeans::{KMeansOptions, kmeans};
use crate::error::{Error, Result};

/// What an epoch trains on.
#[derive(Debug)]
pub struct PseudoLabels {
    /// Cluster of each image, none for noise.
    pub labels: Vec<Option<usize>>,
    /// Number of clusters, M.
    pub clusters: usize,
    /// Rows for the classifiers, `[M, D]`: centroids at unit length (D15).
    pub centroids: Tensor,
}

impl PseudoLabels {
    /// Images without a label.
    pub fn unassigned(&self) -> usize {
        self.labels.iter().filter(|label| label.is_none()).count()
    }
}

/// The clustering of a run, with what it keeps from epoch to epoch.
#[derive(Debug)]
pub struct Clusterer {
    clustering: Clustering,
    /// DBSCAN's eps, fixed in the first epoch.
    pub eps: Option<f64>,
}

impl Clusterer {
    /// Nothing clustered yet.
    pub fn new(clustering: Clustering) -> Self {
        Self { clustering, eps: None }
    }

    /// Rows that the classifiers need for a training set of `images`.
    pub fn classifier_rows(&self, images: usize) -> usize {
        match self.clustering {
            Clustering::KMeans { clusters, .. } => clusters,
            // As published: one row per training image, because the clusters are not known beforehand.
            Clustering::Dbscan { .. } => images,
        }
    }

    /// Clusters `features: [N, D]`, the average of both networks' features.
    ///
    /// # Errors
    /// More clusters than images, features that are not finite, or an epoch in which everything is noise.
    pub fn cluster(&mut self, features: &Tensor, rng: &mut impl Rng) -> Result<PseudoLabels> {
        match self.clustering {
            Clustering::KMeans { clusters, n_init } => {
                let options = KMeansOptions { clusters, n_init, ..KMeansOptions::default() };
                let found = kmeans(features, &options, rng)?;
                let centroids = crate::distance::normalize_rows(&found.centroids).to_kind(Kind::Float);
                let labels = found.labels.into_iter().map(Some).collect();
                Ok(PseudoLabels { labels, clusters, centroids })
            }
            Clustering::Dbscan { .. } => {
                Err(Error::Usage("clustering by DBSCAN is not built yet; use kind = \"kmeans\"".to_owned()))
            }
        }
    }
}
