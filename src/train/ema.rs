//! D23: the mean network, E = α E + (1 − α) θ.

use serde::{Deserialize, Serialize};
use tch::Tensor;

use crate::error::{InvalidInput, Result};
use crate::model::Network;

/// Where paper and published code differ: how the memory of a mean network starts (D23).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Convention {
    /// `α_t = min(1 − 1/(t + 1), α)`: the first step copies the student.
    #[default]
    Published,
    /// `α_t = α` at every step.
    Paper,
}

/// Share of the old mean at `step`, which counts from 0 over all epochs (D23).
///
/// # Errors
/// An α outside [0, 1].
pub fn decay(convention: Convention, step: usize, alpha: f64) -> Result<f64> {
    check_share("alpha", alpha)?;
    Ok(match convention {
        Convention::Published => (1.0 - 1.0 / (step as f64 + 1.0)).min(alpha),
        Convention::Paper => alpha,
    })
}

/// One update of a tensor in place: `mean ← decay · mean + (1 − decay) · student`.
///
/// # Errors
/// A decay outside [0, 1], or tensors of different shapes.
pub fn average(mean: &Tensor, student: &Tensor, decay: f64) -> Result<()> {
    check_share("decay", decay)?;
    if mean.size() != student.size() {
        let (expected, found) = (format!("{:?}", mean.size()), format!("{:?}", student.size()));
        return Err(InvalidInput::Shape { what: "the student's tensor", expected, found }.into());
    }
    let _ = mean.shallow_clone().lerp_(student, 1.0 - decay);
    Ok(())
}

/// Moves the parameters of `mean_network` (the frozen ones too) to `decay · mean + (1 − decay) · student`. Buffers stay:
/// the mean network's batch norms have statistics of their own passes.
///
/// # Errors
/// A decay outside [0, 1], or networks of other shapes.
pub fn update(mean_network: &mut Network, student: &Network, decay: f64) -> Result<()> {
    if mean_network.entries().len() != student.entries().len() {
        let (expected, found) =
            (student.entries().len().to_string(), mean_network.entries().len().to_string());
        return Err(InvalidInput::Shape { what: "the mean network's tensors", expected, found }.into());
    }
    tch::no_grad(|| {
        let pairs = mean_network.entries().iter().zip(student.entries());
        for (mean, student) in pairs.filter(|(mean, _)| mean.role.is_parameter()) {
            average(&mean.tensor, &student.tensor, decay)?;
        }
        Ok(())
    })
}

/// Refuses a value outside [0, 1].
fn check_share(what: &'static str, value: f64) -> Result<()> {
    if (0.0..=1.0).contains(&value) {
        return Ok(());
    }
    Err(InvalidInput::Parameter { what, value, allowed: "in [0, 1]" }.into())
}
