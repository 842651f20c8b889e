//! Finding a dataset's own folder below a data root, and saying what was looked for when it is not there.

use std::path::{Path, PathBuf, absolute};

use mmt_vocabulary::DatasetName;

use super::archive::Archive;
use super::archive_of;
use super::own;
use crate::{Error, Result};

/// Content of a dataset's folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// `list.csv`, data of one's own.
    List,
    /// The files as the dataset's authors give them out.
    Published,
    /// A folder per split and one per person in it, data of one's own.
    Folders,
}

impl Form {
    fn required(self, name: DatasetName) -> &'static [&'static str] {
        match self {
            Self::List => &[own::LIST],
            Self::Published => archive_of(name).required,
            Self::Folders => &own::TEST_FOLDERS,
        }
    }

    /// The forms that `folder` may hold. Data of one's own stand for a published dataset in a folder of that name only.
    fn possible(name: DatasetName, is_root: bool) -> &'static [Self] {
        match name {
            DatasetName::Own => &[Self::List, Self::Folders],
            _ if is_root => &[Self::Published],
            _ => &[Self::List, Self::Published, Self::Folders],
        }
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

/// The dataset's own folder below `root`, complete, and what is in it; or an error that names all that is missing.
pub(super) fn locate(name: DatasetName, root: &Path) -> Result<(PathBuf, Form)> {
    let Some((folder, form)) = best_candidate(name, root) else {
        return Err(Error::Dataset(not_found(name, root)));
    };
    let missing: Vec<&str> =
        form.required(name).iter().copied().filter(|entry| !folder.join(entry).exists()).collect();
    if missing.is_empty() {
        return Ok((folder, form));
    }
    Err(Error::Dataset(format!(
        "{name} is incomplete: {} has no {}; expected {}",
        shown(&folder),
        missing.join(", "),
        expected(&folder, archive_of(name)),
    )))
}

/// The folder that holds all, or else most, of what is required; the first of equals.
fn best_candidate(name: DatasetName, root: &Path) -> Option<(PathBuf, Form)> {
    let mut best = (0, None);
    for folder in candidates(name, root) {
        let is_root = folder == root;
        for &form in Form::possible(name, is_root) {
            let required = form.required(name);
            let found = required.iter().filter(|entry| folder.join(entry).exists()).count();
            let is_whole = found == required.len();
            // `query` in the root itself may be a part of anything, and of nothing else where it is a part of own data.
            let counts = is_whole || !(is_root && (name == DatasetName::Own || holds_own(&folder)));
            let count = if is_whole { usize::MAX } else { found };
            if counts && count > best.0 && !(form == Form::Published && is_foreign(name, &folder, is_root)) {
                best = (count, Some((folder.clone(), form)));
            }
        }
    }
    best.1
}

/// True where own data are in `folder` itself.
fn holds_own(folder: &Path) -> bool {
    let forms = Form::possible(DatasetName::Own, true).iter();
    forms
        .map(|form| form.required(DatasetName::Own))
        .any(|all| all.iter().all(|entry| folder.join(entry).exists()))
}

/// All folders that may be the dataset's own: `root/OUTER/INNER`, `root/OUTER`, `root/INNER`, `root`.
fn candidates(name: DatasetName, root: &Path) -> Vec<PathBuf> {
    let Archive { outer, inner, .. } = archive_of(name);
    let inside = |folder: &Path| inner.map(|inner| folder.join(inner));
    let mut folders = Vec::new();
    for outer in outer.iter().map(|outer| root.join(outer)) {
        folders.extend(inside(&outer));
        folders.push(outer);
    }
    folders.extend(inside(root));
    folders.push(root.to_owned());
    folders
}

/// True when `folder`, taken as the dataset's own, holds the one that others take for it.
fn is_foreign(name: DatasetName, folder: &Path, is_root: bool) -> bool {
    archive_of(name).lookalike.as_ref().is_some_and(|other| (other.is_it)(folder, is_root))
}

fn not_found(name: DatasetName, root: &Path) -> String {
    let layout = archive_of(name);
    if let Some(other) = &layout.lookalike {
        let is_it = |folder: &PathBuf| folder.is_dir() && (other.is_it)(folder, folder == root);
        let elsewhere = || best_candidate(other.name, root).filter(|_| other.elsewhere);
        let found = candidates(name, root).into_iter().find(is_it);
        if let Some(folder) = found.or_else(|| elsewhere().map(|(folder, _)| folder)) {
            return format!(
                "{name} was not found: {} holds images named as in {} ({}); ask for that dataset",
                shown(&folder),
                other.name,
                archive_of(other.name).inside
            );
        }
    }
    let folder = root.join(layout.outer[0]);
    let folder = layout.inner.map_or(folder.clone(), |inner| folder.join(inner));
    let tried: Vec<String> = candidates(name, root).iter().skip(1).map(|folder| shown(folder)).collect();
    format!(
        "{name} was not found: {} does not hold {}; expected {} (also looked in {})",
        shown(&folder),
        layout.required.join(", "),
        expected(&folder, layout),
        tried.join(", "),
    )
}

fn expected(folder: &Path, layout: &Archive) -> String {
    format!("{}/{}", shown(folder), layout.inside)
}

/// The absolute path: a relative one does not tell where was looked.
fn shown(path: &Path) -> String {
    absolute(path).unwrap_or_else(|_| path.to_owned()).display().to_string()
}
