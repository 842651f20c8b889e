//! D11 and D12: k-reciprocal neighbours and the Jaccard distance of their encodings.

use std::collections::BTreeSet;

use mmt_reference::{Matrix, cluster as reference};
use mmt_testkit::tolerance::{Quantity, Width, check, same};
use mmt_testkit::{Failure, Trial, generate, strategies};
use proptest::prelude::*;
use tch::Kind;

use super::adapters::{JACCARD, NEIGHBOURS, fast_jaccard, jaccard, neighbours};

/// Rankings of `0..n` per row: arbitrary permutations, the row itself first.
fn rankings() -> impl Strategy<Value = Vec<Vec<usize>>> {
    (2..40_usize, any::<u64>()).prop_map(|(count, seed)| {
        let mut rng = generate::rng(seed);
        let ranking = |i: usize, mut order: Vec<usize>| {
            let place = order.iter().position(|&j| j == i).unwrap_or(0);
            order.swap(0, place);
            order
        };
        (0..count).map(|i| ranking(i, generate::permutation(count, &mut rng))).collect()
    })
}

/// Unit features in blobs, with k1 and k2 that fit.
fn cases() -> impl Strategy<Value = (Matrix, usize, usize)> {
    (8..40_usize, 3..9_usize, 1..12_usize, 1..6_usize, any::<u64>()).prop_map(
        |(rows, columns, k1, k2, seed)| {
            let (points, _) = generate::blobs(rows, columns, 4, 0.4, &mut generate::rng(seed));
            (generate::unit_rows(&points), k1, k2)
        },
    )
}

/// The same with rows of other lengths, for which published's distance from i to j is another one than from j to i. A row
/// need not be its own nearest there; what k2 = 1 means then has a test of its own.
fn rows_of_any_length() -> impl Strategy<Value = (Matrix, usize, usize)> {
    (cases(), any::<bool>(), any::<u64>()).prop_map(|((features, k1, k2), unit, seed)| {
        let lengths = generate::normal(features.rows(), 1, 0.2, &mut generate::rng(seed));
        let length = |i: usize| if unit { 1.0 } else { (1.0 + lengths[(i, 0)]).max(0.25) };
        let scaled =
            Matrix::from_fn(features.rows(), features.columns(), |i, j| length(i) * features[(i, j)]);
        (scaled, k1, if unit { k2 } else { k2.max(2) })
    })
}

mmt_testkit::on_each_device! {
    #![proptest_config(strategies::config(64))]

    #[test]
    fn k_reciprocal_neighbours_are_equal_in_both_wings(ranking in rankings(), k in 1..12_usize) {
        let expected = neighbours(NEIGHBOURS[0], &ranking, k)?;
        for implementation in &NEIGHBOURS[1..] {
            same("D11", &neighbours(*implementation, &ranking, k)?, &expected)?;
        }
    }

    #[test]
    fn being_a_k_reciprocal_neighbour_is_mutual_and_keeps_the_order_of_rank(ranking in rankings(), k in 1..12_usize) {
        for implementation in NEIGHBOURS {
            let sets = neighbours(implementation, &ranking, k)?;
            for (i, set) in sets.iter().enumerate() {
                prop_assert!(set.contains(&i) && set.len() <= k + 1);
                prop_assert!(set.iter().all(|&j| sets[j].contains(&i)));
                let ranks: Vec<_> = set.iter().map(|j| ranking[i].iter().position(|other| other == j)).collect();
                prop_assert!(ranks.is_sorted());
            }
        }
    }

    #[test]
    fn fast_f64_equals_reference((features, k1, k2) in rows_of_any_length()) {
        let expected = jaccard(JACCARD[0], &features, k1, k2)?;
        for implementation in &JACCARD[1..] {
            let found = jaccard(*implementation, &features, k1, k2)?;
            check("D12", Quantity::Value, Width::Double, 1.0, &found, &expected)?;
        }
    }

    #[test]
    fn fast_f32_equals_reference_where_f32_ranks_alike((features, k1, k2) in cases()) {
        let scaled = reference::jaccard::scaled_distances(&features).map_err(Failure::from)?;
        let ranking = reference::k_reciprocal::ranking(&scaled).map_err(Failure::from)?;
        let apart = |i: usize| ranking[i].windows(2).all(|pair| scaled[(i, pair[1])] - scaled[(i, pair[0])] > 1e-5);
        prop_assume!((0..features.rows()).all(apart));
        let found = fast_jaccard(&features, k1, k2, Kind::Float)?;
        check("D12", Quantity::Value, Width::Single, 1.0, &found, &jaccard(JACCARD[0], &features, k1, k2)?)?;
    }

    #[test]
    fn it_is_symmetric_within_zero_and_one_and_zero_on_the_diagonal((features, k1, k2) in cases()) {
        for implementation in JACCARD {
            let found = jaccard(implementation, &features, k1, k2)?;
            prop_assert!(found.values().iter().all(|value| (0.0..=1.0).contains(value)));
            for i in 0..found.rows() {
                prop_assert_eq!(found[(i, i)], 0.0);
                prop_assert!((0..i).all(|j| (found[(i, j)] - found[(j, i)]).abs() < 1e-12));
            }
        }
    }

    #[test]
    fn a_common_scaling_of_the_features_changes_nothing((features, k1, k2) in cases(), power in -3..4_i32) {
        // A power of two scales every distance without rounding.
        let factor = 2.0_f64.powi(power);
        let scaled = Matrix::from_fn(features.rows(), features.columns(), |i, j| factor * features[(i, j)]);
        for implementation in JACCARD {
            let plain = jaccard(implementation, &features, k1, k2)?;
            check("D12", Quantity::Value, Width::Double, 1.0, &jaccard(implementation, &scaled, k1, k2)?, &plain)?;
        }
    }

    #[test]
    fn the_order_of_the_images_does_not_matter((features, k1, k2) in cases(), seed: u64) {
        let order = generate::permutation(features.rows(), &mut generate::rng(seed));
        for implementation in JACCARD {
            let plain = jaccard(implementation, &features, k1, k2)?;
            let moved = jaccard(implementation, &generate::permute_rows(&features, &order), k1, k2)?;
            let expected = Matrix::from_fn(order.len(), order.len(), |i, j| plain[(order[i], order[j])]);
            check("D12", Quantity::Value, Width::Double, 1.0, &moved, &expected)?;
        }
    }
}

/// Rounding residue would count as a distance in D13, and be another one in each implementation.
#[test]
fn images_with_the_same_nearest_sets_are_at_distance_zero_exactly() -> Trial {
    let mut pairs = 0;
    for seed in 0..40 {
        let features = generate::unit_rows(&generate::normal(40, 8, 1.0, &mut generate::rng(seed)));
        let (k1, k2) = (20, 6);
        let scaled = reference::jaccard::scaled_distances(&features)?;
        let ranking = reference::k_reciprocal::ranking(&scaled)?;
        let nearest: Vec<BTreeSet<usize>> =
            ranking.iter().map(|row| row[..k2].iter().copied().collect()).collect();
        for implementation in JACCARD {
            let found = jaccard(implementation, &features, k1, k2)?;
            for (i, j) in (0..40).flat_map(|i| (0..i).map(move |j| (i, j))) {
                if nearest[i] == nearest[j] {
                    pairs += 1;
                    assert_eq!(found[(i, j)], 0.0, "{i} {j} of seed {seed}");
                }
            }
        }
    }
    assert!(pairs > 20, "{pairs}");
    Ok(())
}

#[test]
fn images_without_a_common_neighbour_are_at_distance_one() -> Trial {
    // Two tight groups of four on opposite sides: with k1 = 3 no neighbourhood crosses over.
    let features = generate::unit_rows(&Matrix::from_fn(8, 2, |i, j| match (i < 4, j) {
        (true, 0) => 1.0,
        (false, 0) => -1.0,
        _ => 0.01 * i as f64,
    }));
    for implementation in JACCARD {
        let found = jaccard(implementation, &features, 3, 1)?;
        assert!((0..4).all(|i| (4..8).all(|j| found[(i, j)] == 1.0)));
        assert!((0..4).all(|i| (0..4).all(|j| found[(i, j)] < 1.0)));
    }
    Ok(())
}

/// Published averages encodings only if k2 is not 1.
#[test]
fn with_k2_one_a_row_keeps_its_own_encoding_even_where_another_row_is_nearer() -> Trial {
    // On a line the inner points of each side are nearest to all of that side by published's distance.
    let features = Matrix::new(6, 1, vec![1.0, 1.5, 2.0, -1.0, -1.5, -2.0])?;
    let expected = jaccard(JACCARD[0], &features, 1, 1)?;
    for implementation in &JACCARD[1..] {
        let found = jaccard(*implementation, &features, 1, 1)?;
        check("D12", Quantity::Value, Width::Double, 1.0, &found, &expected)?;
    }
    Ok(())
}
