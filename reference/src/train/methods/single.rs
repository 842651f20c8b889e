//! D33, the published single-network baseline: one network on hard losses alone.

use super::mutual::{StepSettings, scaled};
use crate::error::Result;
use crate::loss::objective::{HardTerms, hard_only};
use crate::model::{Network, Volume};
use crate::train::fused_adam::Adam;

/// A network and its optimizer.
#[derive(Debug, Clone, PartialEq)]
pub struct Single {
    /// `θ`.
    pub network: Network,
    /// Its Adam.
    pub optimizer: Adam,
}

impl Single {
    /// A fresh optimizer.
    pub fn new(network: Network, weight_decay: f64) -> Self {
        Self { optimizer: Adam::new(network.state(), weight_decay), network }
    }

    /// A whole step: the network in training mode, `L_id + L_tri` (D8), its gradient, Adam (D24). Soft weights and `decay` have
    /// no part.
    ///
    /// `view`: `[B, 3, H, W]`; `labels` pseudo labels in `0..clusters`. Source: published `ClusterBaseTrainer`.
    pub fn step(
        &mut self,
        view: &Volume,
        labels: &[usize],
        settings: &StepSettings<'_>,
    ) -> Result<HardTerms> {
        let StepSettings { group, masks, feature_scale, .. } = *settings;
        let (outputs, trace) = self.network.train_with_dropout(view, group, masks.students[0])?;
        let outputs = scaled(&outputs, feature_scale);
        let terms = hard_only(&outputs, labels, settings.weights.epsilon, settings.weights.clusters)?;
        let gradients = self.network.backward(&trace, &scaled(&terms.gradient, feature_scale))?;
        self.optimizer.step(self.network.state_mut(), &gradients, settings.learning_rate)?;
        Ok(terms)
    }
}

#[cfg(test)]
mod tests {
    use super::super::mutual::{Masks, Networks};
    use super::super::own_mean::OwnMean;
    use super::*;
    use crate::loss::objective::Weights;
    use crate::model::BlockKind;
    use crate::model::network::tests::{filled, images, tiny};

    const LABELS: [usize; 6] = [0, 0, 1, 1, 2, 2];
    const SETTINGS: StepSettings<'_> = StepSettings {
        weights: Weights { soft_ce: 0.0, soft_triplet: 0.0, epsilon: 0.1, clusters: 3 },
        learning_rate: 1e-2,
        decay: 0.0,
        group: None,
        masks: Masks::NONE,
        feature_scale: 1.0,
    };

    fn network(seed: u64) -> Network {
        filled(&tiny(BlockKind::Basic, false), 4, seed)
    }

    #[test]
    fn it_is_either_half_of_the_baseline_of_two_networks() {
        let mut singles = [Single::new(network(1), 5e-4), Single::new(network(50), 5e-4)];
        let mut both = Networks::new([network(1), network(50)], 5e-4);
        let views = [&images(6, 2), &images(6, 3)];
        for _ in 0..3 {
            let terms = both.hard_step(views, &LABELS, &SETTINGS).unwrap();
            for at in 0..2 {
                assert_eq!(singles[at].step(views[at], &LABELS, &SETTINGS).unwrap(), terms[at]);
                assert_eq!(singles[at].network, both.students[at]);
            }
        }
    }

    #[test]
    fn a_network_and_its_own_mean_come_to_it_without_soft_shares_and_memory() {
        let mut single = Single::new(network(1), 5e-4);
        let mut pair = OwnMean::new(network(1), 5e-4);
        let view = images(6, 2);
        for _ in 0..3 {
            let hard = single.step(&view, &LABELS, &SETTINGS).unwrap();
            let terms = pair.step(&view, &LABELS, &SETTINGS).unwrap();
            assert!((hard.total - terms.total).abs() < 1e-13);
            assert_eq!(pair.mean_network, pair.student);
            for (one, other) in single.network.state().entries().iter().zip(pair.student.state().entries()) {
                let close = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-12;
                assert!(one.values.iter().zip(&other.values).all(close), "{}", one.name);
            }
        }
    }
}
