//! Datasets as they lie on disk.

use std::path::Path;

use mmt_vocabulary::DatasetName;

use super::dataset::Subsets;
use crate::Result;

/// Where a dataset lies, how it is told from another, and how it is read. Each is defined in the file of its dataset.
pub(super) struct Archive {
    /// Names that the folder around it may have; the first is the one to propose.
    pub outer: &'static [&'static str],
    /// Name of its own folder, as its archive unpacks.
    pub inner: Option<&'static str>,
    /// Folders and files that must be in there.
    pub required: &'static [&'static str],
    /// The tree in there, for messages.
    pub inside: &'static str,
    /// The dataset that others take for this one.
    pub lookalike: Option<Lookalike>,
    /// Identities and images of train, query and gallery, and the number of cameras, as published readers print them.
    pub published: Option<([(usize, usize); 3], usize)>,
    /// Reads its own folder.
    pub read: fn(&Path, Bounds) -> Result<Subsets>,
}

/// A dataset whose folder looks as that of another: one read under the name of the other would be wrong without a word.
pub(super) struct Lookalike {
    /// The other dataset.
    pub name: DatasetName,
    /// Whether a folder holds that one. The second argument: it is the data root itself.
    pub is_it: fn(&Path, bool) -> bool,
    /// Whether that one has folders of names of its own, in which it is looked for.
    pub elsewhere: bool,
}

/// What to do with identities and cameras that the named dataset does not have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Bounds {
    /// An error that names the file: the published behaviour, and a sign of a damaged copy.
    #[default]
    Published,
    /// Data of one's own in the dataset's layout: such numbers are a warning; with cameras among them, those that occur are numbered
    /// 0..C over all subsets. A folder without any `.jpg` is read by its `.jpeg`, `.png` and other cases of these.
    Own,
}

/// Counts of a subset as published: identities, images, cameras. A distractor's 0 counts as an identity, as in [`super::SubsetStatistics`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct PublishedCounts {
    /// Different identities.
    pub identities: usize,
    /// Images, junk left out.
    pub images: usize,
    /// Different cameras.
    pub cameras: usize,
}
