//! Progress bars: one for the whole run, one for each job that is under way. Without a terminal, a line per epoch and job.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use mmt::experiment::Monitor;
use mmt::train::Stage;

use crate::out::say;

/// How much is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    Quiet,
    Normal,
    Verbose,
}

/// Shows a run on the terminal.
pub struct Bars {
    verbosity: Verbosity,
    all: MultiProgress,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    preparing: Option<ProgressBar>,
    total: Option<ProgressBar>,
    jobs: HashMap<usize, JobBar>,
}

struct JobBar {
    label: String,
    bar: ProgressBar,
    stage: Option<Stage>,
}

impl Bars {
    pub fn new(verbosity: Verbosity) -> Self {
        Self { verbosity, all: MultiProgress::new(), state: Mutex::default() }
    }

    /// Takes all bars away, so that what is printed next stands alone.
    pub fn clear(&self) {
        let mut state = self.state();
        *state = State::default();
        let _ = self.all.clear();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, total: u64, template: &str, message: String) -> Option<ProgressBar> {
        if self.verbosity == Verbosity::Quiet {
            return None;
        }
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = self.all.add(ProgressBar::new(total).with_style(style.progress_chars("━╸─")));
        bar.set_message(message);
        tick(&bar, Duration::from_millis(500));
        Some(bar)
    }

    /// A line above the bars, or just a line where there is no terminal.
    fn say(&self, line: &str) {
        if self.verbosity == Verbosity::Quiet {
            return;
        }
        // `println` of the bars says nothing where they are hidden.
        if self.all.is_hidden() {
            say(line);
        } else {
            let _ = self.all.println(line);
        }
    }
}

impl Monitor for Bars {
    fn preparing(&self, text: &str, done: usize, total: usize) {
        let mut state = self.state();
        if state.preparing.as_ref().is_none_or(|bar| bar.message() != text || bar.is_finished()) {
            if let Some(old) = state.preparing.take() {
                old.finish_and_clear();
            }
            state.preparing =
                self.add(total as u64, "{msg:40} {bar:30} {pos}/{len} images, {eta} left", text.to_owned());
        }
        if let Some(bar) = &state.preparing {
            bar.set_length(total as u64);
            bar.set_position(done as u64);
            if done == total {
                bar.finish_and_clear();
            }
        }
    }

    fn warning(&self, text: &str) {
        self.say(&format!("warning: {text}"));
    }

    fn note(&self, text: &str) {
        if self.verbosity != Verbosity::Quiet {
            self.say(text);
        }
    }

    fn planned(&self, jobs: usize) {
        let bar = self.add(
            jobs as u64,
            "{msg:40} {bar:30} {pos}/{len} jobs, {elapsed} so far",
            "all jobs".to_owned(),
        );
        self.state().total = bar;
    }

    fn started(&self, job: usize, label: &str) {
        if self.verbosity == Verbosity::Verbose {
            self.say(&format!("{label}: started"));
        }
        let template = "{msg:40} {bar:30} {prefix}, {eta} left";
        let hidden = || ProgressBar::hidden();
        let bar = self.add(1, template, label.to_owned()).unwrap_or_else(hidden);
        self.state().jobs.insert(job, JobBar { label: label.to_owned(), bar, stage: None });
    }

    fn elsewhere(&self, _job: usize, label: &str) {
        self.say(&format!("{label}: another process is at work on it"));
    }

    fn progress(&self, job: usize, (epoch, epochs): (usize, usize), stage: Stage, done: usize, total: usize) {
        let mut state = self.state();
        let Some(job) = state.jobs.get_mut(&job) else { return };
        if job.stage != Some(stage) {
            job.stage = Some(stage);
            job.bar.reset_eta();
            let epoch = if epochs > 0 { format!("epoch {epoch}/{epochs} ") } else { String::new() };
            job.bar.set_prefix(format!("{epoch}{}", stage.name()));
        }
        job.bar.set_length(total as u64);
        job.bar.set_position(done as u64);
    }

    fn epoch(&self, job: usize, line: &str) {
        let label = self.state().jobs.get(&job).map_or_else(String::new, |job| job.label.clone());
        self.say(&format!("{label}: {line}"));
    }

    fn finished(&self, job: usize, seconds: f64) {
        let mut state = self.state();
        let finished = state.jobs.remove(&job);
        if let Some(total) = &state.total {
            total.inc(1);
        }
        drop(state);
        if let Some(job) = finished {
            job.bar.finish_and_clear();
            if self.verbosity == Verbosity::Verbose {
                self.say(&format!("{}: done in {seconds:.1} s", job.label));
            }
        }
    }
}

/// Lets a bar move by itself, where the system has a thread for it: the bar panics where there is none.
pub fn tick(bar: &ProgressBar, every: Duration) {
    if std::thread::Builder::new().spawn(|| ()).is_ok_and(|thread| thread.join().is_ok()) {
        bar.enable_steady_tick(every);
    }
}
