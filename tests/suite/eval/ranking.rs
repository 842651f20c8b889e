//! D16 and D17: mAP and CMC by the Market-1501 protocol.

use mmt::eval::{Labels, average_precision, evaluate, nearest, rank};
use mmt_reference::Matrix;
use mmt_testkit::generate::{self, Split};
use mmt_testkit::tolerance::{Quantity, Width, check};
use mmt_testkit::{Trial, strategies};
use proptest::prelude::*;
use tch::{Device, Kind, Tensor};

use super::adapters::{CmcRule, RANKING, cmc, fast_labels, mean_ap};
use crate::side::Side;

fn same_map(implementation: Side, actual: &Split, expected: f64) -> Trial {
    check("D16", Quantity::Value, Width::Double, 1.0, mean_ap(implementation, actual)?, expected).map(|_| ())
}

fn same_cmc(implementation: Side, actual: &Split, expected: &[f64]) -> Trial {
    let curve = cmc(implementation, actual, CmcRule::First)?;
    check("D17", Quantity::Value, Width::Double, 1.0, curve.as_slice(), expected).map(|_| ())
}

/// One query of identity 1 under camera 0 and a gallery of matches and others under camera 1, in the given order.
fn line(matches: &[bool]) -> Split {
    Split {
        distances: Matrix::from_fn(1, matches.len(), |_, j| j as f64),
        query_identities: vec![1],
        gallery_identities: matches.iter().map(|&is| if is { 1 } else { 2 }).collect(),
        query_cameras: vec![0],
        gallery_cameras: vec![1; matches.len()],
    }
}

/// A split of one query with at least one match, in a random order.
fn single_query() -> impl Strategy<Value = Split> {
    (proptest::collection::vec(any::<bool>(), 1..30), any::<proptest::sample::Index>()).prop_map(
        |(mut matches, index)| {
            let place = index.index(matches.len());
            matches[place] = true;
            line(&matches)
        },
    )
}

/// The gallery in another order.
fn reordered(split: &Split, order: &[usize]) -> Split {
    Split {
        distances: Matrix::from_fn(split.distances.rows(), order.len(), |i, j| {
            split.distances[(i, order[j])]
        }),
        gallery_identities: order.iter().map(|&j| split.gallery_identities[j]).collect(),
        gallery_cameras: order.iter().map(|&j| split.gallery_cameras[j]).collect(),
        ..split.clone()
    }
}

/// The gallery with one more entry, at `distance` from every query.
fn with_entry(split: &Split, identity: i64, camera: i64, distance: f64) -> Split {
    let columns = split.distances.columns();
    let mut larger = split.clone();
    larger.distances = Matrix::from_fn(split.distances.rows(), columns + 1, |i, j| {
        if j < columns { split.distances[(i, j)] } else { distance }
    });
    larger.gallery_identities.push(identity);
    larger.gallery_cameras.push(camera);
    larger
}

mmt_testkit::on_each_device! {
    #![proptest_config(strategies::config(64))]

    #[test]
    fn fast_map_equals_reference(split in strategies::splits(false)) {
        let expected = mean_ap(RANKING[0], &split)?;
        for implementation in &RANKING[1..] {
            same_map(*implementation, &split, expected)?;
        }
    }

    #[test]
    fn fast_map_equals_reference_with_ties(split in strategies::splits(true)) {
        let expected = mean_ap(RANKING[0], &split)?;
        for implementation in &RANKING[1..] {
            same_map(*implementation, &split, expected)?;
        }
    }

    #[test]
    fn the_nearest_entries_hold_the_matches_where_the_ranking_counts_them(split in strategies::splits(true), count in 1..40_usize) {
        let [query, gallery] = fast_labels(&split);
        for row in 0..split.distances.rows() {
            let (distances, labels) = (split.distances.row(row), query.get(row));
            let shown = nearest(distances, labels, gallery, count);
            let found: Vec<usize> =
                (0..shown.len()).filter(|&at| gallery.identities[shown[at]] == labels.0).collect();
            let ranking = rank(distances, labels, gallery, false);
            let mut expected: Vec<usize> =
                ranking.into_iter().flat_map(|ranking| ranking.matches).map(|entry| entry.position).collect();
            expected.retain(|position| *position < shown.len());
            expected.sort_unstable();
            prop_assert_eq!(found, expected);
            prop_assert!(shown.iter().all(|&at| gallery.get(at) != labels));
        }
    }

    #[test]
    fn precisions_stand_under_the_places_of_their_queries(split in strategies::splits(false), identities in proptest::collection::vec(0..6_i64, 1..9)) {
        // All queries see the gallery in its own order; identities that it lacks leave gaps.
        let [_, gallery] = fast_labels(&split);
        let distances: Vec<f64> = (0..gallery.identities.len()).map(|at| at as f64).collect();
        let cameras = vec![-1; identities.len()];
        let query = Labels { identities: &identities, cameras: &cameras };
        let alone = |at| Some((at, average_precision(&rank(&distances, query.get(at), gallery, false)?)));
        let expected: Vec<(usize, f64)> = (0..identities.len()).filter_map(alone).collect();
        let queries = Tensor::zeros([identities.len() as i64, 1], (Kind::Double, Device::Cpu));
        let line = Tensor::from_slice(&distances).view([-1, 1]);
        match evaluate(&queries, &line, query, gallery) {
            Ok(found) => {
                let found: Vec<_> = found.queries.iter().map(|entry| (entry.query, entry.average_precision)).collect();
                prop_assert_eq!(found, expected);
            }
            Err(_) => prop_assert!(expected.is_empty()),
        }
    }

    #[test]
    fn fast_cmc_equals_reference_by_every_rule(split in strategies::splits(false)) {
        for rule in CmcRule::ALL {
            let Ok(expected) = cmc(RANKING[0], &split, rule) else { continue };
            for implementation in &RANKING[1..] {
                let curve = cmc(*implementation, &split, rule)?;
                check("D17", Quantity::Value, Width::Double, 1.0, curve.as_slice(), expected.as_slice())?;
            }
        }
    }

    #[test]
    fn fast_cmc_equals_reference_with_ties_in_index_order(split in strategies::splits(true)) {
        let expected = cmc(RANKING[0], &split, CmcRule::First)?;
        for implementation in &RANKING[1..] {
            same_cmc(*implementation, &split, &expected)?;
        }
    }

    #[test]
    fn a_perfect_ranking_has_ap_one_and_its_mirror_the_closed_form(matches in 1..12_usize, others in 0..20_usize) {
        let perfect: Vec<bool> = (0..matches + others).map(|place| place < matches).collect();
        let mirror: Vec<bool> = perfect.iter().rev().copied().collect();
        let worst = (1..=matches).map(|i| i as f64 / (others + i) as f64).sum::<f64>() / matches as f64;
        for implementation in RANKING {
            same_map(implementation, &line(&perfect), 1.0)?;
            same_map(implementation, &line(&mirror), worst)?;
        }
    }

    #[test]
    fn ap_lies_between_the_mirror_and_the_perfect_ranking(split in single_query()) {
        let matches = split.gallery_identities.iter().filter(|&&identity| identity == 1).count();
        let others = split.gallery_identities.len() - matches;
        let worst = (1..=matches).map(|i| i as f64 / (others + i) as f64).sum::<f64>() / matches as f64;
        for implementation in RANKING {
            let found = mean_ap(implementation, &split)?;
            prop_assert!(found >= worst - 1e-12 && found <= 1.0 + 1e-12, "{found}");
        }
    }

    #[test]
    fn equal_distances_to_all_give_the_share_of_matches(split in single_query()) {
        let tied = Split { distances: Matrix::zeros(1, split.distances.columns()), ..split.clone() };
        let matches = split.gallery_identities.iter().filter(|&&identity| identity == 1).count();
        for implementation in RANKING {
            same_map(implementation, &tied, matches as f64 / split.distances.columns() as f64)?;
        }
    }

    #[test]
    fn junk_changes_nothing(split in single_query(), distance in -1.0..30.0) {
        // The query's identity under the query's own camera.
        let larger = with_entry(&split, 1, 0, distance);
        for implementation in RANKING {
            same_map(implementation, &larger, mean_ap(implementation, &split)?)?;
            same_cmc(implementation, &larger, &cmc(implementation, &split, CmcRule::First)?)?;
        }
    }

    #[test]
    fn a_distractor_in_front_lowers_map_and_top_1(split in single_query()) {
        let larger = with_entry(&split, 0, 1, -1.0);
        for implementation in RANKING {
            prop_assert!(mean_ap(implementation, &larger)? < mean_ap(implementation, &split)?);
            prop_assert_eq!(cmc(implementation, &larger, CmcRule::First)?[0], 0.0);
        }
    }

    #[test]
    fn a_query_without_a_match_is_left_out(split in strategies::splits(false)) {
        let mut larger = split.clone();
        let (rows, columns) = (split.distances.rows(), split.distances.columns());
        larger.distances = Matrix::from_fn(rows + 1, columns, |i, j| if i < rows { split.distances[(i, j)] } else { j as f64 });
        larger.query_identities.push(-7);
        larger.query_cameras.push(0);
        for implementation in RANKING {
            same_map(implementation, &larger, mean_ap(implementation, &split)?)?;
            same_cmc(implementation, &larger, &cmc(implementation, &split, CmcRule::First)?)?;
        }
    }

    #[test]
    fn cmc_never_falls_and_ends_at_one_where_the_gallery_is_short(split in strategies::splits(false)) {
        for implementation in RANKING {
            let curve = cmc(implementation, &split, CmcRule::First)?;
            prop_assert!(curve.is_sorted() && curve.iter().all(|share| (0.0..=1.0 + 1e-12).contains(share)));
            prop_assert!((curve[curve.len() - 1] - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn the_order_of_the_gallery_does_not_matter(split in strategies::splits(false), seed: u64) {
        let other = reordered(&split, &generate::permutation(split.distances.columns(), &mut generate::rng(seed)));
        for implementation in RANKING {
            same_map(implementation, &other, mean_ap(implementation, &split)?)?;
            same_cmc(implementation, &other, &cmc(implementation, &split, CmcRule::First)?)?;
        }
    }

    #[test]
    fn with_ties_map_still_does_not_depend_on_the_order_of_the_gallery(split in strategies::splits(true), seed: u64) {
        let other = reordered(&split, &generate::permutation(split.distances.columns(), &mut generate::rng(seed)));
        for implementation in RANKING {
            same_map(implementation, &other, mean_ap(implementation, &split)?)?;
        }
    }

    #[test]
    fn only_the_order_of_the_distances_counts(split in strategies::splits(false)) {
        let other = Split {
            distances: Matrix::from_fn(split.distances.rows(), split.distances.columns(), |i, j| {
                3.0 * split.distances[(i, j)] + i as f64
            }),
            ..split.clone()
        };
        for implementation in RANKING {
            same_map(implementation, &other, mean_ap(implementation, &split)?)?;
            same_cmc(implementation, &other, &cmc(implementation, &split, CmcRule::First)?)?;
        }
    }

    #[test]
    fn the_names_of_identities_and_cameras_do_not_matter(split in strategies::splits(false)) {
        let renamed = |names: &[i64], factor: i64| names.iter().map(|name| factor * name).collect::<Vec<_>>();
        let other = Split {
            query_identities: renamed(&split.query_identities, 11),
            gallery_identities: renamed(&split.gallery_identities, 11),
            query_cameras: renamed(&split.query_cameras, 3),
            gallery_cameras: renamed(&split.gallery_cameras, 3),
            ..split.clone()
        };
        for implementation in RANKING {
            same_map(implementation, &other, mean_ap(implementation, &split)?)?;
            same_cmc(implementation, &other, &cmc(implementation, &split, CmcRule::First)?)?;
        }
    }
}
