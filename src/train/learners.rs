//! D33: the networks of an adaptation with their optimizer, and a whole step of them.

use std::path::Path;

use tch::Tensor;

use super::fused_adam::FusedAdam;
use super::mutual;
use super::passes::Passes;
use super::settings::AdaptationSettings;
use super::teaching::Teaching;
use crate::error::{Error, Result};
use crate::loss::objective::Weights;
use crate::model::{Named, Network};

/// What a step is given beside images and labels.
#[derive(Debug)]
pub struct StepSettings {
    /// Weights of the objective (D8).
    pub weights: Weights,
    /// Batch-norm groups, and what is dropped in this step.
    pub passes: Passes,
    /// Adam's learning rate.
    pub learning_rate: f64,
    /// Share of the old mean after this step (D23), from [`ema::decay`](super::ema::decay); without mean networks it has no part.
    pub decay: f64,
}

/// Students, their mean networks where they have any, and Adam over all students (D24).
#[derive(Debug)]
pub struct Learners {
    teaching: Teaching,
    optimizer: FusedAdam,
    weight_decay: f64,
}

impl Learners {
    /// The method that `settings` ask for; mean networks start equal to their students. A method of one network takes the first.
    ///
    /// # Errors
    /// A device that refuses.
    pub fn new(settings: &AdaptationSettings, students: [Network; 2]) -> Result<Self> {
        let teaching = Teaching::new(settings, students)?;
        let weight_decay = settings.weight_decay;
        Ok(Self { optimizer: adam(&teaching, weight_decay), teaching, weight_decay })
    }

    /// The networks that are trained: two, or one.
    pub fn students(&self) -> &[Network] {
        self.teaching.students()
    }

    /// The mean networks, in the order of their students; none where students stand for them.
    pub fn mean_networks(&self) -> &[Network] {
        self.teaching.mean_networks()
    }

    /// The optimizer over all students.
    pub fn optimizer(&self) -> &FusedAdam {
        &self.optimizer
    }

    /// Names of the losses that [`Learners::step`] returns.
    pub fn names(&self) -> &'static [&'static str] {
        self.teaching.names()
    }

    /// Forgets all moments of Adam.
    pub fn reset_optimizer(&mut self) {
        self.optimizer = adam(&self.teaching, self.weight_decay);
    }

    /// Puts `centroids` (`[C, D]`) into the first C rows of every classifier, of mean networks too.
    ///
    /// # Errors
    /// More centroids than rows, or of another width.
    pub fn set_classifiers(&mut self, centroids: &Tensor) -> Result<()> {
        let (students, mean_networks) = self.teaching.both_mut();
        let mut networks = students.iter_mut().chain(mean_networks);
        networks.try_for_each(|network| network.set_classifier(&centroids.to_device(network.device())))
    }

    /// One step: forward passes, gradients, Adam over all students, then the mean networks. Returns the losses before the step by
    /// [`Learners::names`], detached.
    ///
    /// `views`: a batch of images for each student, `[B, 3, H, W]`, two at least unless there is one student; `labels`: `[B]` i64.
    ///
    /// # Errors
    /// A device that refuses, what the objective refuses, or a rate or decay out of range.
    pub fn step(&mut self, views: &[Tensor], labels: &Tensor, settings: &StepSettings) -> Result<Tensor> {
        let (values, total) = self.teaching.forward(views, labels, &settings.weights, &settings.passes)?;
        self.optimizer.zero_grad();
        total.f_backward().map_err(Error::torch("cannot compute gradients"))?;
        self.optimizer.step(settings.learning_rate)?;
        let (students, mean_networks) = self.teaching.both_mut();
        mutual::update_mean_networks(mean_networks, students, settings.decay)?;
        Ok(values)
    }

    /// Every network, as `student-1.` and so on; the optimizer as `adam.` where `with_optimizer`.
    pub fn state(&self, with_optimizer: bool) -> Named {
        let mut state = Named::new();
        for (at, student) in self.students().iter().enumerate() {
            state.append(&mut student.state(&format!("student-{}.", at + 1)));
        }
        for (at, mean) in self.mean_networks().iter().enumerate() {
            state.append(&mut mean.state(&format!("mean-{}.", at + 1)));
        }
        if with_optimizer {
            state.append(&mut self.optimizer.state("adam."));
        }
        state
    }

    /// Takes a state that [`Learners::state`] gave; `path` is named in errors.
    ///
    /// # Errors
    /// Tensors that are missing or have another shape.
    pub fn load_state(&mut self, state: &Named, with_optimizer: bool, path: &Path) -> Result<()> {
        let (students, mean_networks) = self.teaching.both_mut();
        for (at, student) in students.iter_mut().enumerate() {
            student.load_state(state, &format!("student-{}.", at + 1), path)?;
        }
        for (at, mean) in mean_networks.iter_mut().enumerate() {
            mean.load_state(state, &format!("mean-{}.", at + 1), path)?;
        }
        if with_optimizer {
            self.optimizer.load_state(state, "adam.", path)?;
        }
        Ok(())
    }
}

fn adam(teaching: &Teaching, weight_decay: f64) -> FusedAdam {
    let parameters = teaching.students().iter().flat_map(Network::trained).collect();
    FusedAdam::new(parameters, weight_decay)
}
