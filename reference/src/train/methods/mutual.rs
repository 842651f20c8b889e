//! D33: one step of mutual mean-teaching, of its hard-only baseline, and what surrounds the steps of an
//! epoch.

use crate::distance::normalize_rows;
use crate::error::{InvalidInput, Result};
use crate::loss::objective::{HardTerms, Outputs, Terms, Weights, hard_only, mutual_mean_teaching};
use crate::matrix::Matrix;
use crate::model::{Network, NetworkTrace, Volume};
use crate::train::ema;
use crate::train::fused_adam::Adam;

/// Two students, their mean networks, and the optimizer over both students (one [`Adam`] each: see there).
#[derive(Debug, Clone, PartialEq)]
pub struct Networks {
    /// `θ1`, `θ2`.
    pub students: [Network; 2],
    /// `E[θ1]`, `E[θ2]`.
    pub mean_networks: [Network; 2],
    /// Adam of each student.
    pub optimizers: [Adam; 2],
}

/// Dropout masks `[B, D]` of the networks of a step ([`Network::train_with_dropout`]), in order; none without dropout.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Masks<'a> {
    /// Of the students.
    pub students: [Option<&'a Matrix>; 2],
    /// Of the mean networks.
    pub mean_networks: [Option<&'a Matrix>; 2],
}

impl Masks<'_> {
    /// No dropout.
    pub const NONE: Self = Self { students: [None; 2], mean_networks: [None; 2] };
}

/// The settings of a step, beside networks, images and labels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepSettings<'a> {
    /// Weights of the objective (D8).
    pub weights: Weights,
    /// Adam's learning rate; published 3.5e-4.
    pub learning_rate: f64,
    /// Share of the old mean after this step (D23), from [`ema::decay`].
    pub decay: f64,
    /// Images per batch-norm group, see [`Statistics::Batch`](crate::model::Statistics::Batch).
    pub group: Option<usize>,
    /// The dropout masks of this step.
    pub masks: Masks<'a>,
    /// Factor of the features that the triplet losses compare, students' and teachers'; published 1.
    pub feature_scale: f64,
}

/// `outputs` with `factor` times the features. The same makes of the gradients by scaled outputs those by the outputs as they were.
pub(super) fn scaled(outputs: &Outputs, factor: f64) -> Outputs {
    let Outputs { features, logits } = outputs;
    let features = Matrix::from_fn(features.rows(), features.columns(), |i, k| factor * features[(i, k)]);
    Outputs { features, logits: logits.clone() }
}

impl Networks {
    /// Mean networks that start equal to their students, and a fresh optimizer.
    pub fn new(students: [Network; 2], weight_decay: f64) -> Self {
        let mean_networks = students.clone();
        let optimizers = [0, 1].map(|at: usize| Adam::new(students[at].state(), weight_decay));
        Self { students, mean_networks, optimizers }
    }

    /// Forward passes of a step (D33): students 1 and 2, then mean networks 1 and 2, each on its own view of
    /// the batch, all in training mode, so that the mean networks' batch norms follow their own passes; then
    /// the objective (D8).
    ///
    /// `views`: `[B, 3, H, W]` each; `labels` pseudo labels in `0..clusters`. Source: published `MMTTrainer`.
    pub fn terms(
        &mut self,
        views: [&Volume; 2],
        labels: &[usize],
        settings: &StepSettings<'_>,
    ) -> Result<(Terms, [NetworkTrace; 2])> {
        let (outputs, traces) = self.students_pass(views, settings)?;
        let (group, [mask_1, mask_2]) = (settings.group, settings.masks.mean_networks);
        let (mean_1, _) = self.mean_networks[0].train_with_dropout(views[0], group, mask_1)?;
        let (mean_2, _) = self.mean_networks[1].train_with_dropout(views[1], group, mask_2)?;
        let [mean_1, mean_2] = [mean_1, mean_2].map(|outputs| scaled(&outputs, settings.feature_scale));
        let (students, means) = ([&outputs[0], &outputs[1]], [&mean_1, &mean_2]);
        Ok((mutual_mean_teaching(students, means, labels, &settings.weights)?, traces))
    }

    /// Both students on their views.
    fn students_pass(
        &mut self,
        views: [&Volume; 2],
        settings: &StepSettings<'_>,
    ) -> Result<([Outputs; 2], [NetworkTrace; 2])> {
        check_views(views)?;
        let (group, [mask_1, mask_2]) = (settings.group, settings.masks.students);
        let (outputs_1, trace_1) = self.students[0].train_with_dropout(views[0], group, mask_1)?;
        let (outputs_2, trace_2) = self.students[1].train_with_dropout(views[1], group, mask_2)?;
        let outputs = [outputs_1, outputs_2].map(|outputs| scaled(&outputs, settings.feature_scale));
        Ok((outputs, [trace_1, trace_2]))
    }

    /// A whole step of mutual mean-teaching (D33): [`Networks::terms`], the gradient of the total in both
    /// students, Adam (D24), then the mean networks (D23). Returns the losses.
    pub fn step(
        &mut self,
        views: [&Volume; 2],
        labels: &[usize],
        settings: &StepSettings<'_>,
    ) -> Result<Terms> {
        let (terms, traces) = self.terms(views, labels, settings)?;
        self.descend(&traces, [&terms.gradients[0], &terms.gradients[1]], settings)?;
        self.update_mean_networks(settings.decay)?;
        Ok(terms)
    }

    /// A step of mutual teaching by the current networks, the paper's ablation without `E[θ]`: each student is taught by what
    /// the other gives in this very step, which is a constant to it. The mean networks have no part; they stay as they are.
    pub fn current_step(
        &mut self,
        views: [&Volume; 2],
        labels: &[usize],
        settings: &StepSettings<'_>,
    ) -> Result<Terms> {
        let ([outputs_1, outputs_2], traces) = self.students_pass(views, settings)?;
        let teachers = [outputs_1.clone(), outputs_2.clone()];
        let terms = mutual_mean_teaching(
            [&outputs_1, &outputs_2],
            [&teachers[0], &teachers[1]],
            labels,
            &settings.weights,
        )?;
        self.descend(&traces, [&terms.gradients[0], &terms.gradients[1]], settings)?;
        Ok(terms)
    }

    /// Adam (D24) on both students, by the gradients of their outputs.
    fn descend(
        &mut self,
        traces: &[NetworkTrace; 2],
        gradients: [&Outputs; 2],
        settings: &StepSettings<'_>,
    ) -> Result<()> {
        for (at, trace) in traces.iter().enumerate() {
            let gradient = scaled(gradients[at], settings.feature_scale);
            let gradients = self.students[at].backward(trace, &gradient)?;
            self.optimizers[at].step(self.students[at].state_mut(), &gradients, settings.learning_rate)?;
        }
        Ok(())
    }

    /// A step of the paper's baseline: hard losses of both students (λ_id = λ_tri = 0) and α = 0. The mean
    /// networks would pass the same images through the same parameters and then take the students' new ones,
    /// so they are the students, buffers included, and need no passes of their own.
    pub fn hard_step(
        &mut self,
        views: [&Volume; 2],
        labels: &[usize],
        settings: &StepSettings<'_>,
    ) -> Result<[HardTerms; 2]> {
        let ([outputs_1, outputs_2], traces) = self.students_pass(views, settings)?;
        let weights = &settings.weights;
        let terms = [
            hard_only(&outputs_1, labels, weights.epsilon, weights.clusters)?,
            hard_only(&outputs_2, labels, weights.epsilon, weights.clusters)?,
        ];
        self.descend(&traces, [&terms[0].gradient, &terms[1].gradient], settings)?;
        self.mean_networks = self.students.clone();
        Ok(terms)
    }

    /// Moves both mean networks towards their students (D23); `decay` is the share of the old mean.
    pub fn update_mean_networks(&mut self, decay: f64) -> Result<()> {
        for (mean, student) in self.mean_networks.iter_mut().zip(&self.students) {
            ema::update(mean.state_mut(), student.state(), decay)?;
        }
        Ok(())
    }

    /// Features that an epoch clusters (D33): the mean of both mean networks' evaluation features, `[N, D]`,
    /// each of unit length, the mean not. Source: published `mmt_train_kmeans.py`; the DBSCAN script
    /// normalises the mean once more.
    pub fn averaged_features(&self, images: &Volume, normalize: bool) -> Result<Matrix> {
        let (one, two) = (self.mean_networks[0].embed(images)?, self.mean_networks[1].embed(images)?);
        let mean = Matrix::from_fn(one.rows(), one.columns(), |i, k| (one[(i, k)] + two[(i, k)]) / 2.0);
        if normalize { normalize_rows(&mean) } else { Ok(mean) }
    }

    /// Start of an epoch (D33): the centroids (D15) become the first rows of all four classifiers, and Adam
    /// starts afresh.
    pub fn start_epoch(&mut self, centroids: &Matrix, weight_decay: f64) -> Result<()> {
        for network in self.students.iter_mut().chain(&mut self.mean_networks) {
            network.set_classifier(centroids)?;
        }
        self.optimizers = [0, 1].map(|at: usize| Adam::new(self.students[at].state(), weight_decay));
        Ok(())
    }
}

fn check_views(views: [&Volume; 2]) -> Result<()> {
    let [one, two] = views.map(|view| view.shape()[0]);
    if one == two {
        return Ok(());
    }
    let (expected, found) = (format!("{one} images"), format!("{two}"));
    Err(InvalidInput::Shape { what: "the second view of the batch", expected, found })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::network::tests::{filled, images, tiny};
    use crate::model::{BlockKind, Role};

    const LABELS: [usize; 6] = [0, 0, 1, 1, 2, 2];
    const SETTINGS: StepSettings<'_> = StepSettings {
        weights: Weights { soft_ce: 0.5, soft_triplet: 0.8, epsilon: 0.1, clusters: 3 },
        learning_rate: 1e-2,
        decay: 0.0,
        group: None,
        masks: Masks::NONE,
        feature_scale: 1.0,
    };

    fn networks() -> Networks {
        let spec = tiny(BlockKind::Basic, false);
        Networks::new([filled(&spec, 4, 1), filled(&spec, 4, 50)], 5e-4)
    }

    fn parameters(network: &Network) -> Vec<f64> {
        let parameters = network.state().entries().iter().filter(|entry| entry.role != Role::Buffer);
        parameters.flat_map(|entry| entry.values.clone()).collect()
    }

    #[test]
    fn the_first_step_makes_the_mean_networks_parameters_those_of_the_students() {
        let mut networks = networks();
        let before = parameters(&networks.students[0]);
        networks.step([&images(6, 2), &images(6, 3)], &LABELS, &SETTINGS).unwrap();
        for at in 0..2 {
            assert_eq!(parameters(&networks.mean_networks[at]), parameters(&networks.students[at]));
        }
        assert_ne!(parameters(&networks.students[0]), before);
    }

    #[test]
    fn the_second_step_leaves_the_mean_networks_halfway() {
        let mut networks = networks();
        let views = [&images(6, 2), &images(6, 3)];
        networks.step(views, &LABELS, &SETTINGS).unwrap();
        let first = parameters(&networks.students[1]);
        networks.step(views, &LABELS, &StepSettings { decay: 0.5, ..SETTINGS }).unwrap();
        let (second, mean) = (parameters(&networks.students[1]), parameters(&networks.mean_networks[1]));
        for i in 0..mean.len() {
            assert!((mean[i] - 0.5 * (first[i] + second[i])).abs() < 1e-14);
        }
    }

    #[test]
    fn mean_networks_have_statistics_of_their_own_passes() {
        let mut networks = networks();
        let mut by_hand = networks.mean_networks[1].clone();
        let (one, two) = (images(6, 2), images(6, 3));
        networks.step([&one, &two], &LABELS, &SETTINGS).unwrap();
        by_hand.observe(&two, None).unwrap();
        for (own, expected) in
            networks.mean_networks[1].state().entries().iter().zip(by_hand.state().entries())
        {
            if own.role == Role::Buffer {
                assert_eq!(own, expected);
            }
        }
    }

    #[test]
    fn without_soft_shares_and_alpha_a_step_is_that_of_the_baseline() {
        let (mut soft, mut hard) = (networks(), networks());
        let views = [&images(6, 2), &images(6, 3)];
        let weights = Weights { soft_ce: 0.0, soft_triplet: 0.0, ..SETTINGS.weights };
        for _ in 0..3 {
            let settings = StepSettings { weights, decay: 0.0, ..SETTINGS };
            let terms = soft.step(views, &LABELS, &settings).unwrap();
            let [one, two] = hard.hard_step(views, &LABELS, &settings).unwrap();
            assert!((terms.total - one.total - two.total).abs() < 1e-13);
        }
        assert_eq!(soft.mean_networks, soft.students);
        for at in 0..2 {
            let (soft, hard) = (parameters(&soft.students[at]), parameters(&hard.students[at]));
            assert!(soft.iter().zip(hard).all(|(a, b)| (a - b).abs() < 1e-12));
        }
        assert_eq!(hard.mean_networks, hard.students);
    }

    #[test]
    fn without_mean_networks_the_first_step_is_that_of_mutual_mean_teaching() {
        // Mean networks that equal their students give what these give.
        let (mut with, mut without) = (networks(), networks());
        let views = [&images(6, 2), &images(6, 3)];
        let means = without.mean_networks.clone();
        let expected = with.step(views, &LABELS, &SETTINGS).unwrap();
        assert_eq!(without.current_step(views, &LABELS, &SETTINGS).unwrap(), expected);
        assert_eq!(without.students, with.students);
        assert_eq!(without.mean_networks, means);
        let settings = StepSettings { decay: 0.9, ..SETTINGS };
        with.step(views, &LABELS, &settings).unwrap();
        let third = with.step(views, &LABELS, &settings).unwrap();
        without.current_step(views, &LABELS, &settings).unwrap();
        assert_ne!(without.current_step(views, &LABELS, &settings).unwrap(), third);
    }

    #[test]
    fn rows_of_the_classifier_beyond_the_clusters_only_decay() {
        let mut networks = networks();
        let row = |networks: &Networks| {
            networks.students[0].state().values("classifier.weight").unwrap()[9..].to_vec()
        };
        let before = row(&networks);
        networks.step([&images(6, 2), &images(6, 3)], &LABELS, &SETTINGS).unwrap();
        for (old, new) in before.iter().zip(row(&networks)) {
            // Adam's first step has the length of the learning rate, towards zero.
            assert!((new - (old - 1e-2 * old.signum())).abs() < 1e-4, "{old} {new}");
        }
    }

    #[test]
    fn an_epoch_starts_from_centroids_and_a_fresh_optimizer() {
        let mut networks = networks();
        networks.step([&images(6, 2), &images(6, 3)], &LABELS, &SETTINGS).unwrap();
        let features = networks.averaged_features(&images(2, 4), true).unwrap();
        networks.start_epoch(&features, 5e-4).unwrap();
        for network in networks.students.iter().chain(&networks.mean_networks) {
            assert_eq!(&network.state().values("classifier.weight").unwrap()[..6], features.values());
        }
        assert!(networks.optimizers[0].moments().iter().all(|moments| moments.steps == 0));
    }

    #[test]
    fn views_of_different_batches_are_refused() {
        let uneven = networks().step([&images(6, 2), &images(4, 3)], &LABELS, &SETTINGS);
        assert!(matches!(uneven, Err(InvalidInput::Shape { what: "the second view of the batch", .. })));
    }
}
