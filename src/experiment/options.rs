//! How a profile is to be run, and what is not.

use std::path::PathBuf;

use mmt_vocabulary::{Method, Task};
use tch::Device;

use super::data_identity::HashedData;
use super::domains::Origin;
use super::initial_weights::InitialWeights;
use super::shard::Shard;

/// How a profile is to be run.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// Folder that holds `<profile>/`.
    pub out: PathBuf,
    /// Where the datasets come from.
    pub origin: Origin,
    /// How real data are told apart.
    pub hashed: HashedData,
    /// Methods to run.
    pub methods: Vec<Method>,
    /// The part of the jobs to run; all where there is none.
    pub shard: Option<Shard>,
    /// Device of the networks.
    pub device: Device,
    /// Threads of the CPU to use.
    pub threads: usize,
    /// The weights that pre-training starts from; `None`: random weights.
    pub init: Option<InitialWeights>,
}

/// A task that is not run, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// The task.
    pub task: Task,
    /// Why, in a sentence.
    pub reason: String,
}
