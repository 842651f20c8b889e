//! D15: centroids of the clusters as rows of the classifier.

use mmt_reference::Matrix;
use mmt_testkit::tolerance::{Quantity, Width, check};
use mmt_testkit::{generate, strategies};
use proptest::prelude::*;

use super::adapters::{CENTROIDS, Labels, centroids};

/// Features, a label or none for each, and the number of clusters; no cluster is empty.
fn cases() -> impl Strategy<Value = (Matrix, Labels, usize)> {
    (1..6_usize, 0..30_usize, 1..9_usize, any::<u64>()).prop_map(|(clusters, more, columns, seed)| {
        let mut rng = generate::rng(seed);
        let points = generate::normal(clusters + more, columns, 1.0, &mut rng);
        let label = |i: usize| {
            if i < clusters {
                Some(i)
            } else {
                (i % 5 != 4).then_some((i * 7 + seed as usize % 11) % clusters)
            }
        };
        let labels = (0..points.rows()).map(label).collect();
        (points, labels, clusters)
    })
}

mmt_testkit::on_each_device! {
    #![proptest_config(strategies::config(64))]

    #[test]
    fn fast_f64_equals_reference((features, labels, clusters) in cases()) {
        let expected = centroids(CENTROIDS[0], &features, &labels, clusters)?;
        for implementation in &CENTROIDS[1..] {
            for (found, expected) in centroids(*implementation, &features, &labels, clusters)?.iter().zip(&expected) {
                check("D15", Quantity::Value, Width::Double, 1.0, found, expected)?;
            }
        }
    }

    #[test]
    fn each_is_the_mean_of_its_own_rows_and_the_classifier_has_unit_rows((features, labels, clusters) in cases()) {
        for implementation in CENTROIDS {
            let [means, rows] = centroids(implementation, &features, &labels, clusters)?;
            for cluster in 0..clusters {
                let own: Vec<usize> = (0..labels.len()).filter(|&i| labels[i] == Some(cluster)).collect();
                for j in 0..features.columns() {
                    let mean = own.iter().map(|&i| features[(i, j)]).sum::<f64>() / own.len() as f64;
                    check("D15", Quantity::Value, Width::Double, 1.0, means[(cluster, j)], mean)?;
                }
                let square: f64 = rows.row(cluster).iter().map(|value| value * value).sum();
                check("D15", Quantity::Value, Width::Double, 1.0, square, 1.0)?;
            }
        }
    }

    #[test]
    fn noise_counts_nowhere((features, labels, clusters) in cases()) {
        let moved = Matrix::from_fn(features.rows(), features.columns(), |i, j| {
            if labels[i].is_some() { features[(i, j)] } else { 1e3 }
        });
        for implementation in CENTROIDS {
            let (plain, moved) = (centroids(implementation, &features, &labels, clusters)?, centroids(implementation, &moved, &labels, clusters)?);
            prop_assert_eq!(plain, moved);
        }
    }
}
