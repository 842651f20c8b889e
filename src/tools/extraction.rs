//! Images → a file of features, with a list of the images beside it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use serde::Serialize;
use tch::Tensor;

use super::npy;
use super::stages::{Progress, Seconds, Stages};
use crate::data::{Dataset, DatasetName, ImageSize, ImageStore, images_below, read_own};
use crate::distance::check_features;
use crate::error::{Error, Result};
use crate::features::extract;
use crate::model::{Named, Network, save_tensors};
use crate::record::files::write_csv;
use crate::whole_file::{check_ending, is_special};

/// Name of the tensor in the file.
pub const FEATURES: &str = "features";

/// A subset of a dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subset {
    /// Training images.
    Train,
    /// Queries.
    Query,
    /// The gallery, distractors included.
    Gallery,
}

impl Subset {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Train, Self::Query, Self::Gallery];
}

impl fmt::Display for Subset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Train => "train",
            Self::Query => "query",
            Self::Gallery => "gallery",
        })
    }
}

impl FromStr for Subset {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|subset| subset.to_string() == text);
        found.ok_or_else(|| Error::unknown("split", text, &Self::ALL.map(|subset| subset.to_string())))
    }
}

/// Where images come from.
#[derive(Debug, Clone)]
pub enum Images {
    /// A subset of a dataset below a data root.
    Dataset(DatasetName, PathBuf, Subset),
    /// All images in a folder and the folders below it.
    Folder(PathBuf),
}

/// A row of the list of images.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ImageRow {
    /// Row of the features, from 0.
    pub row: usize,
    /// The file, as seen from its dataset's folder or the folder that was asked for.
    pub file: String,
    /// The person: the number in the file's name. None for a plain folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity: Option<i64>,
    /// The camera, counted as the dataset's reader does. None for a plain folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub camera: Option<usize>,
}

/// Description of the features that were written.
#[derive(Debug, Clone, PartialEq)]
pub struct Extracted {
    /// N.
    pub images: usize,
    /// D.
    pub dimension: usize,
    /// The list of images; none beside a device.
    pub list: Option<PathBuf>,
    /// The remarks of a dataset's reader for the user.
    pub warnings: Vec<String>,
    /// Seconds per stage.
    pub seconds: Seconds,
}

/// Endings of the formats that features are written in; a name without one gets the first.
pub const ENDINGS: [&str; 2] = ["safetensors", "npy"];

/// Where the list of images stands: beside the features, under their name with the ending `csv`. None beside a device or a pipe.
pub fn list_path(features: &Path) -> Option<PathBuf> {
    (!is_special(features)).then(|| features.with_extension("csv"))
}

/// Writes the features of all `images` by `network` into `out`, `[N, D]` f32, rows of unit length (evaluation mode, D31), in the order of
/// the images' paths: an array of NumPy where the name ends in `.npy`, otherwise safetensors with one tensor [`FEATURES`]. The list of
/// images goes beside it, see [`list_path`].
///
/// # Errors
/// Images that are missing or cannot be read, features that are not finite, a file that cannot be written, or what `progress` returns.
pub fn extract_features(
    network: &Network,
    images: &Images,
    (size, batch): (ImageSize, usize),
    out: &Path,
    progress: Progress<'_>,
) -> Result<Extracted> {
    check_ending(out, &ENDINGS)?;
    let list = list_path(out);
    let (paths, rows, warnings) = images.list()?;
    let mut stages = Stages::new(progress);
    // Each image is seen once, so none is kept.
    let store = Arc::new(ImageStore::open(paths, size, 0, &mut |_, _| Ok(()))?);
    let mut features = stages.run("features", rows.len(), |done| extract(&[network], &store, batch, done))?;
    let features = features.swap_remove(0);
    check_features(&features, "the network's features")?;
    let dimension = features.size()[1] as usize;
    stages.run("writing", 0, |_| {
        save(out, features)?;
        list.iter().try_for_each(|list| write_csv(list, &rows))
    })?;
    Ok(Extracted { images: rows.len(), dimension, list, warnings, seconds: stages.into_seconds() })
}

fn save(out: &Path, features: Tensor) -> Result<()> {
    if out.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("npy")) {
        return npy::write(out, &features);
    }
    save_tensors(out, &Named::from([(FEATURES.to_owned(), features)]))
}

impl Images {
    /// Files, their rows, and warnings.
    fn list(&self) -> Result<(Vec<PathBuf>, Vec<ImageRow>, Vec<String>)> {
        match self {
            Self::Folder(folder) => {
                let paths = images_below(folder)?;
                let row = |(row, path): (usize, &PathBuf)| image_row(row, path, folder, None);
                let rows = paths.iter().enumerate().map(row).collect();
                Ok((paths, rows, Vec::new()))
            }
            Self::Dataset(name, root, subset) => {
                let dataset = read_own(*name, root)?;
                let labels = labels(&dataset, *subset);
                let row = |(row, (path, identity, camera)): (usize, &(PathBuf, i64, usize))| {
                    image_row(row, path, &dataset.images_dir, Some((*identity, *camera)))
                };
                let rows = labels.iter().enumerate().map(row).collect();
                let paths = labels.into_iter().map(|(path, ..)| path).collect();
                Ok((paths, rows, dataset.notes()))
            }
        }
    }
}

fn image_row(row: usize, path: &Path, folder: &Path, label: Option<(i64, usize)>) -> ImageRow {
    let file = path.strip_prefix(folder).unwrap_or(path).display().to_string();
    ImageRow {
        row,
        file,
        identity: label.map(|(identity, _)| identity),
        camera: label.map(|(_, camera)| camera),
    }
}

/// Path, identity as in the file's name, and camera.
fn labels(dataset: &Dataset, subset: Subset) -> Vec<(PathBuf, i64, usize)> {
    let items = match subset {
        Subset::Train => &dataset.train,
        Subset::Query => &dataset.query,
        Subset::Gallery => &dataset.gallery,
    };
    let number = |identity: i64| match subset {
        Subset::Train => dataset.identity_numbers[identity as usize],
        Subset::Query | Subset::Gallery => identity,
    };
    items.iter().map(|item| (item.path.clone(), number(item.identity), item.camera)).collect()
}
