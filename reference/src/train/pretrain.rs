//! D32: one step of source pre-training.

use super::fused_adam::Adam;
use super::schedule::Schedule;
use crate::error::Result;
use crate::loss::objective::{HardTerms, hard_only};
use crate::matrix::Matrix;
use crate::model::{Network, NetworkTrace, Volume};

/// Forward passes of a step (D32): the source batch in training mode; then the target batch, if there is one,
/// likewise, whose only effect are batch-norm statistics; then the losses `L_id + L_tri` of the *source*
/// batch.
///
/// `source: [B, 3, H, W]`, `labels` one identity a row below the classifier's rows; the dropout mask is that of the
/// source batch, since what the target batch would drop comes after all statistics. Source: published `PreTrainer`.
pub fn terms(
    network: &mut Network,
    source: &Volume,
    labels: &[usize],
    target: Option<&Volume>,
    epsilon: f64,
    (group, mask): (Option<usize>, Option<&Matrix>),
) -> Result<(HardTerms, NetworkTrace)> {
    let (outputs, trace) = network.train_with_dropout(source, group, mask)?;
    if let Some(target) = target {
        network.observe(target, group)?;
    }
    Ok((hard_only(&outputs, labels, epsilon, network.classes())?, trace))
}

/// The settings of a step, beside the network and its batches.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepSettings<'a> {
    /// ε of the label smoothing; published 0.1.
    pub epsilon: f64,
    /// Adam's learning rate, from the schedule (D22).
    pub learning_rate: f64,
    /// Images per batch-norm group, see [`Statistics::Batch`](crate::model::Statistics::Batch).
    pub group: Option<usize>,
    /// Dropout mask `[B, D]` of the source batch, see [`Network::train_with_dropout`].
    pub mask: Option<&'a Matrix>,
}

/// A whole step of pre-training (D32): [`terms`], their gradient, and Adam (D24). Returns the losses.
pub fn step(
    network: &mut Network,
    adam: &mut Adam,
    source: &Volume,
    labels: &[usize],
    target: Option<&Volume>,
    settings: &StepSettings<'_>,
) -> Result<HardTerms> {
    let passes = (settings.group, settings.mask);
    let (terms, trace) = terms(network, source, labels, target, settings.epsilon, passes)?;
    let gradients = network.backward(&trace, &terms.gradient)?;
    adam.step(network.state_mut(), &gradients, settings.learning_rate)?;
    Ok(terms)
}

/// The random draws of an epoch of pre-training.
pub trait Draws {
    /// Source batches of an epoch, as indices of images.
    fn batches(&mut self, epoch: usize) -> Vec<Vec<usize>>;

    /// The view of a source batch, `[B, 3, H, W]`; `first`: images of the epoch before it.
    fn view(&mut self, epoch: usize, first: usize, batch: &[usize]) -> Result<Volume>;

    /// The target images that follow the source batch of `step`; none unless the target sets statistics during pre-training.
    fn target(&mut self, epoch: usize, step: usize) -> Result<Option<Volume>>;

    /// Dropout mask `[B, D]` of the source batch of `step`; none without dropout.
    fn mask(&mut self, epoch: usize, step: usize, images: usize) -> Option<Matrix>;
}

/// Settings of an epoch of pre-training.
#[derive(Debug, Clone, PartialEq)]
pub struct EpochSettings {
    /// Steps per epoch.
    pub steps: usize,
    /// ε of the label smoothing.
    pub epsilon: f64,
    /// Learning rate.
    pub schedule: Schedule,
    /// Images per batch-norm group.
    pub group: Option<usize>,
}

/// One epoch of pre-training (D32); `identities`: one per source image. Adam goes on from epoch to epoch. Returns the means of
/// `L_id`, `L_tri` and their sum over the steps.
///
/// # Errors
/// Those of a step.
pub fn epoch(
    (network, adam): (&mut Network, &mut Adam),
    identities: &[usize],
    epoch: usize,
    settings: &EpochSettings,
    draws: &mut impl Draws,
) -> Result<[f64; 3]> {
    let (mut sums, mut first) = ([0.0; 3], 0);
    for (at, batch) in draws.batches(epoch).iter().enumerate() {
        let labels: Vec<usize> = batch.iter().map(|&image| identities[image]).collect();
        let (view, target) = (draws.view(epoch, first, batch)?, draws.target(epoch, at)?);
        let mask = draws.mask(epoch, at, batch.len());
        let step_settings = StepSettings {
            epsilon: settings.epsilon,
            learning_rate: settings.schedule.rate_at(epoch, at, settings.steps)?,
            group: settings.group,
            mask: mask.as_ref(),
        };
        let terms = step(network, adam, &view, &labels, target.as_ref(), &step_settings)?;
        for (sum, value) in sums.iter_mut().zip([terms.ce, terms.tri, terms.total]) {
            *sum += value;
        }
        first += batch.len();
    }
    Ok(sums.map(|sum| sum / settings.steps as f64))
}

/// Target statistics *after* pre-training: source and target batches in turn, in training mode, without losses. The running
/// statistics then describe both domains.
///
/// # Errors
/// Those of a pass.
pub fn statistics_of_both(network: &mut Network, pairs: &[[Volume; 2]], group: Option<usize>) -> Result<()> {
    for [source, target] in pairs {
        network.observe(source, group)?;
        network.observe(target, group)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::InvalidInput;
    use crate::model::network::tests::{filled, images, tiny};
    use crate::model::{BlockKind, Role};

    const LABELS: [usize; 6] = [0, 0, 1, 1, 2, 2];
    const SETTINGS: StepSettings<'_> =
        StepSettings { epsilon: 0.1, learning_rate: 1e-2, group: None, mask: None };

    fn network() -> Network {
        filled(&tiny(BlockKind::Basic, false), 3, 1)
    }

    #[test]
    fn the_target_moves_statistics_but_neither_losses_nor_parameters() {
        let run = |target: Option<&Volume>| {
            let mut network = network();
            let mut adam = Adam::new(network.state(), 5e-4);
            let terms = step(&mut network, &mut adam, &images(6, 2), &LABELS, target, &SETTINGS).unwrap();
            (terms, network)
        };
        let (with, without) = (run(Some(&images(4, 3))), run(None));
        assert_eq!(with.0, without.0);
        for (a, b) in with.1.state().entries().iter().zip(without.1.state().entries()) {
            assert_eq!(a.values == b.values, a.role != Role::Buffer, "{}", a.name);
        }
    }

    #[test]
    fn the_target_comes_after_the_source() {
        let (mut network, mut by_hand) = (network(), network());
        terms(&mut network, &images(6, 2), &LABELS, Some(&images(4, 3)), 0.1, (None, None)).unwrap();
        by_hand.observe(&images(6, 2), None).unwrap();
        by_hand.observe(&images(4, 3), None).unwrap();
        assert_eq!(network, by_hand);
    }

    #[test]
    fn steps_on_one_batch_lower_its_loss_and_the_neck_bias_never_moves() {
        let mut network = network();
        let bias = network.state().values("feat_bn.bias").unwrap().to_vec();
        let mut adam = Adam::new(network.state(), 0.0);
        let mut losses = Vec::new();
        for _ in 0..20 {
            let terms = step(&mut network, &mut adam, &images(6, 2), &LABELS, None, &SETTINGS).unwrap();
            losses.push(terms.total);
        }
        assert!(losses[19] < 0.8 * losses[0], "{losses:?}");
        assert_eq!(network.state().values("feat_bn.bias").unwrap(), bias);
    }

    #[test]
    fn a_label_beyond_the_classifier_is_refused() {
        let outside = terms(&mut network(), &images(2, 1), &[0, 3], None, 0.1, (None, None));
        let expected = InvalidInput::LabelOutOfRange { row: 1, label: 3, classes: 3 };
        assert_eq!(outside.map(|_| ()), Err(expected));
    }
}
