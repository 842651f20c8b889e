//! D13: the eps of DBSCAN.

use super::jaccard::SparseDistances;
use crate::error::{InvalidInput, Result};

/// Name of what is too few where there is no eps.
pub(crate) const NON_ZERO: &str = "non-zero distances";
/// The published ρ.
pub const PUBLISHED_RHO: f64 = 1.6e-3;

/// eps (D13): the mean of the m smallest non-zero values above the diagonal, m = ρ times their number, rounded half to even.
/// Entries that are not stored count as the ones they are. Published takes ρ = 1.6e-3 in the first epoch and keeps eps from
/// then on.
///
/// Values count as zero only where they are exactly 0, as Jaccard distances of equal encodings are (D12).
///
/// Source: published `mmt_train_dbscan.py`.
///
/// # Errors
/// ρ outside `0..=1`, or so few distances that m = 0 (fewer than 313 for ρ = 1.6e-3).
pub fn eps(distances: &SparseDistances, rho: f64) -> Result<f64> {
    if !(0.0..=1.0).contains(&rho) {
        return Err(InvalidInput::Parameter { what: "rho", value: rho, allowed: "0 to 1" }.into());
    }
    let mut found = distances.implicit_ones();
    visit_non_zero(distances, |_| found += 1);
    let count = (rho * found as f64).round_ties_even() as usize;
    if count == 0 {
        // The least number n with ρ n > 1/2.
        let needed = ((0.5 / rho).floor() as usize).saturating_add(1);
        return Err(InvalidInput::TooFewSamples { what: NON_ZERO, needed, found }.into());
    }
    let mut smallest = Smallest::new(count);
    visit_non_zero(distances, |value| smallest.offer(value));
    let values = smallest.sorted();
    let ones = count - values.len();
    Ok((values.iter().sum::<f64>() + ones as f64) / count as f64)
}

fn visit_non_zero(distances: &SparseDistances, mut visit: impl FnMut(f64)) {
    for i in 0..distances.rows() {
        distances.visit(i, |_, value| {
            if value != 0.0 {
                visit(value);
            }
        });
    }
}

/// The smallest of a stream of values, in memory for about twice as many.
struct Smallest {
    count: usize,
    values: Vec<f64>,
    limit: f64,
}

impl Smallest {
    fn new(count: usize) -> Self {
        Self { count, values: Vec::new(), limit: f64::INFINITY }
    }

    fn offer(&mut self, value: f64) {
        if value >= self.limit {
            return;
        }
        self.values.push(value);
        if self.values.len() >= 2 * self.count {
            self.shrink();
        }
    }

    fn shrink(&mut self) {
        if self.values.len() > self.count {
            let (_, last, _) = self.values.select_nth_unstable_by(self.count - 1, f64::total_cmp);
            self.limit = *last;
            self.values.truncate(self.count);
        }
    }

    /// Ascending, so that their sum does not depend on the order of the stream.
    fn sorted(mut self) -> Vec<f64> {
        self.shrink();
        self.values.sort_unstable_by(f64::total_cmp);
        self.values
    }
}

#[cfg(test)]
mod tests {
    use super::super::jaccard::{Neighbourhood, jaccard_of_distances};
    use super::*;

    #[test]
    fn zeros_do_not_count_and_the_number_is_rounded_half_to_even() {
        let upper =
            [[9.0, 4.0, 2.0, 16.0], [4.0, 9.0, 1.0, 0.0], [2.0, 1.0, 9.0, 8.0], [16.0, 0.0, 8.0, 9.0]];
        let distances = SparseDistances::from_dense(upper.as_flattened()).unwrap();
        assert_eq!(eps(&distances, 0.6).unwrap(), 7.0 / 3.0);
        assert_eq!(eps(&distances, 0.5).unwrap(), 1.5);
        assert!(eps(&distances, 0.1).is_err());
        assert!(eps(&distances, 1.5).is_err());
    }

    #[test]
    fn the_share_may_reach_into_the_entries_that_are_not_stored() {
        let line: Vec<f64> =
            (0..16).map(|at| (at as f64 / 4.0).floor() - f64::from(at % 4)).map(f64::abs).collect();
        let distances = jaccard_of_distances(&line, Neighbourhood { k1: 0, k2: 1 }).unwrap();
        assert_eq!((distances.stored(), eps(&distances, 1.0).unwrap()), (0, 1.0));
        let distances = jaccard_of_distances(&line, Neighbourhood { k1: 1, k2: 1 }).unwrap();
        let dense = SparseDistances::from_dense(&distances.to_dense()).unwrap();
        assert!(distances.stored() < 6);
        assert_eq!(eps(&distances, 1.0).unwrap(), eps(&dense, 1.0).unwrap());
    }
}
