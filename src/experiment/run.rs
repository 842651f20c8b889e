//! A run: the jobs of a profile, in folders below `<out>/<profile>/`, resumed where an earlier run stopped.

use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use tch::Device;

use super::config::write_environment;
use super::domains::{Domain, OpenDomains, Origin, check_root, open_all};
use super::initial_weights::InitialWeights;
use super::jobs::{Job, Plan};
use super::monitor::{Monitor, Stop};
use super::profile::{Method, Profile};
use super::run_directory::RunDirectory;
use super::schedule::run_all;
use super::task::Task;
use crate::data::{self, DatasetName};
use crate::error::{Error, Result};
use crate::model::Backbone;
use crate::record::{RUN, RunInfo, SCHEMA_VERSION, write_json};
use crate::train::Clustering;

/// How a profile is to be run.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// Folder that holds `<profile>/`.
    pub out: PathBuf,
    /// Where the datasets come from.
    pub origin: Origin,
    /// Methods to run.
    pub methods: Vec<Method>,
    /// Device of the networks.
    pub device: Device,
    /// Threads of the CPU to use.
    pub threads: usize,
    /// What pre-training starts from; `None`: random weights.
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

/// What a job needs beside itself.
pub(super) struct Context<'a> {
    pub monitor: &'a dyn Monitor,
    pub job: usize,
}

/// A planned run.
#[derive(Debug)]
pub struct Run {
    pub(super) profile: Profile,
    pub(super) origin: Origin,
    pub(super) folder: PathBuf,
    pub(super) device: Device,
    pub(super) plan: Plan,
    pub(super) stop: Arc<Stop>,
    pub(super) init: Option<InitialWeights>,
    threads: usize,
    domains: OpenDomains,
    left_out: Vec<LeftOut>,
    _lock: File,
}

impl Run {
    /// Plans what `profile` asks for, makes the output folder and opens the datasets. Tasks whose real dataset is absent are left
    /// out; all of them absent is an error.
    ///
    /// # Errors
    /// A folder that cannot be written or is in use by another run, or a dataset that is missing or broken.
    pub fn new(
        profile: Profile,
        options: RunOptions,
        stop: Arc<Stop>,
        monitor: &dyn Monitor,
    ) -> Result<Self> {
        let RunOptions { out, origin, methods, device, threads, init } = options;
        let mut profile = profile;
        let left_out = leave_out(&mut profile, &origin)?;
        let folder = out.join(&profile.name);
        fs::create_dir_all(&folder).map_err(Error::io("create", &folder))?;
        let lock = lock(&folder)?;
        let plan = Plan::new(&profile, &methods);
        if plan.nodes.is_empty() {
            return Err(Error::Usage(
                "nothing to do: no row of the profile is of that method and task".to_owned(),
            ));
        }
        let wanted = wanted(&plan, &origin);
        let domains = open_all(&wanted, &origin, profile.image_size, &mut |text, done, total| {
            monitor.preparing(text, done, total);
            if stop.is_asked() { Err(Error::Interrupted) } else { Ok(()) }
        })?;
        check_clusterings(&plan, &domains, &origin)?;
        let threads = threads.max(1);
        Ok(Self {
            profile,
            origin,
            folder,
            device,
            plan,
            stop,
            init,
            threads,
            domains,
            left_out,
            _lock: lock,
        })
    }

    /// The folder of this run.
    pub fn folder(&self) -> &std::path::Path {
        &self.folder
    }

    /// Tasks that are not run.
    pub fn left_out(&self) -> &[LeftOut] {
        &self.left_out
    }

    /// Runs every job that is not done.
    ///
    /// # Errors
    /// The first job that fails, or [`Error::Interrupted`]; the same call goes on from there.
    pub fn execute(&self, monitor: &dyn Monitor) -> Result<()> {
        monitor.planned(self.plan.nodes.len());
        run_all(&self.plan, self.parallel_jobs(), &self.stop, |at| {
            // Threads have a count of their own in some parts of libtorch.
            tch::set_num_threads(self.torch_threads() as i32);
            let job = &self.plan.nodes[at].job;
            let since = Instant::now();
            let context = Context { monitor, job: at };
            monitor.started(at, &job.label());
            let result = match job {
                Job::Pretrain(job) => self.pretrain(job, &context),
                Job::Start(job) => self.start(job, &context),
                Job::Adapt(job) => self.adapt(job, &context),
                Job::Oracle(job) => self.oracle(job, &context),
            };
            result.map_err(|error| error.in_stage(job.label()))?;
            monitor.finished(at, since.elapsed().as_secs_f64());
            Ok(())
        })
    }

    /// An opened domain. All that the plan names are open.
    pub(super) fn domain(&self, name: DatasetName, seed: u64) -> &Domain {
        &self.domains[&(name, self.origin.domain_seed(seed))]
    }

    /// Writes into a job's folder what it is and what it runs on.
    pub(super) fn describe(
        &self,
        directory: &RunDirectory,
        task: &str,
        [row, method]: [&str; 2],
        seed: u64,
    ) -> Result<()> {
        let info = RunInfo {
            schema: SCHEMA_VERSION,
            profile: self.profile.name.clone(),
            domains: self.origin.kind(),
            task: task.to_owned(),
            row: row.to_owned(),
            method: method.to_owned(),
            backbone: self.profile.backbone.to_string(),
            seed,
            config: directory.hash().to_owned(),
        };
        write_json(&directory.path().join(RUN), &info)?;
        write_environment(directory.path(), self.device, self.torch_threads())
    }

    /// Jobs at a time: small networks gain nothing from several threads each, so they share the processor by jobs.
    fn parallel_jobs(&self) -> usize {
        let small = self.profile.backbone == Backbone::Small;
        if small && self.device == Device::Cpu { self.threads } else { 1 }
    }

    /// Threads of libtorch per job.
    pub(super) fn torch_threads(&self) -> usize {
        (self.threads / self.parallel_jobs()).max(1)
    }
}

/// Removes the tasks whose real dataset is not there.
fn leave_out(profile: &mut Profile, origin: &Origin) -> Result<Vec<LeftOut>> {
    let Origin::Real(root) = origin else { return Ok(Vec::new()) };
    check_root(root)?;
    let mut left_out = Vec::new();
    profile.tasks.retain(|task| {
        let absent = [task.source, task.target].into_iter().find(|name| !data::is_present(*name, root));
        if let Some(name) = absent {
            let reason = format!("{name} is not below {}", root.display());
            left_out.push(LeftOut { task: *task, reason });
        }
        absent.is_none()
    });
    if profile.tasks.is_empty() {
        // Reading names every folder that was looked for.
        let first = left_out[0].task;
        for name in [first.source, first.target] {
            data::read(name, root)?;
        }
    }
    Ok(left_out)
}

/// The datasets of all jobs.
fn wanted(plan: &Plan, origin: &Origin) -> Vec<(DatasetName, u64)> {
    let mut wanted = BTreeSet::new();
    for node in &plan.nodes {
        match &node.job {
            Job::Pretrain(job) => {
                wanted.insert((job.source, origin.domain_seed(job.seed)));
                wanted.extend(job.target.map(|target| (target, origin.domain_seed(job.seed))));
            }
            Job::Start(job) | Job::Adapt(job) | Job::Oracle(job) => {
                let seed = origin.domain_seed(job.seed);
                wanted.extend([(job.task.source, seed), (job.task.target, seed)]);
            }
        }
    }
    wanted.into_iter().collect()
}

/// A clustering that can only fail, for too few images, is refused before hours of pre-training.
fn check_clusterings(plan: &Plan, domains: &OpenDomains, origin: &Origin) -> Result<()> {
    for node in &plan.nodes {
        let Job::Adapt(job) = &node.job else { continue };
        let images = domains[&(job.task.target, origin.domain_seed(job.seed))].train.len();
        if let Some(what) = asks_for_more_than(&job.row.adaptation.clustering, images) {
            return Err(Error::Usage(format!(
                "row {}: {what}, but the target of {} has only {images} training images",
                job.row.name, job.task
            )));
        }
    }
    Ok(())
}

/// What of a clustering `images` images cannot give.
fn asks_for_more_than(clustering: &Clustering, images: usize) -> Option<String> {
    let pairs = (images * images.saturating_sub(1) / 2) as f64;
    match *clustering {
        Clustering::KMeans { clusters, .. } if clusters > images => Some(format!("{clusters} clusters")),
        Clustering::Dbscan { k2, .. } if k2 > images => Some(format!("k2 = {k2} images to average")),
        // The number of distances whose mean is eps (D13).
        Clustering::Dbscan { rho, .. } if (rho * pairs).round_ties_even() < 1.0 => {
            Some(format!("rho = {rho} of all distances"))
        }
        _ => None,
    }
}

/// Holds the folder for this process. The system lets go of it when the process ends, however that comes.
fn lock(folder: &std::path::Path) -> Result<File> {
    let path = folder.join(".lock");
    let file = File::create(&path).map_err(Error::io("write", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(Error::file(folder, "another run is at work in this folder; choose another --out or wait"))
        }
        Err(TryLockError::Error(error)) => Err(Error::io("lock", &path)(error)),
    }
}
