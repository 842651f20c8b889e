//! D22 … D24: numbers no step of the training is defined for are a typed error, of the same variant in both implementations.

use mmt::train as fast;
use mmt_reference::train as slow;
use mmt_testkit::{Trial, strategies};
use proptest::prelude::*;
use proptest::sample::select;
use tch::{Kind, Tensor};

use crate::side::both_refuse;

/// The published schedule in both implementations.
fn schedules() -> (slow::schedule::Schedule, fast::Schedule) {
    let (learning_rate, milestones, gamma) = (3.5e-4, vec![40, 70], 0.1);
    let (warm_up, warm_up_factor) = (10, 0.01);
    let reference = slow::schedule::Schedule {
        unit: slow::schedule::Unit::Epoch,
        learning_rate,
        milestones: milestones.clone(),
        gamma,
        warm_up,
        warm_up_factor,
        warm_up_kind: slow::schedule::WarmUp::Linear,
    };
    let fast = fast::Schedule {
        unit: fast::Unit::Epoch,
        learning_rate,
        milestones,
        gamma,
        warm_up,
        warm_up_factor,
        warm_up_kind: fast::WarmUp::Linear,
    };
    (reference, fast)
}

fn schedule(reference: &slow::schedule::Schedule, fast: &fast::Schedule, index: usize) -> Trial {
    both_refuse("Parameter", reference.rate(index), fast.rate(index))?;
    both_refuse("Parameter", reference.rate_at(index, 3, 100), fast.rate_at(index, 3, 100))
}

fn average(expected: &str, mean: usize, student: usize, decay: f64) -> Trial {
    let reference = slow::ema::average(&mut vec![1.0; mean], &vec![2.0; student], decay);
    let ones = |count: usize| Tensor::ones([count as i64], (Kind::Double, tch::Device::Cpu));
    both_refuse(expected, reference, fast::ema::average(&ones(mean), &ones(student), decay))
}

fn adam(learning_rate: f64, weight_decay: f64) -> Trial {
    let reference = slow::fused_adam::Moments::new(1).step(&mut [1.0], &[1.0], learning_rate, weight_decay);
    let parameter = Tensor::from_slice(&[1.0]).set_requires_grad(true);
    parameter.sum(Kind::Double).backward();
    let found = fast::FusedAdam::new(vec![parameter.shallow_clone()], weight_decay).step(learning_rate);
    assert_eq!(parameter.double_value(&[0]), 1.0, "a refused step moves nothing");
    both_refuse("Parameter", reference, found)
}

/// Numbers below 0 or not finite.
fn no_amounts() -> impl Strategy<Value = f64> {
    prop_oneof![-9.0..-1e-9, select(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY])]
}

/// Numbers outside 0..=1.
fn no_shares() -> impl Strategy<Value = f64> {
    prop_oneof![no_amounts(), 1.0 + 1e-9..9.0]
}

proptest! {
    #![proptest_config(strategies::config(48))]

    #[test]
    fn rates_and_factors_of_a_schedule_that_are_no_amounts_are_refused(wrong in no_amounts(), index in 0..90_usize) {
        let (reference, fast) = schedules();
        schedule(
            &slow::schedule::Schedule { learning_rate: wrong, ..reference.clone() },
            &fast::Schedule { learning_rate: wrong, ..fast.clone() },
            index,
        )?;
        schedule(
            &slow::schedule::Schedule { gamma: wrong, ..reference.clone() },
            &fast::Schedule { gamma: wrong, ..fast.clone() },
            index,
        )?;
        schedule(
            &slow::schedule::Schedule { warm_up_factor: wrong, ..reference },
            &fast::Schedule { warm_up_factor: wrong, ..fast },
            index,
        )?;
    }

    #[test]
    fn milestones_that_do_not_ascend_are_refused(first in 1..60_usize, back in 1..60_usize, index in 0..90_usize) {
        let milestones = vec![first, first.saturating_sub(back)];
        let (reference, fast) = schedules();
        schedule(
            &slow::schedule::Schedule { milestones: milestones.clone(), ..reference },
            &fast::Schedule { milestones, ..fast },
            index,
        )?;
    }

    #[test]
    fn an_alpha_that_is_no_share_is_refused(wrong in no_shares(), step in 0..10_000_usize, paper: bool) {
        let (reference, fast) = match paper {
            true => (slow::ema::Convention::Paper, fast::ema::Convention::Paper),
            false => (slow::ema::Convention::Published, fast::ema::Convention::Published),
        };
        both_refuse("Parameter", slow::ema::decay(reference, step, wrong), fast::ema::decay(fast, step, wrong))?;
    }

    #[test]
    fn a_decay_that_is_no_share_and_a_student_of_another_shape_are_refused(wrong in no_shares(), count in 1..9_usize, more in 1..4_usize) {
        average("Parameter", count, count, wrong)?;
        average("Shape", count, count + more, 0.5)?;
        average("Shape", count + more, count, 0.5)?;
    }

    #[test]
    fn a_rate_or_a_weight_decay_of_adam_that_is_no_amount_is_refused(wrong in no_amounts()) {
        adam(wrong, 5e-4)?;
        adam(1e-3, wrong)?;
    }
}
