//! Who watches a run: the program's progress bars, or nobody in tests.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::train::Stage;

/// Watches the jobs of a run; called from several threads.
pub trait Monitor: Sync {
    /// The datasets are being drawn or read.
    fn preparing(&self, text: &str, done: usize, total: usize);
    /// Something that the user should know, a sentence.
    fn warning(&self, _text: &str) {}
    /// Something that the user may want to know, a line.
    fn note(&self, _text: &str) {}
    /// The plan: how many jobs there are.
    fn planned(&self, jobs: usize);
    /// Job number `job` has begun.
    fn started(&self, job: usize, label: &str);
    /// Another process is at work on job number `job`; told once. This one waits for it when nothing else is left.
    fn elsewhere(&self, job: usize, label: &str);
    /// `done` of `total` parts of `stage` are finished in `epoch` of `epochs`.
    fn progress(&self, job: usize, epoch: (usize, usize), stage: Stage, done: usize, total: usize);
    /// An epoch has ended; `line` sums it up.
    fn epoch(&self, job: usize, line: &str);
    /// The job is done.
    fn finished(&self, job: usize, seconds: f64);
}

/// Watches nothing.
impl Monitor for () {
    fn preparing(&self, _: &str, _: usize, _: usize) {}
    fn planned(&self, _: usize) {}
    fn started(&self, _: usize, _: &str) {}
    fn elsewhere(&self, _: usize, _: &str) {}
    fn progress(&self, _: usize, _: (usize, usize), _: Stage, _: usize, _: usize) {}
    fn epoch(&self, _: usize, _: &str) {}
    fn finished(&self, _: usize, _: f64) {}
}

/// Asks a run to end. Ctrl-C sets it; so does the first job that fails, for all others.
#[derive(Debug, Default)]
pub struct Stop(AtomicBool);

impl Stop {
    /// Nobody has asked yet.
    pub const fn new() -> Self {
        Self(AtomicBool::new(false))
    }

    /// Asks.
    pub fn ask(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Whether somebody has asked.
    pub fn is_asked(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}
