//! D1, label-smoothed cross-entropy.

use mmt_reference::Matrix;
use mmt_testkit::tolerance::Width;
use mmt_testkit::{Trial, convert, generate, strategies};

use super::{Value, agree, differentiate, same_gradient, same_loss};

type Loss = fn(&Matrix, &[usize], f64) -> Trial<Value>;

const IMPLEMENTATIONS: [Loss; 2] = [reference, double];

fn reference(logits: &Matrix, labels: &[usize], epsilon: f64) -> Trial<Value> {
    Ok(mmt_reference::loss::cross_entropy::label_smoothed(logits, labels, epsilon)?.into())
}

fn fast(width: Width, logits: &Matrix, labels: &[usize], epsilon: f64) -> Trial<Value> {
    let labels = convert::label_tensor(labels);
    differentiate(width, logits, |logits| mmt::loss::cross_entropy::label_smoothed(logits, &labels, epsilon))
}

fn double(logits: &Matrix, labels: &[usize], epsilon: f64) -> Trial<Value> {
    fast(Width::Double, logits, labels, epsilon)
}

mmt_testkit::on_each_device! {
    #![proptest_config(strategies::config(64))]

    #[test]
    fn fast_f64_equals_reference((logits, labels) in strategies::labelled_logits(80.0), epsilon in 0.0..1.0) {
        let expected = reference(&logits, &labels, epsilon)?;
        agree("D1", Width::Double, 80.0, &double(&logits, &labels, epsilon)?, &expected)?;
    }

    #[test]
    fn fast_f32_equals_reference((logits, labels) in strategies::labelled_logits(80.0), epsilon in 0.0..1.0) {
        let expected = reference(&logits, &labels, epsilon)?;
        agree("D1", Width::Single, 80.0, &fast(Width::Single, &logits, &labels, epsilon)?, &expected)?;
    }

    #[test]
    fn a_uniform_shift_of_the_logits_changes_nothing(
        (logits, labels) in strategies::labelled_logits(80.0), shift in -50.0..50.0,
    ) {
        let shifted = Matrix::from_fn(logits.rows(), logits.columns(), |i, j| logits[(i, j)] + shift);
        for loss in IMPLEMENTATIONS {
            let (plain, shifted) = (loss(&logits, &labels, 0.1)?, loss(&shifted, &labels, 0.1)?);
            same_loss("D1", 130.0, shifted.loss, plain.loss)?;
            same_gradient("D1", 130.0, &shifted.gradient, &plain.gradient)?;
        }
    }

    #[test]
    fn the_order_of_the_batch_does_not_matter(
        (logits, labels) in strategies::labelled_logits(80.0), seed: u64,
    ) {
        let order = generate::permutation(labels.len(), &mut generate::rng(seed));
        let permuted: Vec<usize> = order.iter().map(|&i| labels[i]).collect();
        for loss in IMPLEMENTATIONS {
            let plain = loss(&logits, &labels, 0.1)?;
            let moved = loss(&generate::permute_rows(&logits, &order), &permuted, 0.1)?;
            same_loss("D1", 80.0, moved.loss, plain.loss)?;
            same_gradient("D1", 80.0, &moved.gradient, &generate::permute_rows(&plain.gradient, &order))?;
        }
    }

    #[test]
    fn the_numbering_of_the_classes_does_not_matter(
        (logits, labels) in strategies::labelled_logits(80.0), seed: u64,
    ) {
        let order = generate::permutation(logits.columns(), &mut generate::rng(seed));
        let moved = Matrix::from_fn(logits.rows(), logits.columns(), |i, j| logits[(i, order[j])]);
        let place = |label: usize| order.iter().position(|&old| old == label).unwrap_or(label);
        let renamed: Vec<usize> = labels.iter().map(|&label| place(label)).collect();
        for loss in IMPLEMENTATIONS {
            same_loss("D1", 80.0, loss(&moved, &renamed, 0.1)?.loss, loss(&logits, &labels, 0.1)?.loss)?;
        }
    }

    #[test]
    fn the_gradient_of_every_row_sums_to_zero((logits, labels) in strategies::labelled_logits(80.0)) {
        for loss in IMPLEMENTATIONS {
            let gradient = loss(&logits, &labels, 0.1)?.gradient;
            for i in 0..gradient.rows() {
                same_loss("D1", 1.0, gradient.row(i).iter().sum(), 0.0)?;
            }
        }
    }

    #[test]
    fn the_loss_is_linear_in_epsilon((logits, labels) in strategies::labelled_logits(80.0), epsilon in 0.0..1.0) {
        for loss in IMPLEMENTATIONS {
            let ends = (loss(&logits, &labels, 0.0)?.loss, loss(&logits, &labels, 0.5)?.loss);
            let between = ends.0 + 2.0 * epsilon * (ends.1 - ends.0);
            same_loss("D1", 160.0, loss(&logits, &labels, epsilon)?.loss, between)?;
        }
    }
}

#[test]
fn equal_logits_cost_the_logarithm_of_the_number_of_classes() -> Trial {
    for loss in IMPLEMENTATIONS {
        for classes in [1, 2, 7] {
            let logits = Matrix::from_fn(3, classes, |_, _| 2.5);
            same_loss("D1", 1.0, loss(&logits, &[0, classes - 1, 0], 0.1)?.loss, (classes as f64).ln())?;
        }
    }
    Ok(())
}
