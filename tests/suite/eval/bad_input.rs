//! D16 … D21, D34, D35: input no measure is defined for is a typed error, of the same variant in both implementations.

use mmt::eval as fast;
use mmt_reference::{Matrix, eval as slow};
use mmt_testkit::convert::tensor;
use mmt_testkit::generate::Split;
use mmt_testkit::{Trial, generate, strategies};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use tch::Kind;

use super::adapters::{fast_labels, reference_labels};
use super::teaching::as_reference;
use crate::side::both_refuse;

/// mAP and CMC of both implementations.
fn ranking(expected: &str, split: &Split, ranks: usize) -> Trial {
    let [query, gallery] = reference_labels(split);
    let reference = slow::average_precision::mean_average_precision(&split.distances, query, gallery);
    let [fast_query, fast_gallery] = fast_labels(split);
    let rankings = || fast::rank_all(split.distances.values(), fast_query, fast_gallery, false);
    if ranks > 0 {
        both_refuse(expected, reference, rankings().and_then(|rankings| fast::summarise(&rankings)))?;
    }
    let reference = slow::cmc::cmc(
        &split.distances,
        query,
        gallery,
        slow::ranking::Removed::SameIdentityAndCamera,
        slow::cmc::Counting::First,
        ranks,
    );
    let found = rankings().and_then(|rankings| fast::cmc::curve(&rankings, fast::cmc::Rule::First, ranks));
    both_refuse(expected, reference, found)
}

fn quality(expected: &str, labels: &[Option<usize>], identities: &[usize]) -> Trial {
    let reference = slow::label_quality::label_quality(labels, identities);
    both_refuse(expected, reference, fast::label_quality::label_quality(labels, identities))
}

fn re_ranking(expected: &str, blocks: [&Matrix; 3], k2: usize, lambda: f64) -> Trial {
    let [query_gallery, query_query, gallery_gallery] = blocks;
    let distances = slow::re_ranking::Distances { query_gallery, query_query, gallery_gallery };
    let neighbourhood = mmt_reference::cluster::jaccard::Neighbourhood { k1: 2, k2 };
    let reference = slow::re_ranking::re_ranking(distances, neighbourhood, lambda);
    let blocks = blocks.map(|block| tensor(block, Kind::Double));
    let [query_gallery, query_query, gallery_gallery] = [&blocks[0], &blocks[1], &blocks[2]];
    let distances = fast::re_ranking::Distances { query_gallery, query_query, gallery_gallery };
    let neighbourhood = mmt::cluster::jaccard::Neighbourhood { k1: 2, k2 };
    both_refuse(expected, reference, fast::re_ranking::re_ranking(distances, neighbourhood, lambda))
}

/// Distances among queries and gallery.
fn blocks(queries: usize, gallery: usize, seed: u64) -> [Matrix; 3] {
    let all = generate::distances(queries + gallery, 3, &mut generate::rng(seed));
    [
        Matrix::from_fn(queries, gallery, |i, j| all[(i, queries + j)]),
        Matrix::from_fn(queries, queries, |i, j| all[(i, j)]),
        Matrix::from_fn(gallery, gallery, |i, j| all[(queries + i, queries + j)]),
    ]
}

proptest! {
    #![proptest_config(strategies::config(48))]

    #[test]
    fn a_distance_that_is_no_number_is_refused(mut split in strategies::splits(false), at: Index) {
        let (rows, columns) = (split.distances.rows(), split.distances.columns());
        let at = at.index(rows * columns);
        split.distances = Matrix::from_fn(rows, columns, |i, j| {
            if i * columns + j == at { f64::NAN } else { split.distances[(i, j)] }
        });
        ranking("NotFinite", &split, 5)?;
    }

    #[test]
    fn labels_that_are_not_one_an_image_are_refused(mut split in strategies::splits(false), of_query: bool) {
        if of_query {
            split.query_cameras.push(0);
        } else {
            split.gallery_identities.pop();
        }
        ranking("Shape", &split, 5)?;
    }

    #[test]
    fn without_a_valid_query_or_a_rank_there_is_no_curve(split in strategies::splits(false)) {
        ranking("Parameter", &split, 0)?;
        let mut nobody = split;
        nobody.gallery_identities.iter_mut().for_each(|identity| *identity += 1000);
        ranking("NoValidQuery", &nobody, 5)?;
    }

    #[test]
    fn pseudo_labels_of_nobody_or_of_others_are_refused(identities in prop::collection::vec(0..5_usize, 1..20)) {
        quality("Empty", &vec![None; identities.len()], &identities)?;
        quality("Shape", &vec![Some(0); identities.len() + 1], &identities)?;
    }

    #[test]
    fn distances_of_other_sets_are_refused_by_re_ranking(queries in 1..4_usize, gallery in 2..6_usize, seed: u64) {
        let [between, among, of_gallery] = blocks(queries, gallery, seed);
        let [_, more_queries, more_gallery] = blocks(queries + 1, gallery + 1, seed);
        re_ranking("Shape", [&between, &more_queries, &of_gallery], 1, 0.3)?;
        re_ranking("Shape", [&between, &among, &more_gallery], 1, 0.3)?;
    }

    #[test]
    fn re_ranking_refuses_what_is_not_finite_and_parameters_out_of_range(
        queries in 1..4_usize, gallery in 2..6_usize, seed: u64, which in 0..3_usize, at: Index,
        bad in select(vec![f64::NAN, f64::INFINITY]),
    ) {
        let good = blocks(queries, gallery, seed);
        let mut broken = good.clone();
        let (rows, columns) = (good[which].rows(), good[which].columns());
        let at = at.index(rows * columns);
        broken[which] = Matrix::from_fn(rows, columns, |i, j| if i * columns + j == at { bad } else { good[which][(i, j)] });
        re_ranking("NotFinite", [&broken[0], &broken[1], &broken[2]], 1, 0.3)?;
        let [between, among, of_gallery] = &good;
        re_ranking("Parameter", [between, among, of_gallery], 0, 0.3)?;
        re_ranking("TooFewSamples", [between, among, of_gallery], queries + gallery + 1, 0.3)?;
        for lambda in [-0.1, 1.1, f64::NAN] {
            re_ranking("Parameter", [between, among, of_gallery], 1, lambda)?;
        }
    }
}

/// An anchor of two images, of which `broken` makes another.
fn anchors_refused(
    expected: &str,
    labels: &[Option<usize>],
    broken: impl Fn(&mut fast::teaching::Anchor),
) -> Trial {
    use fast::teaching::Anchor;
    let mut anchor = Anchor { image: 0, positive: 1, negative: 2, student: 0.5, teacher: 0.5, soft_label: 0 };
    broken(&mut anchor);
    let identities = [0, 0, 1];
    both_refuse(
        expected,
        slow::teaching::teaching(&[as_reference(&anchor)], labels, &identities),
        fast::teaching::teaching(&[anchor], labels, &identities),
    )
}

#[test]
fn anchors_of_no_image_or_no_probability_are_refused() -> Trial {
    let labels = [Some(0), Some(0), Some(1)];
    anchors_refused("Shape", &labels[1..], |_| ())?;
    anchors_refused("Parameter", &labels, |anchor| anchor.image = 3)?;
    anchors_refused("Parameter", &labels, |anchor| anchor.negative = 3)?;
    for unlabelled in 0..3 {
        let mut labels = labels;
        labels[unlabelled] = None;
        anchors_refused("Parameter", &labels, |_| ())?;
    }
    for bad in [-0.1, 1.1, f64::NAN] {
        anchors_refused("Parameter", &labels, |anchor| anchor.student = bad)?;
        anchors_refused("Parameter", &labels, |anchor| anchor.teacher = bad)?;
    }
    Ok(())
}

#[test]
fn an_empty_gallery_is_refused() -> Trial {
    let nobody = Split {
        distances: Matrix::zeros(2, 0),
        query_identities: vec![1, 2],
        query_cameras: vec![0, 0],
        gallery_identities: Vec::new(),
        gallery_cameras: Vec::new(),
    };
    ranking("Empty", &nobody, 5)
}
