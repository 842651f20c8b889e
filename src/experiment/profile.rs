//! Profiles: TOML files, embedded or a user's own, that say what is run. `base = "quick"` takes everything from another
//! profile and changes what it names. Unknown keys are refused; values are checked once, here.

use std::collections::BTreeSet;
use std::path::PathBuf;

use mmt_vocabulary::{Method, Task};
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use super::layers::{Library, usage};
use super::row_settings::{dbscan, row_settings};
use crate::cluster::Clustering;
use crate::data::ImageSize;
use crate::error::{Error, Result};
use crate::model::Backbone;
use crate::synthetic::DomainSettings;
use crate::train::{AdaptationSettings, PretrainingSettings};

/// The profiles that come with the program.
const LIBRARY: Library = Library {
    kind: "profile",
    paths: &["init"],
    embedded: &[
        ("quick", include_str!("profiles/quick.toml")),
        ("standard", include_str!("profiles/standard.toml")),
        ("paper", include_str!("profiles/paper.toml")),
        ("paper-ibn", include_str!("profiles/paper-ibn.toml")),
        ("miniature", include_str!("profiles/miniature.toml")),
    ],
};

/// The built-in domains of a profile, but for their seed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Domains {
    /// Persons of the training set.
    pub train_identities: usize,
    /// Images per person of the training set.
    pub train_images: usize,
    /// Persons of the test set.
    pub test_identities: usize,
    /// Images per person of the test set.
    pub test_images: usize,
    /// Gallery images of nobody.
    pub distractors: usize,
}

impl Domains {
    /// Settings of the generator for the domains of `seed`.
    pub fn settings(&self, seed: u64) -> DomainSettings {
        DomainSettings {
            seed,
            train_identities: self.train_identities,
            train_images: self.train_images,
            test_identities: self.test_identities,
            test_images: self.test_images,
            distractors: self.distractors,
        }
    }
}

/// A row of the tables: a method with its settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Its name in folders and tables.
    pub name: String,
    /// Its method.
    pub method: Method,
    /// Settings, for those that adapt.
    pub adaptation: AdaptationSettings,
    /// The tasks it is run for.
    pub tasks: BTreeSet<Task>,
}

/// A checked profile.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// Its name, and that of its folder under `runs/`.
    pub name: String,
    /// The network.
    pub backbone: Backbone,
    /// Checkpoint whose trunk both source networks start from; random weights where there is none.
    pub init: Option<PathBuf>,
    /// Size to which images are brought.
    pub image_size: ImageSize,
    /// Seeds of the built-in domains, each run with every one of `seeds`. Real data have none.
    pub domain_seeds: Vec<u64>,
    /// Seeds of training.
    pub seeds: Vec<u64>,
    /// Tasks to run.
    pub tasks: Vec<Task>,
    /// Evaluate on the target with k-reciprocal re-ranking (D18) as well.
    pub rerank: bool,
    /// The built-in domains.
    pub domains: Domains,
    /// Source pre-training.
    pub pretraining: PretrainingSettings,
    /// Clustering of the rows with `dbscan = true`.
    pub dbscan: Clustering,
    /// Rows of the tables.
    pub rows: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRow {
    name: String,
    method: Method,
    #[serde(default)]
    dbscan: bool,
    #[serde(default)]
    adaptation: Table,
    tasks: Option<Vec<Task>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawProfile {
    name: String,
    backbone: Backbone,
    init: Option<PathBuf>,
    image_size: ImageSize,
    domain_seeds: Vec<u64>,
    seeds: Vec<u64>,
    tasks: Vec<Task>,
    #[serde(default)]
    rerank: bool,
    domains: Domains,
    pretraining: PretrainingSettings,
    adaptation: Table,
    #[serde(default)]
    dbscan: Table,
    rows: Vec<RawRow>,
}

impl Profile {
    /// Names of the embedded profiles.
    pub fn names() -> impl Iterator<Item = &'static str> {
        LIBRARY.names()
    }

    /// The profile called `name`, or the one in the TOML file of that path.
    ///
    /// # Errors
    /// Neither exists, or it is no valid profile; the text names the key.
    pub fn load(name: &str) -> Result<Self> {
        let (table, origin) = LIBRARY.read(name)?;
        let usage = |error: toml::de::Error| usage(&origin, &error);
        let raw: RawProfile = Value::Table(table).try_into().map_err(usage)?;
        let dbscan = dbscan(raw.dbscan).map_err(usage)?;
        let mut rows = Vec::new();
        for row in raw.rows {
            let clustering = row.dbscan.then_some(dbscan);
            let adaptation = row_settings(raw.adaptation.clone(), row.method, clustering, row.adaptation);
            rows.push(Row {
                name: row.name,
                method: row.method,
                adaptation: adaptation.map_err(usage)?,
                tasks: row.tasks.map_or_else(Task::every, |tasks| tasks.into_iter().collect()),
            });
        }
        let RawProfile {
            name,
            backbone,
            init,
            image_size,
            domain_seeds,
            seeds,
            tasks,
            rerank,
            domains,
            pretraining,
            ..
        } = raw;
        Self {
            name,
            backbone,
            init,
            image_size,
            domain_seeds,
            seeds,
            tasks,
            rerank,
            domains,
            pretraining,
            dbscan,
            rows,
        }
        .checked(&origin)
    }

    /// The profile, if its values are in range; `origin` is named in the error.
    pub(super) fn checked(self, origin: &str) -> Result<Self> {
        self.check().map_err(|error| Error::Usage(format!("{origin}: {error}")))?;
        Ok(self)
    }

    fn check(&self) -> std::result::Result<(), String> {
        let plain = |text: &str| {
            !text.is_empty()
                && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
                && text != ".."
        };
        require(plain(&self.name), "name: letters, digits, - and _ only")?;
        require(self.image_size.height > 0 && self.image_size.width > 0, "image_size: at least 1 x 1")?;
        check_seeds(&self.domain_seeds).map_err(|text| format!("domain_seeds: {text}"))?;
        check_seeds(&self.seeds).map_err(|text| format!("seeds: {text}"))?;
        require(!self.tasks.is_empty(), "tasks: at least one")?;
        require(!self.rows.is_empty(), "rows: at least one")?;
        let names: BTreeSet<&str> = self.rows.iter().map(|row| row.name.as_str()).collect();
        require(names.len() == self.rows.len(), "rows: two of the same name")?;
        // The seed draws pictures only; whether a domain can be drawn hangs on its counts.
        self.domains.settings(0).check().map_err(|error| format!("domains: {error}"))?;
        self.pretraining.check().map_err(|text| format!("pretraining.{text}"))?;
        for row in &self.rows {
            require(plain(&row.name), "rows.name: letters, digits, - and _ only")?;
            row.adaptation.check().map_err(|text| format!("adaptation.{text} (row {})", row.name))?;
        }
        Ok(())
    }
}

fn require(holds: bool, text: &str) -> std::result::Result<(), String> {
    if holds { Ok(()) } else { Err(text.to_owned()) }
}

/// A configuration holds integers up to 2^63 - 1.
fn check_seeds(seeds: &[u64]) -> std::result::Result<(), String> {
    require(!seeds.is_empty(), "at least one")?;
    match seeds.iter().find(|seed| i64::try_from(**seed).is_err()) {
        Some(seed) => Err(format!("{seed} is above 9223372036854775807, the largest seed")),
        None => Ok(()),
    }
}
