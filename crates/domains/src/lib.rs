//! The built-in domains: procedural persons under procedural cameras, written as image files in the layouts of the real
//! datasets and read back by the same readers.
//!
//! ```text
//! DomainSpec ── seed ──▶ Cameras, Persons ──▶ Shots ── render ──▶ JPEG files in market1501/, dukemtmc/, msmt17/
//! ```
//!
//! A person must be recognised across views: logos and open jackets are seen only from the front, backpacks from back and side;
//! cameras differ in colour, light, sharpness and view.
//!
//! ```
//! use mmt_domains::{DomainSettings, prepare};
//! use mmt_vocabulary::DatasetName;
//! use mmt_vocabulary::error::{Error, Result};
//!
//! # fn main() -> Result<()> {
//! # let folder = tempfile::tempdir().map_err(Error::io("write", &std::env::temp_dir()))?;
//! let settings = DomainSettings { train_identities: 3, train_images: 4, test_identities: 2, ..Default::default() };
//! let root = prepare(DatasetName::DukeMtmc, &settings, folder.path(), &mut |_, _| Ok(()))?;
//! let train = root.join("dukemtmc").join("DukeMTMC-reID").join("bounding_box_train");
//! assert_eq!(std::fs::read_dir(&train).map_err(Error::io("read", &train))?.count(), 12);
//! # Ok(())
//! # }
//! ```

mod camera;
mod canvas;
mod figure;
mod layout;
mod optics;
mod person;
mod render;
mod sheet;
mod shots;
mod spec;
mod write;

pub use sheet::sheet;
pub use write::{GENERATOR_VERSION, prepare};

use serde::{Deserialize, Serialize};

use mmt_vocabulary::DatasetName;
use mmt_vocabulary::error::{Error, InvalidInput, Result};

/// The datasets that have a built-in domain.
pub const DATASETS: [DatasetName; 3] = [DatasetName::Market1501, DatasetName::DukeMtmc, DatasetName::Msmt17];

/// Height and width at which the domains are drawn, in pixels.
pub const HEIGHT: usize = 64;
/// Width at which the domains are drawn.
pub const WIDTH: usize = 32;

/// The last of this many training images, in turn, goes into the second of MSMT17's two training lists.
const VALIDATION_EVERY: usize = 5;

/// How much of a domain to draw, and from which seed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DomainSettings {
    /// Seed of the generator.
    pub seed: u64,
    /// Persons of the training set.
    pub train_identities: usize,
    /// Images per person of the training set.
    pub train_images: usize,
    /// Persons of the test set.
    pub test_identities: usize,
    /// Images per person of the test set; the first under each camera is a query.
    pub test_images: usize,
    /// Gallery images of persons who appear nowhere else (identity 0).
    pub distractors: usize,
}

/// There is no built-in domain for `dataset`.
fn undrawn(dataset: DatasetName) -> Error {
    let drawn = DATASETS.map(|name| name.to_string()).join(", ");
    Error::Usage(format!(
        "{dataset} has no built-in domain, only {drawn} have; --data-root DIR names real data"
    ))
}

impl Default for DomainSettings {
    fn default() -> Self {
        Self {
            seed: 1,
            train_identities: 100,
            train_images: 12,
            test_identities: 60,
            test_images: 12,
            distractors: 120,
        }
    }
}

impl DomainSettings {
    /// Identities that a Market-1501 file name can hold.
    const MOST_IDENTITIES: usize = 1500;

    /// # Errors
    /// Empty sets, fewer training images than MSMT17's two training lists need, or more identities than the file names of
    /// Market-1501 can hold.
    pub fn check(&self) -> Result<()> {
        let positive = [self.train_identities, self.train_images, self.test_identities, self.test_images];
        if positive.contains(&0) {
            let (what, allowed) = ("identities and images of a built-in domain", "at least 1");
            return Err(InvalidInput::Parameter { what, value: 0.0, allowed }.into());
        }
        let found = self.train_identities.saturating_mul(self.train_images);
        if found < VALIDATION_EVERY {
            let (what, needed) = ("training images of a built-in domain", VALIDATION_EVERY);
            return Err(InvalidInput::TooFewSamples { what, needed, found }.into());
        }
        let identities = self.train_identities.saturating_add(self.test_identities);
        if identities > Self::MOST_IDENTITIES {
            let (what, value) = ("identities of a built-in domain", identities as f64);
            return Err(InvalidInput::Parameter { what, value, allowed: "at most 1500" }.into());
        }
        Ok(())
    }
}
