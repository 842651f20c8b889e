//! D14, DBSCAN on a precomputed matrix: exact agreement, and the definition itself checked on every answer.

use mmt_reference::Matrix;
use mmt_testkit::tolerance::same;
use mmt_testkit::{Failure, Trial, generate, strategies};
use proptest::prelude::*;

use super::adapters::{DBSCAN, Labels, dbscan, sparse_and_dense};

/// A matrix of 64ths, eps in 64ths (so that distances equal to eps are common) and min_samples.
fn cases() -> impl Strategy<Value = (Matrix, f64, usize)> {
    (strategies::distance_matrices(1..40), 4..40_i32, 1..7_usize)
        .prop_map(|(distances, eps, least)| (distances, f64::from(eps) / 64.0, least))
}

/// Points with at least `least` neighbours within eps, as the definition counts them.
fn cores(distances: &Matrix, eps: f64, least: usize) -> Vec<bool> {
    let neighbours = |i: usize| distances.row(i).iter().filter(|&&distance| distance <= eps).count();
    (0..distances.rows()).map(|i| neighbours(i) >= least).collect()
}

/// Two labellings of one partition, noise at the same places.
fn same_partition(a: &Labels, b: &Labels) -> bool {
    let pairs = |i: usize, j: usize| (a[i].is_some() && a[i] == a[j]) == (b[i].is_some() && b[i] == b[j]);
    (0..a.len()).all(|i| a[i].is_none() == b[i].is_none() && (0..i).all(|j| pairs(i, j)))
}

proptest! {
    #![proptest_config(strategies::config(128))]

    #[test]
    fn fast_equals_reference_label_by_label((distances, eps, least) in cases()) {
        let expected = dbscan(DBSCAN[0], &distances, eps, least)?;
        for implementation in &DBSCAN[1..] {
            same("D14", &dbscan(*implementation, &distances, eps, least)?, &expected)?;
        }
    }

    #[test]
    fn fast_equals_reference_where_points_are_not_near_themselves(
        count in 1..30_usize, seed: u64, eps in 4..40_i32, least in 1..7_usize,
    ) {
        let distances = generate::distances_with_diagonal(count, 3, 48, &mut generate::rng(seed));
        let eps = f64::from(eps) / 64.0;
        let expected = dbscan(DBSCAN[0], &distances, eps, least)?;
        for implementation in &DBSCAN[1..] {
            same("D14", &dbscan(*implementation, &distances, eps, least)?, &expected)?;
        }
    }

    #[test]
    fn pairs_that_are_not_stored_are_within_an_eps_of_one_and_of_nothing_less(rows in 2..40_usize, seed: u64, eps in 0.3..1.2, least in 1..7_usize) {
        let (sparse, dense) = sparse_and_dense(rows, seed)?;
        for eps in [eps, 1.0] {
            let found = mmt::cluster::dbscan::dbscan(&sparse, eps, least).map_err(Failure::from)?;
            same("D14", &found.labels, &dbscan(DBSCAN[0], &dense, eps, least)?)?;
        }
    }

    #[test]
    fn a_core_point_shares_its_cluster_with_every_core_point_within_eps((distances, eps, least) in cases()) {
        let core = cores(&distances, eps, least);
        for implementation in DBSCAN {
            let labels = dbscan(implementation, &distances, eps, least)?;
            for i in (0..core.len()).filter(|&i| core[i]) {
                prop_assert!(labels[i].is_some(), "core point {i} is noise");
                for j in (0..core.len()).filter(|&j| core[j] && distances[(i, j)] <= eps) {
                    prop_assert_eq!(labels[i], labels[j]);
                }
            }
        }
    }

    #[test]
    fn core_points_of_one_cluster_are_linked_by_core_points((distances, eps, least) in cases()) {
        let core = cores(&distances, eps, least);
        for implementation in DBSCAN {
            let labels = dbscan(implementation, &distances, eps, least)?;
            let linked = components(&distances, eps, &core);
            for i in (0..core.len()).filter(|&i| core[i]) {
                for j in (0..i).filter(|&j| core[j]) {
                    prop_assert_eq!(labels[i] == labels[j], linked[i] == linked[j]);
                }
            }
        }
    }

    #[test]
    fn a_border_point_goes_to_the_first_cluster_that_reaches_it_and_all_else_is_noise((distances, eps, least) in cases()) {
        let core = cores(&distances, eps, least);
        for implementation in DBSCAN {
            let labels = dbscan(implementation, &distances, eps, least)?;
            for i in (0..core.len()).filter(|&i| !core[i]) {
                let reaching = (0..core.len()).filter(|&j| core[j] && distances[(j, i)] <= eps);
                prop_assert_eq!(labels[i], reaching.filter_map(|j| labels[j]).min());
            }
        }
    }

    #[test]
    fn clusters_are_numbered_by_their_lowest_core_point((distances, eps, least) in cases()) {
        let core = cores(&distances, eps, least);
        for implementation in DBSCAN {
            let labels = dbscan(implementation, &distances, eps, least)?;
            let mut next = 0;
            for label in (0..core.len()).filter(|&i| core[i]).filter_map(|i| labels[i]) {
                prop_assert!(label <= next);
                next = next.max(label + 1);
            }
        }
    }

    #[test]
    fn the_order_of_the_points_changes_the_numbering_of_core_points_only((distances, eps, least) in cases(), seed: u64) {
        let order = generate::permutation(distances.rows(), &mut generate::rng(seed));
        let moved = Matrix::from_fn(order.len(), order.len(), |i, j| distances[(order[i], order[j])]);
        let core = cores(&distances, eps, least);
        // A border point between two clusters may go to the other one: it is the order that decides there.
        let only_core = |labels: &Labels| -> Labels {
            order.iter().zip(labels).map(|(&i, &label)| label.filter(|_| core[i])).collect()
        };
        for implementation in DBSCAN {
            let plain = dbscan(implementation, &distances, eps, least)?;
            let plain: Labels = order.iter().map(|&i| plain[i]).collect();
            let moved = dbscan(implementation, &moved, eps, least)?;
            let noise = |labels: &Labels| labels.iter().map(Option::is_none).collect::<Vec<_>>();
            prop_assert_eq!(noise(&moved), noise(&plain));
            prop_assert!(same_partition(&only_core(&moved), &only_core(&plain)));
        }
    }

    #[test]
    fn a_larger_eps_joins_clusters_and_never_makes_noise((distances, eps, least) in cases(), more in 0..20_i32) {
        let core = cores(&distances, eps, least);
        for implementation in DBSCAN {
            let small = dbscan(implementation, &distances, eps, least)?;
            let large = dbscan(implementation, &distances, eps + f64::from(more) / 64.0, least)?;
            for i in 0..small.len() {
                prop_assert!(small[i].is_none() || large[i].is_some());
                for j in (0..i).filter(|&j| core[i] && core[j] && small[i] == small[j]) {
                    prop_assert_eq!(large[i], large[j]);
                }
            }
        }
    }
}

/// The component of each core point among the core points within eps of each other.
fn components(distances: &Matrix, eps: f64, core: &[bool]) -> Vec<usize> {
    let mut component: Vec<usize> = (0..core.len()).collect();
    loop {
        let before = component.clone();
        for i in 0..core.len() {
            for j in (0..core.len()).filter(|&j| core[i] && core[j] && distances[(i, j)] <= eps) {
                component[i] = component[i].min(component[j]);
            }
        }
        if component == before {
            return component;
        }
    }
}

#[test]
fn eps_and_min_samples_are_inclusive() -> Trial {
    let distances = Matrix::new(2, 2, vec![0.0, 0.5, 0.5, 0.0])?;
    for implementation in DBSCAN {
        assert_eq!(dbscan(implementation, &distances, 0.5, 2)?, vec![Some(0), Some(0)]);
        assert_eq!(dbscan(implementation, &distances, 0.499, 2)?, vec![None, None]);
        assert_eq!(dbscan(implementation, &distances, 0.5, 3)?, vec![None, None]);
        assert_eq!(dbscan(implementation, &distances, 0.25, 1)?, vec![Some(0), Some(1)]);
    }
    Ok(())
}

#[test]
fn duplicates_form_a_cluster_of_their_own() -> Trial {
    let distances = Matrix::from_fn(6, 6, |i, j| if i / 3 == j / 3 { 0.0 } else { 1.0 });
    for implementation in DBSCAN {
        let labels = dbscan(implementation, &distances, 0.1, 3)?;
        assert_eq!(labels, [0, 0, 0, 1, 1, 1].map(Some));
    }
    Ok(())
}
