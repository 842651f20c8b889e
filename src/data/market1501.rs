//! Market-1501 (Zheng et al., ICCV 2015): 1,501 people before a supermarket, six cameras.
//! 751 identities with 12,936 images train; 750 identities with 3,368 queries and a gallery of 19,732 (15,913 without junk).

use mmt_vocabulary::DatasetName;

use super::archive::{Archive, Lookalike};
use super::folder::{FolderRules, first_name, read};

/// As it lies on disk.
pub(super) const ARCHIVE: Archive = Archive {
    outer: &["market1501", "Market1501"],
    inner: Some("Market-1501-v15.09.15"),
    required: &["bounding_box_train", "bounding_box_test", "query"],
    inside: "{bounding_box_train,bounding_box_test,query}/0002_c1s1_000451_03.jpg",
    lookalike: Some(Lookalike {
        name: DatasetName::DukeMtmc,
        is_it: |folder, is_root| is_root && first_name(folder).is_some_and(|name| name.starts_with("_f")),
        elsewhere: false,
    }),
    published: Some(([(751, 12_936), (750, 3_368), (751, 15_913)], 6)),
    read: |folder, bounds| read(folder, &RULES, bounds),
};

/// How its file names are read.
const RULES: FolderRules = FolderRules {
    title: "Market-1501",
    example: "0002_c1s1_000451_03.jpg",
    drop_junk: true,
    identities: Some(0..=1501),
    cameras: 1..=6,
};
