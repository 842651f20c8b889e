//! How the networks of a step pass their batch in training mode.

use tch::Tensor;

use crate::model::{Network, Outputs};

/// Batch-norm groups and dropout masks of the passes of a step. The default: the whole batch, and no dropout.
#[derive(Debug, Default)]
pub struct Passes {
    /// Images per batch-norm group, see [`BatchStatistics`](crate::model::BatchStatistics).
    pub group: Option<i64>,
    /// Masks of the students, in order ([`Network::train_with_dropout`]); none without dropout.
    pub students: Vec<Tensor>,
    /// Masks of the mean networks, in order; none without dropout.
    pub mean_networks: Vec<Tensor>,
}

impl Passes {
    /// Passes without dropout, with `group` images per batch-norm group.
    pub fn grouped(group: Option<i64>) -> Self {
        Self { group, ..Self::default() }
    }

    /// The pass of student `at` (from 0) on its view of the batch.
    pub fn student(&self, at: usize, network: &Network, view: &Tensor) -> Outputs {
        network.train_with_dropout(view, self.group, self.students.get(at))
    }

    /// The pass of mean network `at` (from 0) on its view of the batch.
    pub fn mean_network(&self, at: usize, network: &Network, view: &Tensor) -> Outputs {
        network.train_with_dropout(view, self.group, self.mean_networks.get(at))
    }
}
