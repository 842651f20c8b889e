//! The datasets of a run: the real ones below a data root, or the built-in ones, drawn once per seed and kept on disk.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;

use super::profile::{Domains, Profile};
use super::seeds::Seeds;
use crate::data::{self, Dataset, DatasetName, ImageSize, ImageStore, LabelledItem};
use crate::error::Result;
use crate::eval::Labels;
use crate::record::DomainKind;
use crate::synthetic::{self, DomainSettings};
use crate::train::{SourceImages, TargetImages};

/// Share of the free memory that decoded images may take.
const MEMORY_SHARE: usize = 2;
/// Free memory assumed where the system does not tell.
const MEMORY_FALLBACK: usize = 4 << 30;

/// Where the datasets come from.
#[derive(Debug, Clone)]
pub enum Origin {
    /// Real datasets below this folder.
    Real(PathBuf),
    /// The built-in domains, kept below this folder.
    Synthetic(PathBuf, Domains),
}

impl Origin {
    /// Returns the seeds that `profile` is run with: real data have no domain seed.
    pub fn seeds(&self, profile: &Profile) -> Vec<Seeds> {
        let domains = match self {
            Self::Real(_) => vec![None],
            Self::Synthetic(..) => profile.domain_seeds.iter().copied().map(Some).collect(),
        };
        Seeds::crossed(&domains, &profile.seeds)
    }

    /// As records say it.
    pub fn kind(&self) -> DomainKind {
        match self {
            Self::Real(_) => DomainKind::Real,
            Self::Synthetic(..) => DomainKind::Synthetic,
        }
    }

    /// Returns the description of a job's domains in its configuration.
    pub fn description(&self, seed: Option<u64>) -> DomainDescription {
        let generator = match self {
            Self::Real(_) => None,
            Self::Synthetic(_, domains) => seed.map(|seed| domains.settings(seed)),
        };
        let kind = if generator.is_some() { "synthetic" } else { "real" };
        let generator_version = generator.as_ref().map(|_| synthetic::GENERATOR_VERSION);
        DomainDescription { kind, generator_version, generator }
    }
}

/// Description of a job's domains in its configuration.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DomainDescription {
    /// `synthetic` or `real`.
    pub kind: &'static str,
    /// Version of the generator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generator_version: Option<u32>,
    /// Settings of the generator.
    pub generator: Option<DomainSettings>,
}

/// Images with the labels that evaluation needs.
#[derive(Debug)]
pub struct TestSet {
    /// The images.
    pub images: Arc<ImageStore>,
    identities: Vec<i64>,
    cameras: Vec<i64>,
}

impl TestSet {
    /// Identities and cameras as evaluation takes them.
    pub fn labels(&self) -> Labels<'_> {
        Labels { identities: &self.identities, cameras: &self.cameras }
    }
}

/// A dataset with its images opened.
#[derive(Debug)]
pub struct Domain {
    /// Training images.
    pub train: Arc<ImageStore>,
    /// Query.
    pub query: TestSet,
    /// Gallery.
    pub gallery: TestSet,
    /// True identities of the training images: for source training and for measures, never for adaptation.
    pub train_identities: Vec<usize>,
    /// Their cameras.
    pub train_cameras: Vec<usize>,
    /// Number of training identities.
    pub identities: usize,
}

impl Domain {
    /// Opens the images of `dataset`, in memory as far as `budget` (bytes, lowered by what they take) allows.
    fn open(
        dataset: &Dataset,
        size: ImageSize,
        budget: &mut usize,
        progress: &mut dyn FnMut(usize, usize) -> Result<()>,
    ) -> Result<Self> {
        let total = dataset.train.len() + dataset.query.len() + dataset.gallery.len();
        let mut before = 0;
        let mut open = |items: &[LabelledItem]| -> Result<Arc<ImageStore>> {
            let paths = items.iter().map(|item| item.path.clone()).collect();
            let store =
                ImageStore::open(paths, size, *budget, &mut |done, _| progress(before + done, total))?;
            if store.is_in_memory() {
                *budget -= store.len() * size.values();
            }
            before += items.len();
            Ok(Arc::new(store))
        };
        let train = open(&dataset.train)?;
        let [query, gallery] = [&dataset.query, &dataset.gallery];
        let query = TestSet { images: open(query)?, identities: identities(query), cameras: cameras(query) };
        let gallery =
            TestSet { images: open(gallery)?, identities: identities(gallery), cameras: cameras(gallery) };
        Ok(Self {
            train,
            query,
            gallery,
            train_identities: dataset.train_identities(),
            train_cameras: dataset.train.iter().map(|item| item.camera).collect(),
            identities: dataset.train_identity_count(),
        })
    }

    /// The training set as a labelled source.
    pub fn as_source(&self) -> SourceImages {
        SourceImages {
            images: self.train.clone(),
            identities: self.train_identities.clone(),
            cameras: self.train_cameras.clone(),
        }
    }

    /// The training set as an unlabelled target: no identity goes with it.
    pub fn as_target(&self) -> TargetImages {
        TargetImages { images: self.train.clone(), cameras: self.train_cameras.clone() }
    }
}

fn identities(items: &[LabelledItem]) -> Vec<i64> {
    items.iter().map(|item| item.identity).collect()
}

fn cameras(items: &[LabelledItem]) -> Vec<i64> {
    items.iter().map(|item| item.camera as i64).collect()
}

/// All domains of a run, by dataset and domain seed.
pub type OpenDomains = BTreeMap<(DatasetName, Option<u64>), Arc<Domain>>;

/// Draws (where needed), reads and opens the domains `wanted`. All are
/// read and their test sets checked before an image is decoded. `progress` gets a text that says what is done, and the counts; `warn`
/// what the user should know of a dataset.
///
/// # Errors
/// A dataset that is missing or broken; the folders or the file are named.
pub fn open_all(
    wanted: &[(DatasetName, Option<u64>)],
    origin: &Origin,
    size: ImageSize,
    progress: &mut dyn FnMut(&str, usize, usize) -> Result<()>,
    warn: &mut dyn FnMut(&str),
) -> Result<OpenDomains> {
    let mut budget = free_memory() / MEMORY_SHARE;
    let mut open = OpenDomains::new();
    let mut datasets = Vec::new();
    for &(name, seed) in wanted {
        let dataset = data::read_own(name, &root(name, seed, origin, progress)?)?;
        dataset.check_splits()?;
        dataset.check_matches()?;
        dataset.notes().iter().for_each(|note| warn(note));
        datasets.push((name, seed, dataset));
    }
    for (name, seed, dataset) in datasets {
        let text = format!("reading {name}");
        let domain =
            Domain::open(&dataset, size, &mut budget, &mut |done, total| progress(&text, done, total))?;
        open.insert((name, seed), Arc::new(domain));
    }
    Ok(open)
}

/// Reads the lists of the real datasets `wanted`, as a run does before anything else, and draws and decodes nothing: training images of
/// each dataset, for the built-in ones by their settings.
///
/// # Errors
/// Those of [`open_all`] before it decodes.
pub fn count_all(
    wanted: &[(DatasetName, Option<u64>)],
    origin: &Origin,
) -> Result<BTreeMap<(DatasetName, Option<u64>), usize>> {
    let count = |&(name, seed): &(DatasetName, Option<u64>)| {
        let images = match origin {
            Origin::Synthetic(_, domains) => domains.train_identities.saturating_mul(domains.train_images),
            Origin::Real(root) => {
                let dataset = data::read_own(name, root)?;
                dataset.check_splits()?;
                dataset.check_matches()?;
                dataset.train.len()
            }
        };
        Ok(((name, seed), images))
    };
    wanted.iter().map(count).collect()
}

/// Data root under which the dataset lies.
fn root(
    name: DatasetName,
    seed: Option<u64>,
    origin: &Origin,
    progress: &mut dyn FnMut(&str, usize, usize) -> Result<()>,
) -> Result<PathBuf> {
    match origin {
        Origin::Real(root) => Ok(root.clone()),
        Origin::Synthetic(folder, domains) => {
            let text = format!("drawing {name} (synthetic)");
            synthetic::prepare(
                name,
                &domains.settings(seed.unwrap_or_default()),
                folder,
                &mut |done, total| progress(&text, done, total),
            )
        }
    }
}

/// Bytes of memory that are free, as Linux tells it.
fn free_memory() -> usize {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"));
    let kibibytes = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse::<usize>().ok());
    kibibytes.map_or(MEMORY_FALLBACK, |kibibytes| kibibytes * 1024)
}
