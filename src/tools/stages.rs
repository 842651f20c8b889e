//! Stages of a tool: who is told about them, and how long they take.

use std::time::Instant;

use crate::cluster::Steps;
use crate::device::memory::guarded;
use crate::error::Result;

/// Is told what is under way: the stage, how much of it is done, and of how much (0 where nobody knows). Called with 0 done
/// when a stage begins. An error that it returns ends the work.
pub type Progress<'a> = &'a mut dyn FnMut(&'static str, usize, usize) -> Result<()>;

/// Seconds of each stage, in the order in which they ran.
pub type Seconds = Vec<(&'static str, f64)>;

/// The quantity to lower where memory is lacking and nobody knows better.
const LOWER: &str = "the number of images or rows";

/// Runs stages, one after the other.
pub(super) struct Stages<'a> {
    progress: Progress<'a>,
    seconds: Seconds,
}

impl<'a> Stages<'a> {
    pub fn new(progress: Progress<'a>) -> Self {
        Self { progress, seconds: Seconds::new() }
    }

    /// Runs a stage of `total` parts (0: unknown); `work` gets a function to call with the number of parts done.
    pub fn run<T>(
        &mut self,
        name: &'static str,
        total: usize,
        work: impl FnOnce(&mut dyn FnMut(usize) -> Result<()>) -> Result<T>,
    ) -> Result<T> {
        let since = Instant::now();
        (self.progress)(name, 0, total)?;
        let found = guarded(LOWER, || work(&mut |done| (self.progress)(name, done, total)))?;
        self.seconds.push((name, since.elapsed().as_secs_f64()));
        Ok(found)
    }

    pub fn into_seconds(self) -> Seconds {
        self.seconds
    }
}

impl Steps for Stages<'_> {
    fn step<T>(&mut self, name: &'static str, step: impl FnOnce() -> Result<T>) -> Result<T> {
        self.run(name, 0, |_| step())
    }
}
