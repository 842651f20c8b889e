//! Finding a dataset's own folder below a data root, and saying what was looked for when it is not there.

use std::fs;
use std::path::{Path, PathBuf, absolute};

use mmt_vocabulary::DatasetName;

use super::{dukemtmc, market1501, msmt17, own};
use crate::{Error, Result};

/// Where a dataset lies on disk.
pub(super) struct Layout {
    /// Names that the folder around it may have; the first is the one to propose.
    pub outer: &'static [&'static str],
    /// Name of its own folder, as its archive unpacks.
    pub inner: Option<&'static str>,
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
        DatasetName::Msmt17V2 => &msmt17::LAYOUT_V2,
        DatasetName::Own => &own::LAYOUT,
    }
}

/// What a dataset's folder holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// `list.csv`, data of one's own.
    List,
    /// What the dataset's authors give out.
    Published,
    /// A folder per split and one per person in it, data of one's own.
    Folders,
}

impl Form {
    fn required(self, name: DatasetName) -> &'static [&'static str] {
        match self {
            Self::List => &[own::LIST],
            Self::Published => layout(name).required,
            Self::Folders => &own::TEST_FOLDERS,
        }
    }

    /// What `folder` may hold. Data of one's own stand for a published dataset in a folder of that name only.
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
        expected(&folder, layout(name)),
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
    let Layout { outer, inner, .. } = layout(name);
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

/// True when `folder`, taken as the dataset's own, holds *another* dataset: one read under the name of the other would be wrong
/// without a word. Market-1501 and DukeMTMC-reID have the same tree, and are told apart in the data root itself; the releases of
/// MSMT17 have the same lists.
fn is_foreign(name: DatasetName, folder: &Path, is_root: bool) -> bool {
    let holds = |folders: [&str; 2]| folders.iter().any(|inner| folder.join(inner).is_dir());
    let (first, second) = (msmt17::FOLDERS, msmt17::FOLDERS_V2);
    match name {
        DatasetName::Market1501 => is_root && first_name(folder).is_some_and(|name| name.starts_with("_f")),
        DatasetName::DukeMtmc => is_root && first_name(folder).is_some_and(|name| name.starts_with('s')),
        DatasetName::Msmt17 => holds(second) && !holds(first),
        DatasetName::Msmt17V2 => holds(first) && !holds(second),
        DatasetName::Own => false,
    }
}

/// What follows the camera in the name of the first training image.
fn first_name(folder: &Path) -> Option<String> {
    let entries = fs::read_dir(folder.join("bounding_box_train")).ok()?;
    let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    let first = names.filter(|name| name.ends_with(".jpg")).min()?;
    let (_, camera) = first.split_once("_c")?;
    Some(camera.trim_start_matches(|c: char| c.is_ascii_digit()).to_owned())
}

/// The dataset that others take for this one.
fn twin(name: DatasetName) -> Option<DatasetName> {
    match name {
        DatasetName::Market1501 => Some(DatasetName::DukeMtmc),
        DatasetName::DukeMtmc => Some(DatasetName::Market1501),
        DatasetName::Msmt17 => Some(DatasetName::Msmt17V2),
        DatasetName::Msmt17V2 => Some(DatasetName::Msmt17),
        DatasetName::Own => None,
    }
}

fn not_found(name: DatasetName, root: &Path) -> String {
    let layout = layout(name);
    let is_foreign = |folder: &PathBuf| folder.is_dir() && is_foreign(name, folder, folder == root);
    let foreign = candidates(name, root).into_iter().find(is_foreign);
    // The releases of MSMT17 lie in folders of names of their own.
    let other_release = || best_candidate(twin(name)?, root).filter(|_| name.numbers_test_apart());
    let foreign = foreign.or_else(|| other_release().map(|(folder, _)| folder));
    if let Some((folder, other)) = foreign.zip(twin(name)) {
        return format!(
            "{name} was not found: {} holds images named as in {other} ({}); ask for that dataset",
            shown(&folder),
            self::layout(other).inside
        );
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

fn expected(folder: &Path, layout: &Layout) -> String {
    format!("{}/{}", shown(folder), layout.inside)
}

/// The absolute path: a relative one does not tell where was looked.
fn shown(path: &Path) -> String {
    absolute(path).unwrap_or_else(|_| path.to_owned()).display().to_string()
}
