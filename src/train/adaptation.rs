//! D33: adaptation to the target, an epoch at a time. [`Adaptation::next_epoch`] reads like the paper's algorithm.

use std::path::Path;
use std::sync::Arc;

use tch::{Kind, Tensor};

use super::dropout::Dropout;
use super::ema;
use super::learners::{Learners, StepSettings};
use super::lessons::Lessons;
use super::losses::MeanLosses;
use super::method::Method;
use super::passes::Passes;
use super::pseudo_labels::PseudoLabels;
use super::settings::AdaptationSettings;
use super::{Observer, Stage};
use crate::cluster::ClusteringState;
use crate::data::{GallerySampler, ImageStore, StreamName, TrainBatch, TrainLoader};
use crate::device::transfer;
use crate::error::Result;
use crate::features;
use crate::model::{Named, Network};
use crate::random::stream;

/// Images per batch where no gradient is needed.
const FEATURE_BATCH: usize = 128;

/// Unlabelled training images of the target.
#[derive(Debug, Clone)]
pub struct TargetImages {
    /// The images.
    pub images: Arc<ImageStore>,
    /// Camera of each image, for the sampler.
    pub cameras: Vec<usize>,
}

/// The outcome of an epoch.
#[derive(Debug)]
pub struct EpochOutcome {
    /// The labels that it trained on.
    pub pseudo_labels: PseudoLabels,
    /// Mean losses.
    pub losses: MeanLosses,
    /// The lessons of the teachers to the students in its steps.
    pub lessons: Lessons,
}

/// Networks on their way to the target.
#[derive(Debug)]
pub struct Adaptation {
    settings: AdaptationSettings,
    seed: u64,
    target: TargetImages,
    learners: Learners,
    clustering_state: ClusteringState,
    dropout: Dropout,
    epoch: usize,
}

impl Adaptation {
    /// Starts from pre-trained `networks`, as many as `method` trains, from the first; their classifiers are replaced. `method`: that of
    /// the settings ([`methods::of`](super::methods::of)), or one's own.
    ///
    /// # Errors
    /// A dropout out of range, too few networks, or a device that refuses.
    pub fn new(
        settings: AdaptationSettings,
        seed: u64,
        method: Box<dyn Method>,
        mut networks: Vec<Network>,
        target: TargetImages,
    ) -> Result<Self> {
        let dropout = Dropout::new(settings.dropout, seed, "adapt/dropout")?;
        let rows = settings.clustering.classifier_rows(target.images.len());
        for (at, network) in networks.iter_mut().enumerate() {
            network.random_classifier(rows, &mut stream(seed, "adapt/classifier", 0, at as u64));
        }
        let learners = Learners::new(method, networks, settings.weight_decay)?;
        Ok(Self {
            settings,
            seed,
            target,
            learners,
            clustering_state: ClusteringState::default(),
            dropout,
            epoch: 0,
        })
    }

    /// Goes on from a state that [`Adaptation::state`] gave after `epoch` epochs; `path` is named in errors.
    ///
    /// # Errors
    /// Tensors that are missing or have another shape.
    pub fn resume(&mut self, state: &Named, epoch: usize, path: &Path) -> Result<()> {
        self.learners.load_state(state, !self.settings.reset_optimizer, path)?;
        self.clustering_state.eps = state.get("eps").map(|eps| eps.double_value(&[]));
        self.epoch = epoch;
        Ok(())
    }

    /// Everything needed to go on between two epochs; the optimizer where it does not start afresh in each.
    pub fn state(&self) -> Named {
        let mut state = self.learners.state(!self.settings.reset_optimizer);
        if let Some(eps) = self.clustering_state.eps {
            state.insert("eps".to_owned(), Tensor::from(eps));
        }
        state
    }

    /// Epochs done.
    pub fn epoch(&self) -> usize {
        self.epoch
    }

    /// The networks that are trained.
    pub fn students(&self) -> &[Network] {
        self.learners.students()
    }

    /// The mean networks, in the order of their students; none where the method has none.
    pub fn mean_networks(&self) -> &[Network] {
        self.learners.mean_networks()
    }

    /// The networks that the method answers for, and that are evaluated.
    pub fn answering(&self) -> &[Network] {
        self.learners.method().answering(self.learners.networks())
    }

    /// The networks whose features are clustered.
    fn clustered(&self) -> &[Network] {
        self.learners.method().clustered(self.learners.networks(), self.settings.cluster_features)
    }

    /// One epoch: cluster the target's features, start the classifiers from the centroids, train on the pseudo labels.
    ///
    /// # Errors
    /// An unreadable image, a clustering that gives nothing to train on, a loss that is not finite, or what the observer
    /// returns.
    pub fn next_epoch(&mut self, observer: &mut dyn Observer) -> Result<EpochOutcome> {
        let features = self.average_features(observer)?;
        let pseudo_labels = self.cluster(&features, observer)?;
        if self.settings.reset_classifier || self.epoch == 0 {
            self.learners.set_classifiers(&pseudo_labels.centroids)?;
        }
        if self.settings.reset_optimizer {
            self.learners.reset_optimizer();
        }
        let (losses, lessons) = self.train(&pseudo_labels, observer)?;
        self.epoch += 1;
        Ok(EpochOutcome { pseudo_labels, losses, lessons })
    }

    fn average_features(&self, observer: &mut dyn Observer) -> Result<Tensor> {
        let images = self.target.images.len();
        observer.progress(Stage::Features, 0, images)?;
        let networks: Vec<&Network> = self.clustered().iter().collect();
        let features = features::extract(&networks, &self.target.images, FEATURE_BATCH, &mut |done| {
            observer.progress(Stage::Features, done, images)
        })?;
        Ok(features::average(&features))
    }

    fn cluster(&mut self, features: &Tensor, observer: &mut dyn Observer) -> Result<PseudoLabels> {
        observer.progress(Stage::Clustering, 0, 1)?;
        let mut rng = stream(self.seed, "adapt/cluster", self.epoch as u64, 0);
        let stage = || format!("clustering of epoch {}", self.epoch + 1);
        let (clustering, state) = (&self.settings.clustering, &mut self.clustering_state);
        let found = PseudoLabels::find(clustering, features, state, &mut rng);
        let pseudo_labels = found.map_err(|error| error.in_stage(stage()))?;
        pseudo_labels.enough().map_err(|error| error.in_stage(stage()))?;
        observer.progress(Stage::Clustering, 1, 1)?;
        Ok(pseudo_labels)
    }

    fn train(
        &mut self,
        pseudo_labels: &PseudoLabels,
        observer: &mut dyn Observer,
    ) -> Result<(MeanLosses, Lessons)> {
        let steps = self.settings.steps;
        let mut losses = MeanLosses::new(self.learners.names(), self.target.images.clone());
        let mut lessons = Lessons::default();
        observer.progress(Stage::Training, 0, steps)?;
        for (step, batch) in self.loader(&pseudo_labels.labels)?.enumerate() {
            let batch = batch?;
            let labels = self.labels_of(&batch, pseudo_labels)?;
            let settings = self.step_settings(step, batch.indices.len(), pseudo_labels.clusters)?;
            let found = self.learners.step(&batch.views, &labels, &settings)?;
            losses.add(&found.values, &batch.indices);
            lessons.add(found.lessons, &batch.indices)?;
            observer.progress(Stage::Training, step + 1, steps)?;
        }
        Ok((losses, lessons))
    }

    /// Pseudo labels of a batch, `[B]` i64, where the networks are.
    fn labels_of(&self, batch: &TrainBatch, pseudo_labels: &PseudoLabels) -> Result<Tensor> {
        let labels = batch.indices.iter().filter_map(|at| pseudo_labels.labels[*at]);
        let labels: Vec<i64> = labels.map(|label| label as i64).collect();
        let place = (Kind::Int64, self.students()[0].device());
        transfer::upload(&Tensor::from_slice(&labels), place, "labels")
    }

    fn step_settings(&self, step: usize, images: usize, clusters: usize) -> Result<StepSettings> {
        let settings = &self.settings;
        Ok(StepSettings {
            weights: settings.weights(clusters),
            passes: self.passes(step, images)?,
            learning_rate: settings.learning_rate,
            decay: ema::decay(settings.ema, self.epoch * settings.steps + step, settings.alpha)?,
        })
    }

    /// Students and mean networks drop units each on their own, in every step anew.
    fn passes(&self, step: usize, images: usize) -> Result<Passes> {
        let masks = |networks, who| self.dropout.masks(networks, who, images, (self.epoch, step));
        Ok(Passes {
            group: self.settings.batch.group(),
            students: masks(self.students(), "student")?,
            mean_networks: masks(self.mean_networks(), "mean")?,
            feature_scale: self.settings.feature_scale,
        })
    }

    fn loader(&self, labels: &[Option<usize>]) -> Result<TrainLoader> {
        let (batch, epoch) = (self.settings.batch, self.epoch as u64);
        let sampler = GallerySampler::new(labels, &self.target.cameras, batch.instances)?;
        let batches =
            sampler.batches(batch.identities, self.settings.steps, self.seed, "adapt/sampler", epoch)?;
        let streams = StreamName { seed: self.seed, purpose: "adapt/augment".to_owned(), epoch };
        let transform = self.settings.transform.transform(self.target.images.size());
        let (views, device) = (self.learners.method().views(), self.students()[0].device());
        TrainLoader::new(self.target.images.clone(), transform, batches, streams, views, device)
    }
}
