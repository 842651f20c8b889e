//! D35: what teachers know that hard labels do not.

use mmt::eval::teaching::{Anchor, Teaching, teaching};
use mmt_reference::eval::teaching as reference;
use mmt_testkit::tolerance::{Quantity, Width, check};
use mmt_testkit::{Trial, generate, strategies};
use proptest::prelude::*;
use proptest::sample::select;

type Labels = Vec<Option<usize>>;

/// Anchors, and pseudo labels and identities of the images they name.
#[derive(Debug, Clone)]
struct Epoch {
    anchors: Vec<Anchor>,
    labels: Labels,
    identities: Vec<usize>,
}

/// Probabilities of eighths, so that some are 1/2 and some are equal, and of any size.
fn probability() -> impl Strategy<Value = f64> {
    prop_oneof![(0..=8_u8).prop_map(|eighths| f64::from(eighths) / 8.0), 0.0..=1.0]
}

/// Soft labels may name a cluster without images.
fn anchor(labels: &Labels, clusters: usize) -> impl Strategy<Value = Anchor> + use<> {
    let labelled: Vec<usize> = (0..labels.len()).filter(|&image| labels[image].is_some()).collect();
    let image = || select(labelled.clone());
    let drawn = (image(), image(), image(), probability(), probability(), 0..=clusters);
    drawn.prop_map(|(image, positive, negative, student, teacher, soft_label)| Anchor {
        image,
        positive,
        negative,
        student,
        teacher,
        soft_label,
    })
}

fn epochs() -> impl Strategy<Value = Epoch> {
    use proptest::collection::vec;
    let images = (1..30_usize, 1..5_usize, 1..5_usize).prop_flat_map(|(count, clusters, people)| {
        let label = prop_oneof![1 => Just(None), 6 => (0..clusters).prop_map(Some)];
        (vec(label, count), vec(0..people, count), Just(clusters))
    });
    let labelled =
        images.prop_filter("one image has a label", |(labels, ..)| labels.iter().any(Option::is_some));
    labelled.prop_flat_map(|(labels, identities, clusters)| {
        let anchors = vec(anchor(&labels, clusters), 0..60);
        anchors.prop_map(move |anchors| Epoch {
            anchors,
            labels: labels.clone(),
            identities: identities.clone(),
        })
    })
}

/// The anchor as the reference has it.
pub(crate) fn as_reference(anchor: &Anchor) -> reference::Anchor {
    let Anchor { image, positive, negative, student, teacher, soft_label } = *anchor;
    reference::Anchor { image, positive, negative, student, teacher, soft_label }
}

fn slow(epoch: &Epoch) -> Trial<Teaching> {
    let anchors: Vec<_> = epoch.anchors.iter().map(as_reference).collect();
    Ok(as_fast(&reference::teaching(&anchors, &epoch.labels, &epoch.identities)?))
}

fn fast(epoch: &Epoch) -> Trial<Teaching> {
    Ok(teaching(&epoch.anchors, &epoch.labels, &epoch.identities)?)
}

const BOTH: [fn(&Epoch) -> Trial<Teaching>; 2] = [slow, fast];

/// The reference's measures under the names of the fast code.
pub(crate) fn as_fast(found: &reference::Teaching) -> Teaching {
    Teaching {
        teacher_q10: found.teacher_q10,
        teacher_q50: found.teacher_q50,
        teacher_q90: found.teacher_q90,
        teacher_certainty: found.teacher_certainty,
        wrong_triplets: found.wrong_triplets,
        teacher_right_where_student_wrong: found.teacher_right_where_student_wrong,
        teacher_right_where_triplet_wrong: found.teacher_right_where_triplet_wrong,
        hard_label_accuracy: found.hard_label_accuracy,
        soft_label_accuracy: found.soft_label_accuracy,
        soft_right_where_hard_wrong: found.soft_right_where_hard_wrong,
        soft_wrong_where_hard_right: found.soft_wrong_where_hard_right,
    }
}

/// In the order of the columns. Minus one stands for a share of nothing: no measure is near it.
fn values(found: &Teaching) -> [f64; 11] {
    [
        found.teacher_q10,
        found.teacher_q50,
        found.teacher_q90,
        found.teacher_certainty,
        found.wrong_triplets,
        found.teacher_right_where_student_wrong,
        found.teacher_right_where_triplet_wrong,
        found.hard_label_accuracy,
        found.soft_label_accuracy,
        found.soft_right_where_hard_wrong,
        found.soft_wrong_where_hard_right,
    ]
    .map(|measure| measure.unwrap_or(-1.0))
}

/// Holds measures against each other by the row of `definition`.
pub(crate) fn same(definition: &str, actual: &Teaching, expected: &Teaching) -> Trial {
    check(definition, Quantity::Value, Width::Double, 1.0, &values(actual)[..], &values(expected)[..])?;
    Ok(())
}

/// None, or this.
fn none_or(measure: Option<f64>, expected: f64) -> bool {
    measure.is_none_or(|measure| measure == expected)
}

proptest! {
    #![proptest_config(strategies::config(128))]

    #[test]
    fn fast_equals_reference(epoch in epochs()) {
        same("D35", &fast(&epoch)?, &slow(&epoch)?)?;
    }

    #[test]
    fn order_and_names_do_not_matter(epoch in epochs(), seed: u64) {
        let order = generate::permutation(epoch.anchors.len(), &mut generate::rng(seed));
        let renamed = |at: &usize| {
            let anchor = epoch.anchors[*at];
            Anchor { soft_label: 40 - anchor.soft_label, ..anchor }
        };
        let moved = Epoch {
            anchors: order.iter().map(renamed).collect(),
            labels: epoch.labels.iter().map(|label| label.map(|label| 40 - label)).collect(),
            // Their order breaks ties.
            identities: epoch.identities.iter().map(|identity| 3 * identity + 1).collect(),
        };
        for measure in BOTH {
            same("D35", &measure(&moved)?, &measure(&epoch)?)?;
        }
    }

    #[test]
    fn a_teacher_that_only_repeats_what_is_known_adds_nothing(epoch in epochs()) {
        let mut echo = epoch;
        for anchor in &mut echo.anchors {
            anchor.teacher = anchor.student;
            anchor.soft_label = echo.labels[anchor.image].unwrap();
        }
        for measure in BOTH {
            let found = measure(&echo)?;
            prop_assert_eq!(found.soft_label_accuracy, found.hard_label_accuracy);
            prop_assert!(none_or(found.teacher_right_where_student_wrong, 0.0), "{:?}", found);
            prop_assert!(none_or(found.soft_right_where_hard_wrong, 0.0), "{:?}", found);
            prop_assert!(none_or(found.soft_wrong_where_hard_right, 0.0), "{:?}", found);
        }
    }

    #[test]
    fn under_the_identities_as_labels_no_hard_label_is_wrong(epoch in epochs()) {
        let labels = epoch.identities.iter().copied().map(Some).collect();
        let perfect = Epoch { labels, ..epoch };
        for measure in BOTH {
            let found = measure(&perfect)?;
            prop_assert!(none_or(found.hard_label_accuracy, 1.0) && none_or(found.wrong_triplets, 0.0));
            let nothing_wrong = (found.soft_right_where_hard_wrong, found.teacher_right_where_triplet_wrong);
            prop_assert_eq!(nothing_wrong, (None, None));
        }
    }

    #[test]
    fn a_teacher_that_says_the_opposite_is_as_certain(epoch in epochs()) {
        let mut opposite = epoch.clone();
        opposite.anchors.iter_mut().for_each(|anchor| anchor.teacher = 1.0 - anchor.teacher);
        for measure in BOTH {
            let (plain, turned) = (measure(&epoch)?, measure(&opposite)?);
            let expected = Teaching {
                teacher_q10: plain.teacher_q90.map(|quantile| 1.0 - quantile),
                teacher_q50: plain.teacher_q50.map(|quantile| 1.0 - quantile),
                teacher_q90: plain.teacher_q10.map(|quantile| 1.0 - quantile),
                teacher_right_where_student_wrong: turned.teacher_right_where_student_wrong,
                teacher_right_where_triplet_wrong: turned.teacher_right_where_triplet_wrong,
                ..plain
            };
            same("D35", &turned, &expected)?;
        }
    }

    #[test]
    fn what_soft_labels_gain_and_lose_adds_up_to_their_accuracy(epoch in epochs()) {
        for measure in BOTH {
            let found = measure(&epoch)?;
            let Some(hard) = found.hard_label_accuracy else { continue };
            let kept = hard * (1.0 - found.soft_wrong_where_hard_right.unwrap_or(0.0));
            let gained = (1.0 - hard) * found.soft_right_where_hard_wrong.unwrap_or(0.0);
            // Counts over at most 60: a few roundings of numbers up to 1.
            prop_assert!((found.soft_label_accuracy.unwrap() - kept - gained).abs() < 1e-14);
        }
    }
}

/// Clusters {0 1 2 3} of person 1 (twice, as person 2 is, who is larger) and {4 5} of person 2; the mined images of a triplet in brackets.
#[test]
fn by_hand() -> Trial {
    let anchor = |image, [positive, negative]: [usize; 2], student, teacher, soft_label| Anchor {
        image,
        positive,
        negative,
        student,
        teacher,
        soft_label,
    };
    let anchors = vec![
        anchor(0, [1, 4], 0.25, 0.75, 0),
        anchor(0, [1, 5], 0.25, 0.375, 0),
        anchor(2, [0, 4], 0.75, 0.25, 1),
        anchor(4, [5, 0], 0.75, 1.0, 0),
        anchor(5, [5, 0], 0.0, 0.0, 1),
        anchor(3, [2, 1], 0.0, 0.0, 0),
    ];
    let labels = [0, 0, 0, 0, 1, 1].map(Some).to_vec();
    let epoch = Epoch { anchors, labels, identities: vec![1, 1, 2, 2, 2, 2] };
    for measure in BOTH {
        let found = measure(&epoch)?;
        // The last two are no triplets: an image beside itself, and two images of one cluster. Of 0.25, 0.375, 0.75, 1.
        let expected = Teaching {
            teacher_q10: Some(0.25 + 0.3 * 0.125),
            teacher_q50: Some(0.5 * (0.375 + 0.75)),
            teacher_q90: Some(0.75 + 0.7 * 0.25),
            teacher_certainty: Some((0.25 + 0.125 + 0.25 + 0.5) / 4.0),
            // 2 is with 4 and not with 0.
            wrong_triplets: Some(1.0 / 4.0),
            // Wrong by the student: the first three; right by the teacher: the first and the third.
            teacher_right_where_student_wrong: Some(2.0 / 3.0),
            teacher_right_where_triplet_wrong: Some(1.0),
            // All but 2 and 3.
            hard_label_accuracy: Some(4.0 / 6.0),
            // 0 twice, 2 and 5.
            soft_label_accuracy: Some(4.0 / 6.0),
            soft_right_where_hard_wrong: Some(1.0 / 2.0),
            soft_wrong_where_hard_right: Some(1.0 / 4.0),
        };
        same("D35", &found, &expected)?;
    }
    Ok(())
}
