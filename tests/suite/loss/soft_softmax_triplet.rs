//! D7, the softmax-triplet loss with the mean network's value as soft label.

use mmt_reference::Matrix;
use mmt_testkit::generate::{Batch, BatchKind};
use mmt_testkit::tolerance::{Quantity, Width, check, kind};
use mmt_testkit::{Failure, Trial, convert, generate, strategies};
use proptest::prelude::*;
use tch::Kind;

use super::{
    Value, agree, agree_in, axes, differentiate, reflected, renamed, same_gradient, same_loss, translated,
    units,
};

type Loss = fn(&Batch, &Matrix, bool) -> Trial<Value>;

const IMPLEMENTATIONS: [Loss; 2] = [reference, double];

fn reference(student: &Batch, teacher: &Matrix, normalize: bool) -> Trial<Value> {
    let (features, labels) = (&student.features, &student.labels);
    Ok(mmt_reference::loss::soft_softmax_triplet::soft_softmax_triplet(features, teacher, labels, normalize)?
        .into())
}

fn fast(width: Width, student: &Batch, teacher: &Matrix, normalize: bool) -> Trial<Value> {
    let (labels, teacher) = (convert::label_tensor(&student.labels), convert::tensor(teacher, kind(width)));
    differentiate(width, &student.features, |features| {
        mmt::loss::soft_softmax_triplet::soft_softmax_triplet(features, &teacher, &labels, normalize)
    })
}

fn double(student: &Batch, teacher: &Matrix, normalize: bool) -> Trial<Value> {
    fast(Width::Double, student, teacher, normalize)
}

/// A teacher's features for a batch: other features of the same shape and size.
fn teacher_of(batch: &Batch, seed: u64) -> Matrix {
    let scale = batch.unit() / (batch.features.columns() as f64).sqrt();
    generate::normal(
        batch.features.rows(),
        batch.features.columns(),
        scale.max(1e-6),
        &mut generate::rng(seed),
    )
}

/// A teacher's features in quarters, so that its distances, too, are exact.
fn dyadic_teacher_of(batch: &Batch, seed: u64) -> Matrix {
    generate::dyadic(batch.features.rows(), batch.features.columns(), 4, &mut generate::rng(seed))
}

fn with_negatives() -> Vec<BatchKind> {
    let without = [BatchKind::OneIdentity, BatchKind::OneRow];
    BatchKind::ALL.into_iter().filter(|kind| !without.contains(kind)).collect()
}

mmt_testkit::on_each_device! {
    #![proptest_config(strategies::config(64))]

    #[test]
    fn fast_f64_equals_reference(batch in strategies::smooth_batches(), seed: u64, normalize: bool) {
        let teacher = teacher_of(&batch, seed);
        let expected = reference(&batch, &teacher, normalize)?;
        let units = units(&batch, normalize).map(|unit| 4.0 * unit);
        agree_in("D7", Width::Double, units, &double(&batch, &teacher, normalize)?, &expected)?;
    }

    #[test]
    fn fast_f64_equals_reference_with_ties_duplicates_and_singletons(
        batch in strategies::dyadic_batches_of(with_negatives()), seed: u64,
    ) {
        let teacher = dyadic_teacher_of(&batch, seed);
        agree("D7", Width::Double, 8.0, &double(&batch, &teacher, false)?, &reference(&batch, &teacher, false)?)?;
    }

    #[test]
    fn fast_f32_equals_reference(batch in strategies::scaled_batches(-2..=1), seed: u64) {
        let teacher = teacher_of(&batch, seed);
        let actual = fast(Width::Single, &batch, &teacher, false)?.loss;
        let expected = reference(&batch, &teacher, false)?.loss;
        check("D7", Quantity::Value, Width::Single, 4.0 * batch.unit(), actual, expected)?;
    }

    #[test]
    fn fast_f32_equals_reference_with_ties_duplicates_and_singletons(
        batch in strategies::dyadic_batches_of(with_negatives()), seed: u64,
    ) {
        let teacher = dyadic_teacher_of(&batch, seed);
        let expected = reference(&batch, &teacher, false)?;
        agree("D7", Width::Single, 8.0, &fast(Width::Single, &batch, &teacher, false)?, &expected)?;
    }

    #[test]
    fn with_a_one_sided_teacher_it_equals_the_hard_loss(
        batch in strategies::dyadic_batches_of(BatchKind::SMOOTH.to_vec()),
    ) {
        // Identities lie 4000 apart: the teacher's softmax of every pair is exactly (0, 1) in f64.
        let teacher = Matrix::from_fn(batch.features.rows(), batch.features.columns(), |i, j| {
            if j == 0 { 4000.0 * batch.labels[i] as f64 } else { 0.0 }
        });
        let (features, labels) = (&batch.features, &batch.labels);
        let hard = mmt_reference::loss::softmax_triplet::softmax_triplet(features, labels, 0.0, false).map_err(Failure::from)?;
        for loss in IMPLEMENTATIONS {
            let soft = loss(&batch, &teacher, false)?;
            same_loss("D7", batch.unit(), soft.loss, hard.loss)?;
            same_gradient("D7", batch.unit(), &soft.gradient, &hard.gradient)?;
        }
    }

    #[test]
    fn at_the_teacher_the_gradient_is_zero(batch in strategies::scaled_batches(-1..=1)) {
        for loss in IMPLEMENTATIONS {
            let gradient = loss(&batch, &batch.features, false)?.gradient;
            let zero = Matrix::zeros(gradient.rows(), gradient.columns());
            same_gradient("D7", batch.unit(), &gradient, &zero)?;
        }
    }

    #[test]
    fn the_student_at_its_teacher_cannot_do_better(batch in strategies::scaled_batches(-1..=0), seed: u64) {
        // Cross-entropy is at least the entropy of the soft labels; the pairs are the student's in both.
        let teacher = teacher_of(&batch, seed);
        let pairs = pairs_of(&batch)?;
        for loss in IMPLEMENTATIONS {
            let value = loss(&batch, &teacher, false)?.loss;
            prop_assert!(value >= entropy(&teacher, &pairs) - 1e-9, "{value}");
        }
    }

    #[test]
    fn the_order_of_the_batch_does_not_matter(batch in strategies::scaled_batches(-2..=2), seed: u64) {
        let order = generate::permutation(batch.labels.len(), &mut generate::rng(seed));
        let teacher = teacher_of(&batch, seed);
        for loss in IMPLEMENTATIONS {
            let plain = loss(&batch, &teacher, false)?;
            let moved = loss(&batch.permuted(&order), &generate::permute_rows(&teacher, &order), false)?;
            same_loss("D7", 4.0 * batch.unit(), moved.loss, plain.loss)?;
            let expected = generate::permute_rows(&plain.gradient, &order);
            same_gradient("D7", 4.0 * batch.unit(), &moved.gradient, &expected)?;
        }
    }

    #[test]
    fn the_names_of_the_identities_do_not_matter(
        batch in strategies::dyadic_batches_of(with_negatives()), seed: u64,
    ) {
        let other = Batch { labels: renamed(&batch.labels), ..batch.clone() };
        let teacher = dyadic_teacher_of(&batch, seed);
        for loss in IMPLEMENTATIONS {
            same_loss("D7", 8.0, loss(&other, &teacher, false)?.loss, loss(&batch, &teacher, false)?.loss)?;
        }
    }

    #[test]
    fn moving_and_turning_either_network_changes_nothing(
        batch in strategies::scaled_batches(-1..=1), seed: u64, axis in axes(),
    ) {
        let unit = batch.unit();
        let shift: Vec<f64> = axis.iter().map(|a| a * unit).collect();
        let moved = |m: &Matrix| translated(&reflected(m, &axis[..m.columns()]), &shift);
        let teacher = teacher_of(&batch, seed);
        let student = Batch { features: moved(&batch.features), labels: batch.labels.clone() };
        for loss in IMPLEMENTATIONS {
            let plain = loss(&batch, &teacher, false)?.loss;
            same_loss("D7", 40.0 * unit, loss(&student, &teacher, false)?.loss, plain)?;
            same_loss("D7", 40.0 * unit, loss(&batch, &moved(&teacher), false)?.loss, plain)?;
        }
    }

    #[test]
    fn no_gradient_flows_into_the_teacher(batch in strategies::scaled_batches(0..=0), seed: u64, normalize: bool) {
        let student = convert::tensor(&batch.features, Kind::Double).set_requires_grad(true);
        let teacher = convert::tensor(&teacher_of(&batch, seed), Kind::Double).set_requires_grad(true);
        let labels = convert::label_tensor(&batch.labels);
        let loss = mmt::loss::soft_softmax_triplet::soft_softmax_triplet(&student, &teacher, &labels, normalize);
        let gradient = convert::gradient(&loss.map_err(Failure::from)?, &teacher);
        prop_assert_eq!(gradient.abs().max().double_value(&[]), 0.0);
    }
}

/// The student's hardest positive and negative of every row.
fn pairs_of(batch: &Batch) -> Trial<Vec<(usize, usize)>> {
    let distances = mmt_reference::distance::euclidean(&batch.features, &batch.features)?;
    let hardest = mmt_reference::loss::mining::hardest(&distances, &batch.labels)?;
    let pairs = hardest.iter().map(|pair| pair.negative.map(|negative| (pair.positive, negative)));
    pairs.collect::<Option<Vec<_>>>().ok_or_else(|| Failure::new("a row has no negative"))
}

/// Mean entropy of the teacher's softmax over the two distances of each row.
fn entropy(teacher: &Matrix, pairs: &[(usize, usize)]) -> f64 {
    let distance = |i: usize, j: usize| {
        let square: f64 = teacher.row(i).iter().zip(teacher.row(j)).map(|(a, b)| (a - b) * (a - b)).sum();
        square.sqrt()
    };
    let row = |(i, &(p, n)): (usize, &(usize, usize))| {
        let share = 1.0 / (1.0 + (distance(i, n) - distance(i, p)).exp());
        [share, 1.0 - share]
            .iter()
            .filter(|&&share| share > 0.0)
            .map(|share| -share * share.ln())
            .sum::<f64>()
    };
    pairs.iter().enumerate().map(row).sum::<f64>() / pairs.len() as f64
}
