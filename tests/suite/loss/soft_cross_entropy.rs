//! D2, soft cross-entropy with the teacher's distribution as target.

use mmt_reference::Matrix;
use mmt_testkit::tolerance::{Width, kind};
use mmt_testkit::{Trial, convert, generate, strategies};
use proptest::prelude::*;
use tch::Kind;

use super::{Value, agree, differentiate, same_gradient, same_loss};

type Loss = fn(&Matrix, &Matrix) -> Trial<Value>;

const IMPLEMENTATIONS: [Loss; 2] = [reference, double];

fn reference(student: &Matrix, teacher: &Matrix) -> Trial<Value> {
    Ok(mmt_reference::loss::soft_cross_entropy::soft_cross_entropy(student, teacher)?.into())
}

fn fast(width: Width, student: &Matrix, teacher: &Matrix) -> Trial<Value> {
    let teacher = convert::tensor(teacher, kind(width));
    differentiate(width, student, |student| {
        mmt::loss::soft_cross_entropy::soft_cross_entropy(student, &teacher)
    })
}

fn double(student: &Matrix, teacher: &Matrix) -> Trial<Value> {
    fast(Width::Double, student, teacher)
}

/// Mean entropy of the softmax of each row.
fn entropy(logits: &Matrix) -> f64 {
    let row_entropy = |row: &[f64]| {
        let top = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = row.iter().map(|z| (z - top).exp()).sum();
        row.iter().map(|z| (z - top - sum.ln()).exp() * (sum.ln() + top - z)).sum::<f64>()
    };
    (0..logits.rows()).map(|i| row_entropy(logits.row(i))).sum::<f64>() / logits.rows() as f64
}

mmt_testkit::on_each_device! {
    #![proptest_config(strategies::config(64))]

    #[test]
    fn fast_f64_equals_reference((student, teacher) in strategies::logit_pairs(80.0)) {
        let expected = reference(&student, &teacher)?;
        agree("D2", Width::Double, 80.0, &double(&student, &teacher)?, &expected)?;
    }

    #[test]
    fn fast_f32_equals_reference((student, teacher) in strategies::logit_pairs(80.0)) {
        let expected = reference(&student, &teacher)?;
        agree("D2", Width::Single, 80.0, &fast(Width::Single, &student, &teacher)?, &expected)?;
    }

    #[test]
    fn it_is_at_least_the_entropy_of_the_teacher((student, teacher) in strategies::logit_pairs(80.0)) {
        for loss in IMPLEMENTATIONS {
            let loss = loss(&student, &teacher)?.loss;
            prop_assert!(loss >= entropy(&teacher) - 1e-11, "{loss} < {}", entropy(&teacher));
        }
    }

    #[test]
    fn at_the_teacher_it_is_the_entropy_and_the_gradient_is_zero((teacher, _) in strategies::logit_pairs(80.0)) {
        for loss in IMPLEMENTATIONS {
            let value = loss(&teacher, &teacher)?;
            same_loss("D2", 80.0, value.loss, entropy(&teacher))?;
            same_gradient("D2", 80.0, &value.gradient, &Matrix::zeros(teacher.rows(), teacher.columns()))?;
        }
    }

    #[test]
    fn a_uniform_shift_of_either_side_changes_nothing(
        (student, teacher) in strategies::logit_pairs(80.0), shift in -50.0..50.0,
    ) {
        let moved = |m: &Matrix| Matrix::from_fn(m.rows(), m.columns(), |i, j| m[(i, j)] + shift);
        for loss in IMPLEMENTATIONS {
            let plain = loss(&student, &teacher)?;
            for value in [loss(&moved(&student), &teacher)?, loss(&student, &moved(&teacher))?] {
                same_loss("D2", 130.0, value.loss, plain.loss)?;
                same_gradient("D2", 130.0, &value.gradient, &plain.gradient)?;
            }
        }
    }

    #[test]
    fn the_order_of_the_batch_does_not_matter((student, teacher) in strategies::logit_pairs(80.0), seed: u64) {
        let order = generate::permutation(student.rows(), &mut generate::rng(seed));
        let moved = |m: &Matrix| generate::permute_rows(m, &order);
        for loss in IMPLEMENTATIONS {
            let plain = loss(&student, &teacher)?;
            let value = loss(&moved(&student), &moved(&teacher))?;
            same_loss("D2", 80.0, value.loss, plain.loss)?;
            same_gradient("D2", 80.0, &value.gradient, &moved(&plain.gradient))?;
        }
    }

    #[test]
    fn no_gradient_flows_into_the_teacher((student, teacher) in strategies::logit_pairs(20.0)) {
        let student = convert::tensor(&student, Kind::Double).set_requires_grad(true);
        let teacher = convert::tensor(&teacher, Kind::Double).set_requires_grad(true);
        let loss = mmt::loss::soft_cross_entropy::soft_cross_entropy(&student, &teacher).map_err(mmt_testkit::Failure::from)?;
        prop_assert_eq!(convert::gradient(&loss, &teacher).abs().max().double_value(&[]), 0.0);
    }
}

#[test]
fn a_one_hot_teacher_gives_plain_cross_entropy() -> Trial {
    let mut rng = generate::rng(1);
    let student = generate::logits(6, 4, 5.0, &mut rng);
    let labels = [0, 1, 2, 3, 0, 1];
    // exp(-800) is zero in f64: the teacher's softmax is exactly one-hot.
    let teacher = Matrix::from_fn(6, 4, |i, j| if labels[i] == j { 800.0 } else { 0.0 });
    let hard = mmt_reference::loss::cross_entropy::label_smoothed(&student, &labels, 0.0)?;
    for loss in IMPLEMENTATIONS {
        same_loss("D2", 5.0, loss(&student, &teacher)?.loss, hard.loss)?;
    }
    Ok(())
}
