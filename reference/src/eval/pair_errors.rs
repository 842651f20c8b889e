//! D34: which pairs of images pseudo labels join wrongly, and which they tear apart. For evaluation only.

use crate::check;
use crate::error::{InvalidInput, Result};

/// Shares of pairs, each from 0 to 1, over the images that have a pseudo label. None where there is no pair to take a share of.
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

/// Looks at every pair of images; those without a pseudo label (noise) are left out.
///
/// # Errors
/// Lists of different lengths.
pub fn pair_errors(
    pseudo_labels: &[Option<usize>],
    identities: &[usize],
    cameras: &[usize],
) -> Result<PairErrors> {
    check::length(pseudo_labels.len(), identities.len(), "pseudo labels")?;
    check::length(cameras.len(), identities.len(), "cameras")?;
    if pseudo_labels.iter().all(Option::is_none) {
        return Err(InvalidInput::Empty { what: "the list of images with a pseudo label" });
    }
    let labelled: Vec<usize> = (0..identities.len()).filter(|&i| pseudo_labels[i].is_some()).collect();
    let pairs = |is: &dyn Fn(usize, usize) -> bool| {
        let of = |i: usize| labelled.iter().filter(|&&j| j < i && is(i, j)).count();
        labelled.iter().map(|&i| of(i)).sum::<usize>() as f64
    };
    let share = |part: &dyn Fn(usize, usize) -> bool, whole: &dyn Fn(usize, usize) -> bool| {
        let all = pairs(whole);
        (all > 0.0).then(|| pairs(&|i, j| whole(i, j) && part(i, j)) / all)
    };
    let joined = |i: usize, j: usize| pseudo_labels[i] == pseudo_labels[j];
    let same = |i: usize, j: usize| identities[i] == identities[j];
    let camera = |i: usize, j: usize| cameras[i] == cameras[j];
    Ok(PairErrors {
        wrong_merges: share(&|i, j| !same(i, j), &joined),
        wrong_splits: share(&|i, j| !joined(i, j), &same),
        one_camera: share(&camera, &|i, j| joined(i, j) && !same(i, j)),
        one_camera_by_chance: share(&camera, &|i, j| !same(i, j)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        // Clusters {0 1 2} {3 4}, identities {0 1} {2 3 4}; the last image has no label.
        let labels = [Some(7), Some(7), Some(7), Some(3), Some(3), None];
        let found = pair_errors(&labels, &[5, 5, 6, 6, 6, 6], &[1, 2, 1, 1, 1, 1]).unwrap();
        // Joined: 01 02 12 34, of which 02 12 wrongly, 02 from one camera. Of one identity: 01 23 24 34, of which 23 24 apart.
        assert_eq!(
            (found.wrong_merges, found.wrong_splits, found.one_camera),
            (Some(0.5), Some(0.5), Some(0.5))
        );
        // Of two identities: 02 03 04 from one camera, 12 13 14 not.
        assert_eq!(found.one_camera_by_chance, Some(0.5));
    }

    #[test]
    fn without_pairs_there_are_no_shares() {
        let single = pair_errors(&[Some(0)], &[0], &[0]).unwrap();
        let none = PairErrors {
            wrong_merges: None,
            wrong_splits: None,
            one_camera: None,
            one_camera_by_chance: None,
        };
        assert_eq!(single, none);
        assert!(pair_errors(&[None], &[0], &[0]).is_err());
        assert!(pair_errors(&[Some(0)], &[0], &[]).is_err());
        assert!(pair_errors(&[Some(0)], &[], &[]).is_err());
    }
}
