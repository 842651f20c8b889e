//! D22: the learning rate of source pre-training, warm-up and steps.

use serde::{Deserialize, Serialize};

use crate::error::{InvalidInput, Result};

/// How the warm-up rises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WarmUp {
    /// `factor` throughout.
    Constant,
    /// From `factor` linearly to 1.
    Linear,
}

/// The unit that the index of a schedule counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// Epochs, as published.
    Epoch,
    /// Steps, for runs of few epochs.
    Step,
}

/// Base rate, warm-up and milestones.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// The unit that milestones and warm-up count.
    pub unit: Unit,
    /// Rate between the warm-up and the first milestone.
    pub learning_rate: f64,
    /// Indices from which the rate falls by `gamma`; ascending.
    pub milestones: Vec<usize>,
    /// Factor at each milestone.
    pub gamma: f64,
    /// Index at which the warm-up ends.
    pub warm_up: usize,
    /// Factor at index 0.
    pub warm_up_factor: f64,
    /// Shape of the warm-up.
    pub warm_up_kind: WarmUp,
}

impl Schedule {
    /// Rate at `index`: base · f · gamma^(milestones ≤ index).
    ///
    /// # Errors
    /// As [`Schedule::check`].
    pub fn rate(&self, index: usize) -> Result<f64> {
        self.check()?;
        let passed = self.milestones.iter().filter(|milestone| **milestone <= index).count();
        Ok(self.learning_rate * self.warm_up_at(index) * self.gamma.powi(passed as i32))
    }

    /// Rate of `step` in `epoch`, both from 0. The published script steps the schedule *before* each epoch, so epoch e
    /// runs at index e + 1; by steps, likewise.
    ///
    /// # Errors
    /// As [`Schedule::check`].
    pub fn rate_at(&self, epoch: usize, step: usize, steps_per_epoch: usize) -> Result<f64> {
        match self.unit {
            Unit::Epoch => self.rate(epoch + 1),
            Unit::Step => self.rate(epoch * steps_per_epoch + step + 1),
        }
    }

    /// Refuses what is no schedule.
    ///
    /// # Errors
    /// A number that is negative or not finite, or milestones that do not ascend.
    pub fn check(&self) -> Result<()> {
        InvalidInput::zero_or_more("learning_rate", self.learning_rate)?;
        InvalidInput::zero_or_more("gamma", self.gamma)?;
        InvalidInput::zero_or_more("warm_up_factor", self.warm_up_factor)?;
        if let Some(pair) = self.milestones.windows(2).find(|pair| pair[1] < pair[0]) {
            let (what, value) = ("milestones", pair[1] as f64);
            return Err(InvalidInput::Parameter { what, value, allowed: "in ascending order" }.into());
        }
        Ok(())
    }

    fn warm_up_at(&self, index: usize) -> f64 {
        if index >= self.warm_up {
            return 1.0;
        }
        match self.warm_up_kind {
            WarmUp::Constant => self.warm_up_factor,
            WarmUp::Linear => {
                let share = index as f64 / self.warm_up as f64;
                self.warm_up_factor * (1.0 - share) + share
            }
        }
    }
}
