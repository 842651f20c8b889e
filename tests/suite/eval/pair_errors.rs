//! D34: pairs of images that pseudo labels join wrongly or tear apart.

use mmt::eval::pair_errors::{PairErrors, pair_errors};
use mmt_reference::eval::pair_errors as reference;
use mmt_testkit::tolerance::{Quantity, Width, check};
use mmt_testkit::{Trial, generate, strategies};
use proptest::prelude::*;

type Labels = Vec<Option<usize>>;

/// Pseudo labels, identities and cameras of the same images, of which one at least has a label.
fn images() -> impl Strategy<Value = (Labels, Vec<usize>, Vec<usize>)> {
    let with_a_label = |(labels, ..): &(Labels, Vec<usize>, Vec<usize>)| labels.iter().any(Option::is_some);
    let drawn = (1..50_usize, 1..6_usize, 1..6_usize, 1..4_usize).prop_flat_map(
        |(count, clusters, people, cameras)| {
            use proptest::collection::vec;
            let label = prop_oneof![1 => Just(None), 5 => (0..clusters).prop_map(Some)];
            (vec(label, count), vec(0..people, count), vec(0..cameras, count))
        },
    );
    drawn.prop_filter("one image has a label", with_a_label)
}

fn slow(labels: &[Option<usize>], identities: &[usize], cameras: &[usize]) -> Trial<PairErrors> {
    let reference::PairErrors { wrong_merges, wrong_splits, one_camera, one_camera_by_chance } =
        reference::pair_errors(labels, identities, cameras)?;
    Ok(PairErrors { wrong_merges, wrong_splits, one_camera, one_camera_by_chance })
}

fn fast(labels: &[Option<usize>], identities: &[usize], cameras: &[usize]) -> Trial<PairErrors> {
    Ok(pair_errors(labels, identities, cameras)?)
}

type Measure = fn(&[Option<usize>], &[usize], &[usize]) -> Trial<PairErrors>;

const BOTH: [Measure; 2] = [slow, fast];

fn same(actual: PairErrors, expected: PairErrors) -> Trial {
    // Minus one stands for a share of nothing: no share is near it.
    let values = |found: PairErrors| {
        [found.wrong_merges, found.wrong_splits, found.one_camera, found.one_camera_by_chance]
            .map(|share| share.unwrap_or(-1.0))
    };
    for (actual, expected) in values(actual).into_iter().zip(values(expected)) {
        check("D34", Quantity::Value, Width::Double, 1.0, actual, expected)?;
    }
    Ok(())
}

proptest! {
    #![proptest_config(strategies::config(64))]

    #[test]
    fn fast_equals_reference((labels, identities, cameras) in images()) {
        let expected = slow(&labels, &identities, &cameras)?;
        same(fast(&labels, &identities, &cameras)?, expected)?;
    }

    #[test]
    fn order_and_names_do_not_matter((labels, identities, cameras) in images(), seed: u64) {
        let order = generate::permutation(labels.len(), &mut generate::rng(seed));
        let moved = |list: &[usize]| order.iter().map(|&i| 3 * (9 - list[i])).collect::<Vec<_>>();
        let labels_moved: Labels = order.iter().map(|&i| labels[i].map(|label| 40 - label)).collect();
        for errors in BOTH {
            let plain = errors(&labels, &identities, &cameras)?;
            same(errors(&labels_moved, &moved(&identities), &moved(&cameras))?, plain)?;
        }
    }

    #[test]
    fn the_identities_as_labels_make_no_error((_, identities, cameras) in images()) {
        let labels: Labels = identities.iter().copied().map(Some).collect();
        for errors in BOTH {
            let found = errors(&labels, &identities, &cameras)?;
            prop_assert!(found.wrong_merges.unwrap_or(0.0) == 0.0 && found.wrong_splits.unwrap_or(0.0) == 0.0);
            prop_assert_eq!(found.one_camera, None);
        }
    }

    #[test]
    fn merges_are_the_splits_of_the_labelling_the_other_way_round((_, identities, labels) in images()) {
        let as_labels = |list: &[usize]| list.iter().copied().map(Some).collect::<Labels>();
        for errors in BOTH {
            let one = errors(&as_labels(&labels), &identities, &labels)?;
            let other = errors(&as_labels(&identities), &labels, &labels)?;
            prop_assert_eq!((one.wrong_merges, one.wrong_splits), (other.wrong_splits, other.wrong_merges));
        }
    }

    #[test]
    fn labels_by_camera_alone_have_every_wrong_merge_in_one_camera((_, identities, cameras) in images()) {
        let labels: Labels = cameras.iter().copied().map(Some).collect();
        for errors in BOTH {
            prop_assert_eq!(errors(&labels, &identities, &cameras)?.one_camera.unwrap_or(1.0), 1.0);
        }
    }

    #[test]
    fn images_without_a_label_are_as_if_they_were_not_there((labels, identities, cameras) in images()) {
        let kept: Vec<usize> = (0..labels.len()).filter(|&i| labels[i].is_some()).collect();
        let of = |list: &[usize]| kept.iter().map(|&i| list[i]).collect::<Vec<_>>();
        let of_labels: Labels = kept.iter().map(|&i| labels[i]).collect();
        for errors in BOTH {
            let all = errors(&labels, &identities, &cameras)?;
            same(errors(&of_labels, &of(&identities), &of(&cameras))?, all)?;
        }
    }
}
