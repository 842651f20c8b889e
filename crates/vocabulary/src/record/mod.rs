//! The record room: the columns of every record a job writes, defined once. No tensors here; the report reads nothing else.
//!
//! | file | rows |
//! | --- | --- |
//! | [`EPOCHS`] | [`EpochRecord`]: the losses of an epoch, one row per loss |
//! | [`EVALUATIONS`] | [`EvaluationRecord`]: mAP and CMC of one network after an epoch |
//! | [`LABELS`] | [`LabelRecord`]: the pseudo labels of an epoch against the true ones, and what teachers knew beyond them |
//! | [`QUERIES`] | [`QueryRecord`]: the average precision of each query after the last epoch that was evaluated |
//! | [`RANKED_LISTS`] | [`RankedRecord`]: the first ten of the gallery for a few queries, the same in all runs; [`RANKED_IMAGES`] has the pictures |
//! | [`TIMINGS`] | [`TimingRecord`]: seconds; differs between equal runs |
//! | [`TENSORBOARD`] | losses, evaluations and label quality once more, for TensorBoard |
//! | [`RUN`] | [`RunInfo`]: what the job was |
//! | [`PROVENANCE`] | [`Provenance`]: source, command and day; differs between equal runs |
//!
//! Records are written for the schema of this version; the readers refuse any other.
//!
//! ```
//! use mmt_vocabulary::record::{EPOCHS, EpochRecord, SCHEMA_VERSION, read_csv, write_csv};
//!
//! # fn main() -> mmt_vocabulary::error::Result<()> {
//! # let folder = tempfile::tempdir().map_err(mmt_vocabulary::error::Error::io("write", &std::env::temp_dir()))?;
//! let path = folder.path().join(EPOCHS);
//! let record = EpochRecord { schema: SCHEMA_VERSION, epoch: 1, loss: "total".to_owned(), value: 4.25 };
//! write_csv(&path, std::slice::from_ref(&record))?;
//! assert_eq!(read_csv::<EpochRecord>(&path)?, [record]);
//! # Ok(())
//! # }
//! ```

pub mod files;
mod network_name;
pub mod tensorboard;

use serde::{Deserialize, Serialize};

pub use files::{read_csv, read_json, write_csv, write_json, write_whole};
pub use network_name::NetworkName;

/// Method of a [`RunInfo`] of source pre-training.
pub const PRETRAIN: &str = "pretrain";

/// Version of all records. Raise it when a column changes its name or meaning.
pub const SCHEMA_VERSION: u32 = 3;

/// File of the [`EpochRecord`]s.
pub const EPOCHS: &str = "epochs.csv";
/// File of the [`EvaluationRecord`]s.
pub const EVALUATIONS: &str = "evaluations.csv";
/// File of the [`LabelRecord`]s.
pub const LABELS: &str = "labels.csv";
/// File of the [`QueryRecord`]s.
pub const QUERIES: &str = "queries.csv";
/// File of the [`RankedRecord`]s.
pub const RANKED_LISTS: &str = "galleries.csv";
/// Picture of the ranked lists: a row per query in the order of the records, and in it [`RANKED_TILES`] tiles of one size, without gaps.
pub const RANKED_IMAGES: &str = "galleries.jpg";
/// Tiles of a row: the query and the gallery's first ten.
pub const RANKED_TILES: usize = 11;
/// File of the [`TimingRecord`]s.
pub const TIMINGS: &str = "timings.csv";
/// File of the losses, evaluations and label quality for TensorBoard, which tells such files by the word `tfevents`. Nothing reads it here.
pub const TENSORBOARD: &str = "events.out.tfevents.0.mmt";
/// File of the [`Provenance`].
pub const PROVENANCE: &str = "provenance.json";
/// File of the [`RunInfo`].
pub const RUN: &str = "run.json";

/// File that a finished job leaves last; it holds the hash of the job's configuration.
pub const DONE: &str = "DONE";
/// File of a job's resolved configuration.
pub const CONFIG: &str = "config.toml";
/// File of what a job ran on: texts by name.
pub const ENVIRONMENT: &str = "environment.json";

/// A row of a record file.
pub trait Record {
    /// The schema that the row was written for.
    fn schema(&self) -> u32;
}

/// Mean of one loss over the steps of an epoch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// [`SCHEMA_VERSION`].
    pub schema: u32,
    /// Epoch, from 1.
    pub epoch: usize,
    /// Name of the loss: `ce_1`, `soft_tri_2`, `total` …
    pub loss: String,
    /// Its mean.
    pub value: f64,
}

/// Where the records of a job come from, for people; nothing compares it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// [`SCHEMA_VERSION`].
    pub schema: u32,
    /// The commit of the source, with `, changed` behind it where the source was not that of the commit; none where it is not known.
    pub commit: Option<String>,
    /// The command line that began the job.
    pub command: String,
    /// When, such as `2026-11-27 02:40 UTC`.
    pub begun: String,
}

/// Which images a network was evaluated on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Split {
    /// Query and gallery of the target.
    TargetTest,
    /// The same, the gallery re-ranked by k-reciprocal neighbours (D18).
    TargetTestReRanked,
    /// Query and gallery of the source.
    SourceTest,
}

/// mAP and CMC of one network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EvaluationRecord {
    /// [`SCHEMA_VERSION`].
    pub schema: u32,
    /// Epochs of training before it; 0 is the start.
    pub epoch: usize,
    /// The network.
    pub network: NetworkName,
    /// The images.
    pub split: Split,
    /// Mean average precision, a fraction.
    pub map: f64,
    /// CMC at rank 1, a fraction.
    pub top1: f64,
    /// CMC at rank 5.
    pub top5: f64,
    /// CMC at rank 10.
    pub top10: f64,
}

/// Average precision of one query on the target's test set, galleries not re-ranked. Kept of the last epoch that was evaluated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QueryRecord {
    /// [`SCHEMA_VERSION`].
    pub schema: u32,
    /// Epochs of training before it.
    pub epoch: usize,
    /// As in [`EvaluationRecord`].
    pub network: NetworkName,
    /// Place of the image among the queries, sorted by file; queries without a match have no record.
    pub query: usize,
    /// The person on it, as the dataset numbers them. Runs before this column have none.
    #[serde(default)]
    pub identity: Option<i64>,
    /// Average precision, a fraction.
    pub ap: f64,
}

/// An image in a ranked list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RankedRecord {
    /// [`SCHEMA_VERSION`].
    pub schema: u32,
    /// Epochs of training before it.
    pub epoch: usize,
    /// The network that ranks.
    pub network: NetworkName,
    /// The query, as in [`QueryRecord`].
    pub query: usize,
    /// 0 is the query itself, 1 the nearest image of the gallery.
    pub rank: usize,
    /// Name of the image's file, without folders.
    pub file: String,
    /// Its identity.
    pub identity: i64,
    /// Its camera.
    pub camera: i64,
    /// Euclidean distance of its features to the query's, both of unit length.
    pub distance: f64,
    /// Whether it is of the query's identity.
    pub right: bool,
    /// Average precision of the query, a fraction.
    pub ap: f64,
}

/// Pseudo labels of an epoch, and what its teachers knew beyond them.
///
/// The columns after `one_camera_by_chance` are none in records of before they were kept, and of methods without teachers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LabelRecord {
    /// [`SCHEMA_VERSION`].
    pub schema: u32,
    /// Epoch, from 1.
    pub epoch: usize,
    /// Clusters found.
    pub clusters: usize,
    /// Images without a label.
    pub unassigned: usize,
    /// Adjusted Rand index against the true identities.
    pub ari: f64,
    /// Normalised mutual information.
    pub nmi: f64,
    /// Share of the images whose identity is the commonest of their cluster.
    pub purity: f64,
    /// Of the pairs with one label, those of two identities. None where there is no such pair, as in the next three.
    pub wrong_merges: Option<f64>,
    /// Of the pairs of one identity, those with two labels.
    pub wrong_splits: Option<f64>,
    /// Of the wrong merges, those from one camera.
    pub one_camera: Option<f64>,
    /// Of all pairs of two identities, those from one camera.
    pub one_camera_by_chance: Option<f64>,
    /// Quantile at 10 % of the teachers' probability that the negative of a triplet is farther than its positive.
    #[serde(default)]
    pub teacher_q10: Option<f64>,
    /// At 50 %.
    #[serde(default)]
    pub teacher_q50: Option<f64>,
    /// At 90 %.
    #[serde(default)]
    pub teacher_q90: Option<f64>,
    /// Mean distance of that probability from 1/2.
    #[serde(default)]
    pub teacher_certainty: Option<f64>,
    /// Of the triplets whose order is known, those that the hard label has wrong.
    #[serde(default)]
    pub wrong_triplets: Option<f64>,
    /// Of the triplets whose order is known and that the student has wrong, those that its teacher has right.
    #[serde(default)]
    pub teacher_right_where_student_wrong: Option<f64>,
    /// Of the wrong triplets, those that the teacher has right.
    #[serde(default)]
    pub teacher_right_where_triplet_wrong: Option<f64>,
    /// Of the images of all batches, those whose cluster has their identity.
    #[serde(default)]
    pub hard_label_accuracy: Option<f64>,
    /// Those for which the teacher's largest logit is of a cluster that has their identity.
    #[serde(default)]
    pub soft_label_accuracy: Option<f64>,
    /// Of the images whose hard label is wrong, those whose soft label is right.
    #[serde(default)]
    pub soft_right_where_hard_wrong: Option<f64>,
    /// Of the images whose hard label is right, those whose soft label is wrong.
    #[serde(default)]
    pub soft_wrong_where_hard_right: Option<f64>,
}

impl LabelRecord {
    /// Every measure that it has.
    pub fn measures(&self) -> impl Iterator<Item = f64> {
        let shares = [
            self.wrong_merges,
            self.wrong_splits,
            self.one_camera,
            self.one_camera_by_chance,
            self.teacher_q10,
            self.teacher_q50,
            self.teacher_q90,
            self.teacher_certainty,
            self.wrong_triplets,
            self.teacher_right_where_student_wrong,
            self.teacher_right_where_triplet_wrong,
            self.hard_label_accuracy,
            self.soft_label_accuracy,
            self.soft_right_where_hard_wrong,
            self.soft_wrong_where_hard_right,
        ];
        [self.ari, self.nmi, self.purity].into_iter().chain(shares.into_iter().flatten())
    }
}

/// Seconds of one stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TimingRecord {
    /// [`SCHEMA_VERSION`].
    pub schema: u32,
    /// Epoch, from 1; 0 is the start.
    pub epoch: usize,
    /// `training`, `features`, `clustering`, `evaluation` …
    pub stage: String,
    /// Wall-clock seconds.
    pub seconds: f64,
}

/// Where images come from. The two are never mixed in a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DomainKind {
    /// The built-in domains.
    Synthetic,
    /// Real datasets.
    Real,
}

/// Description of a job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunInfo {
    /// [`SCHEMA_VERSION`].
    pub schema: u32,
    /// Name of the profile.
    pub profile: String,
    /// Where the images come from.
    pub domains: DomainKind,
    /// The task, such as `market-to-duke`; for pre-training the source, such as `market`.
    pub task: String,
    /// Row of the tables, such as `mmt-k`; `pretrain` for pre-training.
    pub row: String,
    /// `pre-trained`, `baseline`, `mmt`, `oracle` or `pretrain`.
    pub method: String,
    /// Backbone.
    pub backbone: String,
    /// Seed of the built-in domains; none where the data are real.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain_seed: Option<u64>,
    /// Seed of training.
    pub seed: u64,
    /// Hash of the configuration.
    pub config: String,
}

macro_rules! records {
    ($($name:ident),*) => {$(
        impl Record for $name {
            fn schema(&self) -> u32 {
                self.schema
            }
        }
    )*};
}
records!(
    EpochRecord,
    EvaluationRecord,
    LabelRecord,
    QueryRecord,
    RankedRecord,
    TimingRecord,
    RunInfo,
    Provenance
);
