//! Means of the named losses over an epoch.

use tch::{Kind, Tensor};

use crate::error::{Error, Result};

/// Mean of each loss over the steps so far. The sum stays on the device: reading it costs a synchronisation.
#[derive(Debug)]
pub struct MeanLosses {
    names: &'static [&'static str],
    sum: Tensor,
    steps: usize,
}

impl MeanLosses {
    /// No step yet.
    pub fn new(names: &'static [&'static str]) -> Self {
        Self { names, sum: Tensor::zeros([names.len() as i64], (Kind::Double, tch::Device::Cpu)), steps: 0 }
    }

    /// Adds the losses of a step, `[names]`.
    pub fn add(&mut self, values: &Tensor) {
        self.sum = self.sum.to_device(values.device()) + values.to_kind(Kind::Double);
        self.steps += 1;
    }

    /// (name, mean) of each loss.
    ///
    /// # Errors
    /// A mean is NaN or infinite: training broke down.
    pub fn means(&self) -> Result<Vec<(&'static str, f64)>> {
        let mean = &self.sum / self.steps.max(1) as f64;
        let values = Vec::<f64>::try_from(mean).map_err(Error::torch("cannot read the losses"))?;
        let named: Vec<_> = self.names.iter().copied().zip(values).collect();
        match named.iter().find(|(_, value)| !value.is_finite()) {
            Some((name, value)) => Err(Error::Training(format!(
                "loss {name} became {value}: training broke down (a smaller learning rate may help)"
            ))),
            None => Ok(named),
        }
    }
}
