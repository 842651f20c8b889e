//! Features → pseudo labels.

use rand::Rng;
use tch::{Kind, Tensor};

use super::settings::Clustering;
use crate::cluster::centroids::{centroids, classifier};
use crate::cluster::dbscan::{Clusters, dbscan};
use crate::cluster::eps;
use crate::cluster::jaccard::{Neighbourhood, jaccard};
use crate::cluster::kmeans::{KMeansOptions, kmeans};
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
    /// More clusters than images, features that are not finite, or an epoch in which DBSCAN finds fewer than two clusters (D14).
    pub fn cluster(&mut self, features: &Tensor, rng: &mut impl Rng) -> Result<PseudoLabels> {
        match self.clustering {
            Clustering::KMeans { clusters, n_init } => {
                let options = KMeansOptions { clusters, n_init, ..KMeansOptions::default() };
                let found = kmeans(features, &options, rng)?;
                let centroids = classifier(&found.centroids)?.to_kind(Kind::Float);
                let labels = found.labels.into_iter().map(Some).collect();
                Ok(PseudoLabels { labels, clusters, centroids })
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
                enough(&found, eps)?;
                let centroids =
                    classifier(&centroids(&features, &found.labels, found.count)?)?.to_kind(Kind::Float);
                Ok(PseudoLabels { labels: found.labels, clusters: found.count, centroids })
            }
        }
    }
}

/// One cluster has no negative, and none has nothing at all: training cannot go on.
fn enough(found: &Clusters, eps: f64) -> Result<()> {
    if found.count >= 2 {
        return Ok(());
    }
    let noise = found.labels.iter().filter(|label| label.is_none()).count();
    Err(Error::Training(format!(
        "DBSCAN found {} clusters and {noise} noise images among {} at eps {eps:.4}: at least 2 clusters are needed (a larger rho \
         widens eps)",
        found.count,
        found.labels.len()
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_clusters_are_enough_and_one_or_none_is_not() {
        let found = |labels: [Option<usize>; 3], count| Clusters {
            labels: labels.to_vec(),
            core: vec![true; 3],
            count,
        };
        enough(&found([Some(0), Some(1), None], 2), 0.5).unwrap();
        for (labels, count, text) in [
            ([Some(0), Some(0), None], 1, "found 1 clusters and 1 noise images among 3 at eps 0.5000"),
            ([None; 3], 0, "found 0 clusters and 3 noise images among 3"),
        ] {
            let error = enough(&found(labels, count), 0.5).unwrap_err().to_string();
            assert!(error.contains(text) && error.contains("rho"), "{error}");
        }
    }
}
