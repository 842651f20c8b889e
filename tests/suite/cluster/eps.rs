//! D13, the eps rule: the mean of the smallest rho share of the non-zero distances above the diagonal.

use mmt_reference::Matrix;
use mmt_testkit::tolerance::{Quantity, Width, check};
use mmt_testkit::{Failure, Trial, generate, strategies};
use proptest::prelude::*;

use super::adapters::{EPS, eps, sparse_and_dense};
use crate::side::Side;

/// The rule once more, by sorting.
fn by_sorting(distances: &Matrix, rho: f64) -> f64 {
    let mut upper: Vec<f64> = (0..distances.rows())
        .flat_map(|i| distances.row(i)[i + 1..].iter().copied().filter(|&distance| distance != 0.0))
        .collect();
    upper.sort_by(f64::total_cmp);
    let count = (rho * upper.len() as f64).round_ties_even() as usize;
    upper[..count].iter().sum::<f64>() / count as f64
}

proptest! {
    #![proptest_config(strategies::config(64))]

    #[test]
    fn fast_equals_reference_and_the_rule_by_sorting(distances in strategies::distance_matrices(14..50), rho in 0.02..0.3) {
        let expected = by_sorting(&distances, rho);
        for implementation in EPS {
            check("D13", Quantity::Value, Width::Double, 1.0, eps(implementation, &distances, rho)?, expected)?;
        }
    }

    #[test]
    fn pairs_that_are_not_stored_count_as_the_ones_they_are(rows in 14..60_usize, seed: u64, rho in 0.02..=1.0) {
        let (sparse, dense) = sparse_and_dense(rows, seed)?;
        let found = mmt::cluster::eps::eps(&sparse, rho).map_err(Failure::from)?;
        check("D13", Quantity::Value, Width::Double, 1.0, found, eps(Side::Reference, &dense, rho)?)?;
    }

    #[test]
    fn the_order_of_the_points_does_not_matter(distances in strategies::distance_matrices(14..40), seed: u64) {
        let order = generate::permutation(distances.rows(), &mut generate::rng(seed));
        let moved = Matrix::from_fn(order.len(), order.len(), |i, j| distances[(order[i], order[j])]);
        for implementation in EPS {
            let plain = eps(implementation, &distances, 0.1)?;
            check("D13", Quantity::Value, Width::Double, 1.0, eps(implementation, &moved, 0.1)?, plain)?;
        }
    }

    #[test]
    fn zeros_are_not_counted(distances in strategies::distance_matrices(14..30), copies in 1..4_usize) {
        // Doubling the first point adds zeros and distances that were there before; those equal to no zero count.
        let place = |i: usize| i.saturating_sub(copies);
        let larger = Matrix::from_fn(distances.rows() + copies, distances.rows() + copies, |i, j| {
            distances[(place(i), place(j))]
        });
        for implementation in EPS {
            let expected = by_sorting(&larger, 0.1);
            check("D13", Quantity::Value, Width::Double, 1.0, eps(implementation, &larger, 0.1)?, expected)?;
        }
    }

    #[test]
    fn it_is_positive_and_scales_with_the_distances(distances in strategies::distance_matrices(14..40)) {
        let doubled = Matrix::from_fn(distances.rows(), distances.rows(), |i, j| 2.0 * distances[(i, j)]);
        for implementation in EPS {
            let plain = eps(implementation, &distances, 0.1)?;
            prop_assert!(plain > 0.0);
            check("D13", Quantity::Value, Width::Double, 1.0, eps(implementation, &doubled, 0.1)?, 2.0 * plain)?;
        }
    }
}

#[test]
fn the_number_of_distances_is_rounded_half_to_even() -> Trial {
    // Five non-zero pairs and rho = 0.5: 2.5 rounds to 2, not 3.
    let values = [1.0, 2.0, 4.0, 8.0, 16.0, 0.0];
    let mut next = values.iter();
    let mut distances = Matrix::zeros(4, 4);
    for i in 0..4 {
        for j in i + 1..4 {
            distances[(i, j)] = *next.next().unwrap_or(&0.0);
            distances[(j, i)] = distances[(i, j)];
        }
    }
    for implementation in EPS {
        assert_eq!(eps(implementation, &distances, 0.5)?, 1.5);
    }
    Ok(())
}
