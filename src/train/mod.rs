//! The train room: source pre-training and adaptation, driven from outside epoch by epoch. It never prints and opens no
//! file; whoever drives it passes an [`Observer`] and keeps the state that [`Pretraining::state`] and
//! [`Adaptation::state`] give.

mod adaptation;
pub mod dropout;
pub mod ema;
mod fused_adam;
mod learners;
mod losses;
mod mutual;
mod own_mean;
mod passes;
pub mod pretrain;
mod pseudo_labels;
mod schedule;
mod settings;
mod single;
pub mod statistics;
mod teaching;

pub use adaptation::{Adaptation, EpochOutcome, TargetImages};
pub use fused_adam::FusedAdam;
pub use learners::{Learners, StepSettings};
pub use losses::MeanLosses;
pub use passes::Passes;
pub use pretrain::{Pretraining, SourceImages};
pub use pseudo_labels::{Clusterer, PseudoLabels};
pub use schedule::{Schedule, Unit, WarmUp};
pub use settings::{
    AdaptationSettings, BatchSettings, ClusterFeatures, Clustering, PretrainingSettings, TargetStatistics,
    Teachers, TransformSettings,
};

use crate::error::Result;

/// What an epoch is busy with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stage {
    /// Reading and resizing images.
    Loading,
    /// Images → features.
    Features,
    /// Features → pseudo labels.
    Clustering,
    /// Steps of the optimizer.
    Training,
    /// Passes that only set batch-norm statistics.
    Statistics,
    /// Features of query and gallery, mAP and CMC.
    Evaluation,
}

impl Stage {
    /// Its name in records and progress bars.
    pub fn name(self) -> &'static str {
        match self {
            Self::Loading => "loading",
            Self::Features => "features",
            Self::Clustering => "clustering",
            Self::Training => "training",
            Self::Statistics => "statistics",
            Self::Evaluation => "evaluation",
        }
    }
}

/// Is told how far the work is, and may end it.
pub trait Observer {
    /// `done` of `total` parts of `stage` are finished; called with 0 when a stage begins.
    ///
    /// # Errors
    /// Whatever should end the work, such as [`Error::Interrupted`](crate::Error::Interrupted).
    fn progress(&mut self, stage: Stage, done: usize, total: usize) -> Result<()>;
}

/// An observer that watches nothing.
impl Observer for () {
    fn progress(&mut self, _: Stage, _: usize, _: usize) -> Result<()> {
        Ok(())
    }
}
