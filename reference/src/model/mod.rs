//! The networks (D29–D31) with forward and backward passes, on named arrays of doubles.

pub mod batch_norm;
pub mod convolution;
pub mod ibn;
pub mod layer;
pub mod neck;
pub mod network;
pub mod pooling;
pub mod resnet;
pub mod state;
pub mod volume;

pub use batch_norm::Statistics;
pub use network::{Network, NetworkTrace};
pub use resnet::{BlockKind, Embedding, Spec, Stage, Stem};
pub use state::{Entry, Gradients, Role, State};
pub use volume::Volume;
