//! D22: the learning-rate schedule.

use mmt::train as fast;
use mmt_reference::train::schedule as slow;
use mmt_testkit::tolerance::{Quantity, Width, check};
use mmt_testkit::{Trial, strategies};
use proptest::prelude::*;

use crate::side::Side;

/// Settings of a schedule that counts epochs.
#[derive(Debug, Clone)]
struct Settings {
    learning_rate: f64,
    milestones: Vec<usize>,
    gamma: f64,
    warm_up: usize,
    factor: f64,
    linear: bool,
}

fn settings() -> impl Strategy<Value = Settings> {
    let milestones = proptest::collection::btree_set(1..60_usize, 0..4);
    (1e-5..1.0, milestones, 0.05..1.0, 0..20_usize, 0.001..1.0, any::<bool>()).prop_map(
        |(learning_rate, milestones, gamma, warm_up, factor, linear)| Settings {
            learning_rate,
            milestones: milestones.into_iter().collect(),
            gamma,
            warm_up,
            factor,
            linear,
        },
    )
}

impl Settings {
    fn fast(&self) -> fast::Schedule {
        fast::Schedule {
            unit: fast::Unit::Epoch,
            learning_rate: self.learning_rate,
            milestones: self.milestones.clone(),
            gamma: self.gamma,
            warm_up: self.warm_up,
            warm_up_factor: self.factor,
            warm_up_kind: if self.linear { fast::WarmUp::Linear } else { fast::WarmUp::Constant },
        }
    }

    fn slow(&self) -> slow::Schedule {
        slow::Schedule {
            unit: slow::Unit::Epoch,
            learning_rate: self.learning_rate,
            milestones: self.milestones.clone(),
            gamma: self.gamma,
            warm_up: self.warm_up,
            warm_up_factor: self.factor,
            warm_up_kind: if self.linear { slow::WarmUp::Linear } else { slow::WarmUp::Constant },
        }
    }

    /// The rate at an index.
    fn rate(&self, side: Side, index: usize) -> Trial<f64> {
        match side {
            Side::Reference => Ok(self.slow().rate(index)?),
            Side::Fast => Ok(self.fast().rate(index)?),
        }
    }

    /// The rate in an epoch of 100 steps.
    fn rate_at(&self, side: Side, epoch: usize, step: usize) -> Trial<f64> {
        match side {
            Side::Reference => Ok(self.slow().rate_at(epoch, step, 100)?),
            Side::Fast => Ok(self.fast().rate_at(epoch, step, 100)?),
        }
    }
}

fn same(actual: f64, expected: f64) -> Trial {
    check("D22", Quantity::Value, Width::Double, 1.0, actual, expected).map(|_| ())
}

proptest! {
    #![proptest_config(strategies::config(64))]

    #[test]
    fn fast_equals_reference(settings in settings(), index in 0..80_usize, step in 0..100_usize) {
        same(settings.rate(Side::Fast, index)?, settings.rate(Side::Reference, index)?)?;
        same(settings.rate_at(Side::Fast, index, step)?, settings.rate_at(Side::Reference, index, step)?)?;
    }

    #[test]
    fn an_epoch_runs_at_the_index_after_its_own(settings in settings(), epoch in 0..80_usize, step in 0..100_usize) {
        // The published script steps the schedule before the epoch.
        for side in Side::BOTH {
            same(settings.rate_at(side, epoch, step)?, settings.rate(side, epoch + 1)?)?;
        }
    }

    #[test]
    fn the_warm_up_never_falls_and_ends_at_the_base_rate(settings in settings()) {
        let plain = Settings { milestones: Vec::new(), ..settings.clone() };
        for side in Side::BOTH {
            for index in 0..plain.warm_up {
                prop_assert!(plain.rate(side, index)? <= plain.rate(side, index + 1)? * (1.0 + 1e-12));
            }
            same(plain.rate(side, plain.warm_up)?, plain.learning_rate)?;
        }
    }

    #[test]
    fn each_milestone_multiplies_by_gamma(settings in settings()) {
        let plain = Settings { warm_up: 0, ..settings.clone() };
        for side in Side::BOTH {
            for &milestone in &plain.milestones {
                same(plain.rate(side, milestone)?, plain.rate(side, milestone - 1)? * plain.gamma)?;
            }
        }
    }
}

#[test]
fn the_published_first_epoch_runs_at_0_109_of_the_base() -> Trial {
    let published = Settings {
        learning_rate: 3.5e-4,
        milestones: vec![40, 70],
        gamma: 0.1,
        warm_up: 10,
        factor: 0.01,
        linear: true,
    };
    for side in Side::BOTH {
        same(published.rate_at(side, 0, 0)?, 0.109 * 3.5e-4)?;
        same(published.rate_at(side, 9, 0)?, 3.5e-4)?;
        same(published.rate_at(side, 39, 0)?, 3.5e-5)?;
    }
    Ok(())
}
