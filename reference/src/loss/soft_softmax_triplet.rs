//! D7: the softmax-triplet loss against a teacher's soft label, L_stri.

use super::{Value, log_softmax, mining, softmax_triplet::against_targets};
use crate::distance::{euclidean, normalize_rows, normalize_rows_backward};
use crate::error::Result;
use crate::matrix::Matrix;

/// Soft softmax-triplet loss (D7): the binary cross-entropy of the student's `T_i` (D6) with the teacher's
/// `T_i = exp e(i, n) / (exp e(i, p) + exp e(i, n))`, where p and n are mined in the *student's* distances d
/// (D4) and e are the teacher's distances at the same rows.
///
/// `student`, `teacher: [B, D]`, one identity a row. The teacher is a constant. Without a negative, n is the
/// row nearest to i (normally i itself), and only the student's distance has the 9,999,999 of D4. Source:
/// paper eq. 8, published `SoftTripletLoss` with margin None.
pub fn soft_softmax_triplet(
    student: &Matrix,
    teacher: &Matrix,
    labels: &[usize],
    normalize: bool,
) -> Result<Value> {
    mining::check_batch(student, labels)?;
    mining::check_teacher(student, teacher)?;
    if normalize {
        let value =
            soft_softmax_triplet(&normalize_rows(student)?, &normalize_rows(teacher)?, labels, false)?;
        return Ok(Value { gradient: normalize_rows_backward(student, &value.gradient)?, ..value });
    }
    let pairs = mining::pairs(&euclidean(student, student)?, labels)?;
    let teacher_distances = euclidean(teacher, teacher)?;
    let mut targets = Vec::new();
    for (i, pair) in pairs.iter().enumerate() {
        let (e_p, e_n) = (teacher_distances[(i, pair.positive)], teacher_distances[(i, pair.negative)]);
        let log = log_softmax(&[e_p, e_n]);
        targets.push((log[0].exp(), log[1].exp()));
    }
    Ok(against_targets(student, &pairs, &targets))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::InvalidInput;
    use crate::loss::tests::{assert_slopes, sample};

    const LABELS: [usize; 6] = [0, 0, 1, 1, 2, 0];

    #[test]
    fn the_gradient_is_the_slope_with_and_without_normalisation() {
        let (student, teacher) = (sample(6, 4, 3), sample(6, 4, 4));
        for normalize in [false, true] {
            let value = soft_softmax_triplet(&student, &teacher, &LABELS, normalize).unwrap();
            let loss = |x: &Matrix| soft_softmax_triplet(x, &teacher, &LABELS, normalize).unwrap().loss;
            assert_slopes(&student, &value.gradient, loss);
        }
    }

    #[test]
    fn the_pairs_are_the_students() {
        // In the student row 1 is the nearest negative of row 0, in the teacher row 2: its distance there is
        // 4, not 1.
        let student = Matrix::new(3, 1, vec![0.0, 1.0, 5.0]).unwrap();
        let teacher = Matrix::new(3, 1, vec![0.0, 4.0, 1.0]).unwrap();
        let value = soft_softmax_triplet(&student, &teacher, &[0, 1, 2], false).unwrap();
        let cost = |d: f64, e: f64| {
            let (d, e) = (log_softmax(&[1e-6, d]), log_softmax(&[1e-6, e]));
            -(e[0].exp() * d[0] + e[1].exp() * d[1])
        };
        let expected = (cost(1.0, 4.0) + cost(1.0, 4.0) + cost(4.0, 3.0)) / 3.0;
        assert!((value.loss - expected).abs() < 1e-14);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let (student, labels) = (sample(2, 2, 1), [0, 1]);
        let other = soft_softmax_triplet(&student, &sample(2, 3, 1), &labels, false);
        assert!(matches!(other, Err(InvalidInput::Shape { what: "teacher", .. })));
        let few = soft_softmax_triplet(&student, &student, &[0], false);
        assert!(matches!(few, Err(InvalidInput::Shape { what: "labels", .. })));
    }
}
