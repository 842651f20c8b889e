//! D8, the objective of mutual mean-teaching and the hard-only baseline.

use mmt::loss::objective as fast;
use mmt_reference::Matrix;
use mmt_reference::loss::objective as reference;
use mmt_testkit::generate::Batch;
use mmt_testkit::tolerance::{Quantity, Width, check, kind};
use mmt_testkit::{Trial, convert, generate, strategies};
use proptest::prelude::*;

/// Outputs of both students and both mean networks, labels and weights.
#[derive(Debug, Clone)]
struct Step {
    students: [reference::Outputs; 2],
    mean_networks: [reference::Outputs; 2],
    labels: Vec<usize>,
    weights: reference::Weights,
}

/// Steps with up to three columns of logits beyond the clusters.
fn steps() -> impl Strategy<Value = Step> {
    let weights = (0.0..=1.0, 0.0..=1.0, 0.0..0.5, 0..4_usize);
    (strategies::scaled_batches(-1..=0), weights, any::<u64>()).prop_map(|(batch, weights, seed)| {
        let clusters = batch.labels.iter().max().map_or(1, |label| label + 1);
        let mut rng = generate::rng(seed);
        let mut outputs = || {
            let (rows, columns) = (batch.labels.len(), clusters + weights.3);
            let scale = batch.unit() / (batch.features.columns() as f64).sqrt();
            reference::Outputs {
                features: generate::normal(rows, batch.features.columns(), scale, &mut rng),
                logits: generate::logits(rows, columns, 9.0, &mut rng),
            }
        };
        let (students, mean_networks) = ([outputs(), outputs()], [outputs(), outputs()]);
        let (soft_ce, soft_triplet, epsilon, _) = weights;
        let weights = reference::Weights { soft_ce, soft_triplet, epsilon, clusters };
        Step { students, mean_networks, labels: batch.labels, weights }
    })
}

/// Terms in the order of their names, and the gradients of the total.
struct Answer {
    values: [f64; 9],
    gradients: [reference::Outputs; 2],
}

fn by_reference(step: &Step) -> Trial<Answer> {
    let ([s1, s2], [m1, m2]) = (&step.students, &step.mean_networks);
    let terms = reference::mutual_mean_teaching([s1, s2], [m1, m2], &step.labels, &step.weights)?;
    Ok(Answer { values: terms.values(), gradients: terms.gradients })
}

fn variable(outputs: &reference::Outputs, width: Width) -> fast::Outputs {
    let variable = |matrix| convert::tensor(matrix, kind(width)).set_requires_grad(true);
    fast::Outputs { features: variable(&outputs.features), logits: variable(&outputs.logits) }
}

fn by_fast(width: Width, step: &Step) -> Trial<Answer> {
    let [s1, s2] = [&step.students[0], &step.students[1]].map(|outputs| variable(outputs, width));
    let [m1, m2] = [&step.mean_networks[0], &step.mean_networks[1]].map(|outputs| variable(outputs, width));
    let reference::Weights { soft_ce, soft_triplet, epsilon, clusters } = step.weights;
    let weights = fast::Weights { soft_ce, soft_triplet, epsilon, clusters };
    let labels = convert::label_tensor(&step.labels);
    let terms = fast::mutual_mean_teaching([&s1, &s2], [&m1, &m2], &labels, &weights)?;
    let gradient = |input: &tch::Tensor| convert::matrix(&convert::gradient(&terms.total, input));
    let gradients = |student: &fast::Outputs| -> Trial<reference::Outputs> {
        Ok(reference::Outputs { features: gradient(&student.features)?, logits: gradient(&student.logits)? })
    };
    let mut values = [0.0; 9];
    values.copy_from_slice(&mmt_testkit::Actual::from(&terms.values()).values);
    Ok(Answer { values, gradients: [gradients(&s1)?, gradients(&s2)?] })
}

fn by_fast_f64(step: &Step) -> Trial<Answer> {
    by_fast(Width::Double, step)
}

const IMPLEMENTATIONS: [fn(&Step) -> Trial<Answer>; 2] = [by_reference, by_fast_f64];

/// The size of the inputs, for tolerances.
fn unit(step: &Step) -> f64 {
    let of = |outputs: &reference::Outputs| {
        Batch { features: outputs.features.clone(), labels: step.labels.clone() }.unit()
    };
    step.students.iter().chain(&step.mean_networks).map(of).fold(9.0, f64::max)
}

fn agree(width: Width, step: &Step, actual: &Answer, expected: &Answer) -> Trial {
    let unit = unit(step);
    check("D8", Quantity::Value, width, unit, &actual.values[..], &expected.values[..])?;
    for (actual, expected) in actual.gradients.iter().zip(&expected.gradients) {
        check("D8", Quantity::Gradient, width, unit, &actual.logits, &expected.logits)?;
        check("D8", Quantity::Gradient, width, unit, &actual.features, &expected.features)?;
    }
    Ok(())
}

fn same(step: &Step, actual: f64, expected: f64) -> Trial {
    check("D8", Quantity::Value, Width::Double, unit(step), actual, expected).map(|_| ())
}

fn with_weights(step: &Step, soft_ce: f64, soft_triplet: f64) -> Step {
    Step { weights: reference::Weights { soft_ce, soft_triplet, ..step.weights }, ..step.clone() }
}

mmt_testkit::on_each_device! {
    #![proptest_config(strategies::config(48))]

    #[test]
    fn every_term_and_gradient_of_fast_f64_equals_the_reference(step in steps()) {
        agree(Width::Double, &step, &by_fast_f64(&step)?, &by_reference(&step)?)?;
    }

    #[test]
    fn every_term_of_fast_f32_equals_the_reference(step in steps()) {
        let (actual, expected) = (by_fast(Width::Single, &step)?, by_reference(&step)?);
        check("D8", Quantity::Value, Width::Single, unit(&step), &actual.values[..], &expected.values[..])?;
    }

    #[test]
    fn it_is_linear_in_each_of_its_two_weights(step in steps()) {
        let reference::Weights { soft_ce: w, soft_triplet: v, .. } = step.weights;
        for objective in IMPLEMENTATIONS {
            let total = |w, v| -> Trial<f64> { Ok(objective(&with_weights(&step, w, v))?.values[8]) };
            same(&step, total(w, v)?, total(0.0, v)? * (1.0 - w) + total(1.0, v)? * w)?;
            same(&step, total(w, v)?, total(w, 0.0)? * (1.0 - v) + total(w, 1.0)? * v)?;
        }
    }

    #[test]
    fn the_total_is_the_weighted_sum_of_the_eight_terms(step in steps()) {
        let reference::Weights { soft_ce: w, soft_triplet: v, .. } = step.weights;
        for objective in IMPLEMENTATIONS {
            let [ce_1, ce_2, tri_1, tri_2, soft_ce_1, soft_ce_2, soft_tri_1, soft_tri_2, total] = objective(&step)?.values;
            let hard = (ce_1 + ce_2) * (1.0 - w) + (tri_1 + tri_2) * (1.0 - v);
            same(&step, total, hard + (soft_ce_1 + soft_ce_2) * w + (soft_tri_1 + soft_tri_2) * v)?;
        }
    }

    #[test]
    fn with_both_weights_zero_it_is_the_baseline_of_each_network(step in steps()) {
        let plain = with_weights(&step, 0.0, 0.0);
        let mut expected = 0.0;
        for student in &step.students {
            let reference::Weights { epsilon, clusters, .. } = step.weights;
            expected += reference::hard_only(student, &step.labels, epsilon, clusters).map_err(mmt_testkit::Failure::from)?.total;
        }
        for objective in IMPLEMENTATIONS {
            same(&step, objective(&plain)?.values[8], expected)?;
        }
    }

    #[test]
    fn each_student_learns_from_the_other_ones_mean_network(step in steps()) {
        // Another mean network 1 changes the soft losses of student 2 and nothing of student 1.
        let mut other = step.clone();
        other.mean_networks[0] = other.students[0].clone();
        for objective in IMPLEMENTATIONS {
            let (plain, other) = (objective(&step)?.values, objective(&other)?.values);
            prop_assert_eq!(plain[..5].to_vec(), other[..5].to_vec());
            prop_assert_eq!(plain[6], other[6]);
            prop_assert_ne!(plain[7], other[7]);
        }
    }

    #[test]
    fn swapping_the_networks_swaps_the_terms(step in steps()) {
        let mut swapped = step.clone();
        swapped.students.swap(0, 1);
        swapped.mean_networks.swap(0, 1);
        for objective in IMPLEMENTATIONS {
            let (plain, swapped) = (objective(&step)?, objective(&swapped)?);
            for pair in [0, 2, 4, 6] {
                same(&step, swapped.values[pair], plain.values[pair + 1])?;
                same(&step, swapped.values[pair + 1], plain.values[pair])?;
            }
            same(&step, swapped.values[8], plain.values[8])?;
            prop_assert_eq!(&swapped.gradients[0], &plain.gradients[1]);
        }
    }

    #[test]
    fn logits_beyond_the_clusters_do_not_count_and_get_no_gradient(step in steps()) {
        let clusters = step.weights.clusters;
        let mut other = step.clone();
        for outputs in other.students.iter_mut().chain(&mut other.mean_networks) {
            let logits = &outputs.logits;
            outputs.logits = Matrix::from_fn(logits.rows(), logits.columns(), |i, j| if j < clusters { logits[(i, j)] } else { 55.0 });
        }
        for objective in IMPLEMENTATIONS {
            let (plain, other) = (objective(&step)?, objective(&other)?);
            prop_assert_eq!(plain.values, other.values);
            for gradient in other.gradients {
                for i in 0..gradient.logits.rows() {
                    prop_assert!(gradient.logits.row(i)[clusters..].iter().all(|&value| value == 0.0));
                }
            }
        }
    }

    #[test]
    fn the_baseline_of_fast_f64_equals_the_reference(step in steps()) {
        let reference::Weights { epsilon, clusters, .. } = step.weights;
        let expected = reference::hard_only(&step.students[0], &step.labels, epsilon, clusters).map_err(mmt_testkit::Failure::from)?;
        let outputs = variable(&step.students[0], Width::Double);
        let labels = convert::label_tensor(&step.labels);
        let found = fast::hard_only(&outputs, &labels, epsilon, clusters).map_err(mmt_testkit::Failure::from)?;
        for (found, expected) in [(&found.ce, expected.ce), (&found.tri, expected.tri), (&found.total, expected.total)] {
            same(&step, found.double_value(&[]), expected)?;
        }
        let gradient = convert::matrix(&convert::gradient(&found.total, &outputs.features))?;
        check("D8", Quantity::Gradient, Width::Double, unit(&step), &gradient, &expected.gradient.features)?;
    }
}
