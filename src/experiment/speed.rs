//! How fast a machine trains: whole steps of an adaptation, on images of noise that lie on the device.

use std::time::Instant;

use tch::{Device, Kind, Tensor};

use super::profile::Profile;
use super::schedule::LOWER;
use crate::device::memory::guarded;
use crate::device::{Precision, transfer};
use crate::error::{Error, Result};
use crate::loss::objective::Weights;
use crate::model::Network;
use crate::random::stream;
use crate::train::{AdaptationSettings, Learners, Passes, StepSettings};

/// Steps before the clock starts: libtorch chooses its kernels in the first ones.
const WARM_UP: usize = 3;

/// Clusters, at least: rows of the classifiers.
const CLUSTERS: usize = 100;

/// Steps that were timed.
#[derive(Debug, Clone, PartialEq)]
pub struct Speed {
    /// Images of a step; each is there in two views, one for each student.
    pub images: usize,
    /// Seconds of each step.
    pub seconds: Vec<f64>,
}

impl Speed {
    /// Seconds of the middle step.
    pub fn median(&self) -> f64 {
        let mut sorted = self.seconds.clone();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
    }
}

/// Times `steps` steps of the first adaptation of `profile`: forward passes of students and mean networks, gradients, Adam, mean networks,
/// and the losses read back. Batches are not loaded, and networks start from random weights.
///
/// # Errors
/// A profile without an adaptation, a device that refuses, a lack of memory, losses that are not finite, or what `progress` returns.
pub fn time_steps(
    profile: &Profile,
    precision: Precision,
    device: Device,
    steps: usize,
    progress: &mut dyn FnMut(usize) -> Result<()>,
) -> Result<Speed> {
    let profile = profile.clone().checked(&format!("profile {}", profile.name))?;
    let row = profile.rows.iter().find(|row| row.method.adapts());
    let row = row.ok_or_else(|| Error::Usage("no row of the profile adapts".to_owned()))?;
    guarded(LOWER, || {
        let mut bench = Bench::new(&profile, &row.adaptation, device)?;
        let mut seconds = Vec::with_capacity(steps);
        for step in 0..WARM_UP + steps {
            let since = Instant::now();
            bench.step(precision)?;
            seconds.push(since.elapsed().as_secs_f64());
            progress(step + 1)?;
        }
        Ok(Speed { images: row.adaptation.batch.size(), seconds: seconds.split_off(WARM_UP) })
    })
}

/// All that a step needs.
struct Bench {
    device: Device,
    learners: Learners,
    views: [Tensor; 2],
    labels: Tensor,
    settings: StepSettings,
}

impl Bench {
    fn new(profile: &Profile, settings: &AdaptationSettings, device: Device) -> Result<Self> {
        let clusters = CLUSTERS.max(settings.batch.identities);
        let (spec, place) = (profile.backbone.spec(), (Kind::Float, device));
        let network = |at| Network::new(&spec, clusters, &mut stream(at, "speed", 0, 0), place);
        let (images, size) = (settings.batch.size() as i64, profile.image_size);
        let shape = [images, 3, size.height as i64, size.width as i64];
        let noise = || Tensor::f_randn(shape, place).map_err(Error::torch("cannot make images"));
        let labels: Vec<i64> = (0..images).map(|image| image / settings.batch.instances as i64).collect();
        let weights = Weights {
            soft_ce: settings.soft_ce_weight,
            soft_triplet: settings.soft_tri_weight,
            epsilon: settings.epsilon,
            clusters,
        };
        let passes = Passes::grouped(settings.batch.group());
        let (learning_rate, decay) = (settings.learning_rate, settings.alpha);
        Ok(Self {
            device,
            learners: Learners::new(settings, [network(1)?, network(2)?])?,
            views: [noise()?, noise()?],
            labels: transfer::upload(&Tensor::from_slice(&labels), (Kind::Int64, device), "labels")?,
            settings: StepSettings { weights, passes, learning_rate, decay },
        })
    }

    /// A step, to the end: its losses are read.
    fn step(&mut self, precision: Precision) -> Result<()> {
        let Self { learners, views, labels, settings, .. } = self;
        let losses = precision.with(self.device, || learners.step(views, labels, settings))?;
        let losses = transfer::read(&losses, "the losses")?;
        match losses.iter().all(|loss| loss.is_finite()) {
            true => Ok(()),
            false => Err(Error::Training(format!("the losses are not finite in {precision}: {losses:?}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_is_timed_but_those_of_the_warm_up() {
        let profile = Profile::load("miniature").unwrap();
        for precision in [Precision::F32, Precision::Bf16] {
            let mut told = Vec::new();
            let tell = &mut |step| {
                told.push(step);
                Ok(())
            };
            let found = time_steps(&profile, precision, Device::Cpu, 2, tell).unwrap();
            assert_eq!((found.images, found.seconds.len()), (8, 2));
            assert_eq!(told, [1, 2, 3, 4, 5]);
            assert!(found.median() > 0.0);
        }
    }

    #[test]
    fn the_middle_of_the_steps_is_told() {
        assert_eq!(Speed { images: 1, seconds: vec![9.0, 1.0, 2.0] }.median(), 2.0);
    }
}
