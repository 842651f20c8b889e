//! Bridges between the kit's arrays and tensors.

use mmt_conformance::{Array, Inputs, Width};
use tch::{Device, Kind, Tensor};

/// Where and in which kind a definition is computed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub device: Device,
    pub kind: Kind,
}

/// Why a definition was not computed, as a sentence. Errors of either crate turn into it.
pub(super) struct Failed(pub String);

impl<E: std::error::Error> From<E> for Failed {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

pub(super) fn kind(width: Width) -> Kind {
    match width {
        Width::Double => Kind::Double,
        Width::Single => Kind::Float,
    }
}

/// An input as a tensor of its shape.
pub(super) fn tensor(inputs: &Inputs, name: &'static str, place: Place) -> Result<Tensor, Failed> {
    let array = inputs.array(name)?;
    let shape: Vec<i64> = array.shape.iter().map(|&size| size as i64).collect();
    Ok(Tensor::from_slice(&array.values).view(&shape[..]).to_kind(place.kind).to_device(place.device))
}

/// The same, to be differentiated by.
pub(super) fn variable(inputs: &Inputs, name: &'static str, place: Place) -> Result<Tensor, Failed> {
    Ok(tensor(inputs, name, place)?.set_requires_grad(true))
}

/// Labels `[B]` as i64.
pub(super) fn labels(inputs: &Inputs, place: Place) -> Result<Tensor, Failed> {
    Ok(Tensor::from_slice(&inputs.integers("labels")?).to_device(place.device))
}

/// A tensor as an array.
pub(super) fn array(tensor: &Tensor) -> Array {
    let shape = tensor.size().iter().map(|&size| size as usize).collect();
    let flat = tensor.detach().to_device(Device::Cpu).to_kind(Kind::Double).contiguous().view([-1]);
    let mut values = vec![0.0; flat.numel()];
    flat.copy_data(&mut values, flat.numel());
    Array { shape, values }
}

/// The gradients of `loss` with respect to tensors, zeros where no path leads there.
pub(super) fn gradients(loss: &Tensor, of: &[&Tensor]) -> Vec<Array> {
    let zeros = |of: &&Tensor| array(&of.zeros_like());
    if !loss.requires_grad() {
        return of.iter().map(zeros).collect();
    }
    let found = Tensor::run_backward(&[loss], of, true, false);
    let defined =
        |(of, gradient): (&&Tensor, Tensor)| if gradient.defined() { array(&gradient) } else { zeros(of) };
    of.iter().zip(found).map(defined).collect()
}
