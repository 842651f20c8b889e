//! Who teaches whom, and whose features are clustered, as profiles spell it.

use serde::{Deserialize, Serialize};

/// Which networks there are, and who gives a student its soft labels (D33).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Teachers {
    /// Two students; each is taught by the mean network of the other. Published.
    #[default]
    MutualMean,
    /// One student, taught by its own mean network: the paper's ablation without θ2. With hard losses only
    /// it is the published single-network baseline.
    OwnMean,
    /// Two students; each is taught by what the other gives in the same step. No mean networks, so `alpha` has no part: the
    /// paper's ablation without `E[θ]`.
    MutualCurrent,
}

/// Whose features are clustered, where there are mean networks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClusterFeatures {
    /// The mean networks'. Published.
    #[default]
    MeanNetworks,
    /// The students'.
    Networks,
}
