//! Finding a dataset's own folder below a data root, and saying what was looked for when it is not there.

use std::fs;
use std::path::{Path, PathBuf, absolute};

use super::dataset::DatasetName;
use super::{dukemtmc, market1501, msmt17};
use crate::{Error, Result};

/// Where a dataset lies on disk.
pub(super) struct Layout {
    /// Names that the folder around it may have; the first is the one to propose.
    pub outer: &'static [&'static str],
    /// Name of its own folder, as its archive unpacks.
    pub inner: &'static str,
    /// Folders and files that must be in there.
    pub required: &'static [&'static str],
    /// The tree in there, for messages.
    pub inside: &'static str,
}

pub(super) fn layout(name: DatasetName) -> &'static Layout {
    match name {
        DatasetName::Market1501 => &market1501::LAYOUT,
        DatasetName::DukeMtmc => &dukemtmc::LAYOUT,
        DatasetName::Msmt17 => &msmt17::LAYOUT,
    }
}

/// True when at least a part of the dataset is below `root`. A dataset that is not present can be left out of a run; one
/// that is present but incomplete is an error of [`read`](super::read).
pub fn is_present(name: DatasetName, root: &Path) -> bool {
    best_candidate(name, root).is_some()
}

/// Checks a data root before anything else is done.
///
/// # Errors
/// [`Error::Usage`]: it is no folder.
pub fn check_root(root: &Path) -> Result<()> {
    if root.is_dir() {
        return Ok(());
    }
    let what = if root.exists() { "not a folder" } else { "no such folder" };
    Err(Error::Usage(format!("--data-root {}: {what}", root.display())))
}

/// The dataset's own folder below `root`, complete; or an error that names all that is missing.
pub(super) fn locate(name: DatasetName, root: &Path) -> Result<PathBuf> {
    let layout = layout(name);
    let Some(folder) = best_candidate(name, root) else {
        return Err(Error::Dataset(not_found(name, root)));
    };
    let missing: Vec<&str> =
        layout.required.iter().copied().filter(|entry| !folder.join(entry).exists()).collect();
    if missing.is_empty() {
        return Ok(folder);
    }
    Err(Error::Dataset(format!(
        "{name} is incomplete: {} has no {}; expected {}",
        shown(&folder),
        missing.join(", "),
        expected(&folder, layout),
    )))
}

/// The folder that holds most of what is required, the first of equals.
fn best_candidate(name: DatasetName, root: &Path) -> Option<PathBuf> {
    let found =
        |folder: &Path| layout(name).required.iter().filter(|entry| folder.join(entry).exists()).count();
    let mut best = (0, None);
    for folder in candidates(name, root) {
        let count = found(&folder);
        if count > best.0 && !(folder == root && is_foreign(name, root)) {
            best = (count, Some(folder));
        }
    }
    best.1
}

/// All folders that may be the dataset's own: `root/OUTER/INNER`, `root/OUTER`, `root/INNER`, `root`.
fn candidates(name: DatasetName, root: &Path) -> Vec<PathBuf> {
    let Layout { outer, inner, .. } = layout(name);
    let mut folders: Vec<PathBuf> =
        outer.iter().flat_map(|outer| [root.join(outer).join(inner), root.join(outer)]).collect();
    folders.push(root.join(inner));
    folders.push(root.to_owned());
    folders
}

/// True when `root`, taken as the dataset's own folder, holds the *other* dataset of folders: Market-1501 and
/// DukeMTMC-reID have the same tree, and one read under the name of the other would be wrong without a word.
fn is_foreign(name: DatasetName, root: &Path) -> bool {
    let Ok(entries) = fs::read_dir(root.join("bounding_box_train")) else { return false };
    let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    let Some(first) = names.filter(|name| name.ends_with(".jpg")).min() else { return false };
    let Some((_, camera)) = first.split_once("_c") else { return false };
    let after_camera = camera.trim_start_matches(|c: char| c.is_ascii_digit());
    match name {
        DatasetName::Market1501 => after_camera.starts_with("_f"),
        DatasetName::DukeMtmc => after_camera.starts_with('s'),
        DatasetName::Msmt17 => false,
    }
}

fn not_found(name: DatasetName, root: &Path) -> String {
    let layout = layout(name);
    if is_foreign(name, root) {
        let other =
            if name == DatasetName::Market1501 { DatasetName::DukeMtmc } else { DatasetName::Market1501 };
        return format!(
            "{name} was not found: {} holds images named as in {other} ({}); ask for that dataset",
            shown(root),
            self::layout(other).inside
        );
    }
    let folder = root.join(layout.outer[0]).join(layout.inner);
    let tried: Vec<String> = candidates(name, root).iter().skip(1).map(|folder| shown(folder)).collect();
    format!(
        "{name} was not found: {} does not hold {}; expected {} (also looked in {})",
        shown(&folder),
        layout.required.join(", "),
        expected(&folder, layout),
        tried.join(", "),
    )
}

fn expected(folder: &Path, layout: &Layout) -> String {
    format!("{}/{}", shown(folder), layout.inside)
}

/// The absolute path: a relative one does not tell where was looked.
fn shown(path: &Path) -> String {
    absolute(path).unwrap_or_else(|_| path.to_owned()).display().to_string()
}
