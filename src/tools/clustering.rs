//! A file of features → cluster labels, by the algorithms of the adaptation.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Serialize;
use tch::{Device, Kind, Tensor};

use super::feature_file::FeatureFile;
use super::stages::{Progress, Seconds, Stages};
use crate::cluster::dbscan::dbscan;
use crate::cluster::eps;
use crate::cluster::jaccard::{Neighbourhood, SparseDistances, jaccard, with_source};
use crate::cluster::kmeans::{KMeansOptions, kmeans};
use crate::distance::normalize_rows;
use crate::error::{Error, InvalidInput, Result};
use crate::random::stream;
use crate::record::write_csv;

/// Said where no distance is left whose mean would be eps.
const LARGER_RHO: &str = "eps (a larger rho or an eps of your own would do)";

/// What is to be clustered, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct ClusterRequest {
    /// The features.
    pub features: FeatureFile,
    /// The algorithm with its settings.
    pub algorithm: Algorithm,
    /// Divide each row by its Euclidean norm first (D9).
    pub normalize: bool,
    /// Seed of everything that is drawn: the starts of k-means.
    pub seed: u64,
    /// Where the matrix products run.
    pub device: Device,
}

/// The algorithms.
#[derive(Debug, Clone, PartialEq)]
pub enum Algorithm {
    /// k-means (D10), the best of ten k-means++ starts.
    KMeans {
        /// k.
        clusters: usize,
    },
    /// DBSCAN on k-reciprocal Jaccard distances (D11 to D14).
    Dbscan(DbscanSettings),
}

/// Settings of DBSCAN and its distances.
#[derive(Debug, Clone, PartialEq)]
pub struct DbscanSettings {
    /// k1, k2.
    pub neighbourhood: Neighbourhood,
    /// eps.
    pub eps: Eps,
    /// Rows within eps of a core point, itself counted.
    pub min_samples: usize,
    /// Features of the source domain and λ, for distances mixed with that from the source (D12, step 6).
    pub source: Option<(FeatureFile, f64)>,
}

/// Where eps comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Eps {
    /// The mean of this share of the smallest distances (D13).
    Share(f64),
    /// A value.
    Value(f64),
}

/// What was found.
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
    request.algorithm.check().map_err(|error| Error::Usage(error.to_string()))?;
    let mut stages = Stages::new(progress);
    let features = stages.run("reading features", 0, |_| request.features.read())?;
    let zero_rows = zero_rows(&features);
    let dimension = features.size()[1] as usize;
    request.algorithm.check_rows(features.size()[0] as usize)?;
    let features = request.prepare(&features)?;
    let (labels, clusters, eps) = match &request.algorithm {
        Algorithm::KMeans { clusters } => {
            let options = KMeansOptions { clusters: *clusters, ..KMeansOptions::default() };
            let mut rng = stream(request.seed, "tools/cluster", 0, 0);
            let found = stages.run("k-means", 0, |_| kmeans(&features, &options, &mut rng))?;
            let (labels, clusters) = without_empty(&found.labels);
            (labels, clusters, None)
        }
        Algorithm::Dbscan(settings) => {
            let distances = request.distances(&features, settings, &mut stages)?;
            let eps = match settings.eps {
                Eps::Value(eps) => eps,
                Eps::Share(rho) => stages.run("eps", 0, |_| {
                    eps::eps(&distances, rho).map_err(|error| error.in_stage(LARGER_RHO))
                })?,
            };
            let found = stages.run("DBSCAN", 0, |_| dbscan(&distances, eps, settings.min_samples))?;
            (found.labels, found.count, Some(eps))
        }
    };
    Ok(Clustered { labels, dimension, clusters, eps, zero_rows, seconds: stages.into_seconds() })
}

impl ClusterRequest {
    fn prepare(&self, features: &Tensor) -> Result<Tensor> {
        let placed = features
            .f_to_device(self.device)
            .map_err(Error::torch(format!("cannot move features to {:?}", self.device)))?;
        Ok(if self.normalize { normalize_rows(&placed) } else { placed })
    }

    fn distances(
        &self,
        features: &Tensor,
        settings: &DbscanSettings,
        stages: &mut Stages<'_>,
    ) -> Result<SparseDistances> {
        let distances = stages.run("Jaccard distances", 0, |_| jaccard(features, settings.neighbourhood))?;
        let Some((file, lambda)) = &settings.source else { return Ok(distances) };
        stages.run("distances from the source", 0, |_| {
            let source = self.prepare(&file.read()?)?.to_kind(features.kind());
            with_source(distances, features, &source, *lambda)
        })
    }
}

impl Algorithm {
    /// Refuses settings before a file is read.
    fn check(&self) -> Result<()> {
        let settings = match self {
            Self::KMeans { clusters } => return Ok(InvalidInput::at_least_one("clusters", *clusters)?),
            Self::Dbscan(settings) => settings,
        };
        let positive = |what, value: f64, most: f64, allowed| {
            if value > 0.0 && value <= most {
                return Ok(());
            }
            Err(InvalidInput::Parameter { what, value, allowed })
        };
        InvalidInput::at_least_one("k1", settings.neighbourhood.k1)?;
        InvalidInput::at_least_one("k2", settings.neighbourhood.k2)?;
        InvalidInput::at_least_one("min_samples", settings.min_samples)?;
        match settings.eps {
            Eps::Value(eps) => positive("eps", eps, f64::MAX, "positive and finite")?,
            Eps::Share(rho) => positive("rho", rho, 1.0, "above 0, at most 1")?,
        }
        if let Some((_, value)) = settings.source.as_ref().filter(|(_, lambda)| !(0.0..=1.0).contains(lambda))
        {
            return Err(InvalidInput::Parameter { what: "lambda", value: *value, allowed: "0 to 1" }.into());
        }
        Ok(())
    }
}

impl Algorithm {
    /// Refuses settings that so few rows cannot meet, before distances are taken: as a run refuses them.
    fn check_rows(&self, rows: usize) -> Result<()> {
        let (what, needed) = match self {
            Self::KMeans { clusters } => ("clusters", *clusters),
            Self::Dbscan(settings) => ("k2", settings.neighbourhood.k2),
        };
        if needed > rows {
            return Err(Error::Usage(format!(
                "{what}: {needed} needed, {rows} given: the file has no more rows"
            )));
        }
        let pairs = rows as f64 * rows.saturating_sub(1) as f64 / 2.0;
        match self {
            // The number of distances whose mean is eps (D13).
            Self::Dbscan(DbscanSettings { eps: Eps::Share(rho), .. })
                if (rho * pairs).round_ties_even() < 1.0 =>
            {
                let text =
                    format!("{LARGER_RHO}: rho = {rho} of the {pairs} distances of {rows} rows is none");
                Err(Error::Usage(text))
            }
            _ => Ok(()),
        }
    }
}

/// Labels numbered anew, so that each of `0..clusters` holds a row: k-means on equal rows leaves clusters empty.
fn without_empty(labels: &[usize]) -> (Vec<Option<usize>>, usize) {
    let found: BTreeSet<usize> = labels.iter().copied().collect();
    let rank: BTreeMap<usize, usize> =
        found.into_iter().enumerate().map(|(rank, label)| (label, rank)).collect();
    (labels.iter().map(|label| rank.get(label).copied()).collect(), rank.len())
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

    fn clustered(features: &Tensor, algorithm: Algorithm, normalize: bool) -> Result<Clustered> {
        clustered_from(1, features, algorithm, normalize)
    }

    fn clustered_from(
        seed: u64,
        features: &Tensor,
        algorithm: Algorithm,
        normalize: bool,
    ) -> Result<Clustered> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("own.safetensors");
        std::fs::write(&path, write_tensors(&Named::from([("x".to_owned(), features.shallow_clone())]))?)
            .unwrap();
        let features = FeatureFile { path, name: None };
        let request = ClusterRequest { features, algorithm, normalize, seed, device: Device::Cpu };
        cluster(&request, &mut |_, _, _| Ok(()))
    }

    fn density(eps: Eps) -> Algorithm {
        let neighbourhood = Neighbourhood { k1: 4, k2: 2 };
        Algorithm::Dbscan(DbscanSettings { neighbourhood, eps, min_samples: 3, source: None })
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
        let found = clustered(&bundles(), density(Eps::Value(0.9)), true).unwrap();
        assert_eq!((found.labels.as_slice(), found.clusters, found.dimension), (&expected[..], 3, 3));
        assert_eq!((found.noise(), found.largest(), found.eps), (0, 6, Some(0.9)));
        let names: Vec<&str> = found.seconds.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["reading features", "Jaccard distances", "DBSCAN"]);
        let found = clustered(&bundles(), Algorithm::KMeans { clusters: 3 }, true).unwrap();
        assert_eq!(found.largest(), 6);
        assert!((0..18).all(|row| found.labels[row] == found.labels[row / 6 * 6]));
        // Without the division lengths count, and one bundle is torn.
        let torn = clustered(&bundles(), Algorithm::KMeans { clusters: 3 }, false).unwrap();
        assert!((0..18).any(|row| torn.labels[row] != torn.labels[row / 6 * 6]));
    }

    /// On a ring no three clusters are better than others: where they begin is what the seed draws.
    #[test]
    fn a_seed_draws_its_own_clusters_and_the_same_again() {
        let around = Tensor::arange(40, (Kind::Double, Device::Cpu)) * (std::f64::consts::TAU / 40.0);
        let ring = Tensor::stack(&[around.cos(), around.sin()], 1);
        let labels =
            |seed| clustered_from(seed, &ring, Algorithm::KMeans { clusters: 3 }, false).unwrap().labels;
        let drawn: Vec<_> = (1..6).map(labels).collect();
        assert!(drawn.iter().any(|labels| *labels != drawn[0]), "{drawn:?}");
        assert_eq!(labels(5), drawn[4]);
    }

    #[test]
    fn empty_clusters_are_left_out_wherever_they_stand() {
        let found = without_empty(&[4, 1, 4, 6]);
        assert_eq!(found, (vec![Some(1), Some(0), Some(1), Some(2)], 3));
        assert_eq!(without_empty(&[]), (Vec::new(), 0));
    }

    #[test]
    fn all_noise_and_one_cluster_are_results() {
        let found = clustered(&bundles(), density(Eps::Value(1e-9)), true).unwrap();
        assert_eq!((found.clusters, found.noise(), found.largest()), (0, 18, 0));
        let found = clustered(&bundles(), density(Eps::Value(1.0)), true).unwrap();
        assert_eq!((found.clusters, found.noise(), found.largest()), (1, 0, 18));
        let zeros = Tensor::zeros([9, 2], (Kind::Float, Device::Cpu));
        let found = clustered(&zeros, density(Eps::Value(0.5)), true).unwrap();
        assert_eq!((found.zero_rows, found.labels.len()), (9, 9));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let refused = |algorithm, part: &str| {
            let message = clustered(&bundles(), algorithm, true).unwrap_err().to_string();
            assert!(message.contains(part), "{part}: {message}");
        };
        refused(density(Eps::Share(0.0)), "rho");
        refused(density(Eps::Share(1e-4)), "eps (a larger rho");
        refused(density(Eps::Value(f64::NAN)), "eps");
        refused(Algorithm::KMeans { clusters: 19 }, "19 needed, 18 given");
        refused(Algorithm::KMeans { clusters: 0 }, "clusters");
    }

    #[test]
    fn labels_are_written_with_their_rows() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("labels.csv");
        write_labels(&path, &[Some(3), None, Some(0)]).unwrap();
        assert_eq!(std::fs::read_to_string(path).unwrap(), "row,label\n0,3\n1,-1\n2,0\n");
    }
}
