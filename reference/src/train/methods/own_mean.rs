//! D33 without θ2: one student that is taught by its own mean network.

use super::mutual::{StepSettings, scaled};
use crate::error::Result;
use crate::loss::objective::{StudentTerms, mean_teaching};
use crate::model::{Network, Volume};
use crate::train::ema;
use crate::train::fused_adam::Adam;

/// A student, its mean network, and the optimizer of the student.
#[derive(Debug, Clone, PartialEq)]
pub struct OwnMean {
    /// `θ`.
    pub student: Network,
    /// `E[θ]`.
    pub mean_network: Network,
    /// Adam of the student.
    pub optimizer: Adam,
}

impl OwnMean {
    /// A mean network that starts equal to its student, and a fresh optimizer.
    pub fn new(student: Network, weight_decay: f64) -> Self {
        Self { mean_network: student.clone(), optimizer: Adam::new(student.state(), weight_decay), student }
    }

    /// A whole step: the student, then its mean network, on the same view of the batch, both in training mode; one student's
    /// part of the objective (D8); its gradient in the student; Adam (D24); the mean network (D23).
    ///
    /// `view`: `[B, 3, H, W]`; `labels` pseudo labels in `0..clusters`. Source: the paper's Table 2, "without θ2".
    pub fn step(
        &mut self,
        view: &Volume,
        labels: &[usize],
        settings: &StepSettings<'_>,
    ) -> Result<StudentTerms> {
        let StepSettings { group, masks, feature_scale, .. } = *settings;
        let (outputs, trace) = self.student.train_with_dropout(view, group, masks.students[0])?;
        let (teacher, _) = self.mean_network.train_with_dropout(view, group, masks.mean_networks[0])?;
        let [outputs, teacher] = [outputs, teacher].map(|outputs| scaled(&outputs, feature_scale));
        let terms = mean_teaching(&outputs, &teacher, labels, &settings.weights)?;
        let gradients = self.student.backward(&trace, &scaled(&terms.gradient, feature_scale))?;
        self.optimizer.step(self.student.state_mut(), &gradients, settings.learning_rate)?;
        ema::update(self.mean_network.state_mut(), self.student.state(), settings.decay)?;
        Ok(terms)
    }
}

#[cfg(test)]
mod tests {
    use super::super::mutual::{Masks, Networks};
    use super::*;
    use crate::loss::objective::Weights;
    use crate::model::BlockKind;
    use crate::model::network::tests::{filled, images, tiny};

    const LABELS: [usize; 6] = [0, 0, 1, 1, 2, 2];

    #[test]
    fn two_equal_networks_on_one_view_teach_each_other_what_one_teaches_itself() {
        let network = filled(&tiny(BlockKind::Basic, false), 4, 1);
        let mut one = OwnMean::new(network.clone(), 5e-4);
        let mut two = Networks::new([network.clone(), network], 5e-4);
        let view = images(6, 2);
        for decay in [0.0, 0.5, 0.9] {
            let weights = Weights { soft_ce: 0.5, soft_triplet: 0.8, epsilon: 0.1, clusters: 3 };
            let settings = StepSettings {
                weights,
                learning_rate: 1e-2,
                decay,
                group: None,
                masks: Masks::NONE,
                feature_scale: 1.0,
            };
            let own = one.step(&view, &LABELS, &settings).unwrap();
            let terms = two.step([&view, &view], &LABELS, &settings).unwrap();
            assert!((2.0 * own.total - terms.total).abs() < 1e-12);
            assert_eq!(one.student, two.students[1]);
            assert_eq!(one.mean_network, two.mean_networks[0]);
        }
    }
}
