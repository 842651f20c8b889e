//! D25: the random multiple gallery sampler, as a rule: which images may accompany a first one, how many, and drawn how.

use crate::check;
use crate::error::{InvalidInput, Result};

/// How the images that accompany a first image are chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pick {
    /// Images they are drawn from, ascending.
    pub pool: Vec<usize>,
    /// How many are drawn.
    pub drawn: usize,
    /// Whether one image may be drawn more than once.
    pub with_replacement: bool,
    /// Images that the identity contributes, the first one included.
    pub returned: usize,
}

/// The rule for the image `first` with `instances` (K) images per identity (D25); none for an image without a label, which is
/// never returned.
///
/// The pool is the images of the identity under other cameras; if there are none, its other images. From it K − 1 images are
/// drawn, without replacement where the pool has at least K (not K − 1) images. An identity with one image contributes that
/// image only.
///
/// Source: published `RandomMultipleGallerySampler`.
///
/// # Errors
/// K = 0, not one camera per label, or `first` is no image.
pub fn pick(
    labels: &[Option<usize>],
    cameras: &[usize],
    instances: usize,
    first: usize,
) -> Result<Option<Pick>> {
    check::at_least_one(instances, "instances")?;
    check::length(cameras.len(), labels.len(), "cameras")?;
    if first >= labels.len() {
        return Err(InvalidInput::Parameter {
            what: "first",
            value: first as f64,
            allowed: "an image's index",
        });
    }
    if labels[first].is_none() {
        return Ok(None);
    }
    let mut same_camera = Vec::new();
    let mut other_cameras = Vec::new();
    for image in 0..labels.len() {
        if image == first || labels[image] != labels[first] {
            continue;
        }
        if cameras[image] == cameras[first] {
            same_camera.push(image);
        } else {
            other_cameras.push(image);
        }
    }
    let pool = if other_cameras.is_empty() { same_camera } else { other_cameras };
    if pool.is_empty() {
        return Ok(Some(Pick { pool, drawn: 0, with_replacement: false, returned: 1 }));
    }
    let with_replacement = pool.len() < instances;
    Ok(Some(Pick { pool, drawn: instances - 1, with_replacement, returned: instances }))
}

/// The length that the published sampler reports (D25): identities times K, more than it returns where an identity has a single
/// image.
///
/// # Errors
/// K = 0.
pub fn reported_length(labels: &[Option<usize>], instances: usize) -> Result<usize> {
    check::at_least_one(instances, "instances")?;
    let mut identities: Vec<usize> = labels.iter().copied().flatten().collect();
    identities.sort_unstable();
    identities.dedup();
    Ok(identities.len() * instances)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Identity 5: images 0, 1, 3, 4 under cameras 0, 0, 1, 2; identity 7: images 5, 6 under camera 0; identity 8: image 7.
    const LABELS: [Option<usize>; 8] = [Some(5), Some(5), None, Some(5), Some(5), Some(7), Some(7), Some(8)];
    const CAMERAS: [usize; 8] = [0, 0, 1, 1, 2, 0, 0, 3];

    fn of(first: usize, instances: usize) -> Pick {
        pick(&LABELS, &CAMERAS, instances, first).unwrap().unwrap()
    }

    fn expected(pool: &[usize], drawn: usize, with_replacement: bool) -> Pick {
        Pick { pool: pool.to_vec(), drawn, with_replacement, returned: drawn + 1 }
    }

    #[test]
    fn other_cameras_come_first() {
        assert_eq!(of(0, 2), expected(&[3, 4], 1, false));
        assert_eq!(of(3, 2), expected(&[0, 1, 4], 1, false));
    }

    #[test]
    fn the_pool_must_have_as_many_images_as_the_identity_is_to_return() {
        // Two others would do for K = 3, but the rule asks for three.
        assert_eq!(of(0, 3), expected(&[3, 4], 2, true));
        assert_eq!(of(3, 3), expected(&[0, 1, 4], 2, false));
        assert_eq!(of(3, 4), expected(&[0, 1, 4], 3, true));
    }

    #[test]
    fn without_another_camera_the_same_one_serves() {
        assert_eq!(of(5, 4), expected(&[6], 3, true));
        assert_eq!(of(5, 1), expected(&[6], 0, false));
    }

    #[test]
    fn a_single_image_stands_alone_and_noise_is_not_returned() {
        assert_eq!(of(7, 4), expected(&[], 0, false));
        assert_eq!(pick(&LABELS, &CAMERAS, 4, 2), Ok(None));
        assert_eq!(reported_length(&LABELS, 4), Ok(12));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert!(pick(&LABELS, &CAMERAS, 0, 0).is_err());
        assert!(pick(&LABELS, &CAMERAS[1..], 4, 0).is_err());
        assert!(pick(&LABELS, &CAMERAS, 4, 8).is_err());
        assert!(reported_length(&LABELS, 0).is_err());
    }
}
