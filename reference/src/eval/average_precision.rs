//! D16: average precision and its mean over the queries.

use super::ranking::{Entry, Labels, Removed, rankings};
use crate::error::{InvalidInput, Result};
use crate::matrix::Matrix;

/// Average precision of one ranking (D16): over its distinct distances d in ascending order, with n(d) entries and m(d) matches
/// within d and M matches in all, `AP = Σ_d (m(d) − m(d before)) / M · m(d) / n(d)`: the area under the step-wise
/// precision-recall curve, equal distances merged.
///
/// Source: scikit-learn's `average_precision_score` of the negated distances, as in published `mean_ap`.
///
/// # Errors
/// [`InvalidInput::NoValidQuery`] for a ranking without a match.
pub fn average_precision(ranking: &[Entry]) -> Result<f64> {
    let all = ranking.iter().filter(|entry| entry.is_match).count();
    if all == 0 {
        return Err(InvalidInput::NoValidQuery);
    }
    let mut area = 0.0;
    let mut matches_before = 0;
    for group in ranking.chunk_by(|a, b| a.distance == b.distance) {
        let within = ranking.iter().filter(|entry| entry.distance <= group[0].distance);
        let (entries, matches) =
            within.fold((0, 0), |(n, m), entry| (n + 1, m + usize::from(entry.is_match)));
        let recall = (matches - matches_before) as f64 / all as f64;
        area += recall * matches as f64 / f64::from(entries);
        matches_before = matches;
    }
    Ok(area)
}

/// mAP (D16): the mean of the average precisions of the queries that have a match, by the Market-1501 protocol.
/// `distances: [Q, G]`.
///
/// Source: published `mean_ap`.
///
/// # Errors
/// As [`rankings`].
pub fn mean_average_precision(distances: &Matrix, query: Labels<'_>, gallery: Labels<'_>) -> Result<f64> {
    let rankings = rankings(distances, query, gallery, Removed::SameIdentityAndCamera)?;
    let mut sum = 0.0;
    for ranking in &rankings {
        sum += average_precision(ranking)?;
    }
    Ok(sum / rankings.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(distances: &[f64], matches: &[bool]) -> f64 {
        let entries = distances.iter().zip(matches);
        let ranking: Vec<Entry> =
            entries.map(|(&distance, &is_match)| Entry { distance, is_match }).collect();
        average_precision(&ranking).unwrap()
    }

    #[test]
    fn matches_at_ranks_one_and_three() {
        // (1/1 + 2/3) / 2.
        let found = of(&[0.1, 0.2, 0.3, 0.4], &[true, false, true, false]);
        assert!((found - 5.0 / 6.0).abs() < 1e-15);
    }

    #[test]
    fn equal_distances_are_merged() {
        // Two matches of three entries at the first distance, the third match at rank 5: 2/3 · 2/3 + 1/3 · 3/5.
        let distances = [0.1, 0.1, 0.1, 0.2, 0.3];
        let expected = 4.0 / 9.0 + 1.0 / 5.0;
        for first in [[true, false, true], [false, true, true]] {
            let found = of(&distances, &[first[0], first[1], first[2], false, true]);
            assert!((found - expected).abs() < 1e-15);
        }
    }

    #[test]
    fn the_mean_is_over_valid_queries() {
        let distances = Matrix::new(3, 2, vec![0.1, 0.2, 0.2, 0.1, 0.1, 0.2]).unwrap();
        let query = Labels { identities: &[1, 1, 9], cameras: &[0, 0, 0] };
        let gallery = Labels { identities: &[1, 2], cameras: &[1, 1] };
        assert_eq!(mean_average_precision(&distances, query, gallery), Ok(0.75));
    }

    #[test]
    fn a_ranking_without_a_match_is_refused() {
        let entry = Entry { distance: 0.0, is_match: false };
        assert_eq!(average_precision(&[entry]), Err(InvalidInput::NoValidQuery));
        assert_eq!(average_precision(&[]), Err(InvalidInput::NoValidQuery));
    }
}
