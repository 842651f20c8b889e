//! The job graph: what is run, in which folder, and what it needs first.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::str::FromStr;

use super::profile::{Method, Profile, Row};
use super::task::{Task, short_name};
use crate::data::DatasetName;
use crate::error::{Error, Result};
use crate::train::TargetStatistics;

/// Source pre-training of one of the two networks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PretrainJob {
    /// The labelled domain.
    pub source: DatasetName,
    /// Target whose images set the batch-norm statistics on the way (`target_statistics = "during"`).
    pub target: Option<DatasetName>,
    /// Which of the two networks, 1 or 2.
    pub network: usize,
    /// The run's seed.
    pub seed: u64,
}

impl PretrainJob {
    /// Both networks of a source.
    pub fn pair(source: DatasetName, target: Option<DatasetName>, seed: u64) -> [Self; 2] {
        [1, 2].map(|network| Self { source, target, network, seed })
    }

    /// The two that `task` starts from.
    pub fn of_task(profile: &Profile, task: Task, seed: u64) -> [Self; 2] {
        let during = profile.pretraining.target_statistics == TargetStatistics::During;
        Self::pair(task.source, during.then_some(task.target), seed)
    }

    /// The two that are the oracle of `task`.
    pub fn of_oracle(task: Task, seed: u64) -> [Self; 2] {
        Self::pair(task.target, None, seed)
    }

    /// Seed of this network: the two must differ in everything that is drawn.
    pub fn network_seed(&self) -> u64 {
        2 * self.seed + self.network as u64 - 1
    }
}

/// What is run for a task.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskJob {
    /// The task.
    pub task: Task,
    /// The row of the tables.
    pub row: Row,
    /// The run's seed.
    pub seed: u64,
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
            Self::Pretrain(job) => {
                let source = short_name(job.source);
                let domain = match job.target {
                    Some(target) => format!("{source}-to-{}", short_name(target)),
                    None => source.to_owned(),
                };
                ["pretrain".to_owned(), domain, profile.backbone.to_string()]
                    .into_iter()
                    .chain([format!("seed-{}", job.seed), format!("network-{}", job.network)])
                    .collect()
            }
            Self::Start(job) | Self::Adapt(job) | Self::Oracle(job) => {
                ["adapt".to_owned(), job.task.to_string(), job.row.name.clone(), format!("seed-{}", job.seed)]
                    .into_iter()
                    .collect()
            }
        }
    }

    /// Whether a shard chooses it for itself: all but pre-training, and starts that nobody asked for.
    fn is_dealt(&self, methods: &[Method]) -> bool {
        match self {
            Self::Pretrain(_) => false,
            Self::Start(_) => methods.contains(&Method::PreTrained),
            Self::Adapt(_) | Self::Oracle(_) => true,
        }
    }

    /// Its row in the tables; empty for pre-training.
    fn row_name(&self) -> &str {
        match self {
            Self::Pretrain(_) => "",
            Self::Start(job) | Self::Adapt(job) | Self::Oracle(job) => &job.row.name,
        }
    }

    /// A short text for progress bars and logs.
    pub fn label(&self) -> String {
        match self {
            Self::Pretrain(job) => {
                let target = job.target.map_or(String::new(), |target| format!("-to-{}", short_name(target)));
                format!("{}{target} pretrain {} seed {}", short_name(job.source), job.network, job.seed)
            }
            Self::Start(job) | Self::Adapt(job) | Self::Oracle(job) => {
                format!("{} {} seed {}", job.task, job.row.name, job.seed)
            }
        }
    }
}

/// One of several equal parts of a plan, for one of several machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    index: usize,
    count: usize,
}

impl FromStr for Shard {
    type Err = Error;

    /// `I/N` with I from 1 to N.
    fn from_str(text: &str) -> Result<Self> {
        let numbers = text.split_once('/').and_then(|(i, n)| Some((i.parse().ok()?, n.parse().ok()?)));
        match numbers {
            Some((index, count)) if 1 <= index && index <= count => Ok(Self { index, count }),
            _ => Err(Error::Usage(format!("`{text}` is no shard: I/N with I from 1 to N, such as 1/4"))),
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
    /// Everything that the rows of `profile` with one of `methods` need, each thing once. Jobs that take long and that others
    /// wait for come first.
    pub fn new(profile: &Profile, methods: &[Method]) -> Self {
        let mut plan = Self::default();
        for &seed in &profile.seeds {
            for &task in &profile.tasks {
                let has = |oracle: bool| {
                    wanted_rows(profile, methods, task).any(|row| (row.method == Method::Oracle) == oracle)
                };
                if has(false) {
                    plan.pretrained(PretrainJob::of_task(profile, task, seed));
                }
                if has(true) {
                    plan.pretrained(PretrainJob::of_oracle(task, seed));
                }
            }
        }
        for &seed in &profile.seeds {
            for &task in &profile.tasks {
                plan.add_task(profile, methods, task, seed);
            }
        }
        plan
    }

    /// The part of the plan that `shard` runs: its share of the jobs of tasks, and all that these need. The jobs of a kind and row are
    /// dealt out in turn, so that every shard has some of the long ones.
    pub fn shard(self, shard: Shard, methods: &[Method]) -> Self {
        let mut dealt: Vec<usize> =
            (0..self.nodes.len()).filter(|&at| self.nodes[at].job.is_dealt(methods)).collect();
        // Sorting is stable: within a row the order of the plan stays.
        let mut rows: Vec<&str> = Vec::new();
        for &at in &dealt {
            let row = self.nodes[at].job.row_name();
            if !rows.contains(&row) {
                rows.push(row);
            }
        }
        dealt.sort_by_key(|&at| {
            let job = &self.nodes[at].job;
            (!matches!(job, Job::Adapt(_)), rows.iter().position(|row| *row == job.row_name()))
        });
        let mut kept: BTreeSet<usize> =
            dealt.into_iter().skip(shard.index - 1).step_by(shard.count).collect();
        // Needs stand before what needs them, so one pass from the end finds all.
        for at in (0..self.nodes.len()).rev() {
            if kept.contains(&at) {
                kept.extend(&self.nodes[at].needs);
            }
        }
        let place = |old: &usize| kept.iter().take_while(|at| *at < old).count();
        let nodes = self
            .nodes
            .into_iter()
            .enumerate()
            .filter(|(at, _)| kept.contains(at))
            .map(|(_, node)| Node { needs: node.needs.iter().map(place).collect(), ..node });
        Self { nodes: nodes.collect() }
    }

    fn add_task(&mut self, profile: &Profile, methods: &[Method], task: Task, seed: u64) {
        let rows: Vec<Row> = wanted_rows(profile, methods, task).cloned().collect();
        let start = rows.iter().any(|row| row.method != Method::Oracle).then(|| {
            let row = start_row(profile, &rows);
            let needs = self.pretrained(PretrainJob::of_task(profile, task, seed));
            self.add(Job::Start(TaskJob { task, row, seed }), needs)
        });
        for row in rows {
            let job = TaskJob { task, row, seed };
            match (job.row.method, start) {
                (Method::Oracle, _) => {
                    let needs = self.pretrained(PretrainJob::of_oracle(task, seed));
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

    /// The start that an adaptation builds on.
    pub fn start_of(&self, job: &TaskJob) -> Option<&TaskJob> {
        self.nodes.iter().find_map(|node| match &node.job {
            Job::Start(start) if start.task == job.task && start.seed == job.seed => Some(start),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> Plan {
        Plan::new(&Profile::load("paper").unwrap(), &Method::ALL)
    }

    #[test]
    fn every_job_of_a_task_is_in_one_shard_and_has_what_it_needs_there() {
        for count in [1, 2, 3, 7] {
            let mut seen = Vec::new();
            for index in 1..=count {
                let part = plan().shard(Shard { index, count }, &Method::ALL);
                for (at, node) in part.nodes.iter().enumerate() {
                    assert!(node.needs.iter().all(|need| *need < at));
                    let whole = plan();
                    let place = whole.nodes.iter().position(|other| other.job == node.job).unwrap();
                    let needs: Vec<&Job> = node.needs.iter().map(|need| &part.nodes[*need].job).collect();
                    let expected: Vec<&Job> =
                        whole.nodes[place].needs.iter().map(|need| &whole.nodes[*need].job).collect();
                    assert_eq!(needs, expected);
                    if let Job::Adapt(_) | Job::Oracle(_) = node.job {
                        seen.push(node.job.label());
                    }
                }
            }
            let jobs = plan().nodes.into_iter().map(|node| node.job);
            let mut all: Vec<String> = jobs
                .filter(|job| matches!(job, Job::Adapt(_) | Job::Oracle(_)))
                .map(|job| job.label())
                .collect();
            seen.sort();
            all.sort();
            assert_eq!(seen, all);
        }
    }

    #[test]
    fn shards_have_adaptations_in_equal_numbers() {
        let adaptations = |index| {
            let part = plan().shard(Shard { index, count: 3 }, &Method::ALL);
            part.nodes.iter().filter(|node| matches!(node.job, Job::Adapt(_))).count()
        };
        let counts: Vec<usize> = (1..=3).map(adaptations).collect();
        assert!(counts.iter().max().unwrap() - counts.iter().min().unwrap() <= 1, "{counts:?}");
    }

    #[test]
    fn a_shard_is_one_of_several() {
        assert_eq!("2/3".parse::<Shard>().unwrap(), Shard { index: 2, count: 3 });
        for text in ["0/3", "4/3", "1", "1/0", "a/b", "", "-1/2"] {
            assert!(text.parse::<Shard>().unwrap_err().to_string().contains("I/N"), "{text}");
        }
    }
}
