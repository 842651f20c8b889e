//! A file of features → cluster labels, by the algorithms of the adaptation.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Serialize;
use tch::{Device, Kind, Tensor};

use super::feature_file::FeatureFile;
use super::stages::{Progress, Seconds, Stages};
use crate::cluster::eps::NON_ZERO;
use crate::cluster::{Clustering, ClusteringState, Source};
use crate::distance::normalize_rows;
use crate::error::{Error, InvalidInput, Result};
use crate::random::stream;
use crate::record::write_csv;

/// The features to be clustered, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct ClusterRequest {
    /// The features.
    pub features: FeatureFile,
    /// The clustering with its settings.
    pub clustering: Clustering,
    /// DBSCAN's eps, where it is not to be found by rho.
    pub eps: Option<f64>,
    /// DBSCAN: features of the source domain and λ, for distances mixed with that from the source (D12, step 6).
    pub source: Option<(FeatureFile, f64)>,
    /// Divide each row by its Euclidean norm first (D9).
    pub normalize: bool,
    /// Seed of everything that is drawn: the starts of k-means.
    pub seed: u64,
    /// Where the matrix products run.
    pub device: Device,
}

/// The clusters that were found.
#[derive(Debug, Clone, PartialEq)]
pub struct Clustered {
    /// Cluster `0..clusters` of each row; none for noise.
    pub labels: Vec<Option<usize>>,
    /// D.
    pub dimension: usize,
    /// Number of clusters that hold a row: equal rows leave some of those asked for empty.
    pub clusters: usize,
    /// eps of DBSCAN.
    pub eps: Option<f64>,
    /// Rows that are all zero: they have no direction, and normalisation leaves them as they are.
    pub zero_rows: usize,
    /// Seconds per stage.
    pub seconds: Seconds,
}

impl Clustered {
    /// Rows without a cluster.
    pub fn noise(&self) -> usize {
        self.labels.iter().filter(|label| label.is_none()).count()
    }

    /// Rows of the largest cluster; 0 where there is none.
    pub fn largest(&self) -> usize {
        let mut sizes: BTreeMap<usize, usize> = BTreeMap::new();
        self.labels.iter().flatten().for_each(|label| *sizes.entry(*label).or_default() += 1);
        sizes.into_values().max().unwrap_or(0)
    }
}

/// Clusters a file of features.
///
/// # Errors
/// A file that holds no features (see [`FeatureFile::read`]), settings out of their ranges, fewer rows than clusters or than k2, so
/// few distances that eps is a mean over nothing, a device that refuses, or what `progress` returns.
pub fn cluster(request: &ClusterRequest, progress: Progress<'_>) -> Result<Clustered> {
    request.check().map_err(|error| Error::Usage(error.to_string()))?;
    let mut state = ClusteringState { eps: request.eps };
    let mut stages = Stages::new(progress);
    let features = stages.run("reading features", 0, |_| request.features.read())?;
    let (rows, zero_rows) = (features.size()[0] as usize, zero_rows(&features));
    let dimension = features.size()[1] as usize;
    let checked = request.clustering.check_images(rows, &state);
    checked.map_err(|error| Error::Usage(format!("{error}: the file has no more rows than {rows}")))?;
    let features = request.prepare(&features)?;
    let source = match &request.source {
        Some((file, _)) => {
            let source = stages.run("reading source features", 0, |_| file.read())?;
            Some(request.prepare(&source)?.to_kind(features.kind()))
        }
        None => None,
    };
    let lambda = request.source.as_ref().map_or(0.0, |(_, lambda)| *lambda);
    let source = source.as_ref().map(|features| Source { features, lambda });
    let mut rng = stream(request.seed, "tools/cluster", 0, 0);
    let found = request
        .clustering
        .run_in_steps(&features, source, &mut state, &mut rng, &mut stages)
        .map_err(|error| request.explained(error))?;
    let (labels, clusters) = without_empty(found.labels);
    Ok(Clustered { labels, dimension, clusters, eps: state.eps, zero_rows, seconds: stages.into_seconds() })
}

impl ClusterRequest {
    /// Refuses settings before a file is read.
    fn check(&self) -> Result<()> {
        self.clustering.check()?;
        if let Some(value) = self.eps.filter(|eps| !(eps.is_finite() && *eps > 0.0)) {
            return Err(InvalidInput::Parameter { what: "eps", value, allowed: "positive and finite" }.into());
        }
        let lambda = self.source.as_ref().map(|(_, lambda)| *lambda);
        if let Some(value) = lambda.filter(|lambda| !(0.0..=1.0).contains(lambda)) {
            return Err(InvalidInput::Parameter { what: "lambda", value, allowed: "0 to 1" }.into());
        }
        Ok(())
    }

    /// Rows that are equal are at distance 0, and eps is a mean of distances that are not.
    fn explained(&self, error: Error) -> Error {
        match error {
            Error::Input(InvalidInput::TooFewSamples { what: NON_ZERO, needed, found }) => Error::file(
                &self.features.path,
                format!(
                    "eps is to be the mean of the smallest {NON_ZERO}, of which rho asks for {needed} at least, and there are {found}: rows \
                     are equal, or have equal neighbours; give --eps, or a larger --rho"
                ),
            ),
            error => error,
        }
    }

    fn prepare(&self, features: &Tensor) -> Result<Tensor> {
        let placed = features
            .f_to_device(self.device)
            .map_err(Error::torch(format!("cannot move features to {:?}", self.device)))?;
        Ok(if self.normalize { normalize_rows(&placed) } else { placed })
    }
}

/// Labels numbered anew, so that each of `0..clusters` holds a row: k-means on equal rows leaves clusters empty.
fn without_empty(labels: Vec<Option<usize>>) -> (Vec<Option<usize>>, usize) {
    let found: BTreeSet<usize> = labels.iter().flatten().copied().collect();
    let rank: BTreeMap<usize, usize> =
        found.into_iter().enumerate().map(|(rank, label)| (label, rank)).collect();
    (labels.into_iter().map(|label| rank.get(&label?).copied()).collect(), rank.len())
}

fn zero_rows(features: &Tensor) -> usize {
    let any = features.ne(0.0).any_dim(1, false);
    any.logical_not().sum(Kind::Int64).int64_value(&[]) as usize
}

/// A row of the file of labels.
#[derive(Serialize)]
struct LabelRow {
    row: usize,
    label: i64,
}

/// Writes `row,label` for all rows, from 0, noise as −1; whole or not at all.
///
/// # Errors
/// The file cannot be written.
pub fn write_labels(path: &Path, labels: &[Option<usize>]) -> Result<()> {
    let label = |label: &Option<usize>| label.map_or(-1, |label| label as i64);
    let rows: Vec<LabelRow> =
        labels.iter().enumerate().map(|(row, found)| LabelRow { row, label: label(found) }).collect();
    write_csv(path, &rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Named, write_tensors};

    fn clustered(features: &Tensor, how: (Clustering, Option<f64>), normalize: bool) -> Result<Clustered> {
        clustered_from(1, features, how, normalize)
    }

    fn clustered_from(
        seed: u64,
        features: &Tensor,
        (clustering, eps): (Clustering, Option<f64>),
        normalize: bool,
    ) -> Result<Clustered> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("own.safetensors");
        std::fs::write(&path, write_tensors(&Named::from([("x".to_owned(), features.shallow_clone())]))?)
            .unwrap();
        let features = FeatureFile { path, name: None };
        let request =
            ClusterRequest { features, clustering, eps, source: None, normalize, seed, device: Device::Cpu };
        cluster(&request, &mut |_, _, _| Ok(()))
    }

    fn by_rho(rho: f64) -> (Clustering, Option<f64>) {
        (Clustering::Dbscan { k1: 4, k2: 2, rho, min_samples: 3 }, None)
    }

    fn by_eps(eps: f64) -> (Clustering, Option<f64>) {
        (by_rho(0.1).0, Some(eps))
    }

    fn kmeans(clusters: usize) -> (Clustering, Option<f64>) {
        (Clustering::KMeans { clusters, n_init: 10 }, None)
    }

    /// Three bundles of six directions each around the axes, half of the rows a hundred times as long as the others.
    fn bundles() -> Tensor {
        let row = |at: usize| -> Vec<f64> {
            let length = if at.is_multiple_of(2) { 1.0 } else { 100.0 };
            (0..3).map(|axis| length * if axis == at / 6 { 1.0 } else { 0.01 * (at % 6) as f64 }).collect()
        };
        Tensor::from_slice(&(0..18).flat_map(row).collect::<Vec<f64>>()).view([18, 3])
    }

    #[test]
    fn both_algorithms_find_three_bundles_of_directions() {
        let expected: Vec<Option<usize>> = (0..18).map(|row| Some(row / 6)).collect();
        let found = clustered(&bundles(), by_eps(0.9), true).unwrap();
        assert_eq!((found.labels.as_slice(), found.clusters, found.dimension), (&expected[..], 3, 3));
        assert_eq!((found.noise(), found.largest(), found.eps), (0, 6, Some(0.9)));
        let names: Vec<&str> = found.seconds.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["reading features", "Jaccard distances", "DBSCAN"]);
        let found = clustered(&bundles(), kmeans(3), true).unwrap();
        assert_eq!(found.largest(), 6);
        assert!((0..18).all(|row| found.labels[row] == found.labels[row / 6 * 6]));
        // Without the division lengths count, and one bundle is torn.
        let torn = clustered(&bundles(), kmeans(3), false).unwrap();
        assert!((0..18).any(|row| torn.labels[row] != torn.labels[row / 6 * 6]));
    }

    /// On a ring no three clusters are better than others: where they begin is what the seed draws.
    #[test]
    fn a_seed_draws_its_own_clusters_and_the_same_again() {
        let around = Tensor::arange(40, (Kind::Double, Device::Cpu)) * (std::f64::consts::TAU / 40.0);
        let ring = Tensor::stack(&[around.cos(), around.sin()], 1);
        let labels = |seed| clustered_from(seed, &ring, kmeans(3), false).unwrap().labels;
        let drawn: Vec<_> = (1..6).map(labels).collect();
        assert!(drawn.iter().any(|labels| *labels != drawn[0]), "{drawn:?}");
        assert_eq!(labels(5), drawn[4]);
    }

    #[test]
    fn empty_clusters_are_left_out_wherever_they_stand() {
        let found = without_empty([4, 1, 4, 6].map(Some).to_vec());
        assert_eq!(found, (vec![Some(1), Some(0), Some(1), Some(2)], 3));
        assert_eq!(without_empty(Vec::new()), (Vec::new(), 0));
    }

    #[test]
    fn all_noise_and_one_cluster_are_results() {
        let found = clustered(&bundles(), by_eps(1e-9), true).unwrap();
        assert_eq!((found.clusters, found.noise(), found.largest()), (0, 18, 0));
        let found = clustered(&bundles(), by_eps(1.0), true).unwrap();
        assert_eq!((found.clusters, found.noise(), found.largest()), (1, 0, 18));
        let zeros = Tensor::zeros([9, 2], (Kind::Float, Device::Cpu));
        let found = clustered(&zeros, by_eps(0.5), true).unwrap();
        assert_eq!((found.zero_rows, found.labels.len()), (9, 9));
        let message = clustered(&zeros, by_rho(0.1), true).unwrap_err().to_string();
        assert!(message.contains("own.safetensors: eps") && message.contains("there are 0"), "{message}");
        assert!(message.contains("give --eps"), "{message}");
    }

    /// Their squared lengths overflow, or vanish: all distances would be equal, and one cluster the answer.
    #[test]
    fn features_beyond_the_squares_of_their_precision_are_refused() {
        let kinds =
            [(Kind::Float, 1e25, 1e-25, "no f32 number"), (Kind::Double, 1e200, 1e-200, "no f64 number")];
        for (kind, large, small, part) in kinds {
            let bundles = bundles().to_kind(kind);
            for factor in [large, small] {
                let message = clustered(&(&bundles * factor), kmeans(3), true).unwrap_err().to_string();
                assert!(message.contains("18 rows") && message.contains(part), "{message}");
            }
            assert_eq!(clustered(&(&bundles * 1e-10), kmeans(3), true).unwrap().clusters, 3);
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let refused = |how, part: &str| {
            let message = clustered(&bundles(), how, true).unwrap_err().to_string();
            assert!(message.contains(part), "{part}: {message}");
        };
        refused(by_rho(0.0), "rho");
        refused(by_rho(1e-4), "eps (a larger rho");
        refused(by_eps(f64::NAN), "eps");
        refused(kmeans(19), "19 needed, 18 given");
        refused(kmeans(0), "clusters");
    }

    #[test]
    fn labels_are_written_with_their_rows() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("labels.csv");
        write_labels(&path, &[Some(3), None, Some(0)]).unwrap();
        assert_eq!(std::fs::read_to_string(path).unwrap(), "row,label\n0,3\n1,-1\n2,0\n");
    }
}
