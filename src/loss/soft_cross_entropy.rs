//! D2: cross-entropy against a teacher's predictions, the soft identity loss.

use tch::{Kind, Tensor};

use super::{check_matrix, check_same_shape};
use crate::error::Result;

/// Soft cross-entropy (D2): `−mean_b Σ_c softmax(teacher_b)_c · log softmax(student_b)_c`.
///
/// `student`, `teacher`: logits `[B, M]`. No gradient reaches the teacher. Returns a scalar. Source: paper eq. 5.
pub fn soft_cross_entropy(student: &Tensor, teacher: &Tensor) -> Result<Tensor> {
    check_matrix(student, "student")?;
    check_same_shape(student, teacher, "teacher")?;
    Ok(of_log_probabilities(&student.log_softmax(1, None::<Kind>), teacher))
}

/// The same from `log softmax(student)`.
pub(super) fn of_log_probabilities(student: &Tensor, teacher: &Tensor) -> Tensor {
    let targets = teacher.detach().softmax(1, None::<Kind>);
    let per_row = (targets * student).sum_dim_intlist(1, false, None::<Kind>);
    -per_row.mean(None::<Kind>)
}
