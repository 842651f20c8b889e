//! Settings of pre-training and adaptation, as the profiles spell them.

use mmt_vocabulary::{ClusterFeatures, Teachers};
use serde::{Deserialize, Serialize};

use super::dropout;
use super::ema::Convention;
use super::schedule::Schedule;
use crate::cluster::Clustering;
use crate::data::{ImageSize, RandomErasing, TrainTransform};
use crate::error::InvalidInput;
use crate::loss::objective::Weights;

/// A batch: P identities × K instances.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchSettings {
    /// P, identities per batch.
    pub identities: usize,
    /// K, instances per identity.
    pub instances: usize,
    /// Images whose batch-norm statistics are taken together; 0: the whole batch. The published runs had 16 per card.
    pub bn_group: usize,
}

impl BatchSettings {
    /// Refuses values out of range.
    ///
    /// # Errors
    /// The key and what it may be, in words.
    pub fn check(&self) -> Result<(), String> {
        require(self.identities > 0, "batch: at least one identity")?;
        require(
            self.instances > 1,
            "batch: instances must be at least 2; a triplet loss needs two images of a person",
        )
    }

    /// Images per batch.
    pub fn size(&self) -> usize {
        self.identities * self.instances
    }

    /// The group as the networks take it.
    pub fn group(&self) -> Option<i64> {
        (self.bn_group > 0).then_some(self.bn_group as i64)
    }
}

/// Augmentation of the training images (D27, D28).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransformSettings {
    /// Probability of a horizontal flip.
    pub flip_probability: f64,
    /// Black border of the random crop, in pixels.
    pub pad: usize,
    /// Probability of random erasing; 0 for none.
    pub erasing_probability: f64,
}

impl TransformSettings {
    /// Refuses values out of range.
    ///
    /// # Errors
    /// The key and what it may be, in words.
    pub fn check(&self) -> Result<(), String> {
        require(is_share(self.flip_probability), "transform.flip_probability: in [0, 1]")?;
        require(is_share(self.erasing_probability), "transform.erasing_probability: in [0, 1]")
    }

    /// The transform for images of `size`.
    pub fn transform(&self, size: ImageSize) -> TrainTransform {
        let erasing = (self.erasing_probability > 0.0)
            .then(|| RandomErasing { probability: self.erasing_probability, ..RandomErasing::default() });
        TrainTransform { size, flip_probability: self.flip_probability, pad: self.pad, erasing }
    }
}

/// When target images are forwarded to set the batch-norm statistics of a source network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TargetStatistics {
    /// A target batch after every source batch of pre-training, as published. Each pair of domains has its own networks.
    During,
    /// Alternating source and target batches after pre-training, so that one network serves every target.
    After,
    /// Never.
    Off,
}

/// Source pre-training (D32).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PretrainingSettings {
    /// Epochs.
    pub epochs: usize,
    /// Steps per epoch.
    pub steps: usize,
    /// P × K.
    pub batch: BatchSettings,
    /// Learning rate.
    pub schedule: Schedule,
    /// L2 weight decay.
    pub weight_decay: f64,
    /// ε of the label smoothing.
    pub epsilon: f64,
    /// Augmentation.
    pub transform: TransformSettings,
    /// Probability that a unit between neck and classifier is dropped (D31). Published: 0.
    #[serde(default, skip_serializing_if = "is_default")]
    pub dropout: f64,
    /// When target images set batch-norm statistics.
    pub target_statistics: TargetStatistics,
    /// `target_statistics = "after"`: passes of each domain.
    pub statistics_passes: usize,
    /// `target_statistics = "after"`: images per pass.
    pub statistics_batch: usize,
    /// Epochs between two evaluations on the source's test set.
    pub evaluate_every: usize,
    /// Keep the state with the best source mAP (published) rather than the last one.
    pub keep_best: bool,
}

impl PretrainingSettings {
    /// Refuses values out of range.
    ///
    /// # Errors
    /// The key and what it may be, in words.
    pub fn check(&self) -> Result<(), String> {
        self.batch.check()?;
        require(self.epochs > 0 && self.steps > 0, "epochs and steps: at least 1")?;
        require(self.evaluate_every > 0, "evaluate_every: at least 1")?;
        require(is_positive(self.schedule.learning_rate), "schedule.learning_rate: above 0")?;
        self.schedule.check().map_err(|error| format!("schedule: {error}"))?;
        check_regularisation(self.weight_decay, self.epsilon, self.dropout)?;
        let after = self.target_statistics == TargetStatistics::After;
        let needed = !after || (self.statistics_passes > 0 && self.statistics_batch > 1);
        require(needed, "statistics_passes: at least 1, statistics_batch: at least 2")?;
        self.transform.check()
    }
}

/// Adaptation to the target (D33). Switches that came after the first version are not written where they have their published
/// value, so that folders of earlier runs still belong to the same settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdaptationSettings {
    /// Epochs.
    pub epochs: usize,
    /// Steps per epoch.
    pub steps: usize,
    /// P × K.
    pub batch: BatchSettings,
    /// Learning rate, constant.
    pub learning_rate: f64,
    /// L2 weight decay.
    pub weight_decay: f64,
    /// ε of the label smoothing.
    pub epsilon: f64,
    /// α of the mean networks.
    pub alpha: f64,
    /// How their memory starts: `published` with the first student, `paper` with α at once.
    #[serde(default)]
    pub ema: Convention,
    /// Which networks there are and who teaches whom.
    #[serde(default, skip_serializing_if = "is_default")]
    pub teachers: Teachers,
    /// Whose features are clustered.
    #[serde(default, skip_serializing_if = "is_default")]
    pub cluster_features: ClusterFeatures,
    /// Whether every epoch starts its classifiers from its centroids, as published; otherwise the first one only.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub reset_classifier: bool,
    /// Whether every epoch starts with a fresh optimizer, as published; otherwise one goes through all epochs.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub reset_optimizer: bool,
    /// λ_id.
    pub soft_ce_weight: f64,
    /// λ_tri.
    pub soft_tri_weight: f64,
    /// Probability that a unit between neck and classifier is dropped, in students and mean networks (D31). Published: 0.
    #[serde(default, skip_serializing_if = "is_default")]
    pub dropout: f64,
    /// Factor of the pooled features that the triplet losses compare (D6, D7), students' and teachers' alike. Published: 1. The losses are
    /// not blind to the size of the features, and those of a small network are smaller than ResNet-50's.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub feature_scale: f64,
    /// Pseudo labels.
    pub clustering: Clustering,
    /// Augmentation.
    pub transform: TransformSettings,
}

impl AdaptationSettings {
    /// Refuses values out of range.
    ///
    /// # Errors
    /// The key and what it may be, in words.
    pub fn check(&self) -> Result<(), String> {
        self.batch.check()?;
        require(self.epochs > 0 && self.steps > 0, "epochs and steps: at least 1")?;
        require(is_positive(self.learning_rate), "learning_rate: above 0")?;
        check_regularisation(self.weight_decay, self.epsilon, self.dropout)?;
        require((0.0..1.0).contains(&self.alpha), "alpha: in [0, 1)")?;
        require(is_share(self.soft_ce_weight), "soft_ce_weight: in [0, 1]")?;
        require(is_share(self.soft_tri_weight), "soft_tri_weight: in [0, 1]")?;
        require(is_positive(self.feature_scale), "feature_scale: above 0")?;
        self.transform.check()?;
        self.clustering.check().map_err(|error| format!("clustering: {error}"))
    }

    /// Weights of the objective (D8) on `clusters` clusters.
    pub fn weights(&self, clusters: usize) -> Weights {
        Weights {
            soft_ce: self.soft_ce_weight,
            soft_triplet: self.soft_tri_weight,
            epsilon: self.epsilon,
            clusters,
        }
    }

    /// Whether the step has soft losses or mean networks at all. With α = 0 and no soft loss, mean networks would be copies of the
    /// students, so the students stand for them (the clustering baseline).
    pub fn is_hard_only(&self) -> bool {
        self.alpha == 0.0 && self.soft_ce_weight == 0.0 && self.soft_tri_weight == 0.0
    }
}

fn check_regularisation(weight_decay: f64, epsilon: f64, dropout: f64) -> Result<(), String> {
    require(
        InvalidInput::zero_or_more("weight_decay", weight_decay).is_ok(),
        "weight_decay: at least 0, finite",
    )?;
    require(is_share(epsilon), "epsilon: in [0, 1]")?;
    require(dropout::check(dropout).is_ok(), "dropout: in [0, 1)")
}

fn require(holds: bool, text: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(text.to_owned()) }
}

fn is_positive(value: f64) -> bool {
    value.is_finite() && value > 0.0
}

fn is_share(value: f64) -> bool {
    (0.0..=1.0).contains(&value)
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn one() -> f64 {
    1.0
}

fn is_one(value: &f64) -> bool {
    *value == 1.0
}

fn yes() -> bool {
    true
}

fn is_yes(value: &bool) -> bool {
    *value
}
