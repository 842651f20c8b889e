//! Accuracy of a classifier.

use crate::check;
use crate::error::{InvalidInput, Result};
use crate::matrix::Matrix;

/// Share of the rows of `logits: [B, M]` whose largest entry, the first among equals, is that of their label.
///
/// Source: published `accuracy` with `topk=(1,)`.
///
/// # Errors
/// No logits, values that are not finite, not one label per row, or labels outside `0..M`.
pub fn top1_share(logits: &Matrix, labels: &[usize]) -> Result<f64> {
    check::filled(logits, "logits")?;
    check::length(labels.len(), logits.rows(), "labels")?;
    let mut right = 0;
    for (row, &label) in labels.iter().enumerate() {
        if label >= logits.columns() {
            let (label, classes) = (label as i64, logits.columns());
            return Err(InvalidInput::LabelOutOfRange { row, label, classes });
        }
        right += usize::from(largest(logits.row(row)) == label);
    }
    Ok(right as f64 / labels.len() as f64)
}

fn largest(row: &[f64]) -> usize {
    let mut best = 0;
    for class in 1..row.len() {
        if row[class] > row[best] {
            best = class;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_of_four_rows_are_right() {
        let logits = Matrix::new(4, 2, vec![1.0, 0.0, -2.0, -1.0, 3.0, 3.0, 0.0, 1.0]).unwrap();
        assert_eq!(top1_share(&logits, &[0, 1, 0, 0]), Ok(0.75));
    }

    #[test]
    fn what_cannot_be_judged_is_refused() {
        assert!(top1_share(&Matrix::zeros(0, 2), &[]).is_err());
        assert!(top1_share(&Matrix::zeros(1, 2), &[]).is_err());
        assert!(top1_share(&Matrix::zeros(1, 2), &[2]).is_err());
        assert!(top1_share(&Matrix::from_fn(1, 2, |_, _| f64::NAN), &[0]).is_err());
    }
}
