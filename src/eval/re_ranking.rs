//! D18: k-reciprocal re-ranking of queries against the gallery.

use crate::cluster::jaccard::{Neighbourhood, encode_distances};
use crate::error::{InvalidInput, Result};

/// Distances among queries and gallery, each row by row.
#[derive(Debug, Clone, Copy)]
pub struct Distances<'a> {
    /// `[Q, G]`.
    pub query_gallery: &'a [f64],
    /// `[Q, Q]`.
    pub query_query: &'a [f64],
    /// `[G, G]`.
    pub gallery_gallery: &'a [f64],
    /// Q.
    pub queries: usize,
    /// G.
    pub gallery: usize,
}

/// `(1 − λ) J + λ s`, `[Q, G]` row by row: J the Jaccard distance of the encodings of all Q + G images (D12), s their squared
/// distances, each row divided by its largest. λ = 1 keeps the original order. Published squares distances once more, and does not
/// clamp J at 0.
///
/// # Errors
/// Matrices that do not belong together, values that are not finite, λ outside [0, 1], or neighbourhoods that do not fit.
pub fn re_ranking(distances: Distances<'_>, neighbourhood: Neighbourhood, lambda: f64) -> Result<Vec<f64>> {
    if !(0.0..=1.0).contains(&lambda) {
        return Err(InvalidInput::Parameter { what: "lambda", value: lambda, allowed: "0 to 1" }.into());
    }
    let (queries, all) = (distances.queries, distances.queries + distances.gallery);
    let scaled = scaled(distances)?;
    let encoding = encode_distances(&scaled, all, neighbourhood)?;
    let pairs = (0..queries).flat_map(|i| (queries..all).map(move |j| (i, j)));
    Ok(pairs.map(|(i, j)| (1.0 - lambda) * encoding.distance(i, j) + lambda * scaled[i * all + j]).collect())
}

/// Squares of all distances, `[Q + G, Q + G]`, transposed as published, each row divided by its largest.
fn scaled(distances: Distances<'_>) -> Result<Vec<f64>> {
    let Distances { query_gallery, query_query, gallery_gallery, queries, gallery } = distances;
    check("query_gallery", query_gallery, queries, gallery)?;
    check("query_query", query_query, queries, queries)?;
    check("gallery_gallery", gallery_gallery, gallery, gallery)?;
    let all = queries + gallery;
    let at = |i: usize, j: usize| match (i < queries, j < queries) {
        (true, true) => query_query[i * queries + j],
        (true, false) => query_gallery[i * gallery + j - queries],
        (false, true) => query_gallery[j * gallery + i - queries],
        (false, false) => gallery_gallery[(i - queries) * gallery + j - queries],
    };
    let mut scaled = Vec::with_capacity(all * all);
    for i in 0..all {
        let row: Vec<f64> = (0..all).map(|j| at(j, i).powi(2)).collect();
        let largest = row.iter().copied().fold(0.0, f64::max);
        let divisor = if largest > 0.0 { largest } else { 1.0 };
        scaled.extend(row.into_iter().map(|value| value / divisor));
    }
    Ok(scaled)
}

fn check(what: &'static str, values: &[f64], rows: usize, columns: usize) -> Result<()> {
    if values.is_empty() {
        return Err(InvalidInput::Empty { what }.into());
    }
    if values.len() != rows * columns {
        let (expected, found) = (format!("{rows} x {columns}"), format!("{} values", values.len()));
        return Err(InvalidInput::Shape { what, expected, found }.into());
    }
    Ok(())
}
