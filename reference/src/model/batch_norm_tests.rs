use super::*;
use crate::loss::tests::{assert_slope, numbers};

fn norm(channels: usize) -> State {
    let mut state = State::default();
    declare(&mut state, "bn", channels, Role::Trained);
    state.set("bn.weight", &numbers(channels, 8)).unwrap();
    state.set("bn.bias", &numbers(channels, 9)).unwrap();
    state
}

fn sample(shape: [usize; 4], seed: u64) -> Volume {
    Volume::new(shape, numbers(shape.iter().product(), seed)).unwrap()
}

const ALL: Statistics = Statistics::Batch { group: None };

#[test]
fn two_images_of_one_pixel_by_hand() {
    let mut state = State::default();
    declare(&mut state, "bn", 1, Role::Trained);
    let x = Volume::new([2, 1, 1, 1], vec![1.0, 5.0]).unwrap();
    let (y, _) = forward(&mut state, "bn", &x, ALL).unwrap();
    let expected = 2.0 / (4.0_f64 + 1e-5).sqrt();
    assert!((y.values()[0] + expected).abs() < 1e-15 && (y.values()[1] - expected).abs() < 1e-15);
    // Mean 3; biased variance 4, unbiased 8.
    assert!((state.values("bn.running_mean").unwrap()[0] - 0.3).abs() < 1e-15);
    assert!((state.values("bn.running_var").unwrap()[0] - (0.9 + 0.8)).abs() < 1e-15);
    assert_eq!(state.values("bn.num_batches_tracked").unwrap(), [1.0]);
}

#[test]
fn evaluation_uses_the_running_statistics_and_leaves_them() {
    let mut state = norm(1);
    state.set("bn.weight", &[2.0]).unwrap();
    state.set("bn.bias", &[0.5]).unwrap();
    state.set("bn.running_mean", &[1.0]).unwrap();
    state.set("bn.running_var", &[4.0 - 1e-5]).unwrap();
    let before = state.clone();
    let x = Volume::new([1, 1, 1, 1], vec![5.0]).unwrap();
    let (y, _) = forward(&mut state, "bn", &x, Statistics::Running).unwrap();
    assert!((y.values()[0] - 4.5).abs() < 1e-14);
    assert_eq!(state, before);
}

#[test]
fn groups_are_normalised_apart_and_the_first_alone_moves_the_running_statistics() {
    let whole = sample([5, 2, 2, 1], 1);
    let part = |from: usize, to: usize| {
        Volume::new([to - from, 2, 2, 1], whole.values()[4 * from..4 * to].to_vec()).unwrap()
    };
    let mut grouped = norm(2);
    let (y, _) = forward(&mut grouped, "bn", &whole, Statistics::Batch { group: Some(2) }).unwrap();
    let mut first = norm(2);
    let mut outputs = forward(&mut first, "bn", &part(0, 2), ALL).unwrap().0.values().to_vec();
    assert_eq!(grouped, first);
    for (from, to) in [(2, 4), (4, 5)] {
        outputs.extend_from_slice(forward(&mut norm(2), "bn", &part(from, to), ALL).unwrap().0.values());
    }
    assert_eq!(y.values(), outputs);
}

#[test]
fn the_gradients_are_the_slopes_in_each_mode() {
    let x = sample([3, 2, 2, 2], 2);
    let weights = numbers(24, 3);
    for statistics in [ALL, Statistics::Batch { group: Some(2) }, Statistics::Running] {
        let loss = |state: &State, x: &Volume| {
            let y = forward(&mut state.clone(), "bn", x, statistics).unwrap().0;
            y.values().iter().zip(&weights).map(|(y, w)| y * w).sum::<f64>()
        };
        let state = norm(2);
        let (y, normalized) = forward(&mut state.clone(), "bn", &x, statistics).unwrap();
        let g = Volume::new(y.shape(), weights.clone()).unwrap();
        let mut gradients = Gradients::new();
        let to_x = backward(&state, "bn", &normalized, &g, &mut gradients).unwrap();
        for at in 0..24 {
            let moved = |step: f64| {
                let mut x = x.clone();
                x.values_mut()[at] += step;
                loss(&state, &x)
            };
            assert_slope(to_x.values()[at], moved, &format!("{statistics:?}, input {at}"));
        }
        for (name, values) in &gradients {
            for (at, value) in values.iter().enumerate() {
                let moved = |step: f64| {
                    let mut state = state.clone();
                    state.values_mut(name).unwrap()[at] += step;
                    loss(&state, &x)
                };
                assert_slope(*value, moved, &format!("{statistics:?}, {name}"));
            }
        }
    }
}

#[test]
fn a_frozen_bias_gets_no_gradient() {
    let mut state = State::default();
    declare(&mut state, "bn", 2, Role::Frozen);
    let x = sample([3, 2, 1, 1], 4);
    let (y, normalized) = forward(&mut state, "bn", &x, ALL).unwrap();
    let mut gradients = Gradients::new();
    backward(&state, "bn", &normalized, &y, &mut gradients).unwrap();
    assert_eq!(gradients.keys().collect::<Vec<_>>(), ["bn.weight"]);
}

#[test]
fn what_does_not_fit_is_refused() {
    let one = sample([1, 2, 1, 1], 5);
    let few = forward(&mut norm(2), "bn", &one, ALL);
    assert!(matches!(few, Err(InvalidInput::TooFewSamples { needed: 2, found: 1, .. })));
    assert!(matches!(forward(&mut norm(3), "bn", &one, ALL), Err(InvalidInput::Shape { .. })));
    let group = forward(&mut norm(2), "bn", &one, Statistics::Batch { group: Some(0) });
    assert!(matches!(group, Err(InvalidInput::Parameter { what: "group", .. })));
}
