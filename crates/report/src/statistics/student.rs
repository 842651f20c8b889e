//! Student's t distribution for whole degrees of freedom, by its finite series (Abramowitz and Stegun, 26.7.3 and 26.7.4).

/// Halvings of the bracket of a quantile: more than the digits of an f64.
const HALVINGS: usize = 200;

/// Probability that |T| is at most `t`, for `t` of 0 or more and at least one degree of freedom.
pub(super) fn within(t: f64, degrees: u32) -> f64 {
    let angle = (t / f64::from(degrees).sqrt()).atan();
    let (sine, cosine) = angle.sin_cos();
    let even = degrees.is_multiple_of(2);
    // Terms c^0, c^2, … with factors 1/2, 3/4 … for even degrees; c^1, c^3, … with factors 2/3, 4/5 … for odd ones.
    let (mut term, mut sum) = if even { (1.0, 1.0) } else { (cosine, cosine) };
    let mut power = if even { 2 } else { 3 };
    while power + 2 <= degrees {
        term *= f64::from(power - 1) / f64::from(power) * cosine * cosine;
        sum += term;
        power += 2;
    }
    match (even, degrees) {
        (true, _) => sine * sum,
        (false, 1) => std::f64::consts::FRAC_2_PI * angle,
        (false, _) => std::f64::consts::FRAC_2_PI * (angle + sine * sum),
    }
}

/// The t that |T| stays within with probability `level`, of 0 to 1.
pub(super) fn quantile(level: f64, degrees: u32) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    while within(high, degrees) < level && high < f64::MAX / 2.0 {
        high *= 2.0;
    }
    for _ in 0..HALVINGS {
        let middle = 0.5 * (low + high);
        if within(middle, degrees) < level { low = middle } else { high = middle }
    }
    high
}

#[cfg(test)]
mod tests {
    use mmt_reference::statistics::student::within as reference;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_series_is_the_integral_of_the_density(t in 0.0..50.0_f64, degrees in 1..40_u32) {
            let (found, expected) = (within(t, degrees), reference(t, degrees).unwrap());
            prop_assert!((found - expected).abs() < 1e-10, "{found} is not {expected}");
        }

        #[test]
        fn the_quantile_has_its_probability(level in 0.01..0.9999_f64, degrees in 1..40_u32) {
            let found = reference(quantile(level, degrees), degrees).unwrap();
            prop_assert!((found - level).abs() < 1e-10, "{found} is not {level}");
        }
    }

    /// Printed in every table of Student's t: two-sided 95 %.
    #[test]
    fn the_points_of_printed_tables_are_met() {
        for (degrees, point) in [(1, 12.706), (2, 4.303), (3, 3.182), (4, 2.776), (9, 2.262), (29, 2.045)] {
            assert!((quantile(0.95, degrees) - point).abs() < 5e-4, "{degrees}");
        }
    }
}
