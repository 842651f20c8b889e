//! DukeMTMC-reID (Ristani et al., ECCVW 2016; Zheng et al., ICCV 2017): people on a campus, eight cameras.
//! 702 identities with 16,522 images train; 702 identities with 2,228 queries and a gallery of 17,661, distractors included.

use super::folder::FolderRules;
use super::locate::Layout;

/// Where it lies on disk.
pub(super) const LAYOUT: Layout = Layout {
    outer: &["dukemtmc", "dukemtmcreid", "dukemtmc-reid"],
    inner: Some("DukeMTMC-reID"),
    required: &["bounding_box_train", "bounding_box_test", "query"],
    inside: "{bounding_box_train,bounding_box_test,query}/0001_c2_f0046182.jpg",
};

/// What its file names say. The published reader neither drops junk nor limits identities here.
pub(super) const RULES: FolderRules = FolderRules {
    title: "DukeMTMC-reID",
    example: "0001_c2_f0046182.jpg",
    drop_junk: false,
    identities: None,
    cameras: 1..=8,
};
