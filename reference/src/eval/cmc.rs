//! D17: the cumulative matching characteristic.

use super::ranking::{Entry, Labels, Removed, rankings};
use crate::check;
use crate::error::Result;
use crate::matrix::Matrix;

/// How a query with several matches counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counting {
    /// 1 at its first match (Market-1501 protocol, published `first_match_break=True`).
    First,
    /// Each of its n matches counts 1/n, at its position less the number of matches before it.
    All,
}

/// CMC (D17): entry r − 1 is `1/V Σ_q Σ_(hits of q at a position < r) weight`, for r = 1..=`ranks` over the V queries that have
/// a match; positions count from 0. `distances: [Q, G]`. Never falling; ends at 1 where no hit lies beyond the last rank.
///
/// The published variants are `First` and `All` with [`Removed::SameIdentityAndCamera`] and `First` with
/// [`Removed::SameCamera`]; the published evaluator uses the first one with 100 ranks.
///
/// Source: published `cmc`. Equal distances stand in the order of the gallery; published leaves their order open.
///
/// # Errors
/// No ranks, or as [`rankings`].
pub fn cmc(
    distances: &Matrix,
    query: Labels<'_>,
    gallery: Labels<'_>,
    removed: Removed,
    counting: Counting,
    ranks: usize,
) -> Result<Vec<f64>> {
    check::at_least_one(ranks, "ranks")?;
    let rankings = rankings(distances, query, gallery, removed)?;
    let share = |rank: usize| {
        let within: f64 = rankings
            .iter()
            .flat_map(|ranking| hits(ranking, counting))
            .filter(|&(position, _)| position < rank)
            .map(|(_, weight)| weight)
            .sum();
        within / rankings.len() as f64
    };
    Ok((1..=ranks).map(share).collect())
}

/// Where the hits of a ranking count, and how much.
fn hits(ranking: &[Entry], counting: Counting) -> Vec<(usize, f64)> {
    let positions: Vec<usize> = (0..ranking.len()).filter(|&place| ranking[place].is_match).collect();
    match counting {
        Counting::First => positions.iter().take(1).map(|&position| (position, 1.0)).collect(),
        Counting::All => {
            let weight = 1.0 / positions.len() as f64;
            let places = positions.iter().enumerate();
            places.map(|(earlier, position)| (position - earlier, weight)).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two queries: one with matches at positions 1 and 3, one with its match at position 0.
    fn curve(removed: Removed, counting: Counting) -> Vec<f64> {
        let distances = Matrix::new(2, 4, vec![0.1, 0.2, 0.3, 0.4, 0.4, 0.3, 0.2, 0.1]).unwrap();
        let query = Labels { identities: &[1, 1], cameras: &[0, 1] };
        let gallery = Labels { identities: &[2, 1, 2, 1], cameras: &[2, 2, 1, 3] };
        cmc(&distances, query, gallery, removed, counting, 3).unwrap()
    }

    #[test]
    fn the_first_match_counts() {
        // Positions 1 and 0.
        assert_eq!(curve(Removed::SameIdentityAndCamera, Counting::First), [0.5, 1.0, 1.0]);
    }

    #[test]
    fn all_matches_count_with_those_before_them_taken_out() {
        // Query 1: halves at 1 and 3 − 1 = 2; query 2: halves at 0 and 2 − 1 = 1.
        assert_eq!(curve(Removed::SameIdentityAndCamera, Counting::All), [0.25, 0.75, 1.0]);
    }

    #[test]
    fn without_the_own_camera_query_two_has_one_entry_less_in_front() {
        // Entry 2 (camera 1) is gone for query 2; its second half moves to position 1 − 1 = 0.
        assert_eq!(curve(Removed::SameCamera, Counting::All), [0.5, 0.75, 1.0]);
    }

    #[test]
    fn a_hit_beyond_the_last_rank_is_not_counted() {
        let labels = Labels { identities: &[1], cameras: &[0] };
        let gallery = Labels { identities: &[2, 2, 1], cameras: &[1, 1, 1] };
        let distances = Matrix::from_fn(1, 3, |_, j| j as f64);
        let curve =
            |ranks| cmc(&distances, labels, gallery, Removed::SameIdentityAndCamera, Counting::First, ranks);
        assert_eq!(curve(2), Ok(vec![0.0, 0.0]));
        assert!(curve(0).is_err());
    }
}
