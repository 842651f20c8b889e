//! The forecast of a run: which jobs are done, begun or missing, and how long the rest should take. Nothing is run or written.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use mmt_vocabulary::Method;
use mmt_vocabulary::run_directory::Progress;

use super::config::environment;
use super::domains::count_all;
use super::jobs::Job;
use super::layout::Layout;
use super::options::{LeftOut, RunOptions};
use super::profile::Profile;
use super::run::check_clusterings;
use crate::error::Result;
use crate::record::{DONE, ENVIRONMENT, RUN, RunInfo, TIMINGS, TimingRecord, read_csv, read_json};

/// How deep a job's folder lies below a profile's.
const DEPTH: usize = 6;

/// State of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Nothing is there.
    Missing,
    /// Begun, and nobody is at work on it.
    Partly,
    /// A process is at work on it now.
    AtWork,
    /// Done.
    Done,
    /// Its folder belongs to a run of other settings, so it would be refused; the text names them.
    Other(String),
}

/// A job and what is known of it.
#[derive(Debug, Clone, PartialEq)]
pub struct JobForecast {
    /// Its name in progress bars and logs.
    pub label: String,
    /// Its state.
    pub state: State,
    /// Epochs done, and of how many; 0 of 0 for a job that does not train.
    pub epochs: (usize, usize),
    /// Seconds that the rest of it should take; none where no finished run tells.
    pub seconds: Option<f64>,
}

/// The forecast of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Forecast {
    /// The folder of the run.
    pub folder: PathBuf,
    /// Its jobs, in the order in which they are started.
    pub jobs: Vec<JobForecast>,
    /// Jobs at a time.
    pub parallel: usize,
    /// Memory for a job, in words.
    pub memory: String,
    /// Tasks that are not run.
    pub left_out: Vec<LeftOut>,
}

impl Forecast {
    /// Looks at the folders of the jobs that `profile` with `options` would run.
    ///
    /// # Errors
    /// Those of the run at its start: nothing to run, a dataset below the data root that is missing, broken or without a match for
    /// any query, more clusters than images; or records that cannot be read.
    pub fn new(profile: Profile, options: RunOptions) -> Result<Self> {
        let layout = Layout::new(profile, options)?;
        let (plan, origin) = (&layout.plan, &layout.origin);
        let images = count_all(&plan.datasets(), origin)?;
        check_clusterings(plan, &mut |name, seed| Ok(images[&(name, seed)]))?;
        let paces = Paces::read(&layout);
        let jobs = layout.plan.nodes.iter().map(|node| forecast(&layout, &node.job, &paces));
        Ok(Self {
            jobs: jobs.collect::<Result<_>>()?,
            parallel: layout.parallel_jobs(),
            memory: layout.memory_in_words(),
            folder: layout.folder,
            left_out: layout.left_out,
        })
    }

    /// Seconds for all that is left, if the jobs fill the processor; and how many jobs are not in it because no finished run tells.
    pub fn left(&self) -> (f64, usize) {
        let open = || self.jobs.iter().filter(|job| job.state != State::Done);
        let seconds: f64 = open().filter_map(|job| job.seconds).sum();
        (seconds / self.parallel as f64, open().filter(|job| job.seconds.is_none()).count())
    }
}

fn forecast(layout: &Layout, job: &Job, paces: &Paces) -> Result<JobForecast> {
    let directory = layout.directory(job)?;
    let total = match job {
        Job::Pretrain(_) => layout.profile.pretraining.epochs,
        Job::Adapt(job) => job.row.adaptation.epochs,
        Job::Start(_) | Job::Oracle(_) => 0,
    };
    let (state, done) = match directory.progress()? {
        Progress::Missing => (State::Missing, 0),
        Progress::Done => (State::Done, total),
        Progress::Other(text) => (State::Other(text), 0),
        Progress::Partly(done) if directory.is_claimed() => (State::AtWork, done),
        Progress::Partly(done) => (State::Partly, done),
    };
    let parts = if total == 0 { 1.0 } else { (total - done.min(total)) as f64 };
    let seconds = match state {
        State::Done => Some(0.0),
        _ => paces.of(job).map(|pace| pace * parts),
    };
    Ok(JobForecast { label: job.label(), state, epochs: (done, total), seconds })
}

/// Seconds per epoch (of the whole job, where it has none) of finished runs in the folder of the same profile, on the same kind of
/// machine with the same number of threads.
struct Paces(BTreeMap<[String; 3], Vec<f64>>);

impl Paces {
    /// Reads those that can be read: a broken run is the report's to complain about.
    fn read(layout: &Layout) -> Self {
        let machine = environment(layout.device, layout.torch_threads());
        let mut folders = Vec::new();
        finished(&layout.folder, DEPTH, &mut folders);
        let mut paces: BTreeMap<_, Vec<f64>> = BTreeMap::new();
        for (info, pace) in folders.iter().filter_map(|folder| pace(folder, &machine)) {
            paces.entry([info.method, info.row, info.task]).or_default().push(pace);
        }
        Self(paces)
    }

    /// The mean pace of the same row and task; failing that, of the row on any task; failing that, of the method.
    fn of(&self, job: &Job) -> Option<f64> {
        let (method, row, task) = match job {
            Job::Pretrain(job) => ("pretrain".to_owned(), "pretrain", job.source.short_name().to_owned()),
            Job::Start(job) => (Method::PreTrained.to_string(), job.row.name.as_str(), job.task.to_string()),
            Job::Adapt(job) | Job::Oracle(job) => {
                (job.row.method.to_string(), job.row.name.as_str(), job.task.to_string())
            }
        };
        // A variant costs about as much as what it is a variant of.
        let like =
            if method == Method::Variant.to_string() { Method::Mmt.to_string() } else { method.clone() };
        self.mean(|key| key[0] == method && key[1] == row && key[2] == task)
            .or_else(|| self.mean(|key| key[0] == method && key[1] == row))
            .or_else(|| self.mean(|key| key[0] == method))
            .or_else(|| self.mean(|key| key[0] == like))
    }

    fn mean(&self, wanted: impl Fn(&[String; 3]) -> bool) -> Option<f64> {
        let found: Vec<f64> =
            self.0.iter().filter(|(key, _)| wanted(key)).flat_map(|(_, paces)| paces).copied().collect();
        (!found.is_empty()).then(|| found.iter().sum::<f64>() / found.len() as f64)
    }
}

/// Folders of finished jobs below `folder`.
fn finished(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) {
    if folder.join(DONE).exists() {
        found.push(folder.to_owned());
    } else if depth > 0 {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                finished(&entry.path(), depth - 1, found);
            }
        }
    }
}

/// Returns the description of a finished job and its seconds per epoch; none where it ran on another machine.
fn pace(folder: &Path, machine: &BTreeMap<String, String>) -> Option<(RunInfo, f64)> {
    let text = fs::read_to_string(folder.join(ENVIRONMENT)).ok()?;
    let environment: BTreeMap<String, String> = serde_json::from_str(&text).ok()?;
    let info: RunInfo = read_json(&folder.join(RUN)).ok()?;
    let timings: Vec<TimingRecord> = read_csv(&folder.join(TIMINGS)).ok()?;
    let epochs: BTreeSet<usize> =
        timings.iter().map(|record| record.epoch).filter(|epoch| *epoch > 0).collect();
    let seconds: f64 = timings.iter().map(|record| record.seconds).sum();
    (environment == *machine).then_some((info, seconds / epochs.len().max(1) as f64))
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Missing => "missing",
            Self::Partly => "partly",
            Self::AtWork => "at work",
            Self::Done => "done",
            Self::Other(_) => "other",
        })
    }
}

impl fmt::Display for Forecast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.folder.display())?;
        for job in &self.jobs {
            let epochs = match job.epochs {
                (_, 0) => String::new(),
                (done, total) => format!("{done}/{total}"),
            };
            let time = match (&job.state, job.seconds) {
                (State::Done, _) => String::new(),
                (_, Some(seconds)) => duration(seconds),
                (_, None) => "unknown".to_owned(),
            };
            writeln!(f, "  {:8} {:45} {epochs:>8} {time:>10}", job.state, job.label)?;
        }
        for job in &self.jobs {
            if let State::Other(text) = &job.state {
                writeln!(f, "{}: {text}", job.label)?;
            }
        }
        for LeftOut { task, reason } in &self.left_out {
            writeln!(f, "{task} is left out: {reason}")?;
        }
        writeln!(f, "memory: {}", self.memory)?;
        self.write_sum(f)
    }
}

impl Forecast {
    /// The line that sums everything up.
    fn write_sum(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} jobs:", self.jobs.len())?;
        let mut counts: Vec<(String, usize)> = Vec::new();
        for job in &self.jobs {
            let name = job.state.to_string();
            match counts.iter_mut().find(|(other, _)| *other == name) {
                Some((_, count)) => *count += 1,
                None => counts.push((name, 1)),
            }
        }
        let counts: Vec<String> = counts.iter().map(|(name, count)| format!("{count} {name}")).collect();
        write!(f, " {}", counts.join(", "))?;
        match (self.left(), self.parallel) {
            ((_, 0), _) if self.jobs.iter().all(|job| job.state == State::Done) => {
                write!(f, "; nothing is left")
            }
            ((seconds, 0), at_once) => write!(f, "; about {} with {at_once} at a time", duration(seconds)),
            ((0.0, _), _) => write!(f, "; time unknown: no finished run on a machine like this one"),
            ((seconds, unknown), at_once) => write!(
                f,
                "; about {} with {at_once} at a time, and the unknown time of {unknown} jobs",
                duration(seconds)
            ),
        }
    }
}

/// `45 s`, `12 min`, `3.5 h`.
fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 90.0 => format!("{s:.0} s"),
        s if s < 90.0 * 60.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.1} h", s / 3600.0),
    }
}
