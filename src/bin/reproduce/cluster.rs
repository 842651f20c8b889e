//! `reproduce cluster`: a file of features → a file of labels.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use mmt::cluster::Clustering;
use mmt::device::memory::{Memory, in_words};
use mmt::tools::clustering::{ClusterRequest, Clustered, cluster, write_labels};
use mmt::tools::feature_file::FeatureFile;
use mmt::whole_file::{check_ending, check_outputs};
use mmt::{Error, Result};

use crate::machine::MachineArgs;
use crate::out::print_beside;
use crate::tool::{self, Line, memory_pair, pairs_text, percent, seconds_text};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum MethodArg {
    Dbscan,
    Kmeans,
}

impl MethodArg {
    fn published(self) -> Clustering {
        match self {
            Self::Dbscan => Clustering::default(),
            Self::Kmeans => Clustering::published_kmeans(),
        }
    }
}

#[derive(Debug, Args)]
pub struct ClusterArgs {
    /// Features, one row per image: a safetensors file with a matrix [N, D] of f32 or f64, or a NumPy .npy file of f4 or f8 in C order.
    #[arg(long, value_name = "FILE")]
    pub features: PathBuf,
    /// The tensor, where a safetensors file has several matrices.
    #[arg(long)]
    pub name: Option<String>,
    /// DBSCAN on k-reciprocal Jaccard distances, or k-means.
    #[arg(long, value_enum, default_value = "dbscan", value_name = "METHOD")]
    pub method: MethodArg,
    /// k-means: number of clusters [default: 500].
    #[arg(long, value_name = "K")]
    pub k: Option<usize>,
    /// DBSCAN: neighbours of the k-reciprocal sets [default: 20].
    #[arg(long, value_name = "N")]
    pub k1: Option<usize>,
    /// DBSCAN: rows over which an encoding is averaged [default: 6].
    #[arg(long, value_name = "N")]
    pub k2: Option<usize>,
    /// DBSCAN: share of the smallest distances whose mean is eps [default: 1.6e-3].
    #[arg(long, value_name = "SHARE", conflicts_with = "eps")]
    pub rho: Option<f64>,
    /// DBSCAN: eps itself.
    #[arg(long, value_name = "DISTANCE")]
    pub eps: Option<f64>,
    /// DBSCAN: rows within eps that make a core point, itself counted [default: 4].
    #[arg(long, value_name = "N")]
    pub min_samples: Option<usize>,
    /// DBSCAN: features of the source domain, for distances mixed with the distance from it.
    #[arg(long, value_name = "FILE", requires = "lambda")]
    pub source_features: Option<PathBuf>,
    /// DBSCAN: weight of the distance from the source, 0 to 1.
    #[arg(long, value_name = "WEIGHT", requires = "source_features")]
    pub lambda: Option<f64>,
    /// Divide rows by their length first [default: for DBSCAN, as in an adaptation].
    #[arg(long, overrides_with = "no_normalize")]
    pub normalize: bool,
    /// Take rows as they are [default: for k-means, as in an adaptation].
    #[arg(long)]
    pub no_normalize: bool,
    /// Seed of the starts of k-means.
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub seed: u64,
    /// Labels: row,label; noise is -1.
    #[arg(long, default_value = "labels.csv", value_name = "FILE")]
    pub out: PathBuf,
    #[command(flatten)]
    pub machine: MachineArgs,
}

impl ClusterArgs {
    fn request(&self) -> Result<ClusterRequest> {
        let clustering = self.clustering()?;
        let file = |path: &PathBuf| FeatureFile { path: path.clone(), name: self.name.clone() };
        Ok(ClusterRequest {
            features: file(&self.features),
            clustering,
            eps: self.eps,
            source: self.source_features.as_ref().map(file).zip(self.lambda),
            normalize: self.normalize || !self.no_normalize && clustering.normalizes(),
            seed: self.seed,
            device: self.machine.device,
        })
    }

    /// Refuses labels that could not be written, or that would take the place of features.
    fn check_output(&self) -> Result<()> {
        check_ending(&self.out, &["csv", "txt"])?;
        let mut inputs = vec![("--features", self.features.as_path())];
        inputs.extend(self.source_features.as_deref().map(|path| ("--source-features", path)));
        check_outputs(&[("--out", &self.out)], &inputs)
    }

    /// The method as published, with what the options change.
    fn clustering(&self) -> Result<Clustering> {
        self.check_method()?;
        let mut clustering = self.method.published();
        match &mut clustering {
            Clustering::KMeans { clusters, .. } => set(clusters, self.k),
            Clustering::Dbscan { k1, k2, rho, min_samples } => {
                set(k1, self.k1);
                set(k2, self.k2);
                set(rho, self.rho);
                set(min_samples, self.min_samples);
            }
        }
        Ok(clustering)
    }

    /// Refuses options that are for the other method.
    fn check_method(&self) -> Result<()> {
        let counts = [("--k1", self.k1), ("--k2", self.k2), ("--min-samples", self.min_samples)];
        let shares = [("--rho", self.rho), ("--eps", self.eps), ("--lambda", self.lambda)];
        let counts = counts.iter().filter_map(|(name, value)| value.map(|_| *name));
        let mut for_dbscan = counts.chain(shares.iter().filter_map(|(name, value)| value.map(|_| *name)));
        match (self.method, self.k, for_dbscan.next()) {
            (MethodArg::Kmeans, _, Some(name)) => {
                Err(Error::Usage(format!("{name} is for --method dbscan; k-means takes --k")))
            }
            (MethodArg::Dbscan, Some(_), _) => Err(Error::Usage(
                "--k is for --method kmeans; DBSCAN finds the number of clusters".to_owned(),
            )),
            _ => Ok(()),
        }
    }
}

fn set<T>(setting: &mut T, given: Option<T>) {
    if let Some(value) = given {
        *setting = value;
    }
}

pub fn run(args: &ClusterArgs) -> Result<()> {
    let request = args.request()?;
    args.check_output()?;
    args.machine.set_threads()?;
    let mut line = Line::new();
    let result = cluster(&request, &mut |stage, done, total| line.tell(stage, done, total));
    drop(line);
    let found = result?;
    write_labels(&args.out, &found.labels)?;
    warn(&request, &found);
    let rows = found.labels.len();
    let mut pairs = vec![
        ("rows", rows.to_string()),
        ("dimension", found.dimension.to_string()),
        ("unit length", if request.normalize { "yes" } else { "no" }.to_owned()),
        ("clusters", found.clusters.to_string()),
        ("noise", format!("{} ({})", found.noise(), percent(found.noise(), rows))),
        ("largest", format!("{} rows ({})", found.largest(), percent(found.largest(), rows))),
    ];
    pairs.extend(found.eps.map(|eps| ("eps", format!("{eps:.6}"))));
    pairs.push(("seconds", seconds_text(&found.seconds)));
    pairs.extend(memory_pair());
    let card = Memory::of(request.device);
    pairs.extend(card.map(|card| ("card", format!("{} at most", in_words(card.peak)))));
    pairs.push(("labels", args.out.display().to_string()));
    print_beside(&[&args.out], &pairs_text(&pairs))
}

/// Says what a user may not have meant.
fn warn(request: &ClusterRequest, found: &Clustered) {
    if found.zero_rows > 0 {
        tool::warn(&format!("{} rows are all zero", found.zero_rows));
    }
    match request.clustering {
        Clustering::KMeans { clusters, .. } => warn_of_kmeans(clusters, found),
        Clustering::Dbscan { k1, .. } => warn_of_dbscan(k1, found),
    }
}

fn warn_of_kmeans(asked: usize, found: &Clustered) {
    if found.clusters < asked {
        tool::warn(&format!(
            "{} clusters instead of the {asked} asked for: only so many rows differ enough to part",
            found.clusters
        ));
    }
}

fn warn_of_dbscan(k1: usize, found: &Clustered) {
    let rows = found.labels.len();
    if rows <= k1 {
        tool::warn(&format!("{rows} rows only, so that k1 = {k1} makes all of them neighbours"));
    }
    match found.clusters {
        0 => {
            tool::warn("all rows are noise; a larger --rho or --eps, or a smaller --min-samples, finds more")
        }
        1 => tool::warn("a single cluster; a smaller --rho or --eps finds more"),
        _ => {}
    }
}
