//! D29: the layers of a residual network as data, their forward passes and their gradients.

use super::batch_norm::{self, Normalized, Statistics};
use super::convolution::{Kernel, convolve, convolve_backward};
use super::ibn;
use super::pooling::{max_pool, max_pool_backward};
use super::state::{Gradients, Role, State};
use super::volume::Volume;
use crate::error::{InvalidInput, Result};

/// A layer. Its numbers lie in a [`State`] under its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Layer {
    /// A convolution without bias.
    Convolution {
        /// Name without `.weight`.
        name: String,
        /// `[outputs, inputs, side, side]`.
        shape: [usize; 4],
        /// Steps of the window.
        stride: usize,
    },
    /// A batch norm (D30).
    BatchNorm {
        /// Name without `.weight`.
        name: String,
        /// Channels.
        channels: usize,
    },
    /// An IBN, half instance norm.
    Ibn {
        /// Name without `.IN` and `.BN`.
        name: String,
        /// Channels.
        channels: usize,
    },
    /// `max(0, x)`.
    Relu,
    /// 3×3 at stride 2.
    MaxPool,
    /// Layers one after the other.
    Sequence(Vec<Layer>),
    /// A residual block: `max(0, body(x) + shortcut(x))`; an empty shortcut is the identity.
    Block {
        /// Convolutions, norms and ReLUs.
        body: Vec<Layer>,
        /// Nothing, or convolution and norm.
        shortcut: Vec<Layer>,
    },
}

/// The values of a layer's forward pass that its gradient needs.
#[derive(Debug, Clone, PartialEq)]
pub enum Trace {
    /// Input of a convolution.
    Convolution(Volume),
    /// Normalised values of a batch norm.
    BatchNorm(Normalized),
    /// Normalised halves of an IBN.
    Ibn(Box<[Normalized; 2]>),
    /// Output of a ReLU.
    Relu(Volume),
    /// Input shape of a max-pool and the places it chose.
    MaxPool([usize; 4], Vec<usize>),
    /// Of the layers of a sequence.
    Sequence(Vec<Trace>),
    /// Of body and shortcut, and the block's output.
    Block(Vec<Trace>, Vec<Trace>, Volume),
}

impl Layer {
    /// Appends the layer's entries to a state, in the published order.
    pub(super) fn declare(&self, state: &mut State) {
        match self {
            Self::Convolution { name, shape, .. } => {
                state.push(format!("{name}.weight"), shape, 0.0, Role::Trained);
            }
            Self::BatchNorm { name, channels } => {
                batch_norm::declare(state, name, *channels, Role::Trained);
            }
            Self::Ibn { name, channels } => ibn::declare(state, name, *channels),
            Self::Relu | Self::MaxPool => {}
            Self::Sequence(layers) => layers.iter().for_each(|layer| layer.declare(state)),
            Self::Block { body, shortcut } => {
                body.iter().chain(shortcut).for_each(|layer| layer.declare(state));
            }
        }
    }

    /// Forward pass on `x`. Batch norms in training mode move their running statistics in `state`.
    pub fn forward(&self, state: &mut State, x: &Volume, statistics: Statistics) -> Result<(Volume, Trace)> {
        Ok(match self {
            Self::Convolution { name, shape, stride } => {
                let y = convolve(x, &kernel(state, name, *shape, *stride)?)?;
                (y, Trace::Convolution(x.clone()))
            }
            Self::BatchNorm { name, .. } => {
                let (y, normalized) = batch_norm::forward(state, name, x, statistics)?;
                (y, Trace::BatchNorm(normalized))
            }
            Self::Ibn { name, .. } => {
                let (y, halves) = ibn::forward(state, name, x, statistics)?;
                (y, Trace::Ibn(Box::new(halves)))
            }
            Self::Relu => {
                let y = x.map(relu);
                (y.clone(), Trace::Relu(y))
            }
            Self::MaxPool => {
                let (y, chosen) = max_pool(x)?;
                (y, Trace::MaxPool(x.shape(), chosen))
            }
            Self::Sequence(layers) => {
                let (y, traces) = forward_all(layers, state, x, statistics)?;
                (y, Trace::Sequence(traces))
            }
            Self::Block { body, shortcut } => {
                let (of_body, body) = forward_all(body, state, x, statistics)?;
                let (of_shortcut, shortcut) = forward_all(shortcut, state, x, statistics)?;
                let y = of_body.zip(&of_shortcut, |a, b| relu(a + b))?;
                (y.clone(), Trace::Block(body, shortcut, y))
            }
        })
    }

    /// Gradient with respect to the input, given that with respect to the output and the trace of the forward
    /// pass; those of the parameters go into `gradients`.
    pub fn backward(
        &self,
        state: &State,
        trace: &Trace,
        gradient: &Volume,
        gradients: &mut Gradients,
    ) -> Result<Volume> {
        match (self, trace) {
            (Self::Convolution { name, shape, stride }, Trace::Convolution(x)) => {
                let (to_x, to_weight) =
                    convolve_backward(x, &kernel(state, name, *shape, *stride)?, gradient)?;
                gradients.insert(format!("{name}.weight"), to_weight);
                Ok(to_x)
            }
            (Self::BatchNorm { name, .. }, Trace::BatchNorm(normalized)) => {
                batch_norm::backward(state, name, normalized, gradient, gradients)
            }
            (Self::Ibn { name, .. }, Trace::Ibn(halves)) => {
                ibn::backward(state, name, halves, gradient, gradients)
            }
            (Self::Relu, Trace::Relu(y)) => through_relu(gradient, y),
            (Self::MaxPool, Trace::MaxPool(shape, chosen)) => max_pool_backward(*shape, chosen, gradient),
            (Self::Sequence(layers), Trace::Sequence(traces)) => {
                backward_all(layers, state, traces, gradient, gradients)
            }
            (Self::Block { body, shortcut }, Trace::Block(of_body, of_shortcut, y)) => {
                let gradient = through_relu(gradient, y)?;
                let through_body = backward_all(body, state, of_body, &gradient, gradients)?;
                let through_shortcut = backward_all(shortcut, state, of_shortcut, &gradient, gradients)?;
                through_body.zip(&through_shortcut, |a, b| a + b)
            }
            _ => Err(foreign_trace()),
        }
    }
}

/// Layers one after the other.
pub fn forward_all(
    layers: &[Layer],
    state: &mut State,
    x: &Volume,
    statistics: Statistics,
) -> Result<(Volume, Vec<Trace>)> {
    let (mut y, mut traces) = (x.clone(), Vec::new());
    for layer in layers {
        let (next, trace) = layer.forward(state, &y, statistics)?;
        y = next;
        traces.push(trace);
    }
    Ok((y, traces))
}

/// Gradient of [`forward_all`] with respect to its input: the layers backwards.
pub fn backward_all(
    layers: &[Layer],
    state: &State,
    traces: &[Trace],
    gradient: &Volume,
    gradients: &mut Gradients,
) -> Result<Volume> {
    if layers.len() != traces.len() {
        return Err(foreign_trace());
    }
    let mut gradient = gradient.clone();
    for (layer, trace) in layers.iter().zip(traces).rev() {
        gradient = layer.backward(state, trace, &gradient, gradients)?;
    }
    Ok(gradient)
}

fn kernel<'a>(state: &'a State, name: &str, shape: [usize; 4], stride: usize) -> Result<Kernel<'a>> {
    let weight = state.values(&format!("{name}.weight"))?;
    Ok(Kernel { weight, shape, stride, padding: shape[2] / 2 })
}

fn relu(x: f64) -> f64 {
    x.max(0.0)
}

/// A ReLU passes the gradient where its output is positive.
fn through_relu(gradient: &Volume, output: &Volume) -> Result<Volume> {
    gradient.zip(output, |g, y| if y > 0.0 { g } else { 0.0 })
}

fn foreign_trace() -> InvalidInput {
    let (expected, found) = ("that of these layers".into(), "that of others".into());
    InvalidInput::Shape { what: "the trace of a forward pass", expected, found }
}
