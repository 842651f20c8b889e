//! The archive of each dataset, and what is published about it.

use mmt_vocabulary::DatasetName;

use super::archive::Archive;
use super::{dukemtmc, market1501, msmt17, own};

/// The archive of a dataset.
pub(super) fn archive(name: DatasetName) -> &'static Archive {
    match name {
        DatasetName::Market1501 => &market1501::ARCHIVE,
        DatasetName::DukeMtmc => &dukemtmc::ARCHIVE,
        DatasetName::Msmt17 => &msmt17::ARCHIVE,
        DatasetName::Msmt17V2 => &msmt17::ARCHIVE_V2,
        DatasetName::Own => &own::ARCHIVE,
    }
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

/// Counts of train, query and gallery as the published readers print them; none for data of one's own.
pub fn published_counts(name: DatasetName) -> Option<[PublishedCounts; 3]> {
    let (rows, cameras) = archive(name).published?;
    Some(rows.map(|(identities, images)| PublishedCounts { identities, images, cameras }))
}
