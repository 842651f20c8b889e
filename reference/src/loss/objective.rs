//! D8: the objective of mutual mean-teaching, its terms as named values, and the hard-only baseline.

use super::cross_entropy::label_smoothed;
use super::mining::{self, Pair};
use super::soft_cross_entropy::soft_cross_entropy;
use super::soft_softmax_triplet::soft_softmax_triplet;
use super::softmax_triplet::softmax_triplet;
use super::{check_same_shape, check_share};
use crate::distance::euclidean;
use crate::error::{InvalidInput, Result};
use crate::matrix::Matrix;

/// The outputs of a network in training mode (D31), or the gradient with respect to them.
#[derive(Debug, Clone, PartialEq)]
pub struct Outputs {
    /// `[B, D]`: pooled features before the neck.
    pub features: Matrix,
    /// `[B, M]`: logits of the classifier.
    pub logits: Matrix,
}

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

/// The eight terms of the objective, their weighted sum and its gradient. `ce_1` is L_id(θ1), `soft_ce_1` is
/// L_sid(θ1|θ2): student 1 against the mean network of 2.
#[derive(Debug, Clone, PartialEq)]
pub struct Terms {
    /// Hard identity loss of network 1 (D1).
    pub ce_1: f64,
    /// Hard identity loss of network 2 (D1).
    pub ce_2: f64,
    /// Hard softmax-triplet loss of network 1 (D6).
    pub tri_1: f64,
    /// Hard softmax-triplet loss of network 2 (D6).
    pub tri_2: f64,
    /// Soft identity loss of network 1 against mean network 2 (D2).
    pub soft_ce_1: f64,
    /// Soft identity loss of network 2 against mean network 1 (D2).
    pub soft_ce_2: f64,
    /// Soft softmax-triplet loss of network 1 against mean network 2 (D7).
    pub soft_tri_1: f64,
    /// Soft softmax-triplet loss of network 2 against mean network 1 (D7).
    pub soft_tri_2: f64,
    /// The weighted sum that is minimised.
    pub total: f64,
    /// Gradient of the total with respect to the outputs of networks 1 and 2; zero in the unused columns of
    /// the logits.
    pub gradients: [Outputs; 2],
    /// The lessons of students 1 and 2, one for each row of the batch.
    pub lessons: [Vec<Lesson>; 2],
}

impl Terms {
    /// Names of the terms, in the order of [`Terms::values`].
    pub const NAMES: [&str; 9] =
        ["ce_1", "ce_2", "tri_1", "tri_2", "soft_ce_1", "soft_ce_2", "soft_tri_1", "soft_tri_2", "total"];

    /// The eight terms and the total.
    pub fn values(&self) -> [f64; 9] {
        [
            self.ce_1,
            self.ce_2,
            self.tri_1,
            self.tri_2,
            self.soft_ce_1,
            self.soft_ce_2,
            self.soft_tri_1,
            self.soft_tri_2,
            self.total,
        ]
    }
}

/// The objective of mutual mean-teaching (D8, paper eq. 9):
/// `(1−λ_id)(ce_1+ce_2) + λ_id(soft_ce_1+soft_ce_2) + (1−λ_tri)(tri_1+tri_2) + λ_tri(soft_tri_1+soft_tri_2)`.
///
/// `students` and `mean_networks`: outputs of networks 1 and 2 and of their temporal averages on their own
/// views of the batch; `labels` in `0..clusters`. The mean networks are constants. Source: published
/// `MMTTrainer`.
pub fn mutual_mean_teaching(
    students: [&Outputs; 2],
    mean_networks: [&Outputs; 2],
    labels: &[usize],
    weights: &Weights,
) -> Result<Terms> {
    let one = mean_teaching(students[0], mean_networks[1], labels, weights)?;
    let two = mean_teaching(students[1], mean_networks[0], labels, weights)?;
    let total = (one.ce + two.ce) * (1.0 - weights.soft_ce)
        + (one.tri + two.tri) * (1.0 - weights.soft_triplet)
        + (one.soft_ce + two.soft_ce) * weights.soft_ce
        + (one.soft_tri + two.soft_tri) * weights.soft_triplet;
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
        gradients: [one.gradient, two.gradient],
        lessons: [one.lessons, two.lessons],
    })
}

/// The four terms of one student and one teacher, their weighted sum and its gradient.
#[derive(Debug, Clone, PartialEq)]
pub struct StudentTerms {
    /// Hard identity loss (D1).
    pub ce: f64,
    /// Hard softmax-triplet loss (D6).
    pub tri: f64,
    /// Soft identity loss against the teacher (D2).
    pub soft_ce: f64,
    /// Soft softmax-triplet loss against the teacher (D7).
    pub soft_tri: f64,
    /// `(1−λ_id) ce + λ_id soft_ce + (1−λ_tri) tri + λ_tri soft_tri`.
    pub total: f64,
    /// Gradient of the total with respect to the student's outputs; zero in the unused columns of the logits.
    pub gradient: Outputs,
    /// The student's lessons, one for each row of the batch.
    pub lessons: Vec<Lesson>,
}

/// The values that a student and its teacher give a row of the batch, to be measured (D35).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lesson {
    /// Row of the hardest positive (D4).
    pub positive: usize,
    /// Row of the hardest negative (D4).
    pub negative: usize,
    /// Probability by the student that the negative is farther than the positive (`T_i` of D6).
    pub student: f64,
    /// By the teacher (`T_i` of D7).
    pub teacher: f64,
    /// First cluster of the teacher's largest logit.
    pub soft_label: usize,
}

/// One student's part of the objective (D8): `student` against `teacher`, a constant. With the student's own mean
/// network as its teacher it is the whole objective of the ablation without θ2.
pub fn mean_teaching(
    student: &Outputs,
    teacher: &Outputs,
    labels: &[usize],
    weights: &Weights,
) -> Result<StudentTerms> {
    check_share("soft_ce_weight", weights.soft_ce)?;
    check_share("soft_tri_weight", weights.soft_triplet)?;
    check_same_shape(&teacher.features, &student.features, "features of the mean network")?;
    let logits = cut(&student.logits, weights.clusters)?;
    let ce = label_smoothed(&logits, labels, weights.epsilon)?;
    let soft_ce = soft_cross_entropy(&logits, &cut(&teacher.logits, weights.clusters)?)?;
    let tri = softmax_triplet(&student.features, labels, 0.0, false)?;
    let soft_tri = soft_softmax_triplet(&student.features, &teacher.features, labels, false)?;
    let (w, v) = (weights.soft_ce, weights.soft_triplet);
    let logits_gradient = weighted_sum((1.0 - w, &ce.gradient), (w, &soft_ce.gradient));
    let gradient = Outputs {
        features: weighted_sum((1.0 - v, &tri.gradient), (v, &soft_tri.gradient)),
        logits: widened(&logits_gradient, student.logits.columns()),
    };
    let (ce, tri, soft_ce, soft_tri) = (ce.loss, tri.loss, soft_ce.loss, soft_tri.loss);
    let total = (1.0 - w) * ce + w * soft_ce + (1.0 - v) * tri + v * soft_tri;
    let lessons = lessons(student, teacher, labels, weights.clusters)?;
    Ok(StudentTerms { ce, tri, soft_ce, soft_tri, total, gradient, lessons })
}

/// One for each row.
fn lessons(student: &Outputs, teacher: &Outputs, labels: &[usize], clusters: usize) -> Result<Vec<Lesson>> {
    let pairs = mining::pairs(&euclidean(&student.features, &student.features)?, labels)?;
    let of_teacher = euclidean(&teacher.features, &teacher.features)?;
    let farther = |positive: f64, negative: f64| 1.0 / (1.0 + (positive - negative).exp());
    let lesson = |(i, pair): (usize, &Pair)| Lesson {
        positive: pair.positive,
        negative: pair.negative,
        student: farther(pair.positive_distance, pair.negative_distance),
        teacher: farther(of_teacher[(i, pair.positive)], of_teacher[(i, pair.negative)]),
        soft_label: first_largest(&teacher.logits.row(i)[..clusters]),
    };
    Ok(pairs.iter().enumerate().map(lesson).collect())
}

fn first_largest(logits: &[f64]) -> usize {
    let mut largest = 0;
    for (c, &logit) in logits.iter().enumerate() {
        if logit > logits[largest] {
            largest = c;
        }
    }
    largest
}

/// Hard losses of one network: identity loss, softmax-triplet loss, their sum and its gradient.
#[derive(Debug, Clone, PartialEq)]
pub struct HardTerms {
    /// Hard identity loss (D1).
    pub ce: f64,
    /// Hard softmax-triplet loss (D6).
    pub tri: f64,
    /// Their sum.
    pub total: f64,
    /// Gradient of the sum with respect to the outputs.
    pub gradient: Outputs,
}

/// Hard losses alone (D8 with λ_id = λ_tri = 0, one network): the clustering baseline, and source
/// pre-training.
///
/// Source: published `ClusterBaseTrainer` and `PreTrainer`.
pub fn hard_only(outputs: &Outputs, labels: &[usize], epsilon: f64, clusters: usize) -> Result<HardTerms> {
    let ce = label_smoothed(&cut(&outputs.logits, clusters)?, labels, epsilon)?;
    let tri = softmax_triplet(&outputs.features, labels, 0.0, false)?;
    let gradient =
        Outputs { features: tri.gradient, logits: widened(&ce.gradient, outputs.logits.columns()) };
    Ok(HardTerms { ce: ce.loss, tri: tri.loss, total: ce.loss + tri.loss, gradient })
}

/// The first `clusters` columns.
fn cut(logits: &Matrix, clusters: usize) -> Result<Matrix> {
    if clusters == 0 || clusters > logits.columns() {
        let (what, value) = ("clusters", clusters as f64);
        return Err(InvalidInput::Parameter { what, value, allowed: "between 1 and the logits' columns" });
    }
    Ok(Matrix::from_fn(logits.rows(), clusters, |b, c| logits[(b, c)]))
}

/// Zeros to the right, up to `columns`: the gradient of a cut.
fn widened(gradient: &Matrix, columns: usize) -> Matrix {
    let inside = gradient.columns();
    Matrix::from_fn(gradient.rows(), columns, |b, c| if c < inside { gradient[(b, c)] } else { 0.0 })
}

fn weighted_sum((v, x): (f64, &Matrix), (w, y): (f64, &Matrix)) -> Matrix {
    Matrix::from_fn(x.rows(), x.columns(), |i, j| v * x[(i, j)] + w * y[(i, j)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss::tests::{assert_slopes, sample};

    const LABELS: [usize; 6] = [0, 0, 1, 1, 2, 2];
    const WEIGHTS: Weights = Weights { soft_ce: 0.3, soft_triplet: 0.8, epsilon: 0.1, clusters: 3 };

    fn outputs(seed: u64) -> Outputs {
        Outputs { features: sample(6, 4, seed), logits: sample(6, 5, seed + 100) }
    }

    #[test]
    fn the_gradients_are_the_slopes_in_both_students() {
        let (students, means) = ([outputs(1), outputs(2)], [outputs(3), outputs(4)]);
        let total = |students: [&Outputs; 2]| {
            mutual_mean_teaching(students, [&means[0], &means[1]], &LABELS, &WEIGHTS).unwrap()
        };
        let terms = total([&students[0], &students[1]]);
        for at in 0..2 {
            let moved = |features: &Matrix, logits: &Matrix| {
                let mut moved = students.clone();
                moved[at] = Outputs { features: features.clone(), logits: logits.clone() };
                total([&moved[0], &moved[1]]).total
            };
            let (own, gradient) = (&students[at], &terms.gradients[at]);
            assert_slopes(&own.features, &gradient.features, |x| moved(x, &own.logits));
            assert_slopes(&own.logits, &gradient.logits, |z| moved(&own.features, z));
        }
    }

    #[test]
    fn the_total_is_the_weighted_sum_and_each_student_learns_from_the_other_mean_network() {
        let (students, means) = ([outputs(1), outputs(2)], [outputs(3), outputs(4)]);
        let terms =
            mutual_mean_teaching([&students[0], &students[1]], [&means[0], &means[1]], &LABELS, &WEIGHTS)
                .unwrap();
        let expected = 0.7 * (terms.ce_1 + terms.ce_2)
            + 0.3 * (terms.soft_ce_1 + terms.soft_ce_2)
            + 0.2 * (terms.tri_1 + terms.tri_2)
            + 0.8 * (terms.soft_tri_1 + terms.soft_tri_2);
        assert!((terms.total - expected).abs() < 1e-14);
        let first = |m: &Matrix| Matrix::from_fn(6, 3, |i, j| m[(i, j)]);
        let soft = soft_cross_entropy(&first(&students[0].logits), &first(&means[1].logits)).unwrap().loss;
        assert_eq!(terms.soft_ce_1, soft);
        assert_eq!(terms.values()[8], terms.total);
    }

    #[test]
    fn hard_only_is_the_sum_of_two_losses_with_its_slopes() {
        let own = outputs(5);
        let value = hard_only(&own, &LABELS, 0.1, 3).unwrap();
        let total = |features: &Matrix, logits: &Matrix| {
            let outputs = Outputs { features: features.clone(), logits: logits.clone() };
            hard_only(&outputs, &LABELS, 0.1, 3).unwrap().total
        };
        assert_eq!(value.total, value.ce + value.tri);
        assert_slopes(&own.features, &value.gradient.features, |x| total(x, &own.logits));
        assert_slopes(&own.logits, &value.gradient.logits, |z| total(&own.features, z));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let own = outputs(1);
        let with = |weights: Weights| mutual_mean_teaching([&own, &own], [&own, &own], &LABELS, &weights);
        for weights in [
            Weights { soft_ce: 1.1, ..WEIGHTS },
            Weights { soft_triplet: -0.1, ..WEIGHTS },
            Weights { clusters: 0, ..WEIGHTS },
            Weights { clusters: 6, ..WEIGHTS },
        ] {
            assert!(matches!(with(weights), Err(InvalidInput::Parameter { .. })));
        }
        let few = with(Weights { clusters: 2, ..WEIGHTS });
        assert_eq!(few, Err(InvalidInput::LabelOutOfRange { row: 4, label: 2, classes: 2 }));
    }
}
