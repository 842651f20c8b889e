//! D24: Adam with L2 weight decay, on libtorch's fused kernel.
//!
//! tch's own optimizer does not give out its state, and its step costs a third of a small network's training step. The
//! kernel is not bound by tch, hence the few lines of C++ in the shim room. The state here is plain tensors.

use std::path::Path;

use tch::{Device, Kind, Tensor};

use crate::error::{Error, InvalidInput, Result};
use crate::model::Named;
use crate::shim;

/// β₁, β₂ and ε: PyTorch's defaults, as published.
const BETAS: (f64, f64) = (0.9, 0.999);
const EPSILON: f64 = 1e-8;

/// Adam over a fixed list of parameters. `weight_decay` is L2: added to the gradient.
#[derive(Debug)]
pub struct FusedAdam {
    parameters: Vec<Tensor>,
    first_moments: Vec<Tensor>,
    second_moments: Vec<Tensor>,
    steps: Vec<Tensor>,
    weight_decay: f64,
}

impl FusedAdam {
    /// A fresh optimizer: no moments, no steps.
    pub fn new(parameters: Vec<Tensor>, weight_decay: f64) -> Self {
        let zeros = |parameter: &Tensor| parameter.zeros_like().detach();
        let first_moments = parameters.iter().map(zeros).collect();
        let second_moments = parameters.iter().map(zeros).collect();
        let step = |parameter: &Tensor| Tensor::zeros([0_i64; 0], (Kind::Float, parameter.device()));
        let steps = parameters.iter().map(step).collect();
        Self { parameters, first_moments, second_moments, steps, weight_decay }
    }

    /// Forgets all gradients.
    pub fn zero_grad(&mut self) {
        shim::forget_gradients(&self.parameters);
    }

    /// One step on the gradients that the last backward pass left. A parameter without a gradient stays where it is, decay
    /// included, as in PyTorch.
    ///
    /// # Errors
    /// A rate or a weight decay that is negative or not finite, or libtorch refuses: parameters of several devices or kinds.
    pub fn step(&mut self, learning_rate: f64) -> Result<()> {
        InvalidInput::zero_or_more("learning_rate", learning_rate)?;
        InvalidInput::zero_or_more("weight_decay", self.weight_decay)?;
        let gradients: Vec<Tensor> = self.parameters.iter().map(Tensor::grad).collect();
        let used: Vec<usize> = (0..gradients.len()).filter(|at| gradients[*at].defined()).collect();
        // The kernel reads the count of this step; raising it is left to the caller.
        for at in &used {
            let _ = self.steps[*at].g_add_scalar_(1.0);
        }
        let lists = [&self.parameters, &gradients, &self.first_moments, &self.second_moments, &self.steps];
        let lists = lists.map(|list| used.iter().map(|at| &list[*at]).collect::<Vec<_>>());
        let rule = shim::AdamRule {
            learning_rate,
            betas: (BETAS.0, BETAS.1),
            weight_decay: self.weight_decay,
            epsilon: EPSILON,
        };
        shim::fused_adam(lists.each_ref().map(Vec::as_slice), rule)
            .map_err(|error| Error::Training(format!("Adam: {error}")))
    }

    /// The state under `prefix`: copies on the CPU of the moments and the count of steps of each parameter.
    pub fn state(&self, prefix: &str) -> Named {
        let copy = |tensor: &Tensor| tensor.to_device(Device::Cpu).contiguous().copy();
        let named = self.named(prefix);
        named.into_iter().map(|(name, tensor)| (name, copy(tensor))).collect()
    }

    /// Takes a state that [`FusedAdam::state`] gave; `path` is named as where it came from.
    ///
    /// # Errors
    /// A tensor is missing or has another shape.
    pub fn load_state(&mut self, tensors: &Named, prefix: &str, path: &Path) -> Result<()> {
        for (name, tensor) in self.named(prefix) {
            match tensors.get(&name) {
                Some(found) if found.size() == tensor.size() => tensor.shallow_clone().copy_(found),
                _ => return Err(Error::file(path, format!("{name} is missing or has another shape"))),
            }
        }
        Ok(())
    }

    fn named(&self, prefix: &str) -> Vec<(String, &Tensor)> {
        let lists = [
            ("first_moment", &self.first_moments),
            ("second_moment", &self.second_moments),
            ("step", &self.steps),
        ];
        lists
            .into_iter()
            .flat_map(|(list, tensors)| {
                tensors.iter().enumerate().map(move |(at, tensor)| (format!("{prefix}{list}.{at}"), tensor))
            })
            .collect()
    }
}
