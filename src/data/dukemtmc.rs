//! DukeMTMC-reID (Ristani et al., ECCVW 2016; Zheng et al., ICCV 2017): people on a campus, eight cameras.
//! 702 identities with 16,522 images train; 702 identities with 2,228 queries and a gallery of 17,661, distractors included.

use mmt_vocabulary::DatasetName;

use super::archive::{Archive, Lookalike};
use super::folder::{FolderRules, first_name, read};

/// As it lies on disk.
pub(super) const ARCHIVE: Archive = Archive {
    outer: &["dukemtmc", "dukemtmcreid", "dukemtmc-reid"],
    inner: Some("DukeMTMC-reID"),
    required: &["bounding_box_train", "bounding_box_test", "query"],
    inside: "{bounding_box_train,bounding_box_test,query}/0001_c2_f0046182.jpg",
    lookalike: Some(Lookalike {
        name: DatasetName::Market1501,
        is_it: |folder, is_root| is_root && first_name(folder).is_some_and(|name| name.starts_with('s')),
        elsewhere: false,
    }),
    published: Some(([(702, 16_522), (702, 2_228), (1_110, 17_661)], 8)),
    read: |folder, bounds| read(folder, &RULES, bounds),
};

/// How its file names are read. The published reader neither drops junk nor limits identities here.
const RULES: FolderRules = FolderRules {
    title: "DukeMTMC-reID",
    example: "0001_c2_f0046182.jpg",
    drop_junk: false,
    identities: None,
    cameras: 1..=8,
};
