//! D35: what the teachers of an epoch knew that its hard labels did not. For evaluation only.

use crate::check;
use crate::error::{InvalidInput, Result};

/// An image of a training step, as a student and its teacher saw it. Images are places in the training set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Anchor {
    /// The image.
    pub image: usize,
    /// Its hardest positive (D4).
    pub positive: usize,
    /// Its hardest negative (D4).
    pub negative: usize,
    /// Probability by the student that the negative is farther than the positive (`T_i` of D6).
    pub student: f64,
    /// By the teacher, at the same images (`T_i` of D7).
    pub teacher: f64,
    /// Cluster of the teacher's largest logit.
    pub soft_label: usize,
}

/// The measures of D35. None where there is nothing to take a share, a mean or a quantile of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Teaching {
    /// The teacher's probability over all triplets: quantile at 10 %.
    pub teacher_q10: Option<f64>,
    /// At 50 %.
    pub teacher_q50: Option<f64>,
    /// At 90 %.
    pub teacher_q90: Option<f64>,
    /// Its mean distance from 1/2.
    pub teacher_certainty: Option<f64>,
    /// Of the triplets of known order, those whose negative is of the anchor's identity.
    pub wrong_triplets: Option<f64>,
    /// Of the triplets of known order that the student has wrong, those that the teacher has right.
    pub teacher_right_where_student_wrong: Option<f64>,
    /// Of the wrong triplets, those that the teacher has right.
    pub teacher_right_where_triplet_wrong: Option<f64>,
    /// Of the anchors, those whose cluster has their identity.
    pub hard_label_accuracy: Option<f64>,
    /// Of the anchors, those whose soft label has their identity.
    pub soft_label_accuracy: Option<f64>,
    /// Of the anchors whose cluster does not have their identity, those whose soft label does.
    pub soft_right_where_hard_wrong: Option<f64>,
    /// Of the anchors whose cluster has their identity, those whose soft label does not.
    pub soft_wrong_where_hard_right: Option<f64>,
}

/// Counts and looks at every anchor, anew for each measure.
///
/// # Errors
/// Lists of different lengths, an anchor with an image that has no pseudo label, a probability that is none.
pub fn teaching(
    anchors: &[Anchor],
    pseudo_labels: &[Option<usize>],
    identities: &[usize],
) -> Result<Teaching> {
    check::length(pseudo_labels.len(), identities.len(), "pseudo labels")?;
    for anchor in anchors {
        check_anchor(anchor, pseudo_labels)?;
    }
    let triplets = anchors
        .iter()
        .copied()
        .filter(|a| a.positive != a.image && pseudo_labels[a.negative] != pseudo_labels[a.image]);
    let triplets: Vec<Anchor> = triplets.collect();
    let own = |a: &Anchor, image: usize| identities[image] == identities[a.image];
    let known = |a: &Anchor| own(a, a.positive) != own(a, a.negative);
    let wrong_triplet = |a: &Anchor| known(a) && own(a, a.negative);
    // The probability of the order that is true.
    let of_truth = |a: &Anchor, farther: f64| if own(a, a.positive) { farther } else { 1.0 - farther };
    let student_wrong = |a: &Anchor| known(a) && of_truth(a, a.student) < 0.5;
    let teacher_right = |a: &Anchor| of_truth(a, a.teacher) > 0.5;
    let has = |a: &Anchor, cluster: usize| {
        identity_of(cluster, pseudo_labels, identities) == Some(identities[a.image])
    };
    let hard = |a: &Anchor| pseudo_labels[a.image].is_some_and(|cluster| has(a, cluster));
    let soft = |a: &Anchor| has(a, a.soft_label);
    let any = |_: &Anchor| true;
    Ok(Teaching {
        teacher_q10: quantile(&triplets, 10),
        teacher_q50: quantile(&triplets, 50),
        teacher_q90: quantile(&triplets, 90),
        teacher_certainty: certainty(&triplets),
        wrong_triplets: share(&triplets, &known, &wrong_triplet),
        teacher_right_where_student_wrong: share(&triplets, &student_wrong, &teacher_right),
        teacher_right_where_triplet_wrong: share(&triplets, &wrong_triplet, &teacher_right),
        hard_label_accuracy: share(anchors, &any, &hard),
        soft_label_accuracy: share(anchors, &any, &soft),
        soft_right_where_hard_wrong: share(anchors, &|a| !hard(a), &soft),
        soft_wrong_where_hard_right: share(anchors, &hard, &|a| !soft(a)),
    })
}

fn check_anchor(anchor: &Anchor, pseudo_labels: &[Option<usize>]) -> Result<()> {
    for image in [anchor.image, anchor.positive, anchor.negative] {
        if image >= pseudo_labels.len() || pseudo_labels[image].is_none() {
            let (what, value) = ("image of an anchor", image as f64);
            return Err(InvalidInput::Parameter { what, value, allowed: "one with a pseudo label" });
        }
    }
    check::between(anchor.student, (0.0, 1.0), "probability of the student", "in 0..=1")?;
    check::between(anchor.teacher, (0.0, 1.0), "probability of the teacher", "in 0..=1")
}

/// The commonest identity among the images of a cluster, the smallest among equals; none for a cluster without images.
fn identity_of(cluster: usize, pseudo_labels: &[Option<usize>], identities: &[usize]) -> Option<usize> {
    let images = || (0..identities.len()).filter(|&i| pseudo_labels[i] == Some(cluster));
    let count = |identity: usize| images().filter(|&i| identities[i] == identity).count();
    let mut best = None;
    for i in images() {
        let (this, often) = (identities[i], count(identities[i]));
        let better = |(identity, most): (usize, usize)| often > most || often == most && this < identity;
        if best.is_none_or(better) {
            best = Some((this, often));
        }
    }
    best.map(|(identity, _)| identity)
}

/// The value at `percent` of the way from the smallest to the largest, each step between neighbours being as long.
fn quantile(triplets: &[Anchor], percent: usize) -> Option<f64> {
    let mut values: Vec<f64> = triplets.iter().map(|a| a.teacher).collect();
    values.sort_by(f64::total_cmp);
    let last = values.len().checked_sub(1)?;
    // In hundredths of a step.
    let place = percent * last;
    let (below, above) = (place / 100, place.div_ceil(100));
    let beyond = (place - 100 * below) as f64;
    Some((values[below] * (100.0 - beyond) + values[above] * beyond) / 100.0)
}

fn certainty(triplets: &[Anchor]) -> Option<f64> {
    let mut sum = 0.0;
    for triplet in triplets {
        sum += if triplet.teacher < 0.5 { 0.5 - triplet.teacher } else { triplet.teacher - 0.5 };
    }
    (!triplets.is_empty()).then(|| sum / triplets.len() as f64)
}

type Is<'a> = &'a dyn Fn(&Anchor) -> bool;

fn share(all: &[Anchor], given: Is<'_>, those: Is<'_>) -> Option<f64> {
    let (mut whole, mut part) = (0.0, 0.0);
    for anchor in all {
        if given(anchor) {
            whole += 1.0;
            part += f64::from(u8::from(those(anchor)));
        }
    }
    (whole > 0.0).then(|| part / whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    // Clusters {0 1 2} of identity 5 and {3 4} of identity 6; the last image has no label.
    const LABELS: [Option<usize>; 6] = [Some(0), Some(0), Some(0), Some(1), Some(1), None];
    const IDENTITIES: [usize; 6] = [5, 5, 6, 6, 6, 5];

    fn anchor(images: [usize; 3], student: f64, teacher: f64, soft_label: usize) -> Anchor {
        let [image, positive, negative] = images;
        Anchor { image, positive, negative, student, teacher, soft_label }
    }

    #[test]
    fn by_hand() {
        let anchors = [
            // The positive is of the anchor's identity, the negative is not. The student has it wrong, the teacher right.
            anchor([0, 1, 3], 0.25, 0.75, 0),
            // The other way round: the student agrees with the wrong triplet, the teacher does not.
            anchor([2, 0, 3], 0.75, 0.125, 1),
            // Once more, and both agree with it.
            anchor([2, 1, 4], 0.75, 1.0, 0),
            // Neither mined image is of the identity of 1: no order is known.
            anchor([1, 2, 4], 0.25, 0.5, 1),
            // An image and itself, and a batch of one cluster: no triplets.
            anchor([3, 3, 0], 0.25, 0.0, 1),
            anchor([3, 4, 4], 0.25, 0.0, 1),
        ];
        let found = teaching(&anchors, &LABELS, &IDENTITIES).unwrap();
        // 0.125, 0.5, 0.75, 1: at 0.3, 1.5 and 2.7.
        let quantiles = [found.teacher_q10, found.teacher_q50, found.teacher_q90].map(Option::unwrap);
        let expected = [0.125 + 0.3 * 0.375, 0.625, 0.75 + 0.7 * 0.25];
        assert!(quantiles.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-15), "{quantiles:?}");
        assert_eq!(found.teacher_certainty, Some((0.25 + 0.375 + 0.5) / 4.0));
        assert_eq!(found.wrong_triplets, Some(2.0 / 3.0));
        assert_eq!(found.teacher_right_where_student_wrong, Some(2.0 / 3.0));
        assert_eq!(found.teacher_right_where_triplet_wrong, Some(0.5));
        // The hard label is wrong for image 2, twice; the soft one for 2 once and for 1.
        assert_eq!(found.hard_label_accuracy, Some(4.0 / 6.0));
        assert_eq!(found.soft_label_accuracy, Some(4.0 / 6.0));
        assert_eq!(found.soft_right_where_hard_wrong, Some(0.5));
        assert_eq!(found.soft_wrong_where_hard_right, Some(0.25));
    }

    #[test]
    fn the_identity_of_a_cluster_is_the_commonest_and_the_smallest_among_equals() {
        let labels = [Some(0), Some(0), Some(0), Some(1), Some(1), None];
        assert_eq!(identity_of(0, &labels, &[9, 3, 9, 7, 4, 4]), Some(9));
        assert_eq!(identity_of(1, &labels, &[9, 3, 9, 7, 4, 7]), Some(4));
        assert_eq!(identity_of(2, &labels, &[9, 3, 9, 7, 4, 7]), None);
    }

    #[test]
    fn one_half_is_neither_right_nor_wrong() {
        let halves = [anchor([0, 1, 3], 0.5, 0.5, 0)];
        let found = teaching(&halves, &LABELS, &IDENTITIES).unwrap();
        assert_eq!((found.teacher_right_where_student_wrong, found.wrong_triplets), (None, Some(0.0)));
        let wrong = [anchor([0, 1, 3], 0.25, 0.5, 0)];
        let found = teaching(&wrong, &LABELS, &IDENTITIES).unwrap();
        assert_eq!(found.teacher_right_where_student_wrong, Some(0.0));
    }

    #[test]
    fn without_anchors_there_is_nothing_and_what_does_not_fit_is_refused() {
        let none = teaching(&[], &LABELS, &IDENTITIES).unwrap();
        assert_eq!((none.teacher_q50, none.teacher_certainty, none.hard_label_accuracy), (None, None, None));
        assert!(teaching(&[], &LABELS, &[1]).is_err());
        for (images, student, teacher) in [
            ([5, 0, 3], 0.5, 0.5),
            ([0, 5, 3], 0.5, 0.5),
            ([0, 1, 6], 0.5, 0.5),
            ([0, 1, 3], -0.1, 0.5),
            ([0, 1, 3], 0.5, f64::NAN),
        ] {
            assert!(teaching(&[anchor(images, student, teacher, 0)], &LABELS, &IDENTITIES).is_err());
        }
    }
}
