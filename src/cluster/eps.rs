//! D13: DBSCAN's radius.

use super::jaccard::SparseDistances;
use crate::error::{InvalidInput, Result};

/// Mean of the `m` smallest non-zero distances above the diagonal, m = ρ × their number rounded half to even. Entries that are not
/// stored count as 1.
///
/// # Errors
/// ρ outside (0, 1], or so few distances that m is 0 (published ends in an error there).
pub fn eps(distances: &SparseDistances, rho: f64) -> Result<f64> {
    if !(rho > 0.0 && rho <= 1.0) {
        return Err(InvalidInput::Parameter { what: "rho", value: rho, allowed: "in (0, 1]" }.into());
    }
    let n = distances.len();
    let mut stored = Vec::new();
    let mut zeros = 0;
    for i in 0..n {
        for (_, value) in distances.row(i).filter(|(j, _)| *j > i) {
            if value == 0.0 {
                zeros += 1;
            } else {
                stored.push(value);
            }
        }
    }
    let found = n * n.saturating_sub(1) / 2 - zeros;
    let count = (rho * found as f64).round_ties_even() as usize;
    if count == 0 {
        // The least number n with ρ n > 1/2.
        let needed = ((0.5 / rho).floor() as usize).saturating_add(1);
        return Err(InvalidInput::TooFewSamples { what: "non-zero distances", needed, found }.into());
    }
    let ones = count.saturating_sub(stored.len());
    let taken = count - ones;
    if taken < stored.len() {
        stored.select_nth_unstable_by(taken, f64::total_cmp);
        stored.truncate(taken);
    }
    // In order, so that the sum does not depend on how they were selected.
    stored.sort_unstable_by(f64::total_cmp);
    Ok((stored.iter().sum::<f64>() + ones as f64) / count as f64)
}
