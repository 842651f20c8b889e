//! D8: the objective of mutual mean-teaching, its terms as named values, and the hard-only baseline.

use tch::{Kind, Tensor};

use super::cross_entropy::{self, label_smoothed};
use super::mining::Pairs;
use super::soft_cross_entropy;
use super::soft_softmax_triplet::{against_targets, teacher_targets};
use super::softmax_triplet::{against_hard_label, softmax_triplet};
use super::{check_label_shape, check_matrix, check_same_shape};
use crate::error::{InvalidInput, Result};
pub use crate::model::Outputs;

/// Weights of the objective.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weights {
    /// λ_id: share of the soft identity losses.
    pub soft_ce: f64,
    /// λ_tri: share of the soft softmax-triplet losses.
    pub soft_triplet: f64,
    /// ε of the label smoothing.
    pub epsilon: f64,
    /// Logits are cut to this many columns: the clusters of the current epoch.
    pub clusters: usize,
}

/// The eight terms of the objective and their weighted sum; scalars. `ce_1` is L_id(θ1), `soft_ce_1` is
/// L_sid(θ1|θ2): student 1 against the mean network of 2.
#[derive(Debug)]
pub struct Terms {
    /// Hard identity loss of network 1.
    pub ce_1: Tensor,
    /// Hard identity loss of network 2.
    pub ce_2: Tensor,
    /// Hard softmax-triplet loss of network 1.
    pub tri_1: Tensor,
    /// Hard softmax-triplet loss of network 2.
    pub tri_2: Tensor,
    /// Soft identity loss of network 1 against mean network 2.
    pub soft_ce_1: Tensor,
    /// Soft identity loss of network 2 against mean network 1.
    pub soft_ce_2: Tensor,
    /// Soft softmax-triplet loss of network 1 against mean network 2.
    pub soft_tri_1: Tensor,
    /// Soft softmax-triplet loss of network 2 against mean network 1.
    pub soft_tri_2: Tensor,
    /// The weighted sum that is minimised.
    pub total: Tensor,
    /// The lessons of students 1 and 2.
    pub lessons: [Lesson; 2],
}

impl Terms {
    /// Names of the terms, in the order of [`Terms::values`].
    pub const NAMES: [&str; 9] =
        ["ce_1", "ce_2", "tri_1", "tri_2", "soft_ce_1", "soft_ce_2", "soft_tri_1", "soft_tri_2", "total"];

    /// All nine scalars as one detached vector `[9]`: one transfer from the device instead of nine.
    pub fn values(&self) -> Tensor {
        let all = [
            &self.ce_1,
            &self.ce_2,
            &self.tri_1,
            &self.tri_2,
            &self.soft_ce_1,
            &self.soft_ce_2,
            &self.soft_tri_1,
            &self.soft_tri_2,
            &self.total,
        ];
        Tensor::stack(&all, 0).detach()
    }
}

/// The objective of mutual mean-teaching (D8, paper eq. 9):
/// `(1−λ_id)(ce_1+ce_2) + λ_id(soft_ce_1+soft_ce_2) + (1−λ_tri)(tri_1+tri_2) + λ_tri(soft_tri_1+soft_tri_2)`.
///
/// `students` and `mean_networks`: outputs of networks 1 and 2 and of their temporal averages on their own views of
/// the batch; `labels: [B]` i64 in `0..clusters`. Nothing flows into the mean networks.
pub fn mutual_mean_teaching(
    students: [&Outputs; 2],
    mean_networks: [&Outputs; 2],
    labels: &Tensor,
    weights: &Weights,
) -> Result<Terms> {
    let one = mean_teaching(students[0], mean_networks[1], labels, weights)?;
    let two = mean_teaching(students[1], mean_networks[0], labels, weights)?;
    let total = (&one.ce + &two.ce) * (1.0 - weights.soft_ce)
        + (&one.tri + &two.tri) * (1.0 - weights.soft_triplet)
        + (&one.soft_ce + &two.soft_ce) * weights.soft_ce
        + (&one.soft_tri + &two.soft_tri) * weights.soft_triplet;
    Ok(Terms {
        ce_1: one.ce,
        ce_2: two.ce,
        tri_1: one.tri,
        tri_2: two.tri,
        soft_ce_1: one.soft_ce,
        soft_ce_2: two.soft_ce,
        soft_tri_1: one.soft_tri,
        soft_tri_2: two.soft_tri,
        total,
        lessons: [one.lesson, two.lesson],
    })
}

/// The four terms of one student and one teacher, and their weighted sum; scalars.
#[derive(Debug)]
pub struct StudentTerms {
    /// Hard identity loss.
    pub ce: Tensor,
    /// Hard softmax-triplet loss.
    pub tri: Tensor,
    /// Soft identity loss against the teacher.
    pub soft_ce: Tensor,
    /// Soft softmax-triplet loss against the teacher.
    pub soft_tri: Tensor,
    /// `(1−λ_id) ce + λ_id soft_ce + (1−λ_tri) tri + λ_tri soft_tri`.
    pub total: Tensor,
    /// The student's lesson.
    pub lesson: Lesson,
}

/// The lesson of a teacher to a student in a step, to be measured (D35); each `[B]`, detached, where the losses are.
#[derive(Debug)]
pub struct Lesson {
    /// i64: row of the hardest positive (D4).
    pub positive: Tensor,
    /// i64: row of the hardest negative (D4).
    pub negative: Tensor,
    /// The student's probability that the negative is farther than the positive: `T_i` of D6.
    pub student: Tensor,
    /// The teacher's: `T_i` of D7.
    pub teacher: Tensor,
    /// i64: the cluster of the teacher's largest logit.
    pub soft_label: Tensor,
}

impl Lesson {
    /// Of what the losses were made of; it computes next to nothing.
    fn new(pairs: &Pairs, targets: &Tensor, teacher_logits: &Tensor) -> Self {
        let of_negative = |pair: &Tensor| pair.detach().select(1, 1);
        Self {
            positive: pairs.hardest.positive_index.shallow_clone(),
            negative: pairs.hardest.negative_index.shallow_clone(),
            student: of_negative(&pairs.log).exp(),
            teacher: of_negative(targets),
            soft_label: teacher_logits.argmax(1, false),
        }
    }
}

/// One student's part of the objective (D8): `student` against `teacher`, into which nothing flows. With the student's own mean
/// network as its teacher it is the whole objective of the ablation without θ2.
///
/// `labels: [B]` i64 in `0..clusters`.
pub fn mean_teaching(
    student: &Outputs,
    teacher: &Outputs,
    labels: &Tensor,
    weights: &Weights,
) -> Result<StudentTerms> {
    check_weight("soft_ce_weight", weights.soft_ce)?;
    check_weight("soft_tri_weight", weights.soft_triplet)?;
    check_same_shape(&student.features, &teacher.features, "features of the mean network")?;
    let logits = cut(student, weights.clusters)?;
    let teacher_logits = cut(teacher, weights.clusters)?;
    check_same_shape(&logits, &teacher_logits, "logits of the mean network")?;
    check_label_shape(&logits, labels)?;
    cross_entropy::check_epsilon(weights.epsilon)?;
    check_matrix(&student.features, "features")?;
    // Each is computed once for the hard and the soft loss.
    let log_probabilities = logits.log_softmax(1, None::<Kind>);
    let pairs = Pairs::of(&student.features, labels)?;
    let ce = cross_entropy::of_log_probabilities(&log_probabilities, labels, weights.epsilon);
    let tri = against_hard_label(&pairs, 0.0);
    let soft_ce = soft_cross_entropy::of_log_probabilities(&log_probabilities, &teacher_logits);
    let targets = teacher_targets(&pairs.hardest, &teacher.features);
    let soft_tri = against_targets(&pairs, &targets);
    let total = &ce * (1.0 - weights.soft_ce)
        + &tri * (1.0 - weights.soft_triplet)
        + &soft_ce * weights.soft_ce
        + &soft_tri * weights.soft_triplet;
    let lesson = Lesson::new(&pairs, &targets, &teacher_logits);
    Ok(StudentTerms { ce, tri, soft_ce, soft_tri, total, lesson })
}

/// Hard losses of one network: identity loss, softmax-triplet loss and their sum.
#[derive(Debug)]
pub struct HardTerms {
    /// Hard identity loss.
    pub ce: Tensor,
    /// Hard softmax-triplet loss.
    pub tri: Tensor,
    /// Their sum.
    pub total: Tensor,
}

/// Hard losses alone (D8 with λ_id = λ_tri = 0, one network): the clustering baseline, and source pre-training.
pub fn hard_only(outputs: &Outputs, labels: &Tensor, epsilon: f64, clusters: usize) -> Result<HardTerms> {
    let ce = label_smoothed(&cut(outputs, clusters)?, labels, epsilon)?;
    let tri = softmax_triplet(&outputs.features, labels, 0.0, false)?;
    let total = &ce + &tri;
    Ok(HardTerms { ce, tri, total })
}

/// The first `clusters` columns of the logits.
fn cut(outputs: &Outputs, clusters: usize) -> Result<Tensor> {
    check_matrix(&outputs.logits, "logits")?;
    let columns = outputs.logits.size()[1];
    if clusters == 0 || clusters as i64 > columns {
        let (what, value) = ("clusters", clusters as f64);
        return Err(
            InvalidInput::Parameter { what, value, allowed: "between 1 and the logits' columns" }.into()
        );
    }
    Ok(outputs.logits.narrow(1, 0, clusters as i64))
}

fn check_weight(what: &'static str, value: f64) -> Result<()> {
    if (0.0..=1.0).contains(&value) {
        return Ok(());
    }
    Err(InvalidInput::Parameter { what, value, allowed: "in 0..=1" }.into())
}
