//! The model room: residual networks built from a [`Spec`], the batch-norm neck, the two forward modes.
//!
//! ```text
//! images [B, 3, H, W] ── trunk ──▶ map [B, C, h, w] ── mean ──▶ pooled [B, D] ── neck ──▶ [B, D]
//!                                                                  │                      ├─ training ──▶ logits [B, M]
//!                                                                  └─ training: features  └─ evaluation: unit length
//! ```
//!
//! [`Network::train`] is the training mode (D31): pooled features and logits, batch norm on the statistics of the batch.
//! [`Network::embed`] is the evaluation mode: the neck's output at unit length, batch norm on running statistics.

mod initial;
mod layers;
mod network;
pub mod norm;
mod spec;
mod state;
mod weights;

pub use network::{Network, Outputs};
pub use norm::BatchStatistics;
pub use spec::{Backbone, BlockKind, Embedding, Spec, Stage, Stem};
pub use state::{Entry, Role};
pub use weights::{Named, read_tensors, write_tensors};
