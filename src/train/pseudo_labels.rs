//! Features → pseudo labels.

use rand::Rng;
use tch::Tensor;

use crate::cluster::centroids::{centroids, classifier};
use crate::cluster::{Clustering, ClusteringState, Partition};
use crate::error::{Error, Result};

/// The labels that an epoch trains on.
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
    /// Clusters `features: [N, D]`, the average of the networks' features.
    ///
    /// # Errors
    /// Those of the clustering, or no cluster at all.
    pub fn find(
        clustering: &Clustering,
        features: &Tensor,
        state: &mut ClusteringState,
        rng: &mut impl Rng,
    ) -> Result<Self> {
        let features = clustering.prepared(features);
        let found = clustering.run(&features, state, rng)?;
        if let (0, Some(eps)) = (found.clusters, state.eps) {
            return Err(too_few(0, &found.labels).in_stage(format!("DBSCAN with eps {eps:.4}")));
        }
        Self::of(&features, found)
    }

    /// The clusters that were found among `features`, as they were clustered.
    ///
    /// # Errors
    /// A centroid of length 0.
    pub fn of(features: &Tensor, found: Partition) -> Result<Self> {
        let Partition { labels, clusters, means } = found;
        let means = means.map_or_else(|| centroids(features, &labels, clusters), Ok)?;
        Ok(Self { centroids: classifier(&means)?, labels, clusters })
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
