//! The record room: the columns of every record a job writes, defined once. No tensors here; the report reads nothing else.
//!
//! | file | rows |
//! | --- | --- |
//! | [`EPOCHS`] | [`EpochRecord`]: the losses of an epoch, one row per loss |
//! | [`EVALUATIONS`] | [`EvaluationRecord`]: mAP and CMC of one network after an epoch |
//! | [`LABELS`] | [`LabelRecord`]: the pseudo labels of an epoch against the true ones |
//! | [`TIMINGS`] | [`TimingRecord`]: seconds; the only file that differs between equal runs |
//! | [`RUN`] | [`RunInfo`]: what the job was |
//!
//! Records are written for the schema of this version; the readers refuse any other.

pub mod files;

use serde::{Deserialize, Serialize};

pub use files::{read_csv, read_json, write_csv, write_json};

/// Version of all records. Raise it when a column changes its name or meaning.
pub const SCHEMA_VERSION: u32 = 1;

/// File of the [`EpochRecord`]s.
pub const EPOCHS: &str = "epochs.csv";
/// File of the [`EvaluationRecord`]s.
pub const EVALUATIONS: &str = "evaluations.csv";
/// File of the [`LabelRecord`]s.
pub const LABELS: &str = "labels.csv";
/// File of the [`TimingRecord`]s.
pub const TIMINGS: &str = "timings.csv";
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
    /// `network-1`, `network-2` (those that the method answers for: the mean networks of MMT), `student-1`, `student-2`.
    pub network: String,
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

/// Pseudo labels of an epoch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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

/// What a job was.
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
    /// Seed.
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
records!(EpochRecord, EvaluationRecord, LabelRecord, TimingRecord, RunInfo);
