//! Initial weights, from a stream of our own: the same on every device and with every libtorch.

use rand::Rng;
use rand_distr::{Distribution, StandardNormal};
use tch::{Device, Kind, Tensor};

use super::state::{Entry, Role};
use crate::shim::channels_last;

/// Makes the tensors of a network and lists them.
pub(super) struct Builder<'a, R: Rng> {
    /// Without one, weights are zeros that take no memory: only names and shapes are wanted.
    pub rng: Option<&'a mut R>,
    pub kind: Kind,
    pub device: Device,
    pub entries: Vec<Entry>,
}

impl<R: Rng> Builder<'_, R> {
    /// Normal values with standard deviation `std`.
    pub fn normal(&mut self, name: String, shape: &[i64], std: f64) -> Tensor {
        let tensor = match &mut self.rng {
            Some(rng) => {
                let count = shape.iter().product::<i64>() as usize;
                let draw = |_| {
                    let value: f64 = StandardNormal.sample(rng);
                    (std * value) as f32
                };
                Tensor::from_slice(&(0..count).map(draw).collect::<Vec<f32>>()).view(shape)
            }
            None => Tensor::zeros([1], (Kind::Float, Device::Cpu)).expand(shape, false),
        };
        self.register(name, tensor, Role::Trained)
    }

    /// Kaiming's normal initialisation by fan-out, for a convolution before a ReLU.
    pub fn convolution(&mut self, name: String, inputs: i64, outputs: i64, kernel: i64) -> Tensor {
        let std = (2.0 / (outputs * kernel * kernel) as f64).sqrt();
        self.normal(name, &[outputs, inputs, kernel, kernel], std)
    }

    /// The same value everywhere.
    pub fn constant(&mut self, name: String, shape: &[i64], value: f64, role: Role) -> Tensor {
        self.register(name, Tensor::full(shape, value, (Kind::Float, Device::Cpu)), role)
    }

    /// A batch norm's count of batches.
    pub fn counter(&mut self, name: String) -> Tensor {
        let tensor = Tensor::zeros([0_i64; 0], (Kind::Int64, self.device));
        self.entries.push(Entry { name, tensor: tensor.shallow_clone(), role: Role::Buffer });
        tensor
    }

    fn register(&mut self, name: String, tensor: Tensor, role: Role) -> Tensor {
        let tensor = tensor.to_kind(self.kind).to_device(self.device);
        // The CPU's kernels are faster so; what a convolution gives has the layout of its weights.
        let is_kernel = tensor.dim() == 4 && self.rng.is_some() && self.device == Device::Cpu;
        let tensor = if is_kernel { channels_last(&tensor) } else { tensor };
        let tensor = tensor.set_requires_grad(role == Role::Trained);
        self.entries.push(Entry { name, tensor: tensor.shallow_clone(), role });
        tensor
    }
}
