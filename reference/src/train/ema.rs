//! D23: the mean network, a temporal average of the student's parameters.

use crate::error::{InvalidInput, Result};
use crate::loss::check_share;
use crate::model::{Role, State};

/// Where paper and published code differ: how the memory of a mean network starts (D23).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Convention {
    /// `α_t = min(1 − 1/(t + 1), α)`: the first step copies the student.
    Published,
    /// `α_t = α` at every step.
    Paper,
}

/// Share α_t of the old mean at step t (D23), which counts from 0 over all epochs. Source: published
/// `_update_ema_variables`; the paper's temporal average.
pub fn decay(convention: Convention, step: usize, alpha: f64) -> Result<f64> {
    check_share("alpha", alpha)?;
    Ok(match convention {
        Convention::Published => (1.0 - 1.0 / (step as f64 + 1.0)).min(alpha),
        Convention::Paper => alpha,
    })
}

/// One update of an array (D23): `E ← α_t E + (1 − α_t) θ`.
pub fn average(mean: &mut [f64], student: &[f64], decay: f64) -> Result<()> {
    check_share("decay", decay)?;
    if mean.len() != student.len() {
        let (expected, found) = (mean.len().to_string(), student.len().to_string());
        return Err(InvalidInput::Shape { what: "student", expected, found });
    }
    for (mean, value) in mean.iter_mut().zip(student) {
        *mean = decay * *mean + (1.0 - decay) * value;
    }
    Ok(())
}

/// One update of a mean network (D23): all parameters, the frozen neck bias among them. Buffers stay: the
/// statistics of the mean network come from its own forward passes.
pub fn update(mean_network: &mut State, student: &State, decay: f64) -> Result<()> {
    mean_network.check_same_layout(student)?;
    for (mean, own) in mean_network.entries_mut().iter_mut().zip(student.entries()) {
        if own.role != Role::Buffer {
            average(&mut mean.values, &own.values, decay)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(value: f64) -> State {
        let mut state = State::default();
        for (name, role) in [("w", Role::Trained), ("b", Role::Frozen), ("running_mean", Role::Buffer)] {
            state.push(name.to_owned(), &[2], value, role);
        }
        state
    }

    #[test]
    fn the_decay_grows_from_0_to_alpha() {
        let decays: Vec<f64> = [0, 1, 3, 9, 10_000]
            .iter()
            .map(|&step| decay(Convention::Published, step, 0.9).unwrap())
            .collect();
        assert_eq!(decays, [0.0, 0.5, 0.75, 0.9, 0.9]);
        assert_eq!(decay(Convention::Published, 50, 0.0), Ok(0.0));
    }

    #[test]
    fn until_alpha_is_reached_the_mean_is_that_of_all_students() {
        let mut mean = [100.0];
        for (step, student) in [3.0, 5.0, 10.0].iter().enumerate() {
            average(&mut mean, &[*student], decay(Convention::Published, step, 0.999).unwrap()).unwrap();
        }
        assert!((mean[0] - 6.0).abs() < 1e-14);
    }

    #[test]
    fn parameters_move_and_buffers_stay() {
        let mut mean = state(1.0);
        update(&mut mean, &state(3.0), 0.75).unwrap();
        for (name, expected) in [("w", 1.5), ("b", 1.5), ("running_mean", 1.0)] {
            assert_eq!(mean.values(name).unwrap(), [expected; 2]);
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert!(matches!(
            decay(Convention::Published, 0, 1.5),
            Err(InvalidInput::Parameter { what: "alpha", .. })
        ));
        assert!(matches!(update(&mut state(1.0), &state(1.0), -0.1), Err(InvalidInput::Parameter { .. })));
        assert!(matches!(update(&mut state(1.0), &State::default(), 0.5), Err(InvalidInput::Shape { .. })));
    }
}
