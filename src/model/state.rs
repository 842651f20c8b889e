//! A network's state: named tensors with their roles, in the published order and under the published names.

use tch::Tensor;

/// The role of a tensor of the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A parameter that the optimizer moves.
    Trained,
    /// A parameter that stays as it is: the neck's bias. The mean network averages it all the same.
    Frozen,
    /// A buffer of a batch norm: running mean, running variance, count of batches.
    Buffer,
}

impl Role {
    /// Parameters take part in the temporal average, buffers do not (D23).
    pub fn is_parameter(self) -> bool {
        self != Self::Buffer
    }
}

/// A tensor of the state. Its handle shares the memory of the layer's.
#[derive(Debug)]
pub struct Entry {
    /// Published state-dict name, such as `base.3.0.conv1.weight`.
    pub name: String,
    /// The tensor.
    pub tensor: Tensor,
    /// Its role.
    pub role: Role,
}
