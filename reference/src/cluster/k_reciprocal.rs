//! D11: k-reciprocal neighbours and their expansion.

use crate::check;
use crate::error::{InvalidInput, Result};
use crate::matrix::Matrix;

/// Row by row the columns of `distances: [N, M]` in ascending order of distance, the smaller index first among equals.
///
/// # Errors
/// No distances, or values that are not finite.
pub fn ranking(distances: &Matrix) -> Result<Vec<Vec<usize>>> {
    check::filled(distances, "distances")?;
    let ranked = |i: usize| {
        let mut order: Vec<usize> = (0..distances.columns()).collect();
        let distance = |j: usize| distances[(i, j)];
        order.sort_by(|&a, &b| distance(a).partial_cmp(&distance(b)).unwrap_or(std::cmp::Ordering::Equal));
        order
    };
    Ok((0..distances.rows()).map(ranked).collect())
}

/// The k-reciprocal neighbours of every row (D11): `R*(i, k) = {j ∈ R(i, k) : i ∈ R(j, k)}` in the order of `ranking[i]`,
/// where R(i, k) is the first k + 1 of `ranking[i]`, all of it where there are fewer. The image itself normally stands first,
/// so that k does not count it.
///
/// `ranking`: N permutations of `0..N`. Source: published `k_reciprocal_neigh` (Zhong et al., CVPR 2017, equation 3).
///
/// # Errors
/// No rankings, or rows that are no permutation.
pub fn k_reciprocal(ranking: &[Vec<usize>], k: usize) -> Result<Vec<Vec<usize>>> {
    check_ranking(ranking)?;
    Ok((0..ranking.len()).map(|i| reciprocal(ranking, i, k)).collect())
}

/// The expanded k-reciprocal neighbours of every row (D11), ascending: with `R = R*(i, k1)`, R and all `R*(c, h)` of members c
/// of R for which `|R*(c, h) ∩ R| > 2/3 |R*(c, h)|`, where h = k1/2 rounded half to even. R is not expanded in between.
///
/// Source: published `compute_jaccard_dist` (Zhong et al., equation 4, with > instead of ≥).
///
/// # Errors
/// As [`k_reciprocal`].
pub fn expanded(ranking: &[Vec<usize>], k1: usize) -> Result<Vec<Vec<usize>>> {
    check_ranking(ranking)?;
    let half = (k1 as f64 / 2.0).round_ties_even() as usize;
    let expand = |i: usize| {
        let own = reciprocal(ranking, i, k1);
        let mut all = own.clone();
        for &candidate in &own {
            let theirs = reciprocal(ranking, candidate, half);
            let common = theirs.iter().filter(|j| own.contains(j)).count();
            if 3 * common > 2 * theirs.len() {
                all.extend(theirs);
            }
        }
        all.sort_unstable();
        all.dedup();
        all
    };
    Ok((0..ranking.len()).map(expand).collect())
}

fn reciprocal(ranking: &[Vec<usize>], i: usize, k: usize) -> Vec<usize> {
    nearest(ranking, i, k).iter().copied().filter(|&j| nearest(ranking, j, k).contains(&i)).collect()
}

/// R(i, k).
fn nearest(ranking: &[Vec<usize>], i: usize, k: usize) -> &[usize] {
    let row = &ranking[i];
    &row[..k.saturating_add(1).min(row.len())]
}

fn check_ranking(ranking: &[Vec<usize>]) -> Result<()> {
    if ranking.is_empty() {
        return Err(InvalidInput::Empty { what: "ranking" });
    }
    let count = ranking.len();
    for (i, row) in ranking.iter().enumerate() {
        let mut sorted = row.clone();
        sorted.sort_unstable();
        if !sorted.iter().copied().eq(0..count) {
            let (expected, found) =
                (format!("permutations of 0..{count}"), format!("another list in row {i}"));
            return Err(InvalidInput::Shape { what: "ranking", expected, found });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Points at 0, 1, 3, 3.5: |differences|.
    fn line() -> Vec<Vec<usize>> {
        let places = [0.0_f64, 1.0, 3.0, 3.5];
        ranking(&Matrix::from_fn(4, 4, |i, j| (places[i] - places[j]).abs())).unwrap()
    }

    #[test]
    fn rankings_ascend_with_equal_distances_by_index() {
        assert_eq!(line(), [[0, 1, 2, 3], [1, 0, 2, 3], [2, 3, 1, 0], [3, 2, 1, 0]]);
        assert_eq!(ranking(&Matrix::zeros(1, 3)).unwrap(), [[0, 1, 2]]);
    }

    #[test]
    fn neighbours_must_be_mutual() {
        assert_eq!(k_reciprocal(&line(), 1).unwrap(), [vec![0, 1], vec![1, 0], vec![2, 3], vec![3, 2]]);
        // R(·, 2): {0 1 2}, {1 0 2}, {2 3 1}, {3 2 1}: 0 wants 2 and 3 wants 1, but not the other way round.
        let expected = [vec![0, 1], vec![1, 0, 2], vec![2, 3, 1], vec![3, 2]];
        assert_eq!(k_reciprocal(&line(), 2).unwrap(), expected);
        assert!(k_reciprocal(&line(), 9).unwrap().iter().all(|set| set.len() == 4));
        assert_eq!(k_reciprocal(&line(), 0).unwrap(), [[0], [1], [2], [3]]);
    }

    #[test]
    fn half_of_k1_is_rounded_to_even_and_more_than_two_thirds_must_be_shared() {
        // k1 = 2, h = 1: the sets {0 1} and {2 3} come into question. Row 1 = {1 0 2}: of 2's {2 3} half is shared.
        assert_eq!(expanded(&line(), 2).unwrap(), [vec![0, 1], vec![0, 1, 2], vec![1, 2, 3], vec![2, 3]]);
        // k1 = 1, h = 0 (0.5 to even): nothing to add.
        assert_eq!(expanded(&line(), 1).unwrap(), [[0, 1], [0, 1], [2, 3], [2, 3]]);
    }

    #[test]
    fn two_thirds_are_not_enough() {
        // k1 = 4 (five entries), h = 2 (three entries). Row 5 has not 0 among its first five, so R*(0, 4) = {0 … 4}.
        let mut rows: Vec<Vec<usize>> =
            (0..5).map(|i| [i].into_iter().chain((0..6).filter(|&j| j != i)).collect()).collect();
        rows.push(vec![5, 1, 2, 3, 4, 0]);
        rows[1] = vec![1, 0, 5, 2, 3, 4];
        // {1, 0, 5} shares exactly two of three.
        assert_eq!(k_reciprocal(&rows, 2).unwrap()[1], [1, 0, 5]);
        assert_eq!(expanded(&rows, 4).unwrap()[0], [0, 1, 2, 3, 4]);
    }

    #[test]
    fn a_candidate_that_shares_more_than_two_thirds_brings_in_its_others() {
        // k1 = 6 (seven entries), h = 3 (four entries). Image 7 does not have 0 among its seven nearest, so it is none of
        // R*(0, 6) = {0 … 6}; but R*(1, 3) = {1, 0, 2, 7} shares three of four.
        let mut rows: Vec<Vec<usize>> = (0..8).map(|i| (0..8).map(|j| (i + j) % 8).collect()).collect();
        rows[0] = vec![0, 1, 2, 3, 4, 5, 6, 7];
        rows[1] = vec![1, 0, 2, 7, 3, 4, 5, 6];
        rows[2] = vec![2, 1, 0, 3, 4, 5, 6, 7];
        rows[7] = vec![7, 1, 2, 3, 4, 5, 6, 0];
        for (i, row) in rows.iter_mut().enumerate().take(7).skip(3) {
            *row = [i].into_iter().chain((0..8).filter(|&j| j != i)).collect();
        }
        assert_eq!(k_reciprocal(&rows, 6).unwrap()[0], [0, 1, 2, 3, 4, 5, 6]);
        assert_eq!(k_reciprocal(&rows, 3).unwrap()[1], [1, 0, 2, 7]);
        assert_eq!(expanded(&rows, 6).unwrap()[0], [0, 1, 2, 3, 4, 5, 6, 7]);
    }

    #[test]
    fn rows_that_are_no_rankings_are_refused() {
        assert!(k_reciprocal(&[], 1).is_err());
        assert!(k_reciprocal(&[vec![0, 2], vec![1, 0]], 1).is_err());
        assert!(expanded(&[vec![0, 1], vec![1, 1]], 1).is_err());
        assert!(expanded(&[vec![0], vec![1, 0]], 1).is_err());
        assert!(ranking(&Matrix::from_fn(1, 1, |_, _| f64::NAN)).is_err());
    }
}
