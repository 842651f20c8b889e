//! D23: the temporal average of the parameters and its schedule.

use mmt::train::ema as fast;
use mmt_reference::train::ema as slow;
use mmt_testkit::tolerance::{Quantity, Width, check};
use mmt_testkit::{Failure, Trial, convert, generate, strategies};
use proptest::prelude::*;
use tch::Kind;

use crate::side::Side;

/// By the published convention.
fn decay(side: Side, step: usize, alpha: f64) -> Trial<f64> {
    match side {
        Side::Reference => Ok(slow::decay(slow::Convention::Published, step, alpha)?),
        Side::Fast => Ok(fast::decay(fast::Convention::Published, step, alpha)?),
    }
}

/// By the paper's.
fn paper_decay(side: Side, step: usize, alpha: f64) -> Trial<f64> {
    match side {
        Side::Reference => Ok(slow::decay(slow::Convention::Paper, step, alpha)?),
        Side::Fast => Ok(fast::decay(fast::Convention::Paper, step, alpha)?),
    }
}

fn average(side: Side, mean: &[f64], student: &[f64], decay: f64) -> Trial<Vec<f64>> {
    match side {
        Side::Reference => {
            let mut mean = mean.to_vec();
            slow::average(&mut mean, student, decay)?;
            Ok(mean)
        }
        Side::Fast => {
            let place = |values| tch::Tensor::from_slice(values).to_device(mmt_testkit::devices::current());
            let (mean, student) = (place(mean), place(student));
            fast::average(&mean, &student, decay)?;
            Ok(mmt_testkit::Actual::from(&mean).values)
        }
    }
}

/// Parameters of a mean network and of its student.
fn pairs() -> impl Strategy<Value = (Vec<f64>, Vec<f64>)> {
    (1..40_usize, any::<u64>()).prop_map(|(count, seed)| {
        let both = generate::normal(2, count, 1.0, &mut generate::rng(seed));
        (both.row(0).to_vec(), both.row(1).to_vec())
    })
}

/// Steps, half of them so early that α is still reached for.
fn steps() -> impl Strategy<Value = usize> {
    prop_oneof![0..20_usize, 0..100_000_usize]
}

mmt_testkit::on_each_device! {
    #![proptest_config(strategies::config(64))]

    #[test]
    fn the_decay_of_both_wings_is_the_same(step in steps(), alpha in 0.0..=1.0) {
        let expected = decay(Side::Reference, step, alpha)?;
        check("D23", Quantity::Value, Width::Double, 1.0, decay(Side::Fast, step, alpha)?, expected)?;
    }

    #[test]
    fn the_average_of_both_wings_is_the_same((mean, student) in pairs(), share in 0.0..=1.0) {
        let expected = average(Side::Reference, &mean, &student, share)?;
        let found = average(Side::Fast, &mean, &student, share)?;
        check("D23", Quantity::Value, Width::Double, 1.0, &found, &expected)?;
    }

    #[test]
    fn fast_f32_equals_reference((mean, student) in pairs(), share in 0.0..=1.0) {
        let expected = average(Side::Reference, &mean, &student, share)?;
        // Where the two nearly cancel, it is their size that the roundings of weight, product and sum are shares of.
        let unit = 3.0 * mean.iter().chain(&student).fold(1.0, |largest: f64, value| largest.max(value.abs()));
        let row = |values: &[f64]| mmt_reference::Matrix::new(1, values.len(), values.to_vec());
        let [mean, student] = [row(&mean).map_err(Failure::from)?, row(&student).map_err(Failure::from)?].map(|row| convert::tensor(&row, Kind::Float));
        fast::average(&mean, &student, share).map_err(Failure::from)?;
        check("D23", Quantity::Value, Width::Single, unit, &mean.view([-1]), &expected)?;
    }

    #[test]
    fn the_decay_starts_at_zero_never_falls_and_never_passes_alpha(step in steps(), alpha in 0.0..=1.0) {
        for side in Side::BOTH {
            prop_assert_eq!(decay(side, 0, alpha)?, 0.0);
            let (now, next) = (decay(side, step, alpha)?, decay(side, step + 1, alpha)?);
            prop_assert!(now <= next && next <= alpha, "{now} {next}");
        }
    }

    #[test]
    fn the_paper_keeps_alpha_throughout_and_the_published_decay_reaches_it_after_as_many_steps_as_it_remembers(step in steps(), alpha in 0.0..0.999) {
        for side in Side::BOTH {
            prop_assert_eq!(paper_decay(side, step, alpha)?, alpha);
            let remembered = (1.0 / (1.0 - alpha)).ceil() as usize;
            prop_assert_eq!(decay(side, remembered, alpha)?, alpha);
            prop_assert!(decay(side, step, alpha)? <= alpha);
        }
    }

    #[test]
    fn the_mean_stays_between_itself_and_the_student((mean, student) in pairs(), share in 0.0..=1.0) {
        for side in Side::BOTH {
            for (i, value) in average(side, &mean, &student, share)?.into_iter().enumerate() {
                let (low, high) = (mean[i].min(student[i]), mean[i].max(student[i]));
                prop_assert!(value >= low - 1e-15 && value <= high + 1e-15);
            }
        }
    }

    #[test]
    fn the_first_published_step_copies_the_student((mean, student) in pairs(), alpha in 0.0..=1.0) {
        for side in Side::BOTH {
            let found = average(side, &mean, &student, decay(side, 0, alpha)?)?;
            check("D23", Quantity::Value, Width::Double, 1.0, &found, &student)?;
        }
    }

    #[test]
    fn until_alpha_is_reached_it_is_the_plain_mean_of_all_students(seed: u64, count in 1..20_usize) {
        let students = generate::normal(count, 3, 1.0, &mut generate::rng(seed));
        for side in Side::BOTH {
            let mut mean = vec![9.0; 3];
            for step in 0..count {
                mean = average(side, &mean, students.row(step), decay(side, step, 1.0)?)?;
            }
            for j in 0..3 {
                let plain = (0..count).map(|i| students[(i, j)]).sum::<f64>() / count as f64;
                check("D23", Quantity::Value, Width::Double, 10.0, mean[j], plain)?;
            }
        }
    }
}
