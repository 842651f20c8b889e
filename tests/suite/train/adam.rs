//! D24: Adam with L2 weight decay.

use mmt::train::FusedAdam;
use mmt_reference::Matrix;
use mmt_reference::train::fused_adam::Moments;
use mmt_testkit::tolerance::{Quantity, Width, check};
use mmt_testkit::{Trial, convert, generate, strategies};
use proptest::prelude::*;
use tch::{Kind, Tensor};

/// Parameters and the gradient of each step, one row each.
fn cases() -> impl Strategy<Value = (Matrix, Matrix)> {
    (1..20_usize, 1..12_usize, any::<u64>()).prop_map(|(size, steps, seed)| {
        let mut rng = generate::rng(seed);
        (generate::normal(1, size, 1.0, &mut rng), generate::normal(steps, size, 0.1, &mut rng))
    })
}

/// Parameters after each row of `gradients`, by the fast code.
fn fast(start: &Matrix, gradients: &Matrix, rate: f64, decay: f64) -> Trial<Tensor> {
    let parameter = convert::tensor(start, Kind::Double).set_requires_grad(true);
    let mut adam = FusedAdam::new(vec![parameter.shallow_clone()], decay);
    let gradients = convert::tensor(gradients, Kind::Double);
    for step in 0..gradients.size()[0] {
        adam.zero_grad();
        (&parameter * gradients.get(step)).sum(Kind::Double).backward();
        adam.step(rate)?;
    }
    Ok(parameter.detach())
}

fn reference(start: &Matrix, gradients: &Matrix, rate: f64, decay: f64) -> Trial<Matrix> {
    let mut parameter = start.row(0).to_vec();
    let mut moments = Moments::new(parameter.len());
    for step in 0..gradients.rows() {
        moments.step(&mut parameter, gradients.row(step), rate, decay)?;
    }
    Ok(Matrix::from_fn(1, parameter.len(), |_, at| parameter[at]))
}

mmt_testkit::on_each_device! {
    #![proptest_config(strategies::config(64))]

    #[test]
    fn fast_f64_equals_reference_after_every_number_of_steps((start, gradients) in cases(), decay in 0.0..0.1) {
        let expected = reference(&start, &gradients, 1e-2, decay)?;
        check("D24", Quantity::Value, Width::Double, 10.0, &fast(&start, &gradients, 1e-2, decay)?, &expected)?;
    }

    #[test]
    fn the_first_step_moves_every_parameter_by_the_rate_against_its_gradient((start, gradients) in cases()) {
        let first = Matrix::from_fn(1, gradients.columns(), |_, at| gradients[(0, at)]);
        prop_assume!(first.row(0).iter().all(|value| value.abs() > 1e-3));
        let found = convert::matrix(&fast(&start, &first, 1e-2, 0.0)?)?;
        for at in 0..found.columns() {
            let moved = found[(0, at)] - start[(0, at)];
            // ε = 1e-8 beside a gradient of at least 1e-3.
            prop_assert!((moved + 1e-2 * first[(0, at)].signum()).abs() < 1e-6, "{moved}");
        }
    }

    #[test]
    fn weight_decay_is_a_part_of_the_gradient((start, gradients) in cases(), decay in 0.001..0.1) {
        let first = Matrix::from_fn(1, gradients.columns(), |_, at| gradients[(0, at)]);
        let with_decay = Matrix::from_fn(1, first.columns(), |_, at| first[(0, at)] + decay * start[(0, at)]);
        let found = fast(&start, &first, 1e-2, decay)?;
        check("D24", Quantity::Value, Width::Double, 10.0, &found, &convert::matrix(&fast(&start, &with_decay, 1e-2, 0.0)?)?)?;
    }
}

#[test]
fn a_parameter_without_a_gradient_stays_where_it_is() {
    let [used, unused] =
        [(); 2].map(|()| Tensor::ones([3], (Kind::Double, tch::Device::Cpu)).set_requires_grad(true));
    let mut adam = FusedAdam::new(vec![used.shallow_clone(), unused.shallow_clone()], 0.1);
    used.sum(Kind::Double).backward();
    adam.step(1e-2).unwrap();
    assert_eq!(Vec::<f64>::try_from(unused.detach()).unwrap(), [1.0; 3]);
    assert!(Vec::<f64>::try_from(used.detach()).unwrap().iter().all(|value| *value < 1.0));
}
