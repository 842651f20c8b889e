//! How the networks of a step pass their batch in training mode.

use tch::Tensor;

use crate::model::{Network, Outputs};

/// Batch-norm groups, dropout masks and feature scale of the passes of a step. The default: the whole batch, no dropout, features as they are.
#[derive(Debug)]
pub struct Passes {
    /// Images per batch-norm group, see [`BatchStatistics`](crate::model::BatchStatistics).
    pub group: Option<i64>,
    /// Masks of the students, in order ([`Network::train_with_dropout`]); none without dropout.
    pub students: Vec<Tensor>,
    /// Masks of the mean networks, in order; none without dropout.
    pub mean_networks: Vec<Tensor>,
    /// Factor of the features that the triplet losses compare ([`AdaptationSettings::feature_scale`](super::AdaptationSettings)).
    pub feature_scale: f64,
}

impl Default for Passes {
    fn default() -> Self {
        Self { group: None, students: Vec::new(), mean_networks: Vec::new(), feature_scale: 1.0 }
    }
}

impl Passes {
    /// Passes without dropout, with `group` images per batch-norm group.
    pub fn grouped(group: Option<i64>) -> Self {
        Self { group, ..Self::default() }
    }

    /// The pass of student `at` (from 0) on its view of the batch.
    pub fn student(&self, at: usize, network: &Network, view: &Tensor) -> Outputs {
        self.scaled(network.train_with_dropout(view, self.group, self.students.get(at)))
    }

    /// The pass of mean network `at` (from 0) on its view of the batch.
    pub fn mean_network(&self, at: usize, network: &Network, view: &Tensor) -> Outputs {
        self.scaled(network.train_with_dropout(view, self.group, self.mean_networks.get(at)))
    }

    /// Logits stay as they are: the neck has normalised what they are made of.
    fn scaled(&self, outputs: Outputs) -> Outputs {
        if self.feature_scale == 1.0 {
            return outputs;
        }
        Outputs { features: outputs.features * self.feature_scale, ..outputs }
    }
}
