//! D6: the softmax-triplet loss against a hard label, L_tri.

use super::{Value, check_share, log_softmax, mining};
use crate::distance::{euclidean, normalize_rows, normalize_rows_backward};
use crate::error::Result;
use crate::matrix::Matrix;

/// Hard softmax-triplet loss (D6): with `T_i = exp d(i, n) / (exp d(i, p) + exp d(i, n))` on the pairs of D4,
/// `−(1/B) Σ_i (1 − margin) log T_i + margin log(1 − T_i)`: the binary cross-entropy of `T_i` with the label
/// `1 − margin`.
///
/// `features: [B, D]`, one identity a row, `margin` in `0..=1` (published 0). Slopes: `(1 − T_i − margin)/B`
/// in d(i, p) and its negative in d(i, n). Source: paper eq. 6–7, published `SoftTripletLoss` with a number
/// as margin.
pub fn softmax_triplet(features: &Matrix, labels: &[usize], margin: f64, normalize: bool) -> Result<Value> {
    mining::check_batch(features, labels)?;
    check_share("margin", margin)?;
    if normalize {
        let value = softmax_triplet(&normalize_rows(features)?, labels, margin, false)?;
        return Ok(Value { gradient: normalize_rows_backward(features, &value.gradient)?, ..value });
    }
    let pairs = mining::pairs(&euclidean(features, features)?, labels)?;
    let targets: Vec<_> = pairs.iter().map(|_| (margin, 1.0 - margin)).collect();
    Ok(against_targets(features, &pairs, &targets))
}

/// The cross-entropy of the softmax over (d(i, p), d(i, n)) with the targets (of p, of n) of each row, and
/// its gradient: what D6 and D7 share.
pub(super) fn against_targets(features: &Matrix, pairs: &[mining::Pair], targets: &[(f64, f64)]) -> Value {
    let share = 1.0 / pairs.len() as f64;
    let mut loss = 0.0;
    let mut slopes = Vec::new();
    for (pair, &(target_p, target_n)) in pairs.iter().zip(targets) {
        let log = log_softmax(&[pair.positive_distance, pair.negative_distance]);
        loss -= (target_p * log[0] + target_n * log[1]) * share;
        slopes.push(((log[0].exp() - target_p) * share, (log[1].exp() - target_n) * share));
    }
    Value { loss, gradient: mining::carry_back(features, pairs, &slopes) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::InvalidInput;
    use crate::loss::tests::{assert_slopes, sample};

    const LABELS: [usize; 6] = [0, 0, 1, 1, 2, 0];

    #[test]
    fn the_gradient_is_the_slope_for_each_margin_and_normalisation() {
        let features = sample(6, 4, 2);
        for (margin, normalize) in [(0.0, false), (0.3, false), (0.0, true), (0.3, true)] {
            let value = softmax_triplet(&features, &LABELS, margin, normalize).unwrap();
            let loss = |x: &Matrix| softmax_triplet(x, &LABELS, margin, normalize).unwrap().loss;
            assert_slopes(&features, &value.gradient, loss);
        }
    }

    #[test]
    fn two_rows_by_hand() {
        // Each row is its own positive at 1e-6; the negative is 3 away.
        let features = Matrix::new(2, 1, vec![0.0, 3.0]).unwrap();
        let value = softmax_triplet(&features, &[0, 1], 0.0, false).unwrap();
        assert!((value.loss - (1.0 + (1e-6_f64 - 3.0).exp()).ln()).abs() < 1e-15);
    }

    #[test]
    fn without_a_negative_margin_0_costs_nothing_and_another_one_millions() {
        let features = sample(3, 2, 1);
        assert_eq!(softmax_triplet(&features, &[1, 1, 1], 0.0, false).unwrap().loss, 0.0);
        let loss = softmax_triplet(&features, &[1, 1, 1], 0.3, false).unwrap().loss;
        assert!((loss - 0.3 * mining::FAR).abs() < 10.0);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let features = sample(2, 2, 1);
        assert!(matches!(
            softmax_triplet(&features, &[0, 1], 2.0, false),
            Err(InvalidInput::Parameter { .. })
        ));
        assert!(matches!(softmax_triplet(&features, &[0], 0.0, true), Err(InvalidInput::Shape { .. })));
    }
}
