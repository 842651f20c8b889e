//! The resolved configuration of a job, as its `config.toml` has it, and what `environment.json` says about the machine.

use std::collections::BTreeMap;

use serde::Serialize;
use tch::Device;

use super::data_identity::DataIdentity;
use super::domains::DomainDescription;
use super::initial_weights::InitialWeights;
use super::jobs::PretrainJob;
use crate::data::{DatasetName, ImageSize};
use crate::device::process::all_threads;
use crate::model::Spec;
use crate::record::SCHEMA_VERSION;
use crate::train::{AdaptationSettings, PretrainingSettings};

/// The real datasets that a job sees, by name.
pub(super) type DataDescription<'a> = BTreeMap<String, &'a DataIdentity>;

/// Configuration of a pre-training.
#[derive(Debug, Serialize)]
pub(super) struct PretrainConfig<'a> {
    schema: u32,
    job: &'static str,
    source: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<&'static str>,
    network: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    domain_seed: Option<u64>,
    seed: u64,
    image_size: ImageSize,
    domains: DomainDescription,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    data: DataDescription<'a>,
    backbone: Spec,
    #[serde(skip_serializing_if = "Option::is_none")]
    init: Option<&'a InitialWeights>,
    pretraining: PretrainingSettings,
}

impl<'a> PretrainConfig<'a> {
    pub fn new(
        job: &PretrainJob,
        image_size: ImageSize,
        domains: DomainDescription,
        backbone: Spec,
        init: Option<&'a InitialWeights>,
        pretraining: &PretrainingSettings,
        data: DataDescription<'a>,
    ) -> Self {
        Self {
            schema: SCHEMA_VERSION,
            job: "pretrain",
            source: job.source.short_name(),
            target: job.target.map(DatasetName::short_name),
            network: job.network,
            domain_seed: job.seeds.domain,
            seed: job.seeds.training,
            image_size,
            domains,
            data,
            backbone,
            init,
            pretraining: job.settings(pretraining),
        }
    }
}

/// Configuration of what is done for a task.
#[derive(Debug, Serialize)]
pub(super) struct TaskConfig<'a> {
    pub schema: u32,
    pub job: &'static str,
    pub task: String,
    pub row: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain_seed: Option<u64>,
    pub seed: u64,
    /// There only where galleries are re-ranked as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rerank: Option<bool>,
    /// Hashes of the configurations of the jobs it builds on.
    pub parents: Vec<String>,
    pub domains: DomainDescription,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub data: DataDescription<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adaptation: Option<&'a AdaptationSettings>,
}

/// Describes what a job runs on. Not part of its configuration: a run may go on elsewhere.
pub(super) fn environment(device: Device, threads: usize) -> BTreeMap<String, String> {
    let mut environment = BTreeMap::new();
    let mut put = |key: &str, value: String| environment.insert(key.to_owned(), value);
    put("mmt", env!("CARGO_PKG_VERSION").to_owned());
    put("system", format!("{} {}", std::env::consts::OS, std::env::consts::ARCH));
    put("processor", processor());
    put("device", format!("{device:?}"));
    put("torch_threads_per_job", threads.to_string());
    put("torch_binding", "tch 0.24.0 (libtorch 2.11.0)".to_owned());
    environment
}

/// Name of the processor, as Linux tells it, and how many threads it offers.
fn processor() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    let threads = all_threads();
    format!("{}, {threads} threads", name.map_or("unknown", |(_, name)| name.trim()))
}
