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
//!
//! ```
//! use mmt::model::{Network, Spec};
//! use mmt::random::stream;
//! use tch::{Device, Kind, Tensor};
//!
//! # fn main() -> mmt::Result<()> {
//! let place = (Kind::Float, Device::Cpu);
//! let network = Network::new(&Spec::small(), 10, &mut stream(1, "example", 0, 0), place)?;
//! let images = Tensor::rand([4, 3, 64, 32], place);
//! let outputs = network.train(&images, None);
//! assert_eq!((outputs.features.size(), outputs.logits.size()), (vec![4, 512], vec![4, 10]));
//! let features = network.embed(&images);
//! assert_eq!(features.size(), [4, 512]); // rows of unit length
//! # Ok(())
//! # }
//! ```

mod backbone;
mod checkpoint;
mod choice;
mod contents;
mod convolutions;
mod footprint;
mod initial;
mod layers;
mod load;
mod load_report;
mod named;
mod naming;
mod network;
pub mod norm;
mod opening;
mod recognise;
mod safetensors_header;
mod spec;
mod state;
mod stored;
mod weights;

pub use backbone::Backbone;
pub use checkpoint::{Checkpoint, CheckpointFile, Shapes, read_any, read_checkpoint};
pub use choice::Choice;
pub use contents::Format;
pub use convolutions::ConvolutionShape;
pub use footprint::Footprint;
pub use load::{Imported, not_finite};
pub use load_report::LoadReport;
pub use mmt_torch_file::strip_prefix;
pub use named::{Named, TensorSource};
pub use naming::published_name;
pub use network::{Network, Outputs};
pub use norm::BatchStatistics;
pub use spec::{BlockKind, Embedding, Spec, Stage, Stem};
pub use state::{Entry, Role};
pub use weights::{checksum, read_tensors, save_tensors, save_torch, write_tensors};
