//! Given weights that the source networks start from, such as ImageNet's, instead of random ones.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::data_identity::sha256;
use crate::error::Result;
use crate::model::Network;

/// Parts of a network that such a file need not have: they stay random, and differ between the two networks.
const HEAD: [&str; 4] = ["projection.", "feat.", "feat_bn.", "classifier."];

/// A checkpoint whose trunk every pre-training starts from. A run's configuration holds its content, not its path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InitialWeights {
    #[serde(skip)]
    path: PathBuf,
    sha256: String,
}

impl InitialWeights {
    /// The file at `path`, by its content.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn open(path: &Path) -> Result<Self> {
        let sha256 = sha256(path)?.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { path: path.to_owned(), sha256 })
    }

    /// Loads the trunk into `network`.
    ///
    /// # Errors
    /// Those of [`Network::load_checkpoint`].
    pub fn load(&self, network: &mut Network) -> Result<()> {
        network.load_checkpoint(&self.path, &HEAD.map(str::to_owned)).map(drop)
    }
}
