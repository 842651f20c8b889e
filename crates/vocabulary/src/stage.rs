//! The stages of an epoch.

/// A stage of an epoch.
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
