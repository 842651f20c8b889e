//! D18.

use mmt_reference::cluster::jaccard::Neighbourhood;
use mmt_reference::distance::euclidean;
use mmt_reference::eval::re_ranking::{Distances, re_ranking};
use mmt_reference::{Matrix, Result};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::k_reciprocal;
use crate::definition::{Bench, Definition, Golden, Places, no_units, reading, real, value, whole};
use crate::generate;
use crate::tolerance::Width;
use crate::value::{Inputs, Outputs};

pub(super) static DEFINITION: Definition = Definition {
    number: "D18",
    name: "k-reciprocal re-ranking",
    part: None,
    places: Places {
        reference: "eval/re_ranking.rs",
        fast: &["eval/re_ranking.rs"],
        properties: "eval/re_ranking.rs",
        golden: Golden::Functions(&["mmt.utils.rerank.re_ranking"]),
        bench: Bench::Named("eval/re_ranking"),
    },
    inputs: &[
        real("query_gallery", &["Q", "G"], "distances of the gallery from each query"),
        real("query_query", &["Q", "Q"], "distances among the queries"),
        real("gallery_gallery", &["G", "G"], "distances among the gallery"),
        whole("k1", &[], "neighbours that may be reciprocal, the image itself not counted"),
        whole("k2", &[], "rows over which an encoding is averaged, the image itself counted"),
        real("lambda", &[], "share of the original distance, 0 to 1"),
    ],
    outputs: &[value("distances", &["Q", "G"], "D18", "re-ranked distances")],
    reference: |inputs| by(inputs, |distance| distance, 0, inputs.real("lambda")?),
    generate: generated,
    units: no_units,
    open: |inputs, width, _| {
        let distances = all_pairs(inputs).ok()?;
        let largest = distances.values().iter().copied().fold(0.0, f64::max);
        let gap = if width == Width::Double { 1e-9 } else { 1e-5 };
        k_reciprocal::ties(&distances, gap * largest)
    },
    readings: &[
        reading("distances are not squared once more", |inputs| {
            by(inputs, f64::sqrt, 0, inputs.real("lambda")?)
        }),
        reading("k1 counts the image itself", |inputs| {
            by(inputs, |distance| distance, 1, inputs.real("lambda")?)
        }),
        reading("λ and 1 − λ are exchanged", |inputs| {
            by(inputs, |distance| distance, 0, 1.0 - inputs.real("lambda")?)
        }),
        reading("the original distance is left out", |inputs| by(inputs, |distance| distance, 0, 0.0)),
        reading("the encoding is not averaged over k2", |inputs| {
            by(&inputs.clone().with("k2", 1_usize), |distance| distance, 0, inputs.real("lambda")?)
        }),
    ],
};

fn by(inputs: &Inputs, of: fn(f64) -> f64, itself: usize, lambda: f64) -> Result<Outputs> {
    let map = |name| -> Result<Matrix> {
        let x = inputs.matrix(name)?;
        Ok(Matrix::from_fn(x.rows(), x.columns(), |i, j| of(x[(i, j)])))
    };
    let all = [map("query_gallery")?, map("query_query")?, map("gallery_gallery")?];
    let [query_gallery, query_query, gallery_gallery] = &all;
    let distances = Distances { query_gallery, query_query, gallery_gallery };
    let neighbourhood =
        Neighbourhood { k1: inputs.count("k1")?.saturating_sub(itself), k2: inputs.count("k2")? };
    Ok(Outputs::default().with("distances", &re_ranking(distances, neighbourhood, lambda)?))
}

fn generated(rng: &mut ChaCha8Rng) -> Inputs {
    let (queries, gallery) = (rng.random_range(1..5), rng.random_range(1..11));
    let (points, _) = generate::blobs(queries + gallery, 3, 3, 0.4, rng);
    let all = euclidean(&points, &points).unwrap_or_else(|_| Matrix::zeros(1, 1));
    let part = |rows: usize, columns: usize, from: (usize, usize)| {
        Matrix::from_fn(rows, columns, |i, j| match (i + from.0, j + from.1) {
            (i, j) if i == j => 0.0,
            (i, j) => f64::from(all[(i.min(j), i.max(j))] as f32),
        })
    };
    Inputs::default()
        .with("query_gallery", &part(queries, gallery, (0, queries)))
        .with("query_query", &part(queries, queries, (0, 0)))
        .with("gallery_gallery", &part(gallery, gallery, (queries, queries)))
        .with("k1", rng.random_range(1..8_usize))
        .with("k2", rng.random_range(1..=(queries + gallery).min(4)))
        .with("lambda", [0.0, 0.25, 0.75, 1.0][rng.random_range(0..4)])
}

/// Distances among queries and gallery together, each column divided by its largest, as they are ranked.
fn all_pairs(inputs: &Inputs) -> Result<Matrix> {
    let [qg, qq, gg] =
        [inputs.matrix("query_gallery")?, inputs.matrix("query_query")?, inputs.matrix("gallery_gallery")?];
    let queries = qg.rows();
    let count = queries + qg.columns();
    Ok(Matrix::from_fn(count, count, |i, j| match (i < queries, j < queries) {
        (true, true) => qq[(j, i)],
        (true, false) => qg[(i, j - queries)],
        (false, true) => qg[(j, i - queries)],
        (false, false) => gg[(j - queries, i - queries)],
    }))
}
