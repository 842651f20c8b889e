//! How far two lists of numbers lie apart, place by place.

/// How far two values lie apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// Largest |a - b|.
    pub absolute: f64,
    /// Largest |a - b| as a share of what is allowed at that place: at most 1 where the comparison holds.
    pub share: f64,
    /// Flat index of the place of the largest share.
    pub place: usize,
}

/// How far `actual` lies from `expected`, of the same length, with the error allowed at each place, `allowed(expected)`.
pub fn difference(actual: &[f64], expected: &[f64], allowed: impl Fn(f64) -> f64) -> Difference {
    let mut worst = Difference { absolute: 0.0, share: 0.0, place: 0 };
    for (place, (&a, &b)) in actual.iter().zip(expected).enumerate() {
        let error = if a == b { 0.0 } else { (a - b).abs() };
        let share = share_of(error, allowed(b));
        worst.absolute = if error > worst.absolute || error.is_nan() { error } else { worst.absolute };
        if share > worst.share {
            worst = Difference { share, place, ..worst };
        }
    }
    worst
}

/// `error / allowed`; infinite where nothing is allowed and something is off, or where NaN came up.
fn share_of(error: f64, allowed: f64) -> f64 {
    if error == 0.0 {
        0.0
    } else if error.is_nan() || allowed.is_nan() || allowed <= 0.0 {
        f64::INFINITY
    } else {
        error / allowed
    }
}
