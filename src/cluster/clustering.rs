//! The clusterings by their settings: what they take, what they refuse, and features → clusters.

use mmt_vocabulary::ClusteringKind;
use rand::Rng;
use serde::{Deserialize, Serialize};
use tch::Tensor;

use super::dbscan::{PUBLISHED_MIN_SAMPLES, dbscan};
use super::eps::{self, PUBLISHED_RHO};
use super::jaccard::{Neighbourhood, jaccard, with_source};
use super::kmeans::{KMeans, KMeansOptions, kmeans};
use crate::distance::normalize_rows;
use crate::error::{InvalidInput, Result};

/// A clustering with its settings. The default is DBSCAN as published.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Clustering {
    /// k-means with a fixed number of clusters (D10).
    #[serde(rename = "kmeans")]
    KMeans {
        /// k.
        clusters: usize,
        /// k-means++ starts, of which the best is kept. Published: 10.
        n_init: usize,
    },
    /// DBSCAN on the k-reciprocal Jaccard distance (D11–D14).
    Dbscan {
        /// Neighbours of the k-reciprocal sets. Published: 20.
        k1: usize,
        /// Neighbours of the query expansion. Published: 6.
        k2: usize,
        /// Share of the smallest distances whose mean is eps. Published: 1.6e-3.
        rho: f64,
        /// Neighbours of a core point. Published: 4.
        min_samples: usize,
    },
}

/// State that a clustering keeps from the runs before.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ClusteringState {
    /// DBSCAN's eps: that of the first run (published), or one that is given.
    pub eps: Option<f64>,
}

/// Features of the source domain, for distances mixed with that from the source (D12, step 6).
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// `[M, D]`, prepared as the features that are clustered.
    pub features: &'a Tensor,
    /// λ, share of the distance from the source.
    pub lambda: f64,
}

/// Rows by cluster.
#[derive(Debug)]
pub struct Partition {
    /// Cluster `0..clusters` of each row; none for noise.
    pub labels: Vec<Option<usize>>,
    /// Number of clusters. Of those of k-means some are empty where rows are equal.
    pub clusters: usize,
    /// Mean of each cluster, `[clusters, D]`, where the algorithm has it already.
    pub means: Option<Tensor>,
}

impl From<KMeans> for Partition {
    fn from(found: KMeans) -> Self {
        let labels = found.labels.into_iter().map(Some).collect();
        Self { labels, clusters: found.centroids.size()[0] as usize, means: Some(found.centroids) }
    }
}

/// Runs the steps of a clustering; `()` does nothing else, others measure their time.
pub trait Steps {
    /// Runs a step by its name.
    ///
    /// # Errors
    /// Those of the step.
    fn step<T>(&mut self, name: &'static str, step: impl FnOnce() -> Result<T>) -> Result<T>;
}

impl Steps for () {
    fn step<T>(&mut self, _: &'static str, step: impl FnOnce() -> Result<T>) -> Result<T> {
        step()
    }
}

impl Default for Clustering {
    fn default() -> Self {
        let Neighbourhood { k1, k2 } = Neighbourhood::default();
        Self::Dbscan { k1, k2, rho: PUBLISHED_RHO, min_samples: PUBLISHED_MIN_SAMPLES }
    }
}

impl Clustering {
    /// k-means as published.
    pub fn published_kmeans() -> Self {
        let KMeansOptions { clusters, n_init, .. } = KMeansOptions::default();
        Self::KMeans { clusters, n_init }
    }

    /// Its kind, which stands in its settings as `kind`.
    pub fn kind(&self) -> ClusteringKind {
        match self {
            Self::KMeans { .. } => ClusteringKind::KMeans,
            Self::Dbscan { .. } => ClusteringKind::Dbscan,
        }
    }

    /// Refuses settings that no features could meet.
    ///
    /// # Errors
    /// A count of 0, or a rho outside (0, 1].
    pub fn check(&self) -> std::result::Result<(), InvalidInput> {
        match *self {
            Self::KMeans { clusters, n_init } => {
                InvalidInput::at_least_one("clusters", clusters)?;
                InvalidInput::at_least_one("n_init", n_init)
            }
            Self::Dbscan { k1, k2, rho, min_samples } => {
                InvalidInput::at_least_one("k1", k1)?;
                InvalidInput::at_least_one("k2", k2)?;
                InvalidInput::at_least_one("min_samples", min_samples)?;
                if rho > 0.0 && rho <= 1.0 {
                    return Ok(());
                }
                Err(InvalidInput::Parameter { what: "rho", value: rho, allowed: "above 0, at most 1" })
            }
        }
    }

    /// Refuses settings that so many images cannot meet, before anything is computed.
    ///
    /// # Errors
    /// More clusters or neighbours than images, or where eps is not known yet so small a rho that eps would be a mean over nothing (D13).
    pub fn check_images(
        &self,
        images: usize,
        state: &ClusteringState,
    ) -> std::result::Result<(), InvalidInput> {
        let pairs = images.saturating_mul(images.saturating_sub(1)) / 2;
        let (what, needed, found) = match *self {
            Self::KMeans { clusters, .. } => ("clusters", clusters, images),
            Self::Dbscan { k2, .. } if k2 > images => ("k2", k2, images),
            Self::Dbscan { rho, .. }
                if state.eps.is_none() && (rho * pairs as f64).round_ties_even() < 1.0 =>
            {
                let needed = ((0.5 / rho).floor() as usize).saturating_add(1);
                ("distances whose mean is eps (a larger rho takes more of them)", needed, pairs)
            }
            Self::Dbscan { .. } => return Ok(()),
        };
        if needed <= found { Ok(()) } else { Err(InvalidInput::TooFewSamples { what, needed, found }) }
    }

    /// Rows that classifiers need for a training set of `images`.
    pub fn classifier_rows(&self, images: usize) -> usize {
        match *self {
            Self::KMeans { clusters, .. } => clusters,
            // As published: one row per training image, because the clusters are not known beforehand.
            Self::Dbscan { .. } => images,
        }
    }

    /// Whether features are brought to unit length before it, as published.
    pub fn normalizes(&self) -> bool {
        matches!(self, Self::Dbscan { .. })
    }

    /// `features: [N, D]` as published code hands them to it: [`Clustering::normalizes`].
    pub fn prepared(&self, features: &Tensor) -> Tensor {
        if self.normalizes() { normalize_rows(features) } else { features.shallow_clone() }
    }

    /// Clusters of `features: [N, D]`, prepared. k-means draws its starts from `rng`.
    ///
    /// # Errors
    /// Settings that are out of range or that N rows cannot meet, or features that are not finite.
    pub fn run(
        &self,
        features: &Tensor,
        state: &mut ClusteringState,
        rng: &mut impl Rng,
    ) -> Result<Partition> {
        self.run_in_steps(features, None, state, rng, &mut ())
    }

    /// [`Clustering::run`], where DBSCAN may mix in the distance from a `source`; its parts are run by `steps`.
    ///
    /// # Errors
    /// As [`Clustering::run`], a λ that is no share, or what `steps` returns.
    pub fn run_in_steps(
        &self,
        features: &Tensor,
        source: Option<Source<'_>>,
        state: &mut ClusteringState,
        rng: &mut impl Rng,
        steps: &mut impl Steps,
    ) -> Result<Partition> {
        match *self {
            Self::KMeans { clusters, n_init } => {
                let options = KMeansOptions { clusters, n_init, ..KMeansOptions::default() };
                Ok(steps.step("k-means", || kmeans(features, &options, rng))?.into())
            }
            Self::Dbscan { k1, k2, rho, min_samples } => {
                let neighbourhood = Neighbourhood { k1, k2 };
                let mut distances = steps.step("Jaccard distances", || jaccard(features, neighbourhood))?;
                if let Some(Source { features: source, lambda }) = source {
                    let mixed = || with_source(distances, features, source, lambda);
                    distances = steps.step("distances from the source", mixed)?;
                }
                let eps = match state.eps {
                    Some(eps) => eps,
                    None => steps.step("eps", || eps::eps(&distances, rho))?,
                };
                state.eps = Some(eps);
                let found = steps.step("DBSCAN", || dbscan(&distances, eps, min_samples))?;
                Ok(Partition { labels: found.labels, clusters: found.count, means: None })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The report reads the kind alone, from a configuration that this type wrote.
    #[test]
    fn settings_name_their_kind() {
        for clustering in [Clustering::default(), Clustering::published_kmeans()] {
            let written = toml::Table::try_from(clustering).unwrap();
            assert_eq!(written["kind"], toml::Value::try_from(clustering.kind()).unwrap());
        }
    }

    #[test]
    fn settings_that_cannot_be_met_are_refused_before_anything_is_computed() {
        let published = Clustering::default();
        published.check().unwrap();
        let known = ClusteringState { eps: Some(0.5) };
        published.check_images(26, &ClusteringState::default()).unwrap();
        // 300 distances; 313 are the fewest of which 1.6e-3 is one.
        let text = published.check_images(25, &ClusteringState::default()).unwrap_err().to_string();
        assert!(text.contains("313 needed, 300 given"), "{text}");
        published.check_images(25, &known).unwrap();
        assert!(published.check_images(5, &known).is_err());
        Clustering::published_kmeans().check_images(500, &known).unwrap();
        assert!(Clustering::published_kmeans().check_images(499, &known).is_err());
        for (k1, k2, rho, min_samples) in [
            (0, 1, 0.1, 1),
            (1, 0, 0.1, 1),
            (1, 1, 0.1, 0),
            (1, 1, 0.0, 1),
            (1, 1, 1.1, 1),
            (1, 1, f64::NAN, 1),
        ] {
            assert!(Clustering::Dbscan { k1, k2, rho, min_samples }.check().is_err());
        }
        assert!(Clustering::KMeans { clusters: 0, n_init: 1 }.check().is_err());
        assert!(Clustering::KMeans { clusters: 1, n_init: 0 }.check().is_err());
    }
}
