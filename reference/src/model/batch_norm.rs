//! D30: batch normalisation, in training and evaluation, for the whole batch or by groups of images.

use super::state::{Gradients, Role, State};
use super::volume::Volume;
use crate::error::{InvalidInput, Result};

/// Share of a batch in the running statistics.
pub const MOMENTUM: f64 = 0.1;
/// Added to a variance under the root.
pub const EPSILON: f64 = 1e-5;

/// Which statistics a batch norm divides by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Statistics {
    /// Training: those of the batch, which also move the running ones. With a `group`, those of each run of
    /// that many images (the last may be smaller), of which the first alone moves the running ones, as under
    /// data parallelism: published runs had 16 images per card.
    Batch {
        /// Images per group; all in one where there is none.
        group: Option<usize>,
    },
    /// Evaluation: the running ones.
    Running,
}

/// Mean, biased variance and number of values of one channel in one group.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moments {
    /// μ.
    pub mean: f64,
    /// σ², the mean squared deviation.
    pub variance: f64,
    /// Number of values, images × pixels.
    pub count: usize,
}

/// `x̂ = (x − μ) / √(σ² + ε)` and what its gradient needs.
#[derive(Debug, Clone, PartialEq)]
pub struct Normalized {
    /// x̂.
    pub values: Volume,
    /// `1 / √(σ² + ε)` by group and channel.
    inverse_deviations: Vec<Vec<f64>>,
    /// Images per group.
    group: usize,
    /// μ and σ² come from the values themselves; otherwise they are constants.
    own_statistics: bool,
}

/// Normalises every channel by the moments of each run of `group` images (D30): the core of training mode,
/// and with groups of one image that of instance norm. Also returns the moments by group and channel; refuses
/// groups of a single value.
pub fn normalize(x: &Volume, group: usize) -> Result<(Normalized, Vec<Vec<Moments>>)> {
    if group == 0 {
        return Err(InvalidInput::Parameter { what: "group", value: 0.0, allowed: "at least 1" });
    }
    let mut moments = Vec::new();
    for start in (0..x.shape()[0]).step_by(group) {
        let images = start..(start + group).min(x.shape()[0]);
        let of_group: Result<Vec<_>> =
            (0..x.shape()[1]).map(|channel| moments_of(x, images.clone(), channel)).collect();
        moments.push(of_group?);
    }
    Ok((with_moments(x, &moments, group, true), moments))
}

fn moments_of(x: &Volume, images: std::ops::Range<usize>, channel: usize) -> Result<Moments> {
    let values: Vec<f64> = images.flat_map(|image| x.plane(image, channel).to_vec()).collect();
    if values.len() < 2 {
        let (what, found) = ("values of a channel to normalise", values.len());
        return Err(InvalidInput::TooFewSamples { what, needed: 2, found });
    }
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / count;
    Ok(Moments { mean, variance, count: values.len() })
}

fn with_moments(x: &Volume, moments: &[Vec<Moments>], group: usize, own_statistics: bool) -> Normalized {
    let inverse = |moments: &Moments| 1.0 / (moments.variance + EPSILON).sqrt();
    let inverse_deviations: Vec<Vec<f64>> =
        moments.iter().map(|of_group| of_group.iter().map(inverse).collect()).collect();
    let mut values = x.clone();
    for image in 0..x.shape()[0] {
        for channel in 0..x.shape()[1] {
            let (mean, inverse) =
                (moments[image / group][channel].mean, inverse_deviations[image / group][channel]);
            for value in values.plane_mut(image, channel) {
                *value = (*value - mean) * inverse;
            }
        }
    }
    Normalized { values, inverse_deviations, group, own_statistics }
}

impl Normalized {
    /// `y = γ x̂ + β`, one γ and one β a channel.
    pub fn scale_and_shift(&self, weight: &[f64], bias: &[f64]) -> Volume {
        let mut y = self.values.clone();
        for image in 0..y.shape()[0] {
            for channel in 0..y.shape()[1] {
                for value in y.plane_mut(image, channel) {
                    *value = weight[channel] * *value + bias[channel];
                }
            }
        }
        y
    }

    /// Gradients of [`Normalized::scale_and_shift`] with respect to x, γ and β, given g, that with respect to
    /// y.
    ///
    /// `∂γ = Σ g x̂`, `∂β = Σ g` over the whole batch; with h = γ g and means over the group and channel
    /// `∂x = (h − mean(h) − x̂ · mean(h x̂)) / √(σ² + ε)`, where constant statistics leave the means out.
    pub fn backward(&self, weight: &[f64], gradient: &Volume) -> Result<(Volume, Vec<f64>, Vec<f64>)> {
        gradient.check_shape(self.values.shape(), "gradient")?;
        let [images, channels, ..] = self.values.shape();
        let (mut to_x, mut to_weight, mut to_bias) =
            (gradient.clone(), vec![0.0; channels], vec![0.0; channels]);
        for channel in 0..channels {
            for start in (0..images).step_by(self.group) {
                let members = start..(start + self.group).min(images);
                let (mut sum, mut along, mut count) = (0.0, 0.0, 0.0);
                for image in members.clone() {
                    for (g, x) in gradient.plane(image, channel).iter().zip(self.values.plane(image, channel))
                    {
                        sum += g;
                        along += g * x;
                        count += 1.0;
                    }
                }
                to_weight[channel] += along;
                to_bias[channel] += sum;
                let scale = weight[channel] * self.inverse_deviations[start / self.group][channel];
                let (mean, mean_along) =
                    if self.own_statistics { (sum / count, along / count) } else { (0.0, 0.0) };
                for image in members {
                    let normalized = self.values.plane(image, channel);
                    for (g, x) in to_x.plane_mut(image, channel).iter_mut().zip(normalized) {
                        *g = scale * (*g - mean - x * mean_along);
                    }
                }
            }
        }
        Ok((to_x, to_weight, to_bias))
    }
}

/// Appends the entries of a batch norm; the role of its bias is the neck's one difference.
pub fn declare(state: &mut State, name: &str, channels: usize, bias: Role) {
    state.push(format!("{name}.weight"), &[channels], 1.0, Role::Trained);
    state.push(format!("{name}.bias"), &[channels], 0.0, bias);
    state.push(format!("{name}.running_mean"), &[channels], 0.0, Role::Buffer);
    state.push(format!("{name}.running_var"), &[channels], 1.0, Role::Buffer);
    state.push(format!("{name}.num_batches_tracked"), &[], 0.0, Role::Buffer);
}

/// The batch norm `name` of `state` on `x` (D30). Training moves the running statistics by the first group:
/// `r ← 0.9 r + 0.1 μ`, and by the unbiased variance `σ² · n/(n − 1)` likewise; and counts the batch.
pub fn forward(
    state: &mut State,
    name: &str,
    x: &Volume,
    statistics: Statistics,
) -> Result<(Volume, Normalized)> {
    let channels = state.values(&format!("{name}.weight"))?.len();
    if x.shape()[1] != channels || x.values().is_empty() {
        let (expected, found) = (format!("[B, {channels}, H, W]"), format!("{:?}", x.shape()));
        return Err(InvalidInput::Shape { what: "the input of a batch norm", expected, found });
    }
    let normalized = match statistics {
        Statistics::Batch { group } => {
            let (normalized, moments) = normalize(x, group.unwrap_or(x.shape()[0]))?;
            track(state, name, &moments[0])?;
            normalized
        }
        Statistics::Running => {
            let means = state.values(&format!("{name}.running_mean"))?;
            let variances = state.values(&format!("{name}.running_var"))?;
            let moments = means.iter().zip(variances);
            let moments = moments.map(|(&mean, &variance)| Moments { mean, variance, count: 0 }).collect();
            with_moments(x, &[moments], x.shape()[0], false)
        }
    };
    let (weight, bias) = (state.values(&format!("{name}.weight"))?, state.values(&format!("{name}.bias"))?);
    Ok((normalized.scale_and_shift(weight, bias), normalized))
}

fn track(state: &mut State, name: &str, moments: &[Moments]) -> Result<()> {
    for (running, moments) in state.values_mut(&format!("{name}.running_mean"))?.iter_mut().zip(moments) {
        *running = (1.0 - MOMENTUM) * *running + MOMENTUM * moments.mean;
    }
    for (running, moments) in state.values_mut(&format!("{name}.running_var"))?.iter_mut().zip(moments) {
        let unbiased = moments.variance * moments.count as f64 / (moments.count - 1) as f64;
        *running = (1.0 - MOMENTUM) * *running + MOMENTUM * unbiased;
    }
    for count in state.values_mut(&format!("{name}.num_batches_tracked"))? {
        *count += 1.0;
    }
    Ok(())
}

/// Gradient with respect to the input of [`forward`]; those of weight and bias go into `gradients` if they
/// are trained.
pub fn backward(
    state: &State,
    name: &str,
    normalized: &Normalized,
    gradient: &Volume,
    gradients: &mut Gradients,
) -> Result<Volume> {
    let (weight_name, bias_name) = (format!("{name}.weight"), format!("{name}.bias"));
    let (to_x, to_weight, to_bias) = normalized.backward(state.values(&weight_name)?, gradient)?;
    for (name, values) in [(weight_name, to_weight), (bias_name, to_bias)] {
        if state.entry(&name)?.role == Role::Trained {
            gradients.insert(name, values);
        }
    }
    Ok(to_x)
}

#[cfg(test)]
#[path = "batch_norm_tests.rs"]
mod tests;
