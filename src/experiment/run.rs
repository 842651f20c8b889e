//! A run: the jobs of a profile, in folders below `<out>/<profile>/`, resumed where an earlier run stopped.

use std::collections::BTreeSet;
use std::fs;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use mmt_vocabulary::Method;
use mmt_vocabulary::run_directory::RunDirectory;

use super::config::environment;
use super::domains::{Domain, OpenDomains, open_all};
use super::jobs::{Job, Plan};
use super::layout::Layout;
use super::monitor::{Monitor, Stop};
use super::options::{LeftOut, RunOptions};
use super::profile::Profile;
use super::schedule::{Turn, run_all};
use super::seeds::Seeds;
use crate::cluster::ClusteringState;
use crate::data::DatasetName;
use crate::error::{Error, Result};
use crate::record::{ENVIRONMENT, PRETRAIN, PROVENANCE, RUN, RunInfo, SCHEMA_VERSION, write_json};

/// Everything that a job needs beside itself.
pub(super) struct Context<'a> {
    pub monitor: &'a dyn Monitor,
    pub job: usize,
}

/// A planned run.
#[derive(Debug)]
pub struct Run {
    pub(super) layout: Layout,
    pub(super) stop: Arc<Stop>,
    domains: OpenDomains,
    /// Jobs that another process was found to be at work on, so that it is told once.
    elsewhere: Mutex<BTreeSet<usize>>,
}

impl Run {
    /// Plans what `profile` asks for, makes the output folder and opens the datasets. Tasks whose real dataset is absent are left
    /// out; all of them absent is an error. Several runs may share a folder, here or on other machines: each job is run by the one
    /// that takes it first.
    ///
    /// # Errors
    /// A folder that cannot be written, or a dataset that is missing or broken.
    pub fn new(
        profile: Profile,
        options: RunOptions,
        stop: Arc<Stop>,
        monitor: &dyn Monitor,
    ) -> Result<Self> {
        let layout = Layout::new(profile, options)?;
        layout.check_address_space()?;
        fs::create_dir_all(&layout.folder).map_err(Error::io("create", &layout.folder))?;
        let (plan, origin, size) = (&layout.plan, &layout.origin, layout.profile.image_size);
        let mut progress = |text: &str, done, total| {
            monitor.preparing(text, done, total);
            if stop.is_asked() { Err(Error::Interrupted) } else { Ok(()) }
        };
        let warn = &mut |text: &str| monitor.warning(text);
        let domains = open_all(&plan.datasets(), origin, size, &mut progress, warn)?;
        check_clusterings(plan, &mut |name, seed| Ok(domains[&(name, seed)].train.len()))?;
        Ok(Self { layout, stop, domains, elsewhere: Mutex::default() })
    }

    /// The folder of this run.
    pub fn folder(&self) -> &std::path::Path {
        &self.layout.folder
    }

    /// Tasks that are not run.
    pub fn left_out(&self) -> &[LeftOut] {
        &self.layout.left_out
    }

    /// Runs every job that is not done.
    ///
    /// # Errors
    /// The first job that fails, or [`Error::Interrupted`]; the same call goes on from there.
    pub fn execute(&self, monitor: &dyn Monitor) -> Result<()> {
        let plan = &self.layout.plan;
        self.layout.tell_memory(monitor);
        monitor.planned(plan.nodes.len());
        run_all(plan, self.layout.parallel_jobs(), &self.stop, |at| {
            // Threads have a count of their own in some parts of libtorch.
            tch::set_num_threads(self.layout.torch_threads() as i32);
            let job = &plan.nodes[at].job;
            let since = Instant::now();
            let turn = self.take(at, job, monitor).map_err(|error| error.in_stage(job.label()))?;
            if turn == Turn::Done {
                monitor.finished(at, since.elapsed().as_secs_f64());
            }
            Ok(turn)
        })
    }

    /// Runs a job, unless it is done or another process is at work on it.
    fn take(&self, at: usize, job: &Job, monitor: &dyn Monitor) -> Result<Turn> {
        let directory = self.layout.directory(job)?;
        if directory.is_done() {
            return Ok(Turn::Done);
        }
        let Some(_claim) = directory.claim()? else {
            if self.elsewhere.lock().unwrap_or_else(PoisonError::into_inner).insert(at) {
                monitor.elsewhere(at, &job.label());
            }
            return Ok(Turn::Elsewhere);
        };
        // Another process may have finished it between the look and the claim.
        if directory.is_done() {
            return Ok(Turn::Done);
        }
        let context = Context { monitor, job: at };
        monitor.started(at, &job.label());
        self.describe(&directory, job)?;
        match job {
            Job::Pretrain(job) => self.pretrain(job, &directory, &context)?,
            Job::Start(job) => self.start(job, &directory, &context)?,
            Job::Adapt(job) => self.adapt(job, &directory, &context)?,
            Job::Oracle(job) => self.oracle(job, &directory, &context)?,
        }
        Ok(Turn::Done)
    }

    /// An opened domain. All that the plan names are open.
    pub(super) fn domain(&self, name: DatasetName, seeds: Seeds) -> &Domain {
        &self.domains[&(name, seeds.domain)]
    }

    /// Writes into a job's folder what it is and what it runs on.
    fn describe(&self, directory: &RunDirectory, job: &Job) -> Result<()> {
        let (task, row, method, seeds) = match job {
            Job::Pretrain(job) => {
                (job.source.short_name().to_owned(), PRETRAIN, PRETRAIN.to_owned(), job.seeds)
            }
            Job::Start(job) => {
                (job.task.to_string(), job.row.name.as_str(), Method::PreTrained.to_string(), job.seeds)
            }
            Job::Adapt(job) | Job::Oracle(job) => {
                (job.task.to_string(), job.row.name.as_str(), job.row.method.to_string(), job.seeds)
            }
        };
        let info = RunInfo {
            schema: SCHEMA_VERSION,
            profile: self.layout.profile.name.clone(),
            domains: self.layout.origin.kind(),
            task,
            row: row.to_owned(),
            method,
            backbone: self.layout.profile.backbone.to_string(),
            domain_seed: seeds.domain,
            seed: seeds.training,
            config: directory.hash().to_owned(),
        };
        write_json(&directory.path().join(RUN), &info)?;
        let environment = environment(self.layout.device, self.layout.torch_threads());
        write_json(&directory.path().join(ENVIRONMENT), &environment)?;
        let provenance = directory.path().join(PROVENANCE);
        // A job that goes on keeps its beginning.
        if provenance.exists() { Ok(()) } else { write_json(&provenance, &super::provenance::provenance()) }
    }
}

/// A clustering that can only fail, for too few images, is refused before hours of pre-training. `images` counts the training images
/// of a dataset under the seed of its domain.
pub(super) fn check_clusterings(
    plan: &Plan,
    images: &mut dyn FnMut(DatasetName, Option<u64>) -> Result<usize>,
) -> Result<()> {
    for node in &plan.nodes {
        let Job::Adapt(job) = &node.job else { continue };
        let images = images(job.task.target, job.seeds.domain)?;
        let checked = job.row.adaptation.clustering.check_images(images, &ClusteringState::default());
        checked.map_err(|error| {
            let (row, task) = (&job.row.name, job.task);
            Error::Usage(format!(
                "row {row}: {error}: the target of {task} has only {images} training images"
            ))
        })?;
    }
    Ok(())
}
