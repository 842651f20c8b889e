//! Market-1501 (Zheng et al., ICCV 2015): 1,501 people before a supermarket, six cameras.
//! 751 identities with 12,936 images train; 750 identities with 3,368 queries and a gallery of 19,732 (15,913 without junk).

use super::folder::FolderRules;
use super::locate::Layout;

/// Where it lies on disk.
pub(super) const LAYOUT: Layout = Layout {
    outer: &["market1501", "Market1501"],
    inner: Some("Market-1501-v15.09.15"),
    required: &["bounding_box_train", "bounding_box_test", "query"],
    inside: "{bounding_box_train,bounding_box_test,query}/0002_c1s1_000451_03.jpg",
};

/// What its file names say.
pub(super) const RULES: FolderRules = FolderRules {
    title: "Market-1501",
    example: "0002_c1s1_000451_03.jpg",
    drop_junk: true,
    identities: Some(0..=1501),
    cameras: 1..=6,
};
