//! D31: dropout between neck and classifier. Which units are dropped comes from the run's own streams, named by network, epoch and
//! step, so a run that goes on drops what it would have dropped.
//!
//! Source: Srivastava et al. 2014; the published `--dropout`.

use rand::Rng;
use tch::Tensor;

use crate::error::{InvalidInput, Result};
use crate::model::Network;
use crate::random::stream;

/// # Errors
/// A probability outside [0, 1).
pub fn check(probability: f64) -> Result<()> {
    if (0.0..1.0).contains(&probability) {
        return Ok(());
    }
    Err(InvalidInput::Parameter { what: "dropout", value: probability, allowed: "in [0, 1)" }.into())
}

/// A mask `[rows, units]` f64: 0 with `probability`, else 1/(1−`probability`), so that its mean is 1.
///
/// # Errors
/// Those of [`check`].
pub fn mask(rows: usize, units: usize, probability: f64, rng: &mut impl Rng) -> Result<Tensor> {
    check(probability)?;
    let kept = 1.0 / (1.0 - probability);
    let values: Vec<f64> =
        (0..rows * units).map(|_| if rng.random_bool(probability) { 0.0 } else { kept }).collect();
    Ok(Tensor::from_slice(&values).view([rows as i64, units as i64]))
}

/// The masks of a run.
#[derive(Debug)]
pub(super) struct Dropout {
    probability: f64,
    seed: u64,
    purpose: &'static str,
}

impl Dropout {
    /// # Errors
    /// Those of [`check`].
    pub fn new(probability: f64, seed: u64, purpose: &'static str) -> Result<Self> {
        check(probability)?;
        Ok(Self { probability, seed, purpose })
    }

    /// Masks of `networks`, which are called `who`, for a batch of so many images; none without dropout, and nothing is drawn.
    ///
    /// # Errors
    /// A device that refuses.
    pub fn masks(
        &self,
        networks: &[Network],
        who: &str,
        images: usize,
        (epoch, step): (usize, usize),
    ) -> Result<Vec<Tensor>> {
        if self.probability == 0.0 {
            return Ok(Vec::new());
        }
        let placed = |(at, network): (usize, &Network)| {
            let purpose = format!("{}/{who}-{}", self.purpose, at + 1);
            let mut rng = stream(self.seed, &purpose, epoch as u64, step as u64);
            let units = network.spec().features() as usize;
            network.place(&mask(images, units, self.probability, &mut rng)?)
        };
        networks.iter().enumerate().map(placed).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use tch::{Device, Kind};

    use super::*;
    use crate::model::Spec;

    #[test]
    fn every_network_epoch_and_step_has_a_mask_of_its_own() {
        let network = || {
            let place = (Kind::Float, Device::Cpu);
            Network::new(&Spec::small(), 0, &mut stream(0, "test", 0, 0), place).unwrap()
        };
        let (networks, dropout) = ([network(), network()], Dropout::new(0.5, 1, "test").unwrap());
        let mut seen = BTreeSet::new();
        for who in ["student", "mean"] {
            for place in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                let masks = dropout.masks(&networks, who, 2, place).unwrap();
                assert_eq!(masks, dropout.masks(&networks, who, 2, place).unwrap());
                seen.extend(masks.iter().map(|mask| format!("{:?}", Vec::<f32>::try_from(mask.view(-1)))));
            }
        }
        assert_eq!(seen.len(), 2 * 4 * 2);
        assert!(
            Dropout::new(0.0, 1, "test").unwrap().masks(&networks, "mean", 2, (0, 0)).unwrap().is_empty()
        );
    }
}
