//! D22: the learning rate of source pre-training, warm-up and steps.

use crate::error::{InvalidInput, Result};

/// How the warm-up rises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WarmUp {
    /// `warm_up_factor` throughout.
    Constant,
    /// From `warm_up_factor` linearly to 1.
    Linear,
}

/// The unit that the index of a schedule counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Epochs, as published.
    Epoch,
    /// Steps, for runs of few epochs.
    Step,
}

/// Base rate, warm-up and milestones (D22). Published: 3.5e-4, milestones 40 and 70, γ = 0.1, ten epochs of
/// linear warm-up from 0.01.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    /// The unit that milestones and warm-up count.
    pub unit: Unit,
    /// Rate between the warm-up and the first milestone.
    pub learning_rate: f64,
    /// Indices from which the rate is multiplied by `gamma` once more; ascending.
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
    /// Rate at index t (D22): `base · f(t) · γ^{number of milestones ≤ t}` with `f = 1` from `t = W`
    /// (`warm_up`) on; before it the factor a (constant) or `a (1 − t/W) + t/W` (linear). Source: published
    /// `WarmupMultiStepLR`.
    pub fn rate(&self, index: usize) -> Result<f64> {
        self.check()?;
        let mut rate = self.learning_rate * self.warm_up_at(index);
        for milestone in &self.milestones {
            if *milestone <= index {
                rate *= self.gamma;
            }
        }
        Ok(rate)
    }

    /// Rate of `step` in `epoch`, both from 0. The published script steps the schedule *before* each epoch,
    /// so that epoch e runs at index e + 1; by steps likewise, at the number of the step over all epochs + 1.
    pub fn rate_at(&self, epoch: usize, step: usize, steps_per_epoch: usize) -> Result<f64> {
        match self.unit {
            Unit::Epoch => self.rate(epoch + 1),
            Unit::Step => self.rate(epoch * steps_per_epoch + step + 1),
        }
    }

    fn warm_up_at(&self, index: usize) -> f64 {
        if index >= self.warm_up {
            return 1.0;
        }
        let share = index as f64 / self.warm_up as f64;
        match self.warm_up_kind {
            WarmUp::Constant => self.warm_up_factor,
            WarmUp::Linear => self.warm_up_factor * (1.0 - share) + share,
        }
    }

    fn check(&self) -> Result<()> {
        let numbers = [
            ("learning_rate", self.learning_rate),
            ("gamma", self.gamma),
            ("warm_up_factor", self.warm_up_factor),
        ];
        for (what, value) in numbers {
            if !value.is_finite() || value < 0.0 {
                return Err(InvalidInput::Parameter { what, value, allowed: "0 or more" });
            }
        }
        match self.milestones.windows(2).find(|pair| pair[1] < pair[0]) {
            Some(pair) => {
                let (what, value) = ("milestones", pair[1] as f64);
                Err(InvalidInput::Parameter { what, value, allowed: "in ascending order" })
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn published() -> Schedule {
        Schedule {
            unit: Unit::Epoch,
            learning_rate: 3.5e-4,
            milestones: vec![40, 70],
            gamma: 0.1,
            warm_up: 10,
            warm_up_factor: 0.01,
            warm_up_kind: WarmUp::Linear,
        }
    }

    fn close(actual: f64, expected: f64) {
        assert!(
            (actual - expected).abs() < 1e-15 * expected.abs().max(1.0),
            "{actual} instead of {expected}"
        );
    }

    #[test]
    fn the_first_published_epoch_runs_at_0_109_of_the_base_and_the_rate_falls_at_epochs_39_and_69() {
        let factor = |epoch| published().rate_at(epoch, 0, 100).unwrap() / 3.5e-4;
        for (epoch, expected) in
            [(0, 0.109), (8, 0.901), (9, 1.0), (38, 1.0), (39, 0.1), (68, 0.1), (69, 0.01)]
        {
            close(factor(epoch), expected);
        }
    }

    #[test]
    fn a_constant_warm_up_stays_at_its_factor() {
        let schedule = Schedule { warm_up_kind: WarmUp::Constant, ..published() };
        close(schedule.rate(9).unwrap(), 3.5e-6);
        close(schedule.rate(10).unwrap(), 3.5e-4);
    }

    #[test]
    fn by_steps_the_index_runs_over_all_epochs() {
        let schedule = Schedule { unit: Unit::Step, ..published() };
        assert_eq!(schedule.rate_at(2, 3, 5).unwrap(), schedule.rate(14).unwrap());
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let unordered = Schedule { milestones: vec![7, 4], ..published() };
        assert!(matches!(unordered.rate(0), Err(InvalidInput::Parameter { what: "milestones", .. })));
        let nan = Schedule { gamma: f64::NAN, ..published() };
        assert!(matches!(nan.rate(0), Err(InvalidInput::Parameter { what: "gamma", .. })));
    }
}
