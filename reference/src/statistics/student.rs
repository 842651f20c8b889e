//! Student's t distribution, by integrating its density.

use crate::error::{InvalidInput, Result};

/// Intervals of Simpson's rule; even.
const STEPS: usize = 20_000;

/// Probability that |T| is at most `t` for Student's t with `degrees` degrees of freedom.
///
/// The density at x is proportional to (1 + x² / ν)^(−(ν + 1) / 2). With x = √ν tan u it is cos^(ν − 1) u on −π/2 to π/2, so the
/// probability is the integral of that from 0 to atan(t / √ν), over the one from 0 to π/2.
///
/// # Errors
/// No degree of freedom, or a `t` that is negative or not a number.
pub fn within(t: f64, degrees: u32) -> Result<f64> {
    if degrees == 0 {
        return Err(InvalidInput::TooFewSamples { what: "degrees of freedom", needed: 1, found: 0 });
    }
    if t.is_nan() || t < 0.0 {
        return Err(InvalidInput::Parameter { what: "t", value: t, allowed: "0 or more" });
    }
    let nu = f64::from(degrees);
    let density = |u: f64| u.cos().powi(degrees as i32 - 1);
    Ok(simpson(density, (t / nu.sqrt()).atan()) / simpson(density, std::f64::consts::FRAC_PI_2))
}

/// The integral of `function` from 0 to `end`.
fn simpson(function: impl Fn(f64) -> f64, end: f64) -> f64 {
    let width = end / STEPS as f64;
    let mut sum = function(0.0) + function(end);
    for step in 1..STEPS {
        let weight = if step % 2 == 1 { 4.0 } else { 2.0 };
        sum += weight * function(step as f64 * width);
    }
    sum * width / 3.0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Printed in every table of Student's t: two-sided 95 %.
    #[test]
    fn the_points_of_printed_tables_are_met() {
        for (degrees, point) in [(1, 12.706), (2, 4.303), (4, 2.776), (9, 2.262), (29, 2.045)] {
            let found = within(point, degrees).unwrap();
            assert!((found - 0.95).abs() < 5e-5, "{degrees}: {found}");
        }
        assert_eq!(within(0.0, 3).unwrap(), 0.0);
        assert!(within(1.0, 0).is_err() && within(-1.0, 2).is_err() && within(f64::NAN, 2).is_err());
    }
}
