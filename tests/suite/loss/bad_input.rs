//! Input no loss is defined for: a typed error, of the same variant in both implementations.

use mmt_reference::Matrix;
use mmt_reference::loss as slow;
use mmt_testkit::Trial;
use mmt_testkit::convert::{label_tensor, tensor};
use tch::{Kind, Tensor};

use crate::side::both_refuse;

fn ones(rows: usize, columns: usize) -> (Matrix, Tensor) {
    let matrix = Matrix::from_fn(rows, columns, |_, _| 1.0);
    let fast = tensor(&matrix, Kind::Double);
    (matrix, fast)
}

#[test]
fn labels_that_are_not_one_a_row_are_refused() -> Trial {
    let (slow_x, fast_x) = ones(3, 2);
    let (labels, fast_labels) = ([0, 1], label_tensor(&[0, 1]));
    let shape = "Shape";
    let slow = slow::cross_entropy::label_smoothed(&slow_x, &labels, 0.1);
    both_refuse(shape, slow, mmt::loss::cross_entropy::label_smoothed(&fast_x, &fast_labels, 0.1))?;
    let slow = slow::triplet::triplet(&slow_x, &labels, 0.3, false);
    both_refuse(shape, slow, mmt::loss::triplet::triplet(&fast_x, &fast_labels, 0.3, false))?;
    let slow = slow::softmax_triplet::softmax_triplet(&slow_x, &labels, 0.0, false);
    both_refuse(shape, slow, mmt::loss::softmax_triplet::softmax_triplet(&fast_x, &fast_labels, 0.0, false))?;
    let slow = slow::soft_softmax_triplet::soft_softmax_triplet(&slow_x, &slow_x, &labels, false);
    let fast = mmt::loss::soft_softmax_triplet::soft_softmax_triplet(&fast_x, &fast_x, &fast_labels, false);
    both_refuse(shape, slow, fast)
}

#[test]
fn a_teacher_of_another_shape_is_refused() -> Trial {
    let ((student, fast_student), (teacher, fast_teacher)) = (ones(3, 2), ones(3, 4));
    let slow = slow::soft_cross_entropy::soft_cross_entropy(&student, &teacher);
    let fast = mmt::loss::soft_cross_entropy::soft_cross_entropy(&fast_student, &fast_teacher);
    both_refuse("Shape", slow, fast)?;
    let (labels, fast_labels) = ([0, 0, 1], label_tensor(&[0, 0, 1]));
    let slow = slow::soft_softmax_triplet::soft_softmax_triplet(&student, &teacher, &labels, false);
    let fast = mmt::loss::soft_softmax_triplet::soft_softmax_triplet(
        &fast_student,
        &fast_teacher,
        &fast_labels,
        false,
    );
    both_refuse("Shape", slow, fast)
}

#[test]
fn an_empty_batch_is_refused() -> Trial {
    let (slow_x, fast_x) = (Matrix::zeros(0, 2), Tensor::zeros([0, 2], (Kind::Double, tch::Device::Cpu)));
    let none = label_tensor(&[]);
    let slow = slow::cross_entropy::label_smoothed(&slow_x, &[], 0.1);
    both_refuse("Empty", slow, mmt::loss::cross_entropy::label_smoothed(&fast_x, &none, 0.1))?;
    let slow = slow::soft_cross_entropy::soft_cross_entropy(&slow_x, &slow_x);
    both_refuse("Empty", slow, mmt::loss::soft_cross_entropy::soft_cross_entropy(&fast_x, &fast_x))?;
    let slow = slow::softmax_triplet::softmax_triplet(&slow_x, &[], 0.0, false);
    both_refuse("Empty", slow, mmt::loss::softmax_triplet::softmax_triplet(&fast_x, &none, 0.0, false))
}

#[test]
fn parameters_out_of_range_are_refused() -> Trial {
    let (slow_x, fast_x) = ones(2, 2);
    let (labels, fast_labels) = ([0, 1], label_tensor(&[0, 1]));
    for value in [-0.1, 1.1, f64::NAN] {
        let slow = slow::cross_entropy::label_smoothed(&slow_x, &labels, value);
        both_refuse(
            "Parameter",
            slow,
            mmt::loss::cross_entropy::label_smoothed(&fast_x, &fast_labels, value),
        )?;
        let slow = slow::softmax_triplet::softmax_triplet(&slow_x, &labels, value, false);
        let fast = mmt::loss::softmax_triplet::softmax_triplet(&fast_x, &fast_labels, value, false);
        both_refuse("Parameter", slow, fast)?;
    }
    for margin in [-0.1, f64::NAN, f64::INFINITY] {
        let slow = slow::triplet::triplet(&slow_x, &labels, margin, false);
        both_refuse("Parameter", slow, mmt::loss::triplet::triplet(&fast_x, &fast_labels, margin, false))?;
    }
    Ok(())
}

#[test]
fn clusters_and_weights_out_of_range_are_refused() -> Trial {
    let (slow_x, fast_x) = ones(2, 3);
    let slow_outputs = slow::objective::Outputs { features: slow_x.clone(), logits: slow_x };
    let fast_outputs = mmt::loss::objective::Outputs { features: fast_x.copy(), logits: fast_x };
    let (labels, fast_labels) = ([0, 1], label_tensor(&[0, 1]));
    for clusters in [0, 4] {
        let slow = slow::objective::hard_only(&slow_outputs, &labels, 0.1, clusters);
        let fast = mmt::loss::objective::hard_only(&fast_outputs, &fast_labels, 0.1, clusters);
        both_refuse("Parameter", slow, fast)?;
    }
    for (soft_ce, soft_triplet) in [(-0.1, 0.5), (0.5, 1.5), (f64::NAN, 0.0)] {
        let weights = slow::objective::Weights { soft_ce, soft_triplet, epsilon: 0.1, clusters: 3 };
        let both = [&slow_outputs, &slow_outputs];
        let slow = slow::objective::mutual_mean_teaching(both, both, &labels, &weights);
        let weights = mmt::loss::objective::Weights { soft_ce, soft_triplet, epsilon: 0.1, clusters: 3 };
        let both = [&fast_outputs, &fast_outputs];
        let fast = mmt::loss::objective::mutual_mean_teaching(both, both, &fast_labels, &weights);
        both_refuse("Parameter", slow, fast)?;
    }
    Ok(())
}

/// Reading labels and values back from a device costs a synchronisation, so the fast code checks them once, apart from
/// the losses.
#[test]
fn labels_out_of_range_and_values_that_are_not_finite_are_refused_by_the_checks() -> Trial {
    let (slow_x, fast_x) = ones(2, 2);
    let slow = slow::cross_entropy::label_smoothed(&slow_x, &[0, 2], 0.1);
    both_refuse("LabelOutOfRange", slow, mmt::loss::check_labels(&label_tensor(&[0, 2]), 2))?;
    for bad in [f64::NAN, f64::INFINITY] {
        let slow_bad = Matrix::from_fn(2, 2, |i, j| if (i, j) == (1, 0) { bad } else { 1.0 });
        let fast_bad = &fast_x * tensor(&slow_bad, Kind::Double);
        let slow = slow::softmax_triplet::softmax_triplet(&slow_bad, &[0, 1], 0.0, false);
        both_refuse("NotFinite", slow, mmt::distance::check_features(&fast_bad, "features"))?;
    }
    Ok(())
}
