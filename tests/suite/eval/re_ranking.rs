//! D18, k-reciprocal re-ranking.

use mmt_reference::Matrix;
use mmt_testkit::tolerance::{Quantity, Width, check};
use mmt_testkit::{generate, strategies};
use proptest::prelude::*;

use super::adapters::{Distances, RE_RANKING, re_ranking};

/// Distances among queries and gallery, from points in blobs.
fn cases() -> impl Strategy<Value = (Distances, usize, usize)> {
    (1..8_usize, 8..30_usize, 1..10_usize, 1..5_usize, any::<u64>()).prop_map(
        |(queries, gallery, k1, k2, seed)| {
            let (points, _) = generate::blobs(queries + gallery, 5, 4, 0.5, &mut generate::rng(seed));
            (Distances::among(&points, queries), k1, k2)
        },
    )
}

/// The order of a row, nearest first.
fn order(row: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..row.len()).collect();
    order.sort_by(|&a, &b| row[a].total_cmp(&row[b]));
    order
}

mmt_testkit::on_each_device! {
    #![proptest_config(strategies::config(48))]

    #[test]
    fn fast_equals_reference((distances, k1, k2) in cases(), lambda in 0.0..1.0) {
        let expected = re_ranking(RE_RANKING[0], &distances, k1, k2, lambda)?;
        for implementation in &RE_RANKING[1..] {
            let found = re_ranking(*implementation, &distances, k1, k2, lambda)?;
            check("D18", Quantity::Value, Width::Double, 1.0, &found, &expected)?;
        }
    }

    #[test]
    fn lambda_one_gives_the_original_order((distances, k1, k2) in cases()) {
        for implementation in RE_RANKING {
            let found = re_ranking(implementation, &distances, k1, k2, 1.0)?;
            for i in 0..found.rows() {
                prop_assert_eq!(order(found.row(i)), order(distances.query_gallery.row(i)));
            }
        }
    }

    #[test]
    fn it_is_linear_in_lambda((distances, k1, k2) in cases(), lambda in 0.0..1.0) {
        for implementation in RE_RANKING {
            let jaccard = re_ranking(implementation, &distances, k1, k2, 0.0)?;
            let original = re_ranking(implementation, &distances, k1, k2, 1.0)?;
            let between = Matrix::from_fn(jaccard.rows(), jaccard.columns(), |i, j| {
                (1.0 - lambda) * jaccard[(i, j)] + lambda * original[(i, j)]
            });
            let found = re_ranking(implementation, &distances, k1, k2, lambda)?;
            check("D18", Quantity::Value, Width::Double, 1.0, &found, &between)?;
        }
    }

    #[test]
    fn a_common_scaling_of_the_distances_changes_nothing((distances, k1, k2) in cases(), power in -3..4_i32) {
        for implementation in RE_RANKING {
            let plain = re_ranking(implementation, &distances, k1, k2, 0.3)?;
            let scaled = re_ranking(implementation, &distances.scaled(2.0_f64.powi(power)), k1, k2, 0.3)?;
            check("D18", Quantity::Value, Width::Double, 1.0, &scaled, &plain)?;
        }
    }

    #[test]
    fn the_order_of_the_gallery_does_not_matter((distances, k1, k2) in cases(), seed: u64) {
        let order = generate::permutation(distances.gallery_gallery.rows(), &mut generate::rng(seed));
        for implementation in RE_RANKING {
            let plain = re_ranking(implementation, &distances, k1, k2, 0.3)?;
            let moved = re_ranking(implementation, &distances.with_gallery_order(&order), k1, k2, 0.3)?;
            let expected = Matrix::from_fn(plain.rows(), order.len(), |i, j| plain[(i, order[j])]);
            check("D18", Quantity::Value, Width::Double, 1.0, &moved, &expected)?;
        }
    }
}
