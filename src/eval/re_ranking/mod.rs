//! D18: k-reciprocal re-ranking of the gallery, on the sparse encodings of the clustering.

mod features;

use rayon::prelude::*;
use tch::{Kind, Tensor};

use crate::cluster::jaccard::{Encodings, Inverted, Neighbourhood, Overlaps, distance_of_overlap, of_pairs};
use crate::cluster::k_reciprocal::Neighbours;
use crate::distance::check_features;
use crate::error::{Error, InvalidInput, Result};
pub use features::{evaluate_re_ranked, evaluate_re_ranked_in_blocks};

/// Customary λ: the share of the original distance.
pub const PUBLISHED_LAMBDA: f64 = 0.3;

/// Distances among Q queries and G gallery images, f32 or f64.
#[derive(Debug, Clone, Copy)]
pub struct Distances<'a> {
    /// `[Q, G]`
    pub query_gallery: &'a Tensor,
    /// `[Q, Q]`
    pub query_query: &'a Tensor,
    /// `[G, G]`
    pub gallery_gallery: &'a Tensor,
}

/// Re-ranked distances `[Q, G]` (D18) in f64 on the CPU. Over queries and gallery together, queries first:
/// `s(i, j) = d(j, i)² / max_r d(r, i)²`; encodings of s as for the clustering (D12, steps 2 to 4);
/// `(1 − λ) (1 − t / (2 − t)) + λ s(i, j)` with `t = Σ_g min(V_ig, V_jg)`, not clamped at 0. Published: k1 = 20, k2 = 6, λ = 0.3.
/// A row of zeros stays undivided.
///
/// The whole matrix `[Q + G, Q + G]` is in memory here; [`evaluate_re_ranked`] does without.
///
/// Source: published `re_ranking`; it squares the distances it is given, even squared ones.
///
/// # Errors
/// Shapes that do not belong together, values that are not finite, k2 = 0, k2 > Q + G, or λ outside `0..=1`.
pub fn re_ranking(distances: Distances<'_>, neighbourhood: Neighbourhood, lambda: f64) -> Result<Tensor> {
    let (queries, gallery) = check_distances(distances)?;
    check_lambda(lambda)?;
    let rows = queries + gallery;
    neighbourhood.check(rows)?;
    let squares = squares(distances)?;
    let neighbours = Neighbours::of_matrix(&squares, rows, neighbourhood.entries(rows));
    let encodings = Encodings::new(&neighbours, neighbourhood, |pairs| Ok(of_pairs(&squares, rows, pairs)))?;
    let blend = Blend::new(&encodings, queries, lambda);
    let row = |overlaps: &mut Overlaps, i: usize| {
        let divisor = neighbours.divisors()[i];
        let scaled: Vec<f64> = squares[i * rows + queries..][..gallery].iter().map(|d| d / divisor).collect();
        blend.row(overlaps, i, scaled)
    };
    let work = (0..queries).into_par_iter().map_init(|| Overlaps::new(gallery), row);
    let values: Vec<f64> = work.collect::<Vec<_>>().concat();
    Ok(Tensor::from_slice(&values).view([queries as i64, gallery as i64]))
}

/// The data that turn a row of scaled distances into one of re-ranked distances.
struct Blend<'a> {
    encodings: &'a Encodings,
    gallery: Inverted,
    lambda: f64,
}

impl<'a> Blend<'a> {
    fn new(encodings: &'a Encodings, queries: usize, lambda: f64) -> Self {
        Self { encodings, gallery: Inverted::new(encodings, queries..encodings.rows()), lambda }
    }

    /// Distances of query `i` from the gallery; `scaled` are its `s(i, j)`.
    fn row(&self, overlaps: &mut Overlaps, i: usize, mut scaled: Vec<f64>) -> Vec<f64> {
        overlaps.fill(&self.gallery, self.encodings.row(i), 0);
        // Without anything in common the Jaccard distance is 1.
        let far = (1.0 - self.lambda) * distance_of_overlap(0.0);
        let mut shared = overlaps.drain().peekable();
        for (j, value) in scaled.iter_mut().enumerate() {
            let common = shared.next_if(|entry| entry.0 as usize == j);
            let jaccard = common.map_or(far, |entry| (1.0 - self.lambda) * distance_of_overlap(entry.1));
            *value = jaccard + self.lambda * *value;
        }
        scaled
    }
}

fn check_lambda(lambda: f64) -> Result<()> {
    if (0.0..=1.0).contains(&lambda) {
        return Ok(());
    }
    Err(InvalidInput::Parameter { what: "lambda", value: lambda, allowed: "0 to 1" }.into())
}

/// Q and G.
fn check_distances(distances: Distances<'_>) -> Result<(usize, usize)> {
    let Distances { query_gallery, query_query, gallery_gallery } = distances;
    check_features(query_gallery, "query-gallery distances")?;
    check_features(query_query, "query-query distances")?;
    check_features(gallery_gallery, "gallery-gallery distances")?;
    let (queries, gallery) = (query_gallery.size()[0], query_gallery.size()[1]);
    check_square(query_query, queries, "query-query distances")?;
    check_square(gallery_gallery, gallery, "gallery-gallery distances")?;
    Ok((queries as usize, gallery as usize))
}

fn check_square(distances: &Tensor, side: i64, what: &'static str) -> Result<()> {
    if distances.size() == [side, side] {
        return Ok(());
    }
    let (expected, found) = (format!("[{side}, {side}]"), format!("{:?}", distances.size()));
    Err(InvalidInput::Shape { what, expected, found }.into())
}

/// `d(j, i)²` at (i, j), row-major, queries first.
fn squares(distances: Distances<'_>) -> Result<Vec<f64>> {
    let Distances { query_gallery, query_query, gallery_gallery } = distances;
    let above = Tensor::cat(&[query_query, query_gallery], 1);
    let below = Tensor::cat(&[&query_gallery.tr(), gallery_gallery], 1);
    let all = Tensor::cat(&[above, below], 0).detach().to_kind(Kind::Double);
    let squares = all.tr().square().contiguous().view(-1);
    Vec::<f64>::try_from(squares).map_err(Error::torch("cannot read distances"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A query at 0 and a gallery at 1, 4.
    fn line(lambda: f64) -> Vec<f64> {
        let query_gallery = Tensor::from_slice(&[1.0, 4.0]).view([1, 2]);
        let query_query = Tensor::from_slice(&[0.0]).view([1, 1]);
        let gallery_gallery = Tensor::from_slice(&[0.0, 3.0, 3.0, 0.0]).view([2, 2]);
        let distances = Distances {
            query_gallery: &query_gallery,
            query_query: &query_query,
            gallery_gallery: &gallery_gallery,
        };
        let found = re_ranking(distances, Neighbourhood { k1: 1, k2: 1 }, lambda).unwrap();
        Vec::try_from(found.view(-1)).unwrap()
    }

    #[test]
    fn by_hand() {
        assert_eq!(line(1.0), [1.0 / 16.0, 1.0]);
        let (a, b) = (1.0 / (1.0 + (-1.0_f64 / 16.0).exp()), 1.0 / (1.0 + (1.0_f64 / 9.0).exp()));
        let t = a.min(b) + (1.0 - a).min(1.0 - b);
        assert!((line(0.0)[0] - (1.0 - t / (2.0 - t))).abs() < 1e-15);
        assert_eq!(line(0.0)[1], 1.0);
        assert!((line(0.25)[0] - (0.75 * line(0.0)[0] + 0.25 / 16.0)).abs() < 1e-15);
    }
}
