//! D13: the eps of DBSCAN.

use crate::check;
use crate::error::{InvalidInput, Result};
use crate::matrix::Matrix;

/// eps (D13): the mean of the m smallest non-zero values above the diagonal of `distances: [N, N]`, m = ρ times their number,
/// rounded half to even. Published takes ρ = 1.6e-3 in the first epoch and keeps eps from then on.
///
/// Values count as zero only where they are exactly 0, as Jaccard distances of equal encodings are (D12).
///
/// Source: published `mmt_train_dbscan.py`.
///
/// # Errors
/// Not square, values that are not finite, ρ outside `0..=1`, or so few distances that m = 0 (fewer than 313 for ρ = 1.6e-3).
pub fn eps(distances: &Matrix, rho: f64) -> Result<f64> {
    check::square(distances, "distances")?;
    check::between(rho, (0.0, 1.0), "rho", "0 to 1")?;
    let mut values = Vec::new();
    for i in 0..distances.rows() {
        values.extend(distances.row(i)[i + 1..].iter().copied().filter(|&distance| distance != 0.0));
    }
    let count = (rho * values.len() as f64).round_ties_even() as usize;
    if count == 0 {
        // The least number n with ρ n > 1/2.
        let needed = (0.5 / rho).floor() as usize;
        let needed = needed.saturating_add(1);
        return Err(InvalidInput::TooFewSamples { what: "non-zero distances", needed, found: values.len() });
    }
    values.sort_by(f64::total_cmp);
    Ok(values[..count].iter().sum::<f64>() / count as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Upper triangle 1, 2, 4, 8, 16, 0; anything below.
    fn distances() -> Matrix {
        let upper = [[9.0, 4.0, 2.0, 16.0], [7.0, 9.0, 1.0, 0.0], [7.0, 7.0, 9.0, 8.0], [7.0; 4]];
        Matrix::from_fn(4, 4, |i, j| upper[i][j])
    }

    #[test]
    fn zeros_the_diagonal_and_the_lower_half_do_not_count() {
        // 0.6 · 5 = 3: (1 + 2 + 4) / 3.
        assert_eq!(eps(&distances(), 0.6), Ok(7.0 / 3.0));
    }

    #[test]
    fn the_number_is_rounded_half_to_even() {
        assert_eq!(eps(&distances(), 0.5), Ok(1.5));
        assert_eq!(eps(&distances(), 0.3), Ok(1.5));
        let expected = InvalidInput::TooFewSamples { what: "non-zero distances", needed: 6, found: 5 };
        assert_eq!(eps(&distances(), 0.1), Err(expected));
    }

    #[test]
    fn the_published_share_needs_313_distances() {
        // 25 images have 300 pairs, 26 have 325.
        let equal = |count| Matrix::from_fn(count, count, |_, _| 0.25);
        let expected = InvalidInput::TooFewSamples { what: "non-zero distances", needed: 313, found: 300 };
        assert_eq!(eps(&equal(25), 1.6e-3), Err(expected));
        assert_eq!(eps(&equal(26), 1.6e-3), Ok(0.25));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert!(eps(&Matrix::zeros(2, 3), 0.5).is_err());
        assert!(eps(&Matrix::zeros(0, 0), 0.5).is_err());
        assert!(eps(&distances(), 0.0).is_err());
        assert!(eps(&distances(), 1.1).is_err());
        assert!(eps(&Matrix::from_fn(2, 2, |_, _| f64::INFINITY), 0.5).is_err());
    }
}
