//! Features → pseudo labels.

use rand::Rng;
use tch::Tensor;

use super::settings::Clustering;
use crate::cluster::centroids::{centroids, classifier};
use crate::cluster::dbscan::dbscan;
use crate::cluster::eps;
use crate::cluster::jaccard::{Neighbourhood, jaccard};
use crate::cluster::kmeans::{KMeans, KMeansOptions, kmeans};
use crate::distance::normalize_rows;
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
    /// The clusters that k-means found; every image has a label.
    ///
    /// # Errors
    /// A centroid of length 0.
    pub fn of_kmeans(found: KMeans) -> Result<Self> {
        let (clusters, centroids) = (found.centroids.size()[0] as usize, classifier(&found.centroids)?);
        Ok(Self { labels: found.labels.into_iter().map(Some).collect(), clusters, centroids })
    }

    /// Whether training can go on with them: one cluster has no negative, and the published code would then call some positive one (D14).
    ///
    /// # Errors
    /// Fewer than two clusters.
    pub fn enough(&self) -> Result<()> {
        if self.clusters >= 2 {
            return Ok(());
        }
        Err(too_few(self.clusters, &self.labels))
    }

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
    /// More clusters than images, features that are not finite, or an epoch in which DBSCAN finds no cluster.
    pub fn cluster(&mut self, features: &Tensor, rng: &mut impl Rng) -> Result<PseudoLabels> {
        match self.clustering {
            Clustering::KMeans { clusters, n_init } => {
                let options = KMeansOptions { clusters, n_init, ..KMeansOptions::default() };
                PseudoLabels::of_kmeans(kmeans(features, &options, rng)?)
            }
            Clustering::Dbscan { k1, k2, rho, min_samples } => {
                let features = normalize_rows(features);
                let distances = jaccard(&features, Neighbourhood { k1, k2 })?;
                let eps = match self.eps {
                    Some(eps) => eps,
                    None => eps::eps(&distances, rho)?,
                };
                self.eps = Some(eps);
                let found = dbscan(&distances, eps, min_samples)?;
                if found.count == 0 {
                    return Err(too_few(0, &found.labels).in_stage(format!("DBSCAN with eps {eps:.4}")));
                }
                let centroids = classifier(&centroids(&features, &found.labels, found.count)?)?;
                Ok(PseudoLabels { labels: found.labels, clusters: found.count, centroids })
            }
        }
    }
}

fn too_few(clusters: usize, labels: &[Option<usize>]) -> Error {
    let (images, noise) = (labels.len(), labels.iter().filter(|label| label.is_none()).count());
    Error::Training(format!(
        "found {clusters} clusters and {noise} noise images among {images}: at least 2 clusters are needed (with DBSCAN, a larger \
         rho widens eps, a smaller one parts clusters)"
    ))
}

#[cfg(test)]
mod tests {
    use tch::{Device, Kind};

    use super::*;

    #[test]
    fn two_clusters_are_enough_and_one_or_none_is_not() {
        let found = |labels: [Option<usize>; 3], clusters| {
            let centroids = Tensor::zeros([clusters as i64, 2], (Kind::Float, Device::Cpu));
            PseudoLabels { labels: labels.to_vec(), clusters, centroids }
        };
        found([Some(0), Some(1), None], 2).enough().unwrap();
        for (labels, clusters, text) in [
            ([Some(0), Some(0), None], 1, "found 1 clusters and 1 noise images among 3"),
            ([None; 3], 0, "found 0 clusters and 3 noise images among 3"),
        ] {
            let error = found(labels, clusters).enough().unwrap_err().to_string();
            assert!(error.contains(text) && error.contains("rho"), "{error}");
        }
    }
}
