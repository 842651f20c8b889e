//! Means of the named losses over an epoch.

use tch::{Kind, Tensor};

use crate::device::transfer;
use crate::error::{Error, Result};

/// Mean of each loss over the steps so far. The sum stays where the losses are: reading it makes the processor wait.
#[derive(Debug)]
pub struct MeanLosses {
    names: &'static [&'static str],
    sum: Option<Tensor>,
    steps: usize,
}

impl MeanLosses {
    /// No step yet.
    pub fn new(names: &'static [&'static str]) -> Self {
        Self { names, sum: None, steps: 0 }
    }

    /// Adds the losses of a step, `[names]`.
    pub fn add(&mut self, values: &Tensor) {
        let values = values.to_kind(Kind::Double);
        self.sum = Some(self.sum.take().unwrap_or_else(|| values.zeros_like()) + values);
        self.steps += 1;
    }

    /// (name, mean) of each loss, 0 before the first step. Waits for the device once.
    ///
    /// # Errors
    /// A mean is NaN or infinite: training broke down.
    pub fn means(&self) -> Result<Vec<(&'static str, f64)>> {
        let values = match &self.sum {
            Some(sum) => transfer::read(&(sum / self.steps as f64), "the losses")?,
            None => vec![0.0; self.names.len()],
        };
        let named: Vec<_> = self.names.iter().copied().zip(values).collect();
        match named.iter().find(|(_, value)| !value.is_finite()) {
            Some((name, value)) => Err(Error::Training(format!(
                "loss {name} became {value}: training broke down (a smaller learning rate may help)"
            ))),
            None => Ok(named),
        }
    }
}
