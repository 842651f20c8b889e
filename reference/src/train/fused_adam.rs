//! D24: Adam with L2 weight decay.

use crate::error::{InvalidInput, Result};
use crate::model::{Entry, Gradients, Role, State};

/// β₁, share of the old first moment: PyTorch's default, as published.
pub const BETA_1: f64 = 0.9;
/// β₂, share of the old second moment.
pub const BETA_2: f64 = 0.999;
/// ε beside the root.
pub const EPSILON: f64 = 1e-8;

/// First and second moments of one array and the number of steps taken.
#[derive(Debug, Clone, PartialEq)]
pub struct Moments {
    /// m: running mean of the gradients.
    pub first: Vec<f64>,
    /// v: running mean of their squares.
    pub second: Vec<f64>,
    /// t.
    pub steps: i32,
}

impl Moments {
    /// Those of an array of `size` values before the first step.
    pub fn new(size: usize) -> Self {
        Self { first: vec![0.0; size], second: vec![0.0; size], steps: 0 }
    }

    /// One step of Adam (D24) on an array θ with its gradient. With λ the weight decay and η the learning
    /// rate
    ///
    /// `g ← g + λθ, m ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g²,`
    /// `θ ← θ − η · m/(1 − β₁^t) / (√(v/(1 − β₂^t)) + ε)`.
    ///
    /// Source: Kingma and Ba, algorithm 1, with the L2 penalty in the gradient, as in `torch.optim.Adam`.
    pub fn step(
        &mut self,
        parameter: &mut [f64],
        gradient: &[f64],
        learning_rate: f64,
        weight_decay: f64,
    ) -> Result<()> {
        for (what, value) in [("learning_rate", learning_rate), ("weight_decay", weight_decay)] {
            if !value.is_finite() || value < 0.0 {
                return Err(InvalidInput::Parameter { what, value, allowed: "0 or more" });
            }
        }
        if parameter.len() != self.first.len() || gradient.len() != self.first.len() {
            return Err(InvalidInput::Shape {
                what: "gradient",
                expected: format!("{} values, as many as the moments", self.first.len()),
                found: format!("{} for {} parameters", gradient.len(), parameter.len()),
            });
        }
        self.steps += 1;
        let (correction_1, correction_2) = (1.0 - BETA_1.powi(self.steps), 1.0 - BETA_2.powi(self.steps));
        for i in 0..parameter.len() {
            let g = gradient[i] + weight_decay * parameter[i];
            self.first[i] = BETA_1 * self.first[i] + (1.0 - BETA_1) * g;
            self.second[i] = BETA_2 * self.second[i] + (1.0 - BETA_2) * g * g;
            let (m, v) = (self.first[i] / correction_1, self.second[i] / correction_2);
            parameter[i] -= learning_rate * m / (v.sqrt() + EPSILON);
        }
        Ok(())
    }
}

/// Adam over the trained entries of one network (D24). Entries do not influence each other, so one of these
/// per student is the published optimizer over both.
#[derive(Debug, Clone, PartialEq)]
pub struct Adam {
    moments: Vec<Moments>,
    weight_decay: f64,
}

impl Adam {
    /// A fresh optimizer for the trained entries of `state`.
    pub fn new(state: &State, weight_decay: f64) -> Self {
        let moments = trained(state).map(|entry| Moments::new(entry.values.len())).collect();
        Self { moments, weight_decay }
    }

    /// One step of every trained entry; refuses gradients in which one is missing.
    pub fn step(&mut self, state: &mut State, gradients: &Gradients, learning_rate: f64) -> Result<()> {
        let count = trained(state).count();
        if self.moments.len() != count {
            let (expected, found) = (self.moments.len().to_string(), count.to_string());
            return Err(InvalidInput::Shape { what: "trained entries", expected, found });
        }
        let entries = state.entries_mut().iter_mut().filter(|entry| entry.role == Role::Trained);
        for (entry, moments) in entries.zip(&mut self.moments) {
            let gradient = gradients.get(&entry.name).ok_or_else(|| InvalidInput::Shape {
                what: "gradients",
                expected: format!("with an entry {}", entry.name),
                found: "without".into(),
            })?;
            moments.step(&mut entry.values, gradient, learning_rate, self.weight_decay)?;
        }
        Ok(())
    }

    /// The moments of the trained entries, in the order of the state.
    pub fn moments(&self) -> &[Moments] {
        &self.moments
    }
}

fn trained(state: &State) -> impl Iterator<Item = &Entry> {
    state.entries().iter().filter(|entry| entry.role == Role::Trained)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_step_has_the_length_of_the_learning_rate_whatever_the_gradient() {
        let mut parameter = [1.0, 1.0, 1.0];
        Moments::new(3).step(&mut parameter, &[1e-3, -50.0, 0.0], 0.01, 0.0).unwrap();
        for (value, expected) in parameter.iter().zip([0.99, 1.01, 1.0]) {
            assert!((value - expected).abs() < 1e-7);
        }
    }

    #[test]
    fn two_steps_by_hand() {
        let (mut moments, mut parameter) = (Moments::new(1), [0.0]);
        moments.step(&mut parameter, &[1.0], 0.1, 0.0).unwrap();
        moments.step(&mut parameter, &[3.0], 0.1, 0.0).unwrap();
        // m = .09 + .3 over 1 − .81; v = .000999 + .009 over 1 − .998001.
        let second = 0.1 * (0.39 / 0.19) / ((0.009999_f64 / 0.001999).sqrt() + 1e-8);
        assert!((parameter[0] + 0.1 / (1.0 + 1e-8) + second).abs() < 1e-13, "{parameter:?}");
    }

    #[test]
    fn weight_decay_is_added_to_the_gradient() {
        let (mut decayed, mut plain) = ([2.0, -2.0], [2.0, -2.0]);
        Moments::new(2).step(&mut decayed, &[0.5, 0.5], 0.1, 0.25).unwrap();
        // 0.5 ± 0.25 · 2: the second gradient is zero, so that value stays.
        Moments::new(2).step(&mut plain, &[1.0, 0.0], 0.1, 0.0).unwrap();
        assert_eq!(decayed, plain);
        assert_eq!(decayed[1], -2.0);
    }

    #[test]
    fn trained_entries_move_and_the_others_stay() {
        let mut state = State::default();
        for (name, role) in [("b", Role::Frozen), ("w", Role::Trained), ("running_var", Role::Buffer)] {
            state.push(name.to_owned(), &[1], 1.0, role);
        }
        let gradients = Gradients::from([("w".to_owned(), vec![4.0])]);
        let mut adam = Adam::new(&state, 0.0);
        adam.step(&mut state, &gradients, 0.5).unwrap();
        assert!((state.values("w").unwrap()[0] - 0.5).abs() < 1e-8);
        assert_eq!(
            (state.values("b").unwrap(), state.values("running_var").unwrap()),
            (&[1.0][..], &[1.0][..])
        );
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let mut parameter = [1.0];
        let mut step =
            |gradient: &[f64], rate, decay| Moments::new(1).step(&mut parameter, gradient, rate, decay);
        assert!(matches!(step(&[1.0, 2.0], 0.1, 0.0), Err(InvalidInput::Shape { .. })));
        assert!(matches!(step(&[1.0], f64::NAN, 0.0), Err(InvalidInput::Parameter { .. })));
        assert!(matches!(step(&[1.0], 0.1, -1.0), Err(InvalidInput::Parameter { .. })));
        let mut state = State::default();
        state.push("w".to_owned(), &[1], 1.0, Role::Trained);
        let missing = Adam::new(&state, 0.0).step(&mut state, &Gradients::new(), 0.1);
        assert!(matches!(missing, Err(InvalidInput::Shape { what: "gradients", .. })));
    }
}
