//! Holm's procedure: many claims, and still a chance of at most 5 % that any verdict among them is wrong.

/// Adjusted p-values, in the order of `values`: the smallest of m times m, the next times m − 1, and so on, never less than one before,
/// never more than 1.
pub(crate) fn holm(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|one, two| values[*one].total_cmp(&values[*two]));
    let mut adjusted = vec![1.0; values.len()];
    let mut before = 0.0_f64;
    for (rank, at) in order.into_iter().enumerate() {
        before = before.max((values.len() - rank) as f64 * values[at]).min(1.0);
        adjusted[at] = before;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: &[f64], expected: &[f64]) {
        assert_eq!(found.len(), expected.len());
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{found:?}");
    }

    /// By hand: 4 × 0.005, 3 × 0.01, 2 × 0.03, and 0.04, which stays at 0.06.
    #[test]
    fn values_are_multiplied_by_what_is_left_and_never_fall() {
        near(&holm(&[0.01, 0.04, 0.03, 0.005]), &[0.03, 0.06, 0.06, 0.02]);
        near(&holm(&[0.2]), &[0.2]);
        near(&holm(&[0.6, 0.7]), &[1.0, 1.0]);
        near(&holm(&[]), &[]);
    }
}
