//! D16: average precision.

use super::ranking::Ranking;

/// Area under the step-wise precision–recall curve: Σ (R_n − R_{n−1}) P_n over the distinct distances of the matches, entries at
/// equal distance taken together. So it does not depend on how ties are ordered (scikit-learn's `average_precision_score`).
pub fn average_precision(ranking: &Ranking) -> f64 {
    let matches = &ranking.matches;
    let precisions = (0..matches.len()).map(|at| {
        // Matches at the same distance see the same entries; the last of them has seen all matches among those.
        let seen = matches.partition_point(|other| other.within <= matches[at].within);
        seen as f64 / matches[at].within as f64
    });
    // Divided last: a sum of M numbers up to 1 is rounded to M at most, but M times 1/M may come out above 1.
    precisions.sum::<f64>() / matches.len() as f64
}

#[cfg(test)]
mod tests {
    use super::super::ranking::{Labels, rank};
    use super::*;

    #[test]
    fn by_hand() {
        // Ranked: match, other, match → 1/2 (1/1) + 1/2 (2/3); the entry of the same camera does not count.
        let gallery = Labels { identities: &[1, 2, 1, 1], cameras: &[1, 1, 2, 0] };
        let ranking = rank(&[0.1, 0.2, 0.3, 0.0], (1, 0), gallery, false).unwrap();
        approx::assert_abs_diff_eq!(average_precision(&ranking), 0.5 + 1.0 / 3.0, epsilon = 1e-12);
        // All at one distance: precision 2/3 at recall 1.
        let ranking = rank(&[0.1; 4], (1, 0), gallery, false).unwrap();
        approx::assert_abs_diff_eq!(average_precision(&ranking), 2.0 / 3.0, epsilon = 1e-12);
    }

    #[test]
    fn a_perfect_ranking_has_exactly_one() {
        for matches in 1..100 {
            let (identities, cameras) = (vec![1; matches], vec![1; matches]);
            let gallery = Labels { identities: &identities, cameras: &cameras };
            let distances: Vec<f32> = (0..matches).map(|at| at as f32).collect();
            let ranking = rank(&distances, (1, 0), gallery, false).unwrap();
            assert_eq!(average_precision(&ranking), 1.0, "{matches} matches");
        }
    }
}
