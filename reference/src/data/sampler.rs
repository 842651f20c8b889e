//! D25: the random multiple gallery sampler.

use std::collections::BTreeSet;

use super::whole;
use crate::check;
use crate::error::{InvalidInput, Result};

/// How the images that accompany a first image are chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pick {
    /// The images that they are drawn from, ascending.
    pub pool: Vec<usize>,
    /// How many are drawn.
    pub drawn: usize,
    /// Whether an image may be drawn again.
    pub with_replacement: bool,
    /// How many images the identity contributes, the first one included.
    pub returned: usize,
}

/// The rule for the image `first` (D25): the pool are the images of its label under other cameras; if there are none, its label's
/// other images. From it K − 1 are drawn, without replacement if and only if it has at least K images (not K − 1). An empty pool
/// gives nothing: the identity contributes one image. `None` for an image without a label (noise).
///
/// `labels`, `cameras`: one per image; `instances`: K. Source: published `RandomMultipleGallerySampler`.
///
/// # Errors
/// Lists of different lengths, K = 0, or no such image.
pub fn pick(
    labels: &[Option<usize>],
    cameras: &[usize],
    instances: usize,
    first: usize,
) -> Result<Option<Pick>> {
    check_images(labels, cameras, instances)?;
    if first >= labels.len() {
        return Err(InvalidInput::TooFewSamples { what: "images", needed: first + 1, found: labels.len() });
    }
    Ok(labels[first].map(|_| pick_for(labels, cameras, instances, first)))
}

fn pick_for(labels: &[Option<usize>], cameras: &[usize], instances: usize, first: usize) -> Pick {
    let others: Vec<usize> =
        (0..labels.len()).filter(|&i| labels[i] == labels[first] && i != first).collect();
    let elsewhere: Vec<usize> = others.iter().copied().filter(|&i| cameras[i] != cameras[first]).collect();
    let pool = if elsewhere.is_empty() { others } else { elsewhere };
    let drawn = if pool.is_empty() { 0 } else { instances - 1 };
    let with_replacement = !pool.is_empty() && pool.len() < instances;
    Pick { pool, drawn, with_replacement, returned: 1 + drawn }
}

/// The labels that occur, ascending: the identities of a pass.
///
/// # Errors
/// No image has a label.
pub fn identities(labels: &[Option<usize>]) -> Result<Vec<usize>> {
    let identities: BTreeSet<usize> = labels.iter().copied().flatten().collect();
    if identities.is_empty() {
        return Err(InvalidInput::Empty { what: "the list of labelled images" });
    }
    Ok(identities.into_iter().collect())
}

/// The length that published reports: identities times K, even where fewer images are returned.
///
/// # Errors
/// No image has a label, or K = 0.
pub fn reported_length(labels: &[Option<usize>], instances: usize) -> Result<usize> {
    check::at_least_one(instances, "instances")?;
    Ok(identities(labels)?.len() * instances)
}

/// One pass (D25): the identities in the order of `permutation` (positions in [`identities`]); per identity one image, then those
/// of its [`Pick`]. Each draw takes one number u of `[0, 1)` from `uniform`: entry `floor(u n)` of the n that can be drawn.
///
/// # Errors
/// As [`pick`] and [`identities`], or `permutation` is not one.
pub fn pass(
    labels: &[Option<usize>],
    cameras: &[usize],
    instances: usize,
    permutation: &[usize],
    mut uniform: impl FnMut() -> f64,
) -> Result<Vec<usize>> {
    check_images(labels, cameras, instances)?;
    let identities = identities(labels)?;
    let mut sorted = permutation.to_vec();
    sorted.sort_unstable();
    if !sorted.iter().copied().eq(0..identities.len()) {
        let expected = format!("a permutation of 0..{}", identities.len());
        return Err(InvalidInput::Shape { what: "permutation", expected, found: "another list".to_owned() });
    }
    let mut order = Vec::new();
    for &place in permutation {
        let images: Vec<usize> =
            (0..labels.len()).filter(|&i| labels[i] == Some(identities[place])).collect();
        let first = images[whole(uniform(), images.len())];
        order.push(first);
        let Pick { mut pool, drawn, with_replacement, .. } = pick_for(labels, cameras, instances, first);
        for _ in 0..drawn {
            let chosen = whole(uniform(), pool.len());
            order.push(pool[chosen]);
            if !with_replacement {
                pool.remove(chosen);
            }
        }
    }
    Ok(order)
}

/// A pass cut into batches of `size`; its incomplete rest is dropped. Identities of a single image shift those behind them, so that
/// batches are then not aligned to identities.
///
/// # Errors
/// `size` = 0.
pub fn batches(pass: &[usize], size: usize) -> Result<Vec<Vec<usize>>> {
    check::at_least_one(size, "batch size")?;
    Ok(pass.chunks_exact(size).map(<[usize]>::to_vec).collect())
}

fn check_images(labels: &[Option<usize>], cameras: &[usize], instances: usize) -> Result<()> {
    check::length(cameras.len(), labels.len(), "cameras")?;
    check::at_least_one(instances, "instances")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Identity 4: images 0, 1 (camera 0), 2, 3, 4 (camera 1); identity 7: 5, 6 (camera 0); identity 9: 7; image 8 is noise.
    const LABELS: [Option<usize>; 9] =
        [Some(4), Some(4), Some(4), Some(4), Some(4), Some(7), Some(7), Some(9), None];
    const CAMERAS: [usize; 9] = [0, 0, 1, 1, 1, 0, 0, 0, 0];

    fn of(first: usize, instances: usize) -> (Vec<usize>, usize, bool, usize) {
        let found = pick(&LABELS, &CAMERAS, instances, first).unwrap().unwrap();
        (found.pool, found.drawn, found.with_replacement, found.returned)
    }

    #[test]
    fn other_cameras_come_first() {
        assert_eq!(of(0, 3), (vec![2, 3, 4], 2, false, 3));
        assert_eq!(of(2, 3), (vec![0, 1], 2, true, 3));
    }

    #[test]
    fn k_images_are_needed_to_draw_without_replacement() {
        // Three would do for the three to be drawn, but four are asked for.
        assert_eq!(of(0, 4), (vec![2, 3, 4], 3, true, 4));
    }

    #[test]
    fn without_other_cameras_the_other_images_are_the_pool_and_a_lone_image_stays_alone() {
        assert_eq!(of(5, 2), (vec![6], 1, true, 2));
        assert_eq!(of(7, 4), (vec![], 0, false, 1));
        assert_eq!(pick(&LABELS, &CAMERAS, 4, 8), Ok(None));
    }

    #[test]
    fn a_pass_by_hand() {
        // Identities 9, 4, 7. Of 4: image 0, then 2 and, from the rest {3, 4}, image 4; of 7: image 6, then 5 twice.
        let mut draws = [0.5, 0.0, 0.0, 0.99, 0.5, 0.0, 0.9].into_iter();
        let found = pass(&LABELS, &CAMERAS, 3, &[2, 0, 1], || draws.next().unwrap()).unwrap();
        assert_eq!(found, [7, 0, 2, 4, 6, 5, 5]);
        assert_eq!(draws.next(), None);
        assert_eq!(batches(&found, 3), Ok(vec![vec![7, 0, 2], vec![4, 6, 5]]));
        assert_eq!(reported_length(&LABELS, 3), Ok(9));
    }

    #[test]
    fn what_cannot_be_sampled_is_refused() {
        assert!(pick(&LABELS, &CAMERAS[1..], 4, 0).is_err());
        assert!(pick(&LABELS, &CAMERAS, 0, 0).is_err());
        assert!(pick(&LABELS, &CAMERAS, 4, 9).is_err());
        assert!(identities(&[None]).is_err());
        assert!(pass(&LABELS, &CAMERAS, 3, &[0, 1], || 0.0).is_err());
        assert!(pass(&LABELS, &CAMERAS, 3, &[0, 1, 1], || 0.0).is_err());
        assert!(batches(&[1], 0).is_err());
        assert!(reported_length(&LABELS, 0).is_err());
    }
}
