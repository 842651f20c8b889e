//! D16, D17 and D18 in pieces: blocks of queries and tiles of neighbours of any size give the reference's answer.

use mmt::blocks::Blocks;
use mmt::cluster::jaccard::Neighbourhood;
use mmt::eval::re_ranking::evaluate_re_ranked_in_blocks;
use mmt::eval::{Evaluation, Labels, evaluate, evaluate_in_blocks};
use mmt_reference::Matrix;
use mmt_testkit::generate::{self, Split};
use mmt_testkit::tolerance::{Quantity, Width, check};
use mmt_testkit::{Failure, Trial, convert, strategies};
use proptest::prelude::*;
use tch::{Kind, Tensor};

use super::adapters::{CmcRule, Distances, cmc, fast_labels, mean_ap, re_ranking};
use crate::side::{Side, block_sizes};

/// Labels of a split, and features of its queries and its gallery.
fn with_features(split: &Split, all: Matrix) -> (Matrix, [Tensor; 2]) {
    let queries = split.query_identities.len();
    let rows = |range: std::ops::Range<usize>| generate::permute_rows(&all, &range.collect::<Vec<_>>());
    let features = [rows(0..queries), rows(queries..all.rows())].map(|m| convert::tensor(&m, Kind::Double));
    (all, features)
}

/// Holds map and CMC against the reference's on given distances.
fn same_evaluation(found: &Evaluation, split: &Split, distances: Matrix) -> Trial {
    let expected = Split { distances, ..split.clone() };
    check("D16", Quantity::Value, Width::Double, 1.0, found.map, mean_ap(Side::Reference, &expected)?)?;
    let curve = cmc(Side::Reference, &expected, CmcRule::First)?;
    check("D17", Quantity::Value, Width::Double, 1.0, found.cmc.as_slice(), curve.as_slice())?;
    Ok(())
}

proptest! {
    #![proptest_config(strategies::config(24))]

    #[test]
    fn queries_are_ranked_as_by_the_reference_in_blocks_of_any_size(split in strategies::splits(false), seed: u64) {
        let (queries, gallery) = (split.distances.rows(), split.distances.columns());
        // Quarters: squared distances are exact in f32.
        let (all, [query, galleries]) = with_features(&split, generate::dyadic(queries + gallery, 3, 4, &mut generate::rng(seed)));
        let distances = Matrix::from_fn(queries, gallery, |i, j| {
            all.row(i).iter().zip(all.row(queries + j)).map(|(a, b)| (a - b) * (a - b)).sum()
        });
        let [labels, gallery_labels] = fast_labels(&split);
        for size in block_sizes(queries) {
            let found = evaluate_in_blocks(&query, &galleries, labels, gallery_labels, Blocks::of_rows(size))?;
            same_evaluation(&found, &split, distances.clone()).map_err(|failure| failure.at(size))?;
        }
    }

    #[test]
    fn queries_are_re_ranked_as_by_the_reference_in_blocks_of_any_size(split in strategies::splits(false), k1 in 1..6_usize, seed: u64) {
        let (queries, gallery) = (split.distances.rows(), split.distances.columns());
        prop_assume!(gallery >= 4);
        let (points, _) = generate::blobs(queries + gallery, 5, 4, 0.5, &mut generate::rng(seed));
        let (all, [query, galleries]) = with_features(&split, points);
        let distances = Distances::among(&all, queries).squared();
        let (k2, lambda) = (2, 0.3);
        let expected = re_ranking(Side::Reference, &distances, k1, k2, lambda)?;
        let [labels, gallery_labels] = fast_labels(&split);
        for size in block_sizes(queries).into_iter().chain(block_sizes(queries + gallery)) {
            let found = evaluate_re_ranked_in_blocks(
                &query, &galleries, (labels, gallery_labels), Neighbourhood { k1, k2 }, lambda, Blocks::of_rows(size),
            ).map_err(Failure::from)?;
            same_evaluation(&found, &split, expected.clone()).map_err(|failure| failure.at(size))?;
        }
    }
}

/// Four queries whose only match stands at places 1, 3, 7 and 12 of a gallery on a line.
#[test]
fn top_1_5_and_10_are_the_shares_of_queries_with_a_match_that_near() -> Trial {
    let places = [1, 3, 7, 12];
    let gallery: Vec<i64> = (1..=12)
        .map(|place| places.iter().position(|found| *found == place).map_or(0, |at| 10 + at as i64))
        .collect();
    let line = Tensor::from_slice(&(1..=12).map(f64::from).collect::<Vec<_>>()).view([12, 1]);
    let queries = Tensor::zeros([4, 1], (Kind::Double, tch::Device::Cpu));
    let query = Labels { identities: &[10, 11, 12, 13], cameras: &[0; 4] };
    let found = evaluate(&queries, &line, query, Labels { identities: &gallery, cameras: &[1; 12] })?;
    let tops = [1, 2, 3, 5, 6, 7, 10, 11, 12, 100].map(|rank| found.top(rank));
    assert_eq!(tops, [0.25, 0.25, 0.5, 0.5, 0.5, 0.75, 0.75, 0.75, 1.0, 1.0]);
    assert!(found.top(0).is_nan() && found.top(101).is_nan());
    Ok(())
}
