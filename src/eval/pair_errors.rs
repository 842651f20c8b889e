//! D34: which pairs of images pseudo labels join wrongly, and which they tear apart. Images without a pseudo label are left out.

use std::collections::BTreeMap;

use crate::error::{InvalidInput, Result};

/// Shares of pairs, each from 0 to 1. None where there is no pair to take a share of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairErrors {
    /// Of the pairs with one pseudo label, those of two identities.
    pub wrong_merges: Option<f64>,
    /// Of the pairs of one identity, those with two pseudo labels.
    pub wrong_splits: Option<f64>,
    /// Of the wrong merges, those whose two images are from one camera.
    pub one_camera: Option<f64>,
    /// The same of all pairs of two identities: what `one_camera` would be if cameras had no part in the mistakes.
    pub one_camera_by_chance: Option<f64>,
}

/// Measures `pseudo_labels` of images against their `identities` and `cameras`, all `[N]`, in O(N log N).
///
/// # Errors
/// Lists of different lengths, or no image with a label.
pub fn pair_errors(
    pseudo_labels: &[Option<usize>],
    identities: &[usize],
    cameras: &[usize],
) -> Result<PairErrors> {
    for (what, list) in [("the pseudo labels", pseudo_labels.len()), ("the cameras", cameras.len())] {
        if list != identities.len() {
            let (expected, found) = (identities.len().to_string(), list.to_string());
            return Err(InvalidInput::Shape { what, expected, found }.into());
        }
    }
    let images: Vec<Image> = (0..identities.len())
        .filter_map(|i| {
            Some(Image { cluster: pseudo_labels[i]?, identity: identities[i], camera: cameras[i] })
        })
        .collect();
    if images.is_empty() {
        return Err(InvalidInput::Empty { what: "the list of images with a pseudo label" }.into());
    }
    let joined = pairs(&images, |image| image.cluster);
    let same = pairs(&images, |image| image.identity);
    let both = pairs(&images, |image| (image.cluster, image.identity));
    let joined_here = pairs(&images, |image| (image.cluster, image.camera));
    let both_here = pairs(&images, |image| (image.cluster, image.identity, image.camera));
    let here = pairs(&images, |image| image.camera);
    let same_here = pairs(&images, |image| (image.identity, image.camera));
    let all = pairs(&images, |_| ());
    Ok(PairErrors {
        wrong_merges: share(joined - both, joined),
        wrong_splits: share(same - both, same),
        one_camera: share(joined_here - both_here, joined - both),
        one_camera_by_chance: share(here - same_here, all - same),
    })
}

struct Image {
    cluster: usize,
    identity: usize,
    camera: usize,
}

/// Pairs of images that agree in what `key` gives.
fn pairs<K: Ord>(images: &[Image], key: impl Fn(&Image) -> K) -> u64 {
    let mut counts: BTreeMap<K, u64> = BTreeMap::new();
    images.iter().for_each(|image| *counts.entry(key(image)).or_default() += 1);
    counts.values().map(|count| count * (count - 1) / 2).sum()
}

fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}
