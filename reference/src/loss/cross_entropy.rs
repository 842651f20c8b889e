//! D1: cross-entropy with label smoothing, the identity loss L_id.

use super::{Value, check_labels, check_share, log_softmax};
use crate::distance::check_features;
use crate::error::Result;
use crate::matrix::Matrix;

/// Label-smoothed cross-entropy (D1): `−(1/B) Σ_b Σ_c t_bc log softmax(z_b)_c` with
/// `t_bc = (1 − ε)[c = y_b] + ε/M`.
///
/// `logits: [B, M]`, `labels` in `0..M`, `epsilon` in `0..=1` (published 0.1). The gradient with respect to
/// the logits is `(softmax(z_b)_c − t_bc) / B`. Source: paper eq. 2 with the smoothing of published
/// `CrossEntropyLabelSmooth`.
pub fn label_smoothed(logits: &Matrix, labels: &[usize], epsilon: f64) -> Result<Value> {
    check_features(logits, "logits")?;
    check_labels(labels, logits.rows(), logits.columns())?;
    check_share("epsilon", epsilon)?;
    let (rows, classes) = (logits.rows() as f64, logits.columns() as f64);
    let mut value = Value { loss: 0.0, gradient: Matrix::zeros(logits.rows(), logits.columns()) };
    for (b, &label) in labels.iter().enumerate() {
        for (c, log_probability) in log_softmax(logits.row(b)).into_iter().enumerate() {
            let hard = if c == label { 1.0 } else { 0.0 };
            let target = (1.0 - epsilon) * hard + epsilon / classes;
            value.loss -= target * log_probability / rows;
            value.gradient[(b, c)] = (log_probability.exp() - target) / rows;
        }
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::InvalidInput;
    use crate::loss::tests::{assert_slopes, sample};

    #[test]
    fn the_gradient_is_the_slope() {
        let (logits, labels) = (sample(4, 5, 1), [0, 4, 2, 2]);
        let value = label_smoothed(&logits, &labels, 0.1).unwrap();
        assert_slopes(&logits, &value.gradient, |z| label_smoothed(z, &labels, 0.1).unwrap().loss);
    }

    #[test]
    fn without_smoothing_it_is_the_negative_log_probability() {
        let logits = Matrix::new(1, 2, vec![3.0_f64.ln(), 0.0]).unwrap();
        assert!((label_smoothed(&logits, &[0], 0.0).unwrap().loss - (4.0_f64 / 3.0).ln()).abs() < 1e-15);
        // Half of the label is spread over both classes: 3/4 and 1/4.
        let expected = 0.75 * (4.0_f64 / 3.0).ln() + 0.25 * 4.0_f64.ln();
        assert!((label_smoothed(&logits, &[0], 0.5).unwrap().loss - expected).abs() < 1e-15);
    }

    #[test]
    fn huge_logits_do_not_overflow() {
        let logits = Matrix::new(1, 2, vec![1e4, -1e4]).unwrap();
        assert_eq!(label_smoothed(&logits, &[1], 0.0).unwrap().loss, 2e4);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let logits = sample(2, 3, 1);
        let outside = InvalidInput::LabelOutOfRange { row: 1, label: 3, classes: 3 };
        assert_eq!(label_smoothed(&logits, &[0, 3], 0.1), Err(outside));
        assert!(matches!(
            label_smoothed(&logits, &[0], 0.1),
            Err(InvalidInput::Shape { what: "labels", .. })
        ));
        assert!(matches!(label_smoothed(&logits, &[0, 1], 1.5), Err(InvalidInput::Parameter { .. })));
        assert!(matches!(label_smoothed(&Matrix::zeros(0, 3), &[], 0.1), Err(InvalidInput::Empty { .. })));
    }
}
