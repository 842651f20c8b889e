//! D7: the softmax-triplet loss against a teacher's soft label.

use tch::{Kind, Tensor};

use super::mining::{self, Pairs};
use super::{check_matrix, check_same_shape};
use crate::distance::{euclidean_among, normalize_rows};
use crate::error::Result;

/// Soft softmax-triplet loss (D7): the binary cross-entropy of the student's `T_i` (D6) with the teacher's `T_i`.
///
/// `student`, `teacher`: features `[B, D]`, `labels: [B]` i64. The pairs are mined in the *student's* distances; the
/// teacher's distances are read at the same pairs. No gradient reaches the teacher. Source: paper eq. 8 and the
/// published `SoftTripletLoss`.
pub fn soft_softmax_triplet(
    student: &Tensor,
    teacher: &Tensor,
    labels: &Tensor,
    normalize: bool,
) -> Result<Tensor> {
    check_matrix(student, "student")?;
    check_same_shape(student, teacher, "teacher")?;
    let (student, teacher) = if normalize {
        (normalize_rows(student), normalize_rows(teacher))
    } else {
        (student.shallow_clone(), teacher.shallow_clone())
    };
    let pairs = Pairs::of(&student, labels)?;
    Ok(against_targets(&pairs, &teacher_targets(&pairs.hardest, &teacher)))
}

/// The loss of the student's mined pairs against the softmax `[B, 2]` of the teacher.
pub(super) fn against_targets(Pairs { log, .. }: &Pairs, targets: &Tensor) -> Tensor {
    -(targets * log).sum_dim_intlist(1, false, None::<Kind>).mean(None::<Kind>)
}

/// The softmax `[B, 2]` over the distances of the teacher's features `[B, D]` at the student's pairs. Nothing flows into the teacher.
pub(super) fn teacher_targets(hardest: &mining::Hardest, teacher: &Tensor) -> Tensor {
    let distances = euclidean_among(&teacher.detach());
    let positive = mining::at(&distances, &hardest.positive_index);
    let negative = mining::at(&distances, &hardest.negative_index);
    mining::log_softmax_of_pairs(&positive, &negative).exp()
}
