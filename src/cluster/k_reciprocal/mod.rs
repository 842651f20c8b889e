//! D11: k-reciprocal neighbours and their expansion, from the first entries of each row's ranking.

mod measure;
mod nearest;
mod on_device;
mod points;
mod search;
mod selection;
mod top_k;

use rayon::prelude::*;

use crate::error::{InvalidInput, Result};
pub use measure::Measure;
pub use nearest::{Nearest, Neighbours};
pub(crate) use points::Points;

/// The k-reciprocal neighbours of every row (D11): `R*(i, k) = {j ∈ R(i, k) : i ∈ R(j, k)}` in the order of `rankings[i]`,
/// where R(i, k) is the first k + 1 of `rankings[i]`, all of it where there are fewer. The image itself normally stands first,
/// so that k does not count it.
///
/// `rankings`: N permutations of `0..N`. Source: published `k_reciprocal_neigh`.
///
/// # Errors
/// No rankings, or rows that are no permutation.
pub fn k_reciprocal(rankings: &[Vec<usize>], k: usize) -> Result<Vec<Vec<usize>>> {
    let nearest = Nearest::from_rankings(rankings)?;
    let widened = |set: Vec<u32>| set.into_iter().map(|j| j as usize).collect();
    Ok(reciprocal_sets(&nearest, k)?.into_iter().map(widened).collect())
}

/// The expanded k1-reciprocal neighbours of every row (D11), ascending: with `R = R*(i, k1)`, R and all `R*(c, h)` of members c
/// of R for which `|R*(c, h) ∩ R| > 2/3 |R*(c, h)|`, where h = k1/2 rounded half to even. R is not expanded in between.
///
/// # Errors
/// Rankings that are cut before k1 + 1 entries.
pub fn expanded(nearest: &Nearest, k1: usize) -> Result<Vec<Vec<u32>>> {
    let own = reciprocal_sets(nearest, k1)?;
    let halves = reciprocal_sets(nearest, (k1 as f64 / 2.0).round_ties_even() as usize)?;
    Ok(own.par_iter().map(|own| expand(own, &halves)).collect())
}

fn expand(own: &[u32], halves: &[Vec<u32>]) -> Vec<u32> {
    let mut sorted = own.to_vec();
    sorted.sort_unstable();
    let mut all = sorted.clone();
    for &candidate in own {
        let theirs = &halves[candidate as usize];
        let common = theirs.iter().filter(|j| sorted.binary_search(j).is_ok()).count();
        if 3 * common > 2 * theirs.len() {
            all.extend(theirs);
        }
    }
    all.sort_unstable();
    all.dedup();
    all
}

fn reciprocal_sets(nearest: &Nearest, k: usize) -> Result<Vec<Vec<u32>>> {
    let entries = k.saturating_add(1).min(nearest.rows());
    if entries > nearest.columns() {
        let (needed, found) = (entries, nearest.columns());
        return Err(InvalidInput::TooFewSamples { what: "neighbours of a row", needed, found }.into());
    }
    let first = |i: usize| &nearest.row(i)[..entries];
    let set = |i: usize| -> Vec<u32> {
        first(i).iter().copied().filter(|&j| first(j as usize).contains(&(i as u32))).collect()
    };
    Ok((0..nearest.rows()).into_par_iter().map(set).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Points at 0, 1, 3, 3.5.
    fn line() -> Vec<Vec<usize>> {
        vec![vec![0, 1, 2, 3], vec![1, 0, 2, 3], vec![2, 3, 1, 0], vec![3, 2, 1, 0]]
    }

    #[test]
    fn neighbours_must_be_mutual() {
        assert_eq!(k_reciprocal(&line(), 1).unwrap(), [vec![0, 1], vec![1, 0], vec![2, 3], vec![3, 2]]);
        let expected = [vec![0, 1], vec![1, 0, 2], vec![2, 3, 1], vec![3, 2]];
        assert_eq!(k_reciprocal(&line(), 2).unwrap(), expected);
        assert!(k_reciprocal(&[vec![0, 2], vec![1, 0]], 1).is_err());
        assert!(k_reciprocal(&[], 1).is_err());
    }

    #[test]
    fn more_than_two_thirds_must_be_shared() {
        let nearest = Nearest::from_rankings(&line()).unwrap();
        assert_eq!(expanded(&nearest, 2).unwrap(), [vec![0, 1], vec![0, 1, 2], vec![1, 2, 3], vec![2, 3]]);
        assert_eq!(expanded(&nearest, 1).unwrap(), [[0, 1], [0, 1], [2, 3], [2, 3]]);
    }
}
