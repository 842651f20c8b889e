//! D33: the networks of a method with their optimizer, and a whole step of them.

use std::path::Path;

use tch::Tensor;

use super::fused_adam::FusedAdam;
use super::method::{Batch, Losses, Method, Networks};
use super::passes::Passes;
use crate::error::{Error, InvalidInput, Result};
use crate::loss::objective::Weights;
use crate::model::{Named, Network};

/// The settings of a step, beside images and labels.
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

/// The networks of a method, and Adam over its students (D24).
#[derive(Debug)]
pub struct Learners {
    method: Box<dyn Method>,
    networks: Networks,
    optimizer: FusedAdam,
    weight_decay: f64,
}

impl Learners {
    /// As many of `networks` as `method` trains, from the first; mean networks start equal to their students.
    ///
    /// # Errors
    /// Too few networks, or a device that refuses.
    pub fn new(method: Box<dyn Method>, networks: Vec<Network>, weight_decay: f64) -> Result<Self> {
        let networks = Networks::new(method.as_ref(), networks)?;
        Ok(Self { method, optimizer: adam(&networks, weight_decay), networks, weight_decay })
    }

    /// The method.
    pub fn method(&self) -> &dyn Method {
        self.method.as_ref()
    }

    /// Its networks.
    pub fn networks(&self) -> &Networks {
        &self.networks
    }

    /// The networks that are trained.
    pub fn students(&self) -> &[Network] {
        &self.networks.students
    }

    /// The mean networks, in the order of their students; none where the method has none.
    pub fn mean_networks(&self) -> &[Network] {
        &self.networks.mean_networks
    }

    /// The optimizer over all students.
    pub fn optimizer(&self) -> &FusedAdam {
        &self.optimizer
    }

    /// Names of the losses that [`Learners::step`] returns.
    pub fn names(&self) -> &'static [&'static str] {
        self.method.names()
    }

    /// Forgets all moments of Adam.
    pub fn reset_optimizer(&mut self) {
        self.optimizer = adam(&self.networks, self.weight_decay);
    }

    /// Puts `centroids` (`[C, D]`) into the first C rows of every classifier, of mean networks too.
    ///
    /// # Errors
    /// More centroids than rows, or of another width.
    pub fn set_classifiers(&mut self, centroids: &Tensor) -> Result<()> {
        let mut networks = self.networks.all_mut();
        networks.try_for_each(|network| network.set_classifier(&centroids.to_device(network.device())))
    }

    /// One step: forward passes, gradients, Adam over all students, then the mean networks. Returns the losses before the step, by
    /// [`Learners::names`], and what the students were taught.
    ///
    /// `views`: a batch of images for each student, `[B, 3, H, W]`, in their order; `labels`: `[B]` i64.
    ///
    /// # Errors
    /// Fewer views than students, a device that refuses, what the losses refuse, or a rate or decay out of range.
    pub fn step(&mut self, views: &[Tensor], labels: &Tensor, settings: &StepSettings) -> Result<Losses> {
        let views = self.placed(views)?;
        let StepSettings { weights, passes, learning_rate, decay } = settings;
        let batch = Batch { views: &views, labels, weights, passes };
        let losses = self.method.forward(&self.networks, &batch)?;
        self.optimizer.zero_grad();
        losses.total.f_backward().map_err(Error::torch("cannot compute gradients"))?;
        self.optimizer.step(*learning_rate)?;
        self.method.after_step(&mut self.networks, *decay)?;
        Ok(losses)
    }

    /// Each student's view, where that student is.
    fn placed(&self, views: &[Tensor]) -> Result<Vec<Tensor>> {
        let (needed, found) = (self.students().len(), views.len());
        if found < needed {
            return Err(InvalidInput::TooFewSamples { what: "views of a batch", needed, found }.into());
        }
        self.students().iter().enumerate().map(|(at, student)| student.place(&views[at])).collect()
    }

    /// Every network, as `student-1.` and so on, and what the method keeps; the optimizer as `adam.` where `with_optimizer`.
    pub fn state(&self, with_optimizer: bool) -> Named {
        let mut state = self.networks.state();
        state.append(&mut self.method.state());
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
        self.networks.load_state(state, path)?;
        self.method.load_state(state, path)?;
        if with_optimizer {
            self.optimizer.load_state(state, "adam.", path)?;
        }
        Ok(())
    }
}

fn adam(networks: &Networks, weight_decay: f64) -> FusedAdam {
    let parameters = networks.students.iter().flat_map(Network::trained).collect();
    FusedAdam::new(parameters, weight_decay)
}
