//! D10, k-means from given centres.

use std::collections::BTreeSet;

use mmt_reference::Matrix;
use mmt_testkit::tolerance::{Quantity, Width, check, same};
use mmt_testkit::{Trial, generate, strategies};
use proptest::prelude::*;

use super::adapters::{KMEANS, Kmeans, kmeans};
use crate::side::Side;

/// Points in blobs, and as many of them as centres as there are blobs (some blobs get none: they must move).
fn cases() -> impl Strategy<Value = (Matrix, Matrix)> {
    (4..60_usize, 1..7_usize, 1..6_usize, any::<u64>()).prop_map(|(rows, columns, clusters, seed)| {
        let mut rng = generate::rng(seed);
        let clusters = clusters.min(rows);
        let (points, _) = generate::blobs(rows, columns, clusters, 0.3, &mut rng);
        let centres = generate::centres_among(&points, clusters, &mut rng);
        (points, centres)
    })
}

fn square(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| (x - y) * (x - y)).sum()
}

fn inertia(points: &Matrix, found: &Kmeans) -> f64 {
    (0..points.rows()).map(|i| square(points.row(i), found.centres.row(found.labels[i]))).sum()
}

mmt_testkit::on_each_device! {
    #![proptest_config(strategies::config(64))]

    #[test]
    fn fast_f64_equals_reference((points, centres) in cases()) {
        let expected = kmeans(KMEANS[0], &points, &centres, 1e-4, 300)?;
        for implementation in &KMEANS[1..] {
            let found = kmeans(*implementation, &points, &centres, 1e-4, 300)?;
            same("D10", &(&found.labels, found.iterations), &(&expected.labels, expected.iterations))?;
            check("D15", Quantity::Value, Width::Double, 1.0, &found.centres, &expected.centres)?;
            check("D15", Quantity::Value, Width::Double, 10.0, found.inertia, expected.inertia)?;
        }
    }

    #[test]
    fn fast_f64_equals_reference_when_clusters_run_empty((points, centres) in cases(), lost in 1..3_usize) {
        // Centres far away from everything are nearest to no point.
        let lost = lost.min(centres.rows());
        let far = Matrix::from_fn(centres.rows(), centres.columns(), |i, j| {
            if i < lost { 50.0 + i as f64 } else { centres[(i, j)] }
        });
        let expected = kmeans(KMEANS[0], &points, &far, 1e-4, 300)?;
        for implementation in &KMEANS[1..] {
            let found = kmeans(*implementation, &points, &far, 1e-4, 300)?;
            same("D10", &found.labels, &expected.labels)?;
            check("D15", Quantity::Value, Width::Double, 50.0, &found.centres, &expected.centres)?;
        }
    }

    #[test]
    fn the_inertia_never_rises((points, centres) in cases()) {
        for implementation in KMEANS {
            let mut last = f64::INFINITY;
            for iterations in 1..6 {
                let found = kmeans(implementation, &points, &centres, 0.0, iterations)?;
                prop_assert!(found.inertia <= last * (1.0 + 1e-9) + 1e-12, "{} after {last}", found.inertia);
                last = found.inertia;
            }
        }
    }

    #[test]
    fn no_point_is_nearer_to_another_centre((points, centres) in cases()) {
        for implementation in KMEANS {
            let found = kmeans(implementation, &points, &centres, 1e-4, 300)?;
            for i in 0..points.rows() {
                let own = square(points.row(i), found.centres.row(found.labels[i]));
                for c in 0..centres.rows() {
                    prop_assert!(own <= square(points.row(i), found.centres.row(c)) + 1e-9);
                }
            }
        }
    }

    #[test]
    fn the_inertia_is_the_sum_of_squared_distances_to_the_own_centre((points, centres) in cases()) {
        for implementation in KMEANS {
            let found = kmeans(implementation, &points, &centres, 1e-4, 300)?;
            check("D15", Quantity::Value, Width::Double, 10.0, found.inertia, inertia(&points, &found))?;
        }
    }

    #[test]
    fn moving_all_points_and_centres_moves_the_answer((points, centres) in cases(), shift in -4..4_i32) {
        let moved = |m: &Matrix| Matrix::from_fn(m.rows(), m.columns(), |i, j| m[(i, j)] + f64::from(shift));
        for implementation in KMEANS {
            let plain = kmeans(implementation, &points, &centres, 1e-4, 300)?;
            let found = kmeans(implementation, &moved(&points), &moved(&centres), 1e-4, 300)?;
            prop_assert_eq!(&found.labels, &plain.labels);
            check("D15", Quantity::Value, Width::Double, 100.0, &found.centres, &moved(&plain.centres))?;
        }
    }

    #[test]
    fn the_order_of_the_centres_is_the_order_of_the_clusters((points, centres) in cases(), seed: u64) {
        let order = generate::permutation(centres.rows(), &mut generate::rng(seed));
        for implementation in KMEANS {
            let plain = kmeans(implementation, &points, &centres, 1e-4, 300)?;
            let found = kmeans(implementation, &points, &generate::permute_rows(&centres, &order), 1e-4, 300)?;
            let renamed: Vec<usize> = found.labels.iter().map(|&label| order[label]).collect();
            // Clusters that run empty together take the farthest points in the order of their names: these change places, and nothing else.
            if renamed != plain.labels {
                prop_assert!(several_run_empty(implementation, &points, &centres, plain.iterations)?);
            }
            prop_assert_eq!(named_as_met(&renamed), named_as_met(&plain.labels));
        }
    }
}

/// Whether there is an iteration in which two clusters at least have no point.
fn several_run_empty(
    implementation: Side,
    points: &Matrix,
    centres: &Matrix,
    iterations: usize,
) -> Trial<bool> {
    let mut before = centres.clone();
    for iteration in 1..=iterations {
        let nearest = |i: usize| {
            let far = |c: &usize| square(points.row(i), before.row(*c));
            (0..before.rows()).min_by(|a, b| far(a).total_cmp(&far(b)))
        };
        let met: BTreeSet<_> = (0..points.rows()).map(nearest).collect();
        if met.len() + 2 <= centres.rows() {
            return Ok(true);
        }
        before = kmeans(implementation, points, centres, 1e-4, iteration)?.centres;
    }
    Ok(false)
}

/// Labels renamed in the order of their first points.
fn named_as_met(labels: &[usize]) -> Vec<usize> {
    let mut met = Vec::new();
    labels
        .iter()
        .map(|label| {
            met.iter().position(|known| known == label).unwrap_or_else(|| {
                met.push(*label);
                met.len() - 1
            })
        })
        .collect()
}

#[test]
fn one_cluster_is_the_mean_and_every_point_its_own_cluster_costs_nothing() -> Trial {
    let points = generate::normal(7, 3, 1.0, &mut generate::rng(3));
    for implementation in KMEANS {
        let found = kmeans(implementation, &points, &generate::permute_rows(&points, &[2]), 1e-4, 300)?;
        let mean = Matrix::from_fn(1, 3, |_, j| (0..7).map(|i| points[(i, j)]).sum::<f64>() / 7.0);
        check("D15", Quantity::Value, Width::Double, 1.0, &found.centres, &mean)?;
        let own = kmeans(implementation, &points, &points, 1e-4, 300)?;
        assert_eq!(own.labels, (0..7).collect::<Vec<_>>());
        assert!(own.inertia < 1e-12);
    }
    Ok(())
}
