//! The parts of a run and their places: its jobs, the folder and configuration of each. Nothing is read or written here but the names
//! of datasets below a data root.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use mmt_vocabulary::run_directory::{RunDirectory, refuse_other_schema};
use tch::Device;

use super::config::{DataDescription, PretrainConfig, TaskConfig};
use super::data_identity::{DataIdentity, HashedData};
use super::domains::Origin;
use super::initial_weights::InitialWeights;
use super::jobs::{Job, Plan, PretrainJob, TaskJob};
use super::options::{LeftOut, RunOptions};
use super::profile::Profile;
use crate::data::{self, DatasetName};
use crate::error::{Error, Result};
use crate::model::Backbone;
use crate::record::SCHEMA_VERSION;
use crate::synthetic::DATASETS;

/// The jobs of a run with their places.
#[derive(Debug)]
pub(super) struct Layout {
    pub profile: Profile,
    pub origin: Origin,
    /// Which data are real, and what they are.
    data: BTreeMap<DatasetName, DataIdentity>,
    /// `<out>/<profile>/`.
    pub folder: PathBuf,
    pub plan: Plan,
    pub device: Device,
    pub left_out: Vec<LeftOut>,
    /// Weights that source networks start from.
    pub init: Option<InitialWeights>,
    pub threads: usize,
}

impl Layout {
    /// Plans what `profile` asks for. Tasks whose real dataset is absent are left out; all of them absent is an error.
    pub fn new(profile: Profile, options: RunOptions) -> Result<Self> {
        let RunOptions { out, origin, hashed, methods, shard, device, threads, init } = options;
        let name = format!("profile {}", profile.name);
        let mut profile = profile.checked(&name)?;
        let left_out = leave_out(&mut profile, &origin)?;
        let mut plan = Plan::new(&profile, &methods, &origin.seeds(&profile));
        if plan.nodes.is_empty() {
            return Err(Error::Usage(
                "nothing to do: no row of the profile is of that method and task".to_owned(),
            ));
        }
        if let Some(shard) = shard {
            plan = plan.shard(shard, &methods);
        }
        let folder = out.join(&profile.name);
        refuse_other_schema(&folder)?;
        let data = identities(&plan, &origin, hashed)?;
        Ok(Self { profile, origin, data, folder, plan, device, left_out, init, threads: threads.max(1) })
    }

    /// The folder of a job, with its configuration.
    pub fn directory(&self, job: &Job) -> Result<RunDirectory> {
        let path = self.folder.join(job.folder(&self.profile));
        match job {
            Job::Pretrain(job) => RunDirectory::new(path, &self.pretrain_config(job)),
            Job::Start(of) => {
                let parents = self.hashes(PretrainJob::of_task(&self.profile, of.task, of.seeds))?;
                RunDirectory::new(path, &self.task_config(of, "start", parents))
            }
            Job::Oracle(of) => {
                let parents = self.hashes(PretrainJob::of_oracle(&self.profile, of.task, of.seeds))?;
                RunDirectory::new(path, &self.task_config(of, "oracle", parents))
            }
            Job::Adapt(of) => {
                let parents = vec![self.start_directory(of)?.hash().to_owned()];
                let adaptation = Some(&of.row.adaptation);
                let config = TaskConfig { adaptation, ..self.task_config(of, "adapt", parents) };
                RunDirectory::new(path, &config)
            }
        }
    }

    /// The folder of the start that an adaptation builds on.
    pub fn start_directory(&self, job: &TaskJob) -> Result<RunDirectory> {
        let start = self.plan.start_of(job).ok_or_else(|| {
            Error::Training(format!("{} {}: its start is not in the plan", job.task, job.row.name))
        })?;
        self.directory(&Job::Start(start.clone()))
    }

    fn hashes(&self, jobs: [PretrainJob; 2]) -> Result<Vec<String>> {
        let hash = |job| Ok(self.directory(&Job::Pretrain(job))?.hash().to_owned());
        jobs.into_iter().map(hash).collect()
    }

    fn pretrain_config(&self, job: &PretrainJob) -> PretrainConfig<'_> {
        let profile = &self.profile;
        PretrainConfig::new(
            job,
            profile.image_size,
            self.origin.description(job.seeds.domain),
            profile.backbone.spec(),
            self.init.as_ref(),
            &profile.pretraining,
            self.data_of(&[Some(job.source), job.target]),
        )
    }

    /// The real ones of `datasets`, as configurations have them.
    fn data_of(&self, datasets: &[Option<DatasetName>]) -> DataDescription<'_> {
        let of = |name: &DatasetName| Some((name.to_string(), self.data.get(name)?));
        datasets.iter().flatten().filter_map(of).collect()
    }

    fn task_config<'a>(
        &'a self,
        job: &'a TaskJob,
        kind: &'static str,
        parents: Vec<String>,
    ) -> TaskConfig<'a> {
        TaskConfig {
            schema: SCHEMA_VERSION,
            job: kind,
            task: job.task.to_string(),
            row: &job.row.name,
            domain_seed: job.seeds.domain,
            seed: job.seeds.training,
            rerank: self.profile.rerank.then_some(true),
            parents,
            domains: self.origin.description(job.seeds.domain),
            data: self.data_of(&[Some(job.task.source), Some(job.task.target)]),
            adaptation: None,
        }
    }

    /// Jobs at a time: small networks gain nothing from several threads each, so they share the processor by jobs.
    pub fn parallel_jobs(&self) -> usize {
        let small = self.profile.backbone == Backbone::Small;
        if small && self.device == Device::Cpu { self.threads } else { 1 }
    }

    /// Threads of libtorch per job.
    pub fn torch_threads(&self) -> usize {
        (self.threads / self.parallel_jobs()).max(1)
    }
}

/// Returns the identities of a plan's real datasets; none where they are drawn.
fn identities(
    plan: &Plan,
    origin: &Origin,
    hashed: HashedData,
) -> Result<BTreeMap<DatasetName, DataIdentity>> {
    let Origin::Real(root) = origin else { return Ok(BTreeMap::new()) };
    let names = plan.datasets().into_iter().map(|(name, _)| name);
    names.map(|name| Ok((name, DataIdentity::of(&data::read_own(name, root)?, hashed)?))).collect()
}

/// Removes the tasks whose real dataset is not there.
fn leave_out(profile: &mut Profile, origin: &Origin) -> Result<Vec<LeftOut>> {
    let Origin::Real(root) = origin else { return only_drawn(profile) };
    data::check_root(root)?;
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
        read_for_its_error(&left_out, root)?;
    }
    Ok(left_out)
}

/// Without a data root there are the built-in domains alone.
fn only_drawn(profile: &Profile) -> Result<Vec<LeftOut>> {
    let is_drawn = |name: &DatasetName| DATASETS.contains(name);
    let all = profile.tasks.iter().map(|task| (task, [task.source, task.target]));
    match all.flat_map(|(task, pair)| pair.map(|name| (task, name))).find(|(_, name)| !is_drawn(name)) {
        None => Ok(Vec::new()),
        Some((task, name)) => Err(Error::Usage(format!(
            "task {task}: {name} has no built-in domain; --data-root DIR names the folder that holds it"
        ))),
    }
}

/// Reading names every folder that was looked for.
fn read_for_its_error(left_out: &[LeftOut], root: &Path) -> Result<()> {
    let first = left_out[0].task;
    for name in [first.source, first.target] {
        data::read(name, root)?;
    }
    Ok(())
}
