//! D11: k-reciprocal neighbours and their expansion.

use rayon::prelude::*;

use crate::error::{InvalidInput, Result};

/// The k-reciprocal neighbours of every row, in the order of its list: those j among the first k + 1 of i's list in whose own
/// first k + 1 i stands. Lists of fewer entries count whole.
///
/// # Errors
/// No lists, or an entry that is no row.
pub fn k_reciprocal(lists: &[Vec<usize>], k: usize) -> Result<Vec<Vec<usize>>> {
    check(lists)?;
    Ok((0..lists.len()).into_par_iter().map(|i| reciprocal(lists, i, k)).collect())
}

/// The expanded sets, ascending: R*(i, k1) and, of its members c, every R*(c, k1/2) of which strictly more than two thirds lie in
/// the unexpanded R*(i, k1). k1/2 is rounded half to even.
///
/// # Errors
/// As [`k_reciprocal`].
pub fn expanded(lists: &[Vec<usize>], k1: usize) -> Result<Vec<Vec<usize>>> {
    check(lists)?;
    let half = (k1 as f64 / 2.0).round_ties_even() as usize;
    let halves: Vec<Vec<usize>> =
        (0..lists.len()).into_par_iter().map(|i| reciprocal(lists, i, half)).collect();
    let expand = |i: usize| {
        let own = reciprocal(lists, i, k1);
        let mut all = own.clone();
        for &member in &own {
            let theirs = &halves[member];
            let common = theirs.iter().filter(|j| own.contains(j)).count();
            if 3 * common > 2 * theirs.len() {
                all.extend(theirs);
            }
        }
        all.sort_unstable();
        all.dedup();
        all
    };
    Ok((0..lists.len()).into_par_iter().map(expand).collect())
}

fn reciprocal(lists: &[Vec<usize>], i: usize, k: usize) -> Vec<usize> {
    let first = |j: usize| &lists[j][..lists[j].len().min(k + 1)];
    first(i).iter().copied().filter(|j| first(*j).contains(&i)).collect()
}

fn check(lists: &[Vec<usize>]) -> Result<()> {
    if lists.is_empty() {
        return Err(InvalidInput::Empty { what: "the ranking" }.into());
    }
    for (row, list) in lists.iter().enumerate() {
        if let Some(&entry) = list.iter().find(|entry| **entry >= lists.len()) {
            return Err(
                InvalidInput::LabelOutOfRange { row, label: entry as i64, classes: lists.len() }.into()
            );
        }
    }
    Ok(())
}
