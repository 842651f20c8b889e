//! Given weights that the source networks start from, such as ImageNet's, instead of random ones.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::data_identity::sha256;
use crate::error::Result;
use crate::model::{Choice, Imported, LoadReport, Network, Spec};

/// Parts of a network that such a file need not have: they stay random, and differ between the two networks.
const HEAD: [&str; 4] = ["projection.", "feat.", "feat_bn.", "classifier."];

/// A checkpoint whose trunk every pre-training starts from. A run's configuration holds its content, not its path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InitialWeights {
    #[serde(skip)]
    path: PathBuf,
    sha256: String,
    /// The prefix of the network's names in the file, where it was chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    prefix: Option<String>,
    #[serde(skip)]
    report: LoadReport,
}

impl InitialWeights {
    /// The file at `path`, by its content, and of several networks in it the one under `prefix`. It is read and held against a
    /// network of `spec` right here, before anything else is done.
    ///
    /// # Errors
    /// Those of [`Network::load_checkpoint`].
    pub fn open(path: &Path, prefix: Option<&str>, spec: &Spec) -> Result<Self> {
        let imported = Imported::open_as(path, &choice(prefix), spec, &HEAD.map(str::to_owned))?;
        imported.verify()?;
        let sha256 = sha256(path)?.iter().map(|byte| format!("{byte:02x}")).collect();
        let prefix = prefix.map(str::to_owned);
        Ok(Self { path: path.to_owned(), sha256, prefix, report: imported.report })
    }

    /// Says in a line, which names the file, what of the network comes from it.
    pub fn line(&self) -> String {
        format!("{}: {}", self.path.display(), self.report.line())
    }

    /// Loads the trunk into `network`.
    ///
    /// # Errors
    /// Those of [`Network::load_checkpoint`].
    pub fn load(&self, network: &mut Network) -> Result<()> {
        let choice = choice(self.prefix.as_deref());
        network.load_checkpoint(&self.path, &choice, &HEAD.map(str::to_owned)).map(drop)
    }
}

fn choice(prefix: Option<&str>) -> Choice {
    prefix.map(Choice::prefix).unwrap_or_default()
}
