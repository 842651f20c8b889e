//! D18: k-reciprocal re-ranking of the gallery.

use crate::check;
use crate::cluster::jaccard::{Neighbourhood, divided_by_largest_of_row, encodings, jaccard_of_rows};
use crate::error::Result;
use crate::matrix::Matrix;

/// Distances among Q queries and G gallery images.
#[derive(Debug, Clone, Copy)]
pub struct Distances<'a> {
    /// `[Q, G]`
    pub query_gallery: &'a Matrix,
    /// `[Q, Q]`
    pub query_query: &'a Matrix,
    /// `[G, G]`
    pub gallery_gallery: &'a Matrix,
}

/// Re-ranked distances `[Q, G]` (D18). Over queries and gallery together, queries first: `s(i, j) = d(j, i)² / max_r d(r, i)²`;
/// encodings of s as for the clustering (D12, steps 2 to 4); `(1 − λ) (1 − t / (2 − t)) + λ s(i, j)` with
/// `t = Σ_g min(V_ig, V_jg)`, not clamped at 0. Published: k1 = 20, k2 = 6, λ = 0.3. A row of zeros stays undivided.
///
/// Source: published `re_ranking` (Zhong et al., CVPR 2017, equation 12); it squares the distances it is given, even squared
/// ones.
///
/// # Errors
/// Shapes that do not belong together, values that are not finite, k2 = 0, k2 > Q + G, or λ outside `0..=1`.
pub fn re_ranking(distances: Distances<'_>, neighbourhood: Neighbourhood, lambda: f64) -> Result<Matrix> {
    check_distances(distances)?;
    check::between(lambda, (0.0, 1.0), "lambda", "0 to 1")?;
    let all = all_pairs(distances);
    let squares = Matrix::from_fn(all.rows(), all.rows(), |i, j| all[(j, i)] * all[(j, i)]);
    let scaled = divided_by_largest_of_row(&squares);
    let encodings = encodings(&scaled, neighbourhood)?;
    let (queries, gallery) = (distances.query_gallery.rows(), distances.query_gallery.columns());
    Ok(Matrix::from_fn(queries, gallery, |i, j| {
        let jaccard = jaccard_of_rows(encodings.row(i), encodings.row(queries + j));
        (1.0 - lambda) * jaccard + lambda * scaled[(i, queries + j)]
    }))
}

fn check_distances(distances: Distances<'_>) -> Result<()> {
    let Distances { query_gallery, query_query, gallery_gallery } = distances;
    check::filled(query_gallery, "query-gallery distances")?;
    check::filled(query_query, "query-query distances")?;
    check::filled(gallery_gallery, "gallery-gallery distances")?;
    let (queries, gallery) = (query_gallery.rows(), query_gallery.columns());
    check::shape(query_query, queries, queries, "query-query distances")?;
    check::shape(gallery_gallery, gallery, gallery, "gallery-gallery distances")
}

/// `[Q + G, Q + G]`: queries first.
fn all_pairs(distances: Distances<'_>) -> Matrix {
    let (queries, gallery) = (distances.query_gallery.rows(), distances.query_gallery.columns());
    Matrix::from_fn(queries + gallery, queries + gallery, |i, j| match (i < queries, j < queries) {
        (true, true) => distances.query_query[(i, j)],
        (true, false) => distances.query_gallery[(i, j - queries)],
        (false, true) => distances.query_gallery[(j, i - queries)],
        (false, false) => distances.gallery_gallery[(i - queries, j - queries)],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A query at 0 and a gallery at 1, 4.
    fn line() -> [Matrix; 3] {
        let (query, gallery) = ([0.0_f64], [1.0_f64, 4.0]);
        [
            Matrix::from_fn(1, 2, |i, j| (query[i] - gallery[j]).abs()),
            Matrix::zeros(1, 1),
            Matrix::from_fn(2, 2, |i, j| (gallery[i] - gallery[j]).abs()),
        ]
    }

    fn run([query_gallery, query_query, gallery_gallery]: &[Matrix; 3], lambda: f64) -> Result<Matrix> {
        let distances = Distances { query_gallery, query_query, gallery_gallery };
        re_ranking(distances, Neighbourhood { k1: 1, k2: 1 }, lambda)
    }

    #[test]
    fn lambda_one_gives_the_squares_by_the_largest_of_the_row() {
        assert_eq!(run(&line(), 1.0).unwrap().values(), [1.0 / 16.0, 1.0]);
    }

    #[test]
    fn lambda_zero_gives_jaccard_distances() {
        // Scaled rows: (0, 1/16, 1), (1/9, 0, 1), (1, 9/16, 0). Pairs of nearest: {0, 1} each, and {2} alone, since 2's nearest is 1
        // but not the other way round. t = min(a, b') + min(1 − a, 1 − b').
        let (a, b) = (1.0 / (1.0 + (-1.0_f64 / 16.0).exp()), 1.0 / (1.0 + (1.0_f64 / 9.0).exp()));
        let t = a.min(b) + (1.0 - a).min(1.0 - b);
        let found = run(&line(), 0.0).unwrap();
        assert!((found[(0, 0)] - (1.0 - t / (2.0 - t))).abs() < 1e-15);
        assert_eq!(found[(0, 1)], 1.0);
        // In between it is the mixture.
        let mixed = run(&line(), 0.25).unwrap();
        assert!((mixed[(0, 1)] - 1.0).abs() < 1e-15);
        assert!((mixed[(0, 0)] - (0.75 * found[(0, 0)] + 0.25 / 16.0)).abs() < 1e-15);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let [query_gallery, query_query, gallery_gallery] = line();
        let wrong = |matrices: [&Matrix; 3]| run(&matrices.map(Matrix::clone), 0.3).is_err();
        assert!(wrong([&query_gallery, &gallery_gallery, &gallery_gallery]));
        assert!(wrong([&query_gallery, &query_query, &query_query]));
        assert!(wrong([&Matrix::zeros(1, 0), &query_query, &gallery_gallery]));
        assert!(wrong([&Matrix::from_fn(1, 2, |_, _| f64::NAN), &query_query, &gallery_gallery]));
        assert!(run(&line(), -0.1).is_err());
    }
}
