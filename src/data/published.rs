//! The counts that the datasets' authors and the published readers give, to set beside what is found.

use mmt_vocabulary::DatasetName;

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
    let (rows, cameras) = match name {
        DatasetName::Market1501 => ([(751, 12_936), (750, 3_368), (751, 15_913)], 6),
        DatasetName::DukeMtmc => ([(702, 16_522), (702, 2_228), (1_110, 17_661)], 8),
        DatasetName::Msmt17 | DatasetName::Msmt17V2 => {
            ([(1_041, 32_621), (3_060, 11_659), (3_060, 82_161)], 15)
        }
        DatasetName::Own => return None,
    };
    Some(rows.map(|(identities, images)| PublishedCounts { identities, images, cameras }))
}
