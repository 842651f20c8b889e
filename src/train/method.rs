//! The parts of a method of adaptation (D33): how many networks there are, and a forward step of them. Epochs, optimizer, clustering and
//! checkpoints are those of [`Adaptation`](super::Adaptation), whatever the method.

use std::fmt;
use std::path::Path;

use mmt_vocabulary::ClusterFeatures;
use tch::Tensor;

use super::ema;
use super::passes::Passes;
use crate::error::{InvalidInput, Result};
use crate::loss::objective::{Lesson, Weights};
use crate::model::{Named, Network, Outputs};

/// Views that a method of one network loads. It sees the first, and so draws what the first of two networks draws.
pub(super) const VIEWS_OF_ONE: usize = 2;

/// A method of adaptation. Three functions make one; the others are what most methods do.
pub trait Method: fmt::Debug + Send {
    /// How many networks are trained.
    fn students(&self) -> usize;

    /// Names of the losses of a step, as records keep them, in the order of [`Losses::values`]; `_1`, `_2` … tell whose a loss is.
    fn names(&self) -> &'static [&'static str];

    /// The forward passes of a step in training mode, and its losses.
    ///
    /// # Errors
    /// Those of the losses.
    fn forward(&self, networks: &Networks, batch: &Batch<'_>) -> Result<Losses>;

    /// Whether every student has a mean network.
    fn has_mean_networks(&self) -> bool {
        true
    }

    /// How many views of a batch are loaded: each student sees its own.
    fn views(&self) -> usize {
        self.students()
    }

    /// The networks that the method answers for, and that are evaluated: the mean networks where there are any.
    fn answering<'a>(&self, networks: &'a Networks) -> &'a [Network] {
        let Networks { students, mean_networks } = networks;
        if mean_networks.is_empty() { students } else { mean_networks }
    }

    /// The networks whose features are clustered, where the settings say `features`.
    fn clustered<'a>(&self, networks: &'a Networks, features: ClusterFeatures) -> &'a [Network] {
        match features {
            ClusterFeatures::MeanNetworks => self.answering(networks),
            ClusterFeatures::Networks => &networks.students,
        }
    }

    /// Acts after a step of the optimizer: every mean network moves towards its student (D23). `decay` is the share of the old
    /// mean.
    ///
    /// # Errors
    /// A decay outside [0, 1], or networks of other shapes.
    fn after_step(&mut self, networks: &mut Networks, decay: f64) -> Result<()> {
        let mut pairs = networks.mean_networks.iter_mut().zip(&networks.students);
        pairs.try_for_each(|(mean, student)| ema::update(mean, student, decay))
    }

    /// Returns what it keeps from epoch to epoch beside its networks, under names of its own.
    fn state(&self) -> Named {
        Named::new()
    }

    /// Takes what [`Method::state`] gave, among other things; `path` is named in errors.
    ///
    /// # Errors
    /// Tensors that are missing or have another shape.
    fn load_state(&mut self, _state: &Named, _path: &Path) -> Result<()> {
        Ok(())
    }
}

/// The networks of a method.
#[derive(Debug)]
pub struct Networks {
    /// The networks that are trained.
    pub students: Vec<Network>,
    /// Their temporal averages, in the order of their students; none where a method has none.
    pub mean_networks: Vec<Network>,
}

impl Networks {
    /// As many of `networks` as `method` trains, from the first; mean networks start equal to their students.
    ///
    /// # Errors
    /// Too few networks, or a device that refuses.
    pub(super) fn new(method: &dyn Method, mut networks: Vec<Network>) -> Result<Self> {
        let (needed, found) = (method.students(), networks.len());
        if found < needed {
            return Err(InvalidInput::TooFewSamples { what: "networks", needed, found }.into());
        }
        networks.truncate(needed);
        let averaged = if method.has_mean_networks() { networks.as_slice() } else { &[] };
        let mean_networks = averaged.iter().map(Network::duplicate).collect::<Result<_>>()?;
        Ok(Self { students: networks, mean_networks })
    }

    /// All of them, students first.
    pub(super) fn all_mut(&mut self) -> impl Iterator<Item = &mut Network> {
        self.students.iter_mut().chain(&mut self.mean_networks)
    }

    /// Returns the outputs of each student for its view in training mode.
    pub fn student_outputs(&self, batch: &Batch<'_>) -> Vec<Outputs> {
        let pass = |(at, (student, view))| batch.passes.student(at, student, view);
        self.students.iter().zip(batch.views).enumerate().map(pass).collect()
    }

    /// Returns the outputs of each mean network for its student's view in training mode, so that its batch norms follow its own passes.
    /// Nothing flows into it.
    pub fn mean_outputs(&self, batch: &Batch<'_>) -> Vec<Outputs> {
        let pass = |(at, (mean, view))| batch.passes.mean_network(at, mean, view);
        tch::no_grad(|| self.mean_networks.iter().zip(batch.views).enumerate().map(pass).collect())
    }

    /// Every network: students as `student-1.` and so on, mean networks as `mean-1.`.
    pub(super) fn state(&self) -> Named {
        let mut state = Named::new();
        for (at, student) in self.students.iter().enumerate() {
            state.append(&mut student.state(&format!("student-{}.", at + 1)));
        }
        for (at, mean) in self.mean_networks.iter().enumerate() {
            state.append(&mut mean.state(&format!("mean-{}.", at + 1)));
        }
        state
    }

    /// Takes what [`Networks::state`] gave.
    ///
    /// # Errors
    /// Tensors that are missing or have another shape.
    pub(super) fn load_state(&mut self, state: &Named, path: &Path) -> Result<()> {
        for (at, student) in self.students.iter_mut().enumerate() {
            student.load_state(state, &format!("student-{}.", at + 1), path)?;
        }
        for (at, mean) in self.mean_networks.iter_mut().enumerate() {
            mean.load_state(state, &format!("mean-{}.", at + 1), path)?;
        }
        Ok(())
    }
}

/// A batch, as a forward step takes it.
#[derive(Debug)]
pub struct Batch<'a> {
    /// For each student its view of the images, `[B, 3, H, W]`, of the student's kind and on its device.
    pub views: &'a [Tensor],
    /// Pseudo labels, `[B]` i64.
    pub labels: &'a Tensor,
    /// Weights of the objective (D8).
    pub weights: &'a Weights,
    /// Batch-norm groups, and what is dropped in this step.
    pub passes: &'a Passes,
}

/// The losses of a step.
#[derive(Debug)]
pub struct Losses {
    /// Scalars by [`Method::names`] as one vector, detached: one transfer from the device for all of them.
    pub values: Tensor,
    /// The loss that is minimised; a scalar.
    pub total: Tensor,
    /// The lessons of each student by each of its teachers, to be measured (D35); none without teachers.
    pub lessons: Vec<Lesson>,
}

impl Losses {
    /// `terms` (scalars) and, as the last of the values, `total`; without lessons.
    pub fn new(terms: &[&Tensor], total: Tensor) -> Self {
        let all: Vec<&Tensor> = terms.iter().copied().chain([&total]).collect();
        Self { values: Tensor::stack(&all, 0).detach(), total, lessons: Vec::new() }
    }

    /// The same with what was taught.
    pub fn with_lessons(self, lessons: impl IntoIterator<Item = Lesson>) -> Self {
        Self { lessons: lessons.into_iter().collect(), ..self }
    }
}

/// Outputs of exactly so many networks.
///
/// # Errors
/// There are more or fewer.
pub(super) fn exactly<const COUNT: usize>(outputs: &[Outputs]) -> Result<&[Outputs; COUNT]> {
    outputs.try_into().map_err(|_| {
        let (expected, found) = (COUNT.to_string(), outputs.len().to_string());
        InvalidInput::Shape { what: "networks with a view each", expected, found }.into()
    })
}
