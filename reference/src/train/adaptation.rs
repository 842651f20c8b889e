//! D33: whole epochs of adaptation. What is drawn at random (starts of k-means, batches, views) is handed in.

use super::ema;
use super::fused_adam::Adam;
use super::methods::mutual::{Masks, Networks, StepSettings};
use super::methods::own_mean::OwnMean;
use super::methods::single::Single;
use crate::cluster::centroids::centroids;
use crate::cluster::dbscan::dbscan;
use crate::cluster::eps::eps;
use crate::cluster::jaccard::{Neighbourhood, jaccard};
use crate::cluster::kmeans::{Limits, best_of};
use crate::distance::normalize_rows;
use crate::error::Result;
use crate::eval::teaching::Anchor;
use crate::loss::objective::{Lesson, Terms, Weights};
use crate::matrix::Matrix;
use crate::model::{Network, Volume};

/// The networks by who teaches whom.
#[derive(Debug, Clone, PartialEq)]
pub enum Method {
    /// Mutual mean-teaching.
    MutualMean(Networks),
    /// Each student is taught by the other: without `E[θ]`.
    MutualCurrent(Networks),
    /// The clustering baseline: two students, no teacher.
    HardOnly(Networks),
    /// One student and its own mean network: without θ2.
    OwnMean(OwnMean),
    /// One student without a teacher.
    Single(Single),
}

impl Method {
    /// Students, in order.
    pub fn students(&self) -> Vec<&Network> {
        match self {
            Self::MutualMean(networks) | Self::MutualCurrent(networks) | Self::HardOnly(networks) => {
                networks.students.iter().collect()
            }
            Self::OwnMean(one) => vec![&one.student],
            Self::Single(one) => vec![&one.network],
        }
    }

    /// Mean networks, in the order of their students; none where the method has none.
    pub fn mean_networks(&self) -> Vec<&Network> {
        match self {
            Self::MutualMean(networks) => networks.mean_networks.iter().collect(),
            Self::OwnMean(one) => vec![&one.mean_network],
            Self::MutualCurrent(_) | Self::HardOnly(_) | Self::Single(_) => Vec::new(),
        }
    }

    /// Adam of each student.
    pub fn optimizers(&self) -> Vec<&Adam> {
        match self {
            Self::MutualMean(networks) | Self::MutualCurrent(networks) | Self::HardOnly(networks) => {
                networks.optimizers.iter().collect()
            }
            Self::OwnMean(one) => vec![&one.optimizer],
            Self::Single(one) => vec![&one.optimizer],
        }
    }

    fn set_classifiers(&mut self, rows: &Matrix) -> Result<()> {
        match self {
            Self::MutualMean(networks) | Self::MutualCurrent(networks) | Self::HardOnly(networks) => {
                let mut all = networks.students.iter_mut().chain(&mut networks.mean_networks);
                all.try_for_each(|network| network.set_classifier(rows))
            }
            Self::OwnMean(one) => {
                one.student.set_classifier(rows)?;
                one.mean_network.set_classifier(rows)
            }
            Self::Single(one) => one.network.set_classifier(rows),
        }
    }

    fn fresh_optimizers(&mut self, weight_decay: f64) {
        let fresh = |network: &Network| Adam::new(network.state(), weight_decay);
        match self {
            Self::MutualMean(networks) | Self::MutualCurrent(networks) | Self::HardOnly(networks) => {
                networks.optimizers = [0, 1].map(|at: usize| fresh(&networks.students[at]));
            }
            Self::OwnMean(one) => one.optimizer = fresh(&one.student),
            Self::Single(one) => one.optimizer = fresh(&one.network),
        }
    }

    /// A step on both views of a batch (one student sees the first).
    pub fn step(
        &mut self,
        views: [&Volume; 2],
        labels: &[usize],
        settings: &StepSettings<'_>,
    ) -> Result<Step> {
        Ok(match self {
            Self::MutualMean(networks) => networks.step(views, labels, settings)?.into(),
            Self::MutualCurrent(networks) => networks.current_step(views, labels, settings)?.into(),
            Self::HardOnly(networks) => {
                let [one, two] = networks.hard_step(views, labels, settings)?;
                Step::untaught(vec![one.ce, two.ce, one.tri, two.tri, one.total + two.total])
            }
            Self::OwnMean(networks) => {
                let terms = networks.step(views[0], labels, settings)?;
                let losses = vec![terms.ce, terms.tri, terms.soft_ce, terms.soft_tri, terms.total];
                Step { losses, lessons: vec![terms.lessons] }
            }
            Self::Single(network) => {
                let terms = network.step(views[0], labels, settings)?;
                Step::untaught(vec![terms.ce, terms.tri, terms.total])
            }
        })
    }
}

/// The outcome of a step.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Losses in the order of their names.
    pub losses: Vec<f64>,
    /// The lessons of each student that has a teacher, one for each row of the batch.
    pub lessons: Vec<Vec<Lesson>>,
}

impl Step {
    fn untaught(losses: Vec<f64>) -> Self {
        Self { losses, lessons: Vec::new() }
    }
}

impl From<Terms> for Step {
    fn from(terms: Terms) -> Self {
        Self { losses: terms.values().to_vec(), lessons: terms.lessons.into() }
    }
}

/// How features become pseudo labels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Clustering {
    /// k-means (D10).
    KMeans {
        /// k.
        clusters: usize,
    },
    /// DBSCAN on the k-reciprocal Jaccard distance (D11–D14).
    Dbscan {
        /// k1 and k2.
        neighbourhood: Neighbourhood,
        /// Share of the smallest distances whose mean is eps.
        rho: f64,
        /// Neighbours of a core point.
        min_samples: usize,
    },
}

/// Settings of an adaptation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Steps per epoch.
    pub steps: usize,
    /// Adam's learning rate, constant.
    pub learning_rate: f64,
    /// L2 weight decay.
    pub weight_decay: f64,
    /// ε of the label smoothing.
    pub epsilon: f64,
    /// λ_id.
    pub soft_ce: f64,
    /// λ_tri.
    pub soft_triplet: f64,
    /// α of the mean networks.
    pub alpha: f64,
    /// How their memory starts.
    pub ema: ema::Convention,
    /// Images per batch-norm group.
    pub group: Option<usize>,
    /// Whether the mean networks' features are clustered, as published, where there are any; else the students'.
    pub cluster_mean_networks: bool,
    /// Whether every epoch starts its classifiers from its centroids, as published; else the first one only.
    pub reset_classifier: bool,
    /// Whether every epoch starts with a fresh optimizer, as published.
    pub reset_optimizer: bool,
    /// Factor of the features that the triplet losses compare; published 1.
    pub feature_scale: f64,
    /// Pseudo labels.
    pub clustering: Clustering,
}

/// The random draws of an epoch.
pub trait Draws {
    /// Starts for k-means on `points: [N, D]`, each `[clusters, D]`; the best one counts.
    fn starts(&mut self, epoch: usize, points: &Matrix, clusters: usize) -> Result<Vec<Matrix>>;

    /// The batches of an epoch, as indices of images with a label.
    fn batches(&mut self, epoch: usize, labels: &[Option<usize>]) -> Vec<Vec<usize>>;

    /// Both views of a batch, each `[B, 3, H, W]`; `first`: images of the epoch before this batch.
    fn views(&mut self, epoch: usize, first: usize, batch: &[usize]) -> Result<[Volume; 2]>;

    /// Dropout masks of a step, `[B, D]` each, of students and of mean networks in their order; none without dropout.
    fn masks(&mut self, epoch: usize, step: usize, images: usize) -> [Vec<Matrix>; 2];
}

/// The outcome of an epoch.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Cluster of each image, none for noise.
    pub labels: Vec<Option<usize>>,
    /// Rows that the classifiers started from, `[M, D]`: centroids of unit length.
    pub centroids: Matrix,
    /// Mean over the steps of each loss.
    pub losses: Vec<f64>,
    /// Every image of every batch, once for each student that has a teacher (D35).
    pub anchors: Vec<Anchor>,
}

/// Networks on their way to the target.
#[derive(Debug, Clone, PartialEq)]
pub struct Adaptation {
    /// The networks.
    pub method: Method,
    /// The settings.
    pub settings: Settings,
    /// DBSCAN's eps, fixed in the first epoch.
    pub eps: Option<f64>,
    /// Epochs done.
    pub epoch: usize,
}

impl Adaptation {
    /// One epoch (D33): the features of `images` (all training images of the target as evaluation sees them), averaged over the
    /// networks, are clustered; the classifiers start from the centroids (D15) and Adam afresh; then the steps.
    ///
    /// Source: published `mmt_train_kmeans.py` and `mmt_train_dbscan.py`.
    ///
    /// # Errors
    /// Those of its parts.
    pub fn next_epoch(&mut self, images: &Volume, draws: &mut impl Draws) -> Result<Outcome> {
        let features = self.features(images)?;
        let (labels, centroids) = self.cluster(&features, draws)?;
        if self.settings.reset_classifier || self.epoch == 0 {
            self.method.set_classifiers(&centroids)?;
        }
        if self.settings.reset_optimizer {
            self.method.fresh_optimizers(self.settings.weight_decay);
        }
        let (losses, anchors) = self.train(&labels, centroids.rows(), draws)?;
        self.epoch += 1;
        Ok(Outcome { labels, centroids, losses, anchors })
    }

    /// Mean of the networks' features of unit length; the mean is not of unit length.
    fn features(&self, images: &Volume) -> Result<Matrix> {
        let mut networks = self.method.mean_networks();
        if networks.is_empty() || !self.settings.cluster_mean_networks {
            networks = self.method.students();
        }
        let all = networks.iter().map(|network| network.embed(images)).collect::<Result<Vec<_>>>()?;
        let mean = |i, k| all.iter().map(|features| features[(i, k)]).sum::<f64>() / all.len() as f64;
        Ok(Matrix::from_fn(all[0].rows(), all[0].columns(), mean))
    }

    fn cluster(&mut self, features: &Matrix, draws: &mut impl Draws) -> Result<(Vec<Option<usize>>, Matrix)> {
        match self.settings.clustering {
            Clustering::KMeans { clusters } => {
                let starts = draws.starts(self.epoch, features, clusters)?;
                let found = best_of(features, &starts, Limits::default())?;
                Ok((found.labels.into_iter().map(Some).collect(), normalize_rows(&found.centroids)?))
            }
            Clustering::Dbscan { neighbourhood, rho, min_samples } => {
                let features = normalize_rows(features)?;
                let distances = jaccard(&features, neighbourhood)?;
                let eps = match self.eps {
                    Some(eps) => eps,
                    None => eps(&distances, rho)?,
                };
                self.eps = Some(eps);
                let found = dbscan(&distances, eps, min_samples)?;
                let rows = normalize_rows(&centroids(&features, &found.labels, found.count)?)?;
                Ok((found.labels, rows))
            }
        }
    }

    fn train(
        &mut self,
        pseudo_labels: &[Option<usize>],
        clusters: usize,
        draws: &mut impl Draws,
    ) -> Result<(Vec<f64>, Vec<Anchor>)> {
        let settings = self.settings;
        let weights = Weights {
            soft_ce: settings.soft_ce,
            soft_triplet: settings.soft_triplet,
            epsilon: settings.epsilon,
            clusters,
        };
        let (mut sums, mut anchors, mut first) = (Vec::new(), Vec::new(), 0);
        for (step, batch) in draws.batches(self.epoch, pseudo_labels).iter().enumerate() {
            let labels: Vec<usize> = batch.iter().filter_map(|&image| pseudo_labels[image]).collect();
            let [one, two] = draws.views(self.epoch, first, batch)?;
            let [students, means] = draws.masks(self.epoch, step, batch.len());
            let step_settings = StepSettings {
                weights,
                learning_rate: settings.learning_rate,
                // The memory grows over all steps of all epochs.
                decay: ema::decay(settings.ema, self.epoch * settings.steps + step, settings.alpha)?,
                group: settings.group,
                masks: Masks { students: pair(&students), mean_networks: pair(&means) },
                feature_scale: settings.feature_scale,
            };
            let Step { losses, lessons } = self.method.step([&one, &two], &labels, &step_settings)?;
            sums.resize(losses.len(), 0.0);
            sums.iter_mut().zip(losses).for_each(|(sum, loss): (&mut f64, f64)| *sum += loss);
            for of_student in lessons {
                for (image, lesson) in batch.iter().zip(of_student) {
                    anchors.push(anchor(batch, *image, &lesson));
                }
            }
            first += batch.len();
        }
        Ok((sums.into_iter().map(|sum| sum / settings.steps as f64).collect(), anchors))
    }
}

/// Rows of a batch as the images that they are.
fn anchor(batch: &[usize], image: usize, lesson: &Lesson) -> Anchor {
    let Lesson { positive, negative, student, teacher, soft_label } = *lesson;
    Anchor { image, positive: batch[positive], negative: batch[negative], student, teacher, soft_label }
}

fn pair(masks: &[Matrix]) -> [Option<&Matrix>; 2] {
    [masks.first(), masks.get(1)]
}
