//! D19 … D21: adjusted Rand index, normalised mutual information and purity of pseudo labels.

use mmt_testkit::tolerance::{Quantity, Width, check};
use mmt_testkit::{Trial, generate, strategies};
use proptest::prelude::*;

use super::adapters::{QUALITY, quality, quality_with_noise};

/// Two labellings of the same images.
fn pairs() -> impl Strategy<Value = (Vec<usize>, Vec<usize>)> {
    (1..60_usize, 1..7_usize, 1..7_usize).prop_flat_map(|(count, a, b)| {
        (proptest::collection::vec(0..a, count), proptest::collection::vec(0..b, count))
    })
}

/// A labelling under other names.
fn renamed(labels: &[usize]) -> Vec<usize> {
    labels.iter().map(|label| 13 * (9 - label)).collect()
}

fn same(definition: &str, actual: f64, expected: f64) -> Trial {
    check(definition, Quantity::Value, Width::Double, 1.0, actual, expected).map(|_| ())
}

/// The adjusted Rand index by counting pairs of images; 1 where both labellings leave nothing to chance.
fn rand_by_pairs(truth: &[usize], found: &[usize]) -> f64 {
    let (mut both, mut first, mut second, mut all) = (0.0, 0.0, 0.0, 0.0);
    for i in 0..truth.len() {
        for j in 0..i {
            let (a, b) = (truth[i] == truth[j], found[i] == found[j]);
            both += f64::from(u8::from(a && b));
            first += f64::from(u8::from(a));
            second += f64::from(u8::from(b));
            all += 1.0;
        }
    }
    let expected = if all == 0.0 { 0.0 } else { first * second / all };
    let most = (first + second) / 2.0;
    if most == expected { 1.0 } else { (both - expected) / (most - expected) }
}

proptest! {
    #![proptest_config(strategies::config(64))]

    #[test]
    fn fast_equals_reference((truth, found) in pairs()) {
        let expected = quality(QUALITY[0], &truth, &found)?;
        for implementation in &QUALITY[1..] {
            let actual = quality(*implementation, &truth, &found)?;
            same("D19", actual.adjusted_rand, expected.adjusted_rand)?;
            same("D20", actual.mutual_information, expected.mutual_information)?;
            same("D21", actual.purity, expected.purity)?;
        }
    }

    #[test]
    fn ari_is_the_count_over_all_pairs_of_images((truth, found) in pairs()) {
        for implementation in QUALITY {
            same("D19", quality(implementation, &truth, &found)?.adjusted_rand, rand_by_pairs(&truth, &found))?;
        }
    }

    #[test]
    fn the_same_labelling_under_other_names_is_perfect((truth, _) in pairs()) {
        for implementation in QUALITY {
            let perfect = quality(implementation, &truth, &renamed(&truth))?;
            same("D19", perfect.adjusted_rand, 1.0)?;
            same("D20", perfect.mutual_information, 1.0)?;
            same("D21", perfect.purity, 1.0)?;
        }
    }

    #[test]
    fn names_and_order_do_not_matter((truth, found) in pairs(), seed: u64) {
        let order = generate::permutation(truth.len(), &mut generate::rng(seed));
        let moved = |labels: &[usize]| order.iter().map(|&i| labels[i]).collect::<Vec<_>>();
        for implementation in QUALITY {
            let plain = quality(implementation, &truth, &found)?;
            let other = quality(implementation, &moved(&renamed(&truth)), &moved(&renamed(&found)))?;
            same("D19", other.adjusted_rand, plain.adjusted_rand)?;
            same("D20", other.mutual_information, plain.mutual_information)?;
            same("D21", other.purity, plain.purity)?;
        }
    }

    #[test]
    fn ari_and_nmi_are_symmetric((truth, found) in pairs()) {
        for implementation in QUALITY {
            let (one, other) = (quality(implementation, &truth, &found)?, quality(implementation, &found, &truth)?);
            same("D19", one.adjusted_rand, other.adjusted_rand)?;
            same("D20", one.mutual_information, other.mutual_information)?;
        }
    }

    #[test]
    fn all_three_stay_in_their_range((truth, found) in pairs()) {
        for implementation in QUALITY {
            let quality = quality(implementation, &truth, &found)?;
            prop_assert!((-1.0..=1.0 + 1e-12).contains(&quality.adjusted_rand));
            prop_assert!((-1e-12..=1.0 + 1e-12).contains(&quality.mutual_information));
            prop_assert!(quality.purity > 0.0 && quality.purity <= 1.0);
        }
    }

    #[test]
    fn splitting_a_cluster_never_lowers_purity((truth, found) in pairs(), seed: u64) {
        let split: Vec<usize> = found.iter().enumerate().map(|(i, label)| 2 * label + (seed >> (i % 64)) as usize % 2).collect();
        for implementation in QUALITY {
            let (coarse, fine) = (quality(implementation, &truth, &found)?, quality(implementation, &truth, &split)?);
            prop_assert!(fine.purity >= coarse.purity - 1e-12);
        }
    }

    #[test]
    fn noise_is_left_out((truth, found) in pairs(), noise in 1..5_usize, identity in 0..9_usize) {
        let mut longer: Vec<Option<usize>> = found.iter().map(|&label| Some(label)).collect();
        longer.extend(vec![None; noise]);
        let mut identities = truth.clone();
        identities.extend(vec![identity; noise]);
        for implementation in QUALITY {
            let plain = quality(implementation, &truth, &found)?;
            let other = quality_with_noise(implementation, &identities, &longer)?;
            same("D19", other.adjusted_rand, plain.adjusted_rand)?;
            same("D20", other.mutual_information, plain.mutual_information)?;
            same("D21", other.purity, plain.purity)?;
        }
    }
}
