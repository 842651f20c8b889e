//! Seconds per stage, and the bridge from a job's training to the run's monitor.

use std::collections::BTreeMap;
use std::time::Instant;

use super::monitor::{Monitor, Stop};
use crate::error::{Error, Result};
use crate::train::{Observer, Stage};

/// Observes one job: passes progress on, measures the stages, ends the job when the run should stop.
pub(super) struct JobObserver<'a> {
    monitor: &'a dyn Monitor,
    stop: &'a Stop,
    job: usize,
    epochs: usize,
    epoch: usize,
    stage: Option<(Stage, Instant)>,
    seconds: BTreeMap<Stage, f64>,
}

impl<'a> JobObserver<'a> {
    pub fn new(monitor: &'a dyn Monitor, stop: &'a Stop, job: usize, epochs: usize) -> Self {
        Self { monitor, stop, job, epochs, epoch: 0, stage: None, seconds: BTreeMap::new() }
    }

    /// Says which epoch begins, counted from 1.
    pub fn begin_epoch(&mut self, epoch: usize) {
        self.epoch = epoch;
    }

    /// Seconds per stage since the last call.
    pub fn take_seconds(&mut self) -> BTreeMap<Stage, f64> {
        self.end_stage();
        std::mem::take(&mut self.seconds)
    }

    fn end_stage(&mut self) {
        if let Some((stage, since)) = self.stage.take() {
            *self.seconds.entry(stage).or_default() += since.elapsed().as_secs_f64();
        }
    }
}

impl Observer for JobObserver<'_> {
    fn progress(&mut self, stage: Stage, done: usize, total: usize) -> Result<()> {
        if self.stage.is_none_or(|(current, _)| current != stage) {
            self.end_stage();
            self.stage = Some((stage, Instant::now()));
        }
        if self.stop.is_asked() {
            return Err(Error::Interrupted);
        }
        self.monitor.progress(self.job, (self.epoch, self.epochs), stage, done, total);
        Ok(())
    }
}
