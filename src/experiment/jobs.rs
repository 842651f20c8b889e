//! The job graph: what is run, in which folder, and what it needs first.

use std::collections::BTreeSet;
use std::path::PathBuf;

use mmt_vocabulary::run_directory::{ADAPTATIONS, PRETRAININGS};
use mmt_vocabulary::{Method, Task};

use super::profile::{Profile, Row};
use super::seeds::Seeds;
use crate::data::DatasetName;
use crate::train::{PretrainingSettings, TargetStatistics};

/// The purpose that a network is pre-trained for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The start of tasks whose source it is trained on.
    Source,
    /// To be the oracle of tasks whose target it is trained on. There is no second domain, so no statistics of one; and nothing is
    /// chosen, for the test set that a choice would look at is the one that the oracle is judged on.
    Oracle,
}

/// Source pre-training of one of the two networks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PretrainJob {
    /// The labelled domain.
    pub source: DatasetName,
    /// Target whose images set the batch-norm statistics on the way (`target_statistics = "during"`).
    pub target: Option<DatasetName>,
    /// Which of the two networks, 1 or 2.
    pub network: usize,
    /// The seeds that it draws from.
    pub seeds: Seeds,
    /// Its purpose.
    pub purpose: Purpose,
}

impl PretrainJob {
    /// Both networks of a source.
    fn pair(source: DatasetName, target: Option<DatasetName>, seeds: Seeds) -> [Self; 2] {
        [1, 2].map(|network| Self { source, target, network, seeds, purpose: Purpose::Source })
    }

    /// The two that `task` starts from.
    pub fn of_task(profile: &Profile, task: Task, seeds: Seeds) -> [Self; 2] {
        let during = profile.pretraining.target_statistics == TargetStatistics::During;
        Self::pair(task.source, during.then_some(task.target), seeds)
    }

    /// The two that are the oracle of `task`. Where source networks are trained in the same way, those are the oracle as well.
    pub fn of_oracle(profile: &Profile, task: Task, seeds: Seeds) -> [Self; 2] {
        Self::pair(task.target, None, seeds).map(|job| {
            let settings = &profile.pretraining;
            let same = settings.target_statistics != TargetStatistics::During && !settings.keep_best;
            if same { job } else { Self { purpose: Purpose::Oracle, ..job } }
        })
    }

    /// Its settings, where those of the profile are `settings`.
    pub fn settings(&self, settings: &PretrainingSettings) -> PretrainingSettings {
        match self.purpose {
            Purpose::Source => settings.clone(),
            Purpose::Oracle => PretrainingSettings {
                target_statistics: TargetStatistics::Off,
                keep_best: false,
                ..settings.clone()
            },
        }
    }

    /// Seed of this network: the two must differ in everything that is drawn.
    pub fn network_seed(&self) -> u64 {
        self.seeds.of_network(self.network)
    }

    /// `market`, or `market-to-duke` where target images pass through, or `duke-oracle`.
    fn domain(&self) -> String {
        let source = self.source.short_name();
        match (self.purpose, self.target) {
            (Purpose::Oracle, _) => format!("{source}-oracle"),
            (Purpose::Source, Some(target)) => format!("{source}-to-{}", target.short_name()),
            (Purpose::Source, None) => source.to_owned(),
        }
    }
}

/// A job that is run for a task.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskJob {
    /// The task.
    pub task: Task,
    /// The row of the tables.
    pub row: Row,
    /// The seeds that it draws from.
    pub seeds: Seeds,
}

/// A node of the graph.
#[derive(Debug, Clone, PartialEq)]
pub enum Job {
    /// Source pre-training of one network.
    Pretrain(PretrainJob),
    /// The pair of source networks, with the target's batch-norm statistics: the row "pre-trained", and the start of every
    /// adaptation.
    Start(TaskJob),
    /// Baseline or mutual mean-teaching.
    Adapt(TaskJob),
    /// The pair of networks trained on the target's true labels.
    Oracle(TaskJob),
}

impl Job {
    /// Its folder below `runs/<profile>/`.
    pub fn folder(&self, profile: &Profile) -> PathBuf {
        match self {
            Self::Pretrain(job) => [PRETRAININGS.to_owned(), job.domain(), profile.backbone.to_string()]
                .into_iter()
                .collect::<PathBuf>()
                .join(job.seeds.folder())
                .join(format!("network-{}", job.network)),
            Self::Start(job) | Self::Adapt(job) | Self::Oracle(job) => {
                let row = [ADAPTATIONS.to_owned(), job.task.to_string(), job.row.name.clone()];
                row.into_iter().collect::<PathBuf>().join(job.seeds.folder())
            }
        }
    }

    /// A short text for progress bars and logs.
    pub fn label(&self) -> String {
        match self {
            Self::Pretrain(job) => format!("{} pretrain {} {}", job.domain(), job.network, job.seeds),
            Self::Start(job) | Self::Adapt(job) | Self::Oracle(job) => {
                format!("{} {} {}", job.task, job.row.name, job.seeds)
            }
        }
    }
}

/// A job with the places of those that must be done before it.
#[derive(Debug)]
pub struct Node {
    /// The job.
    pub job: Job,
    /// Places in the plan, all smaller than the job's own.
    pub needs: Vec<usize>,
}

/// The jobs of a run, each after all that it needs.
#[derive(Debug, Default)]
pub struct Plan {
    /// The nodes.
    pub nodes: Vec<Node>,
}

impl Plan {
    /// Everything that the rows of `profile` with one of `methods` need for each of `all_seeds`, each thing once. Jobs that take long
    /// and that others wait for come first.
    pub fn new(profile: &Profile, methods: &[Method], all_seeds: &[Seeds]) -> Self {
        let mut plan = Self::default();
        for &seeds in all_seeds {
            for &task in &profile.tasks {
                let has = |oracle: bool| {
                    wanted_rows(profile, methods, task).any(|row| (row.method == Method::Oracle) == oracle)
                };
                if has(false) {
                    plan.pretrained(PretrainJob::of_task(profile, task, seeds));
                }
                if has(true) {
                    plan.pretrained(PretrainJob::of_oracle(profile, task, seeds));
                }
            }
        }
        for &seeds in all_seeds {
            for &task in &profile.tasks {
                plan.add_task(profile, methods, task, seeds);
            }
        }
        plan
    }

    fn add_task(&mut self, profile: &Profile, methods: &[Method], task: Task, seeds: Seeds) {
        let rows: Vec<Row> = wanted_rows(profile, methods, task).cloned().collect();
        let start = rows.iter().any(|row| row.method != Method::Oracle).then(|| {
            let row = start_row(profile, &rows);
            let needs = self.pretrained(PretrainJob::of_task(profile, task, seeds));
            self.add(Job::Start(TaskJob { task, row, seeds }), needs)
        });
        for row in rows {
            let job = TaskJob { task, row, seeds };
            match (job.row.method, start) {
                (Method::Oracle, _) => {
                    let needs = self.pretrained(PretrainJob::of_oracle(profile, task, seeds));
                    self.add(Job::Oracle(job), needs);
                }
                (method, Some(start)) if method.adapts() => {
                    self.add(Job::Adapt(job), vec![start]);
                }
                _ => {}
            }
        }
    }

    /// Places of two pre-trainings.
    fn pretrained(&mut self, jobs: [PretrainJob; 2]) -> Vec<usize> {
        jobs.into_iter().map(|job| self.add(Job::Pretrain(job), Vec::new())).collect()
    }

    /// Place of `job`, which is added if it is new.
    fn add(&mut self, job: Job, needs: Vec<usize>) -> usize {
        if let Some(at) = self.nodes.iter().position(|node| node.job == job) {
            return at;
        }
        self.nodes.push(Node { job, needs });
        self.nodes.len() - 1
    }

    /// The datasets of all jobs, each with the seed of its domain.
    pub fn datasets(&self) -> Vec<(DatasetName, Option<u64>)> {
        let of = |node: &Node| match &node.job {
            Job::Pretrain(job) => ([Some(job.source), job.target], job.seeds.domain),
            Job::Start(job) | Job::Adapt(job) | Job::Oracle(job) => {
                ([Some(job.task.source), Some(job.task.target)], job.seeds.domain)
            }
        };
        let all = self.nodes.iter().map(of);
        let each = all.flat_map(|(names, seed)| names.into_iter().flatten().map(move |name| (name, seed)));
        each.collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// The start that an adaptation builds on.
    pub fn start_of(&self, job: &TaskJob) -> Option<&TaskJob> {
        self.nodes.iter().find_map(|node| match &node.job {
            Job::Start(start) if start.task == job.task && start.seeds == job.seeds => Some(start),
            _ => None,
        })
    }
}

/// The rows of `profile` that are run for `task`.
fn wanted_rows<'a>(profile: &'a Profile, methods: &'a [Method], task: Task) -> impl Iterator<Item = &'a Row> {
    profile.rows.iter().filter(move |row| row.tasks.contains(&task) && methods.contains(&row.method))
}

/// The row under which the start is kept: the profile's own, if it has one.
fn start_row(profile: &Profile, rows: &[Row]) -> Row {
    let own = profile.rows.iter().find(|row| row.method == Method::PreTrained);
    own.cloned().unwrap_or_else(|| Row {
        name: Method::PreTrained.to_string(),
        method: Method::PreTrained,
        ..rows[0].clone()
    })
}
