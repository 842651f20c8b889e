//! D29: the first norm of a block in IBN-a: instance norm on half of the channels, batch norm on the rest.

use super::batch_norm::{self, Normalized, Statistics};
use super::state::{Gradients, Role, State};
use super::volume::Volume;
use crate::error::{InvalidInput, Result};

/// Appends the entries of an IBN for that many channels.
pub(super) fn declare(state: &mut State, name: &str, channels: usize) {
    let half = channels / 2;
    state.push(format!("{name}.IN.weight"), &[half], 1.0, Role::Trained);
    state.push(format!("{name}.IN.bias"), &[half], 0.0, Role::Trained);
    batch_norm::declare(state, &format!("{name}.BN"), channels - half, Role::Trained);
}

/// IBN (D29): the first C/2 channels by the mean and biased variance of each *image's* pixels (in training
/// and evaluation alike, no running statistics), the others by batch norm (D30). Source: published `IBN`,
/// after Pan et al. 2018.
pub fn forward(
    state: &mut State,
    name: &str,
    x: &Volume,
    statistics: Statistics,
) -> Result<(Volume, [Normalized; 2])> {
    let half = state.values(&format!("{name}.IN.weight"))?.len();
    if x.shape()[1] < half {
        let (expected, found) = (format!("at least {half} channels"), format!("{:?}", x.shape()));
        return Err(InvalidInput::Shape { what: "the input of an IBN", expected, found });
    }
    let (instance, _) = batch_norm::normalize(&x.channels(0, half), 1)?;
    let (weight, bias) =
        (state.values(&format!("{name}.IN.weight"))?, state.values(&format!("{name}.IN.bias"))?);
    let first = instance.scale_and_shift(weight, bias);
    let rest = x.channels(half, x.shape()[1]);
    let (second, batch) = batch_norm::forward(state, &format!("{name}.BN"), &rest, statistics)?;
    Ok((Volume::join(&first, &second)?, [instance, batch]))
}

/// Gradient with respect to the input of [`forward`]; those of its parameters go into `gradients`.
pub fn backward(
    state: &State,
    name: &str,
    [instance, batch]: &[Normalized; 2],
    gradient: &Volume,
    gradients: &mut Gradients,
) -> Result<Volume> {
    let half = instance.values.shape()[1];
    let (first, second) = (gradient.channels(0, half), gradient.channels(half, gradient.shape()[1]));
    let weight = state.values(&format!("{name}.IN.weight"))?;
    let (to_first, to_weight, to_bias) = instance.backward(weight, &first)?;
    gradients.insert(format!("{name}.IN.weight"), to_weight);
    gradients.insert(format!("{name}.IN.bias"), to_bias);
    let to_second = batch_norm::backward(state, &format!("{name}.BN"), batch, &second, gradients)?;
    Volume::join(&to_first, &to_second)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss::tests::numbers;

    #[test]
    fn half_of_the_channels_is_normalised_image_by_image() {
        let mut state = State::default();
        declare(&mut state, "bn1", 3);
        let x = Volume::new([2, 3, 2, 2], numbers(24, 1)).unwrap();
        let (y, _) = forward(&mut state, "bn1", &x, Statistics::Batch { group: None }).unwrap();
        for image in 0..2 {
            assert!(y.plane(image, 0).iter().sum::<f64>().abs() < 1e-14);
        }
        // The others are centred over both images, not in each.
        for channel in 1..3 {
            let sums = [0, 1].map(|image| y.plane(image, channel).iter().sum::<f64>());
            assert!((sums[0] + sums[1]).abs() < 1e-14 && sums[0].abs() > 1e-3);
        }
    }
}
