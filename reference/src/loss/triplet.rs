//! D5: the triplet loss with a margin on batch-hard pairs.

use super::mining;
use crate::distance::{euclidean, normalize_rows, normalize_rows_backward};
use crate::error::{InvalidInput, Result};
use crate::matrix::Matrix;

/// The triplet loss, how often mining found an easy row, and the gradient.
#[derive(Debug, Clone, PartialEq)]
pub struct TripletValue {
    /// `(1/B) Σ_i max(0, d(i, p) − d(i, n) + margin)`.
    pub loss: f64,
    /// Share of rows with `d(i, n) > d(i, p)`, strictly.
    pub precision: f64,
    /// With respect to the features.
    pub gradient: Matrix,
}

/// Triplet loss with a margin (D5) on the pairs of D4 in the distances of D3.
///
/// `features: [B, D]`, one identity a row, `margin` at least 0; with `normalize` the rows are brought to unit
/// length first (D9). A row inside the margin has the slopes 1/B in d(i, p) and −1/B in d(i, n). Source:
/// paper eq. 1, published `TripletLoss`.
pub fn triplet(features: &Matrix, labels: &[usize], margin: f64, normalize: bool) -> Result<TripletValue> {
    mining::check_batch(features, labels)?;
    if !margin.is_finite() || margin < 0.0 {
        return Err(InvalidInput::Parameter { what: "margin", value: margin, allowed: "0 or more" });
    }
    if normalize {
        let value = triplet(&normalize_rows(features)?, labels, margin, false)?;
        return Ok(TripletValue { gradient: normalize_rows_backward(features, &value.gradient)?, ..value });
    }
    let pairs = mining::pairs(&euclidean(features, features)?, labels)?;
    let share = 1.0 / labels.len() as f64;
    let (mut loss, mut precision) = (0.0, 0.0);
    let mut slopes = Vec::new();
    for pair in &pairs {
        let cost = pair.positive_distance - pair.negative_distance + margin;
        loss += cost.max(0.0) * share;
        if pair.negative_distance > pair.positive_distance {
            precision += 1.0;
        }
        slopes.push(if cost > 0.0 { (share, -share) } else { (0.0, 0.0) });
    }
    let gradient = mining::carry_back(features, &pairs, &slopes);
    Ok(TripletValue { loss, precision: precision / labels.len() as f64, gradient })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss::tests::{assert_slopes, sample};

    const LABELS: [usize; 6] = [0, 0, 1, 1, 2, 0];

    #[test]
    fn the_gradient_is_the_slope_with_and_without_normalisation() {
        let features = sample(6, 4, 1);
        for normalize in [false, true] {
            let value = triplet(&features, &LABELS, 0.5, normalize).unwrap();
            assert!(value.loss > 0.0);
            assert_slopes(&features, &value.gradient, |x| triplet(x, &LABELS, 0.5, normalize).unwrap().loss);
        }
    }

    #[test]
    fn four_points_by_hand() {
        let features = Matrix::new(4, 1, vec![0.0, 1.0, 1.5, 4.0]).unwrap();
        let value = triplet(&features, &[0, 0, 1, 1], 0.25, false).unwrap();
        // 1 − 1.5 + .25 < 0; 1 − .5 + .25; 2.5 − .5 + .25; 2.5 − 3 + .25 < 0.
        assert_eq!(value.loss, (0.75 + 2.25) / 4.0);
        assert_eq!(value.precision, 0.5);
        assert_eq!(value.gradient.values(), [-0.25, 0.75, -0.75, 0.25]);
    }

    #[test]
    fn without_a_negative_nothing_is_left_to_push() {
        let value = triplet(&sample(3, 2, 1), &[1, 1, 1], 0.5, false).unwrap();
        assert_eq!((value.loss, value.precision), (0.0, 1.0));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let features = sample(2, 2, 1);
        assert!(matches!(triplet(&features, &[0, 1], -1.0, false), Err(InvalidInput::Parameter { .. })));
        assert!(matches!(triplet(&features, &[0], 0.5, false), Err(InvalidInput::Shape { .. })));
        assert!(matches!(triplet(&Matrix::zeros(0, 2), &[], 0.5, true), Err(InvalidInput::Empty { .. })));
    }
}
