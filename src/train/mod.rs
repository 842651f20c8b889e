//! The train room: source pre-training and adaptation, driven from outside epoch by epoch. It never prints and opens no
//! file; whoever drives it passes an [`Observer`] and keeps the state that [`Pretraining::state`] and
//! [`Adaptation::state`] give.
//!
//! A step of mutual mean-teaching; epochs of it are [`Adaptation::next_epoch`], a whole way from source to target `examples/adapt.rs`, a
//! method of one's own `examples/own_method.rs`.
//! ```
//! use mmt::experiment::Profile;
//! use mmt::model::{Network, Spec};
//! use mmt::random::stream;
//! use mmt::train::{Learners, Passes, StepSettings, methods};
//! use tch::{Device, Kind, Tensor};
//!
//! # fn main() -> mmt::Result<()> {
//! let settings = Profile::load("quick")?.rows[0].adaptation.clone();
//! let place = (Kind::Float, Device::Cpu);
//! let network = |seed| Network::new(&Spec::small(), 4, &mut stream(seed, "example", 0, 0), place);
//! let networks = vec![network(1)?, network(2)?];
//! let mut learners = Learners::new(methods::of(&settings), networks, settings.weight_decay)?;
//!
//! // A batch in two views, a view for each student; a learning rate; the share of the old mean.
//! let views = [Tensor::rand([4, 3, 64, 32], place), Tensor::rand([4, 3, 64, 32], place)];
//! let labels = Tensor::from_slice(&[0_i64, 0, 3, 3]);
//! let (weights, passes) = (settings.weights(4), Passes::default());
//! let step = StepSettings { weights, passes, learning_rate: 3.5e-4, decay: 0.0 };
//! let losses = learners.step(&views, &labels, &step)?;
//! assert_eq!(losses.values.size(), [learners.names().len() as i64]);
//! # Ok(())
//! # }
//! ```

mod adaptation;
pub mod dropout;
pub mod ema;
mod fused_adam;
mod learners;
mod lessons;
mod losses;
mod method;
pub mod methods;
mod passes;
pub mod pretrain;
mod pseudo_labels;
mod schedule;
mod settings;
pub mod statistics;

pub use adaptation::{Adaptation, EpochOutcome, TargetImages};
pub use fused_adam::FusedAdam;
pub use learners::{Learners, StepSettings};
pub use lessons::Lessons;
pub use losses::MeanLosses;
pub use method::{Batch, Losses, Method, Networks};
pub use mmt_vocabulary::{ClusterFeatures, Stage, Teachers};
pub use passes::Passes;
pub use pretrain::{Pretraining, SourceImages};
pub use pseudo_labels::PseudoLabels;
pub use schedule::{Schedule, Unit, WarmUp};
pub use settings::{
    AdaptationSettings, BatchSettings, PretrainingSettings, TargetStatistics, TransformSettings,
};

use crate::error::Result;

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
