//! D2: cross-entropy with a teacher's distribution, the soft identity loss L_sid.

use super::{Value, check_same_shape, log_softmax};
use crate::distance::check_features;
use crate::error::Result;
use crate::matrix::Matrix;

/// Soft cross-entropy (D2): `−(1/B) Σ_b Σ_c softmax(teacher_b)_c · log softmax(student_b)_c`.
///
/// Both `[B, M]`. The teacher is a constant; the gradient with respect to the student is
/// `(softmax(student_b)_c − softmax(teacher_b)_c) / B`. Source: paper eq. 5, published `SoftEntropy`.
pub fn soft_cross_entropy(student: &Matrix, teacher: &Matrix) -> Result<Value> {
    check_features(student, "student")?;
    check_same_shape(teacher, student, "teacher")?;
    teacher.check_finite("teacher")?;
    let rows = student.rows() as f64;
    let mut value = Value { loss: 0.0, gradient: Matrix::zeros(student.rows(), student.columns()) };
    for b in 0..student.rows() {
        let targets = log_softmax(teacher.row(b));
        for (c, log_probability) in log_softmax(student.row(b)).into_iter().enumerate() {
            let target = targets[c].exp();
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
        let (student, teacher) = (sample(3, 4, 1), sample(3, 4, 2));
        let value = soft_cross_entropy(&student, &teacher).unwrap();
        assert_slopes(&student, &value.gradient, |z| soft_cross_entropy(z, &teacher).unwrap().loss);
    }

    #[test]
    fn two_coins_by_hand() {
        let student = Matrix::new(1, 2, vec![0.0, 0.0]).unwrap();
        let teacher = Matrix::new(1, 2, vec![3.0_f64.ln(), 0.0]).unwrap();
        let value = soft_cross_entropy(&student, &teacher).unwrap();
        assert!((value.loss - 2.0_f64.ln()).abs() < 1e-15);
        assert!((value.gradient[(0, 0)] + 0.25).abs() < 1e-15);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let other = soft_cross_entropy(&sample(2, 3, 1), &sample(2, 4, 1));
        assert!(matches!(other, Err(InvalidInput::Shape { what: "teacher", .. })));
        let nan = soft_cross_entropy(&sample(1, 1, 1), &Matrix::new(1, 1, vec![f64::NAN]).unwrap());
        assert!(matches!(nan, Err(InvalidInput::NotFinite { what: "teacher", .. })));
    }
}
