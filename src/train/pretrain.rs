//! D32: source pre-training of one network.

use std::path::Path;
use std::sync::Arc;

use tch::{Kind, Tensor};

use super::dropout::Dropout;
use super::fused_adam::FusedAdam;
use super::losses::MeanLosses;
use super::passes::Passes;
use super::settings::{PretrainingSettings, TargetStatistics};
use super::{Observer, Stage};
use crate::data::{GallerySampler, ImageStore, StreamName, TrainBatch, TrainLoader};
use crate::device::transfer;
use crate::error::{Error, InvalidInput, Result};
use crate::loss::objective::{HardTerms, hard_only};
use crate::model::{Named, Network};

/// Names of the losses of a step.
pub const NAMES: [&str; 3] = ["ce", "tri", "total"];

/// Labelled training images of the source.
#[derive(Debug, Clone)]
pub struct SourceImages {
    /// The images.
    pub images: Arc<ImageStore>,
    /// Identity `0..M` of each image.
    pub identities: Vec<usize>,
    /// Camera of each image.
    pub cameras: Vec<usize>,
}

/// Forward passes of a step (D32): the source batch, then the target batch, if there is one, whose only effect are batch-norm
/// statistics; then the losses of the source batch.
///
/// # Errors
/// Those of the losses.
pub fn terms(
    network: &Network,
    images: &Tensor,
    labels: &Tensor,
    target: Option<&Tensor>,
    epsilon: f64,
    passes: &Passes,
) -> Result<HardTerms> {
    let outputs = passes.student(0, network, images);
    if let Some(target) = target {
        network.observe(target, passes.group);
    }
    hard_only(&outputs, labels, epsilon, network.classes())
}

/// The settings of a step of pre-training, beside images and labels.
#[derive(Debug)]
pub struct StepSettings {
    /// ε of the label smoothing.
    pub epsilon: f64,
    /// Batch-norm groups, and what is dropped in this step.
    pub passes: Passes,
    /// Adam's learning rate, from the schedule (D22).
    pub learning_rate: f64,
}

/// One step (D32): [`terms`], gradients, Adam over the parameters of `network`. Returns the losses before the step, detached, by
/// [`NAMES`].
///
/// `images`, `target`: `[B, 3, H, W]`; `labels`: `[B]` i64.
///
/// # Errors
/// Those of the losses, or a rate out of range.
pub fn step(
    (network, optimizer): (&Network, &mut FusedAdam),
    images: &Tensor,
    labels: &Tensor,
    target: Option<&Tensor>,
    settings: &StepSettings,
) -> Result<Tensor> {
    let terms = terms(network, images, labels, target, settings.epsilon, &settings.passes)?;
    optimizer.zero_grad();
    terms.total.f_backward().map_err(Error::torch("cannot compute gradients"))?;
    optimizer.step(settings.learning_rate)?;
    Ok(Tensor::stack(&[&terms.ce, &terms.tri, &terms.total], 0).detach())
}

/// Source pre-training, an epoch at a time.
#[derive(Debug)]
pub struct Pretraining {
    settings: PretrainingSettings,
    seed: u64,
    network: Network,
    optimizer: FusedAdam,
    source: SourceImages,
    target: Option<Arc<ImageStore>>,
    sampler: GallerySampler,
    dropout: Dropout,
    epoch: usize,
}

impl Pretraining {
    /// Starts with `network` as it is. `target`: the images forwarded for batch-norm statistics, needed if and only if the
    /// settings say [`TargetStatistics::During`].
    ///
    /// # Errors
    /// No images, labels that do not belong to them, a dropout out of range, or `target` missing.
    pub fn new(
        settings: PretrainingSettings,
        seed: u64,
        network: Network,
        source: SourceImages,
        target: Option<Arc<ImageStore>>,
    ) -> Result<Self> {
        if settings.target_statistics == TargetStatistics::During && target.is_none() {
            return Err(InvalidInput::Empty { what: "the list of target images" }.into());
        }
        let labels: Vec<Option<usize>> = source.identities.iter().copied().map(Some).collect();
        let sampler = GallerySampler::new(&labels, &source.cameras, settings.batch.instances)?;
        let dropout = Dropout::new(settings.dropout, seed, "pretrain/dropout")?;
        let optimizer = FusedAdam::new(network.trained(), settings.weight_decay);
        Ok(Self { settings, seed, network, optimizer, source, target, sampler, dropout, epoch: 0 })
    }

    /// Goes on from a state that [`Pretraining::state`] gave after `epoch` epochs; `path` is named in errors.
    ///
    /// # Errors
    /// Tensors that are missing or have another shape.
    pub fn resume(&mut self, state: &Named, epoch: usize, path: &Path) -> Result<()> {
        self.network.load_state(state, "network.", path)?;
        self.optimizer.load_state(state, "adam.", path)?;
        self.epoch = epoch;
        Ok(())
    }

    /// Everything needed to go on: the network under `network.`, the optimizer under `adam.`.
    pub fn state(&self) -> Named {
        let mut state = self.network.state("network.");
        state.append(&mut self.optimizer.state("adam."));
        state
    }

    /// Epochs done.
    pub fn epoch(&self) -> usize {
        self.epoch
    }

    /// The network as it is now.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Trains one epoch and returns the mean losses.
    ///
    /// # Errors
    /// An unreadable image, a loss that is not finite, or what the observer returns.
    pub fn next_epoch(&mut self, observer: &mut dyn Observer) -> Result<MeanLosses> {
        let steps = self.settings.steps;
        let (mut targets, loader) = (self.target_loader()?, self.source_loader()?);
        let mut losses = MeanLosses::new(&NAMES, self.source.images.clone());
        observer.progress(Stage::Training, 0, steps)?;
        for (step, batch) in loader.enumerate() {
            let target = targets.as_mut().and_then(Iterator::next).transpose()?;
            self.step(step, &batch?, target.as_ref(), &mut losses)?;
            observer.progress(Stage::Training, step + 1, steps)?;
        }
        self.epoch += 1;
        Ok(losses)
    }

    fn step(
        &mut self,
        step: usize,
        batch: &TrainBatch,
        target: Option<&TrainBatch>,
        losses: &mut MeanLosses,
    ) -> Result<()> {
        let labels: Vec<i64> = batch.indices.iter().map(|at| self.source.identities[*at] as i64).collect();
        let place = (Kind::Int64, self.network.device());
        let labels = transfer::upload(&Tensor::from_slice(&labels), place, "labels")?;
        let images = self.network.place(&batch.views[0])?;
        let target = target.map(|target| self.network.place(&target.views[0])).transpose()?;
        let settings = StepSettings {
            epsilon: self.settings.epsilon,
            passes: self.passes(step, batch.indices.len())?,
            learning_rate: self.settings.schedule.rate_at(self.epoch, step, self.settings.steps)?,
        };
        let pair = (&self.network, &mut self.optimizer);
        let values = self::step(pair, &images, &labels, target.as_ref(), &settings)?;
        losses.add(&values, &batch.indices);
        Ok(())
    }

    fn passes(&self, step: usize, images: usize) -> Result<Passes> {
        let networks = std::slice::from_ref(&self.network);
        let students = self.dropout.masks(networks, "network", images, (self.epoch, step))?;
        Ok(Passes { group: self.settings.batch.group(), students, ..Passes::default() })
    }

    fn source_loader(&self) -> Result<TrainLoader> {
        let batch = self.settings.batch;
        let epoch = self.epoch as u64;
        let batches = self.sampler.batches(
            batch.identities,
            self.settings.steps,
            self.seed,
            "pretrain/sampler",
            epoch,
        )?;
        let streams = StreamName { seed: self.seed, purpose: "pretrain/augment".to_owned(), epoch };
        let transform = self.settings.transform.transform(self.source.images.size());
        TrainLoader::new(self.source.images.clone(), transform, batches, streams, 1, self.network.device())
    }

    fn target_loader(&self) -> Result<Option<TrainLoader>> {
        let Some(target) = &self.target else { return Ok(None) };
        let size = self.settings.batch.size();
        let epoch = self.epoch as u64;
        let batches = super::statistics::random_batches(
            target.len(),
            size,
            self.settings.steps,
            self.seed,
            "pretrain/target",
            epoch,
        );
        let streams = StreamName { seed: self.seed, purpose: "pretrain/augment-target".to_owned(), epoch };
        let transform = self.settings.transform.transform(target.size());
        TrainLoader::new(target.clone(), transform, batches, streams, 1, self.network.device()).map(Some)
    }
}
