//! Mutual Mean-Teaching for unsupervised domain adaptation in person re-identification, on libtorch.
//!
//! ```text
//! images ──▶ data ──▶ model ──▶ features ──▶ cluster ──▶ pseudo labels ──┐
//!              │        ▲                                                │
//!              │        └──────────────── train ◀── loss ◀───────────────┘      once more, an epoch at a time
//!              │                            │
//!              └── query, gallery ──▶ eval ─┴──▶ record ──▶ report ──▶ tables, figures, verdicts
//! ```
//!
//! - [`data`] reads datasets and makes batches, [`synthetic`] draws domains where there are none; [`model`] is the networks and their
//!   files, [`features`] what they make of images.
//! - [`loss`], [`cluster`] and [`eval`] are the definitions: functions on tensors that need nothing of the rest. [`train`] puts them
//!   together: pre-training, and adaptation an epoch at a time.
//! - [`experiment`] runs jobs from a profile into folders, [`record`] is what they leave there, [`tools`] the same for networks and
//!   features of one's own. The report is a crate of its own, `mmt-report`, which needs records and no libtorch.
//! - [`device`], [`random`], [`distance`], [`blocks`], [`whole_file`], [`file_kind`] and [`error`] are what all of them stand on.
//!
//! A room uses only rooms that stand before it (`tests/suite/architecture/` holds this); [`record`], [`random`], [`whole_file`],
//! [`run_directory`] and [`error`] come from `mmt-vocabulary`, [`synthetic`] from `mmt-domains`.
//!
//! A loss and its gradient:
//! ```
//! use mmt::loss::soft_softmax_triplet::soft_softmax_triplet;
//! use tch::{Device, Kind, Tensor};
//!
//! # fn main() -> mmt::Result<()> {
//! let student = Tensor::randn([8, 16], (Kind::Float, Device::Cpu)).set_requires_grad(true);
//! let teacher = Tensor::randn([8, 16], (Kind::Float, Device::Cpu));
//! let labels = Tensor::from_slice(&[0_i64, 0, 1, 1, 2, 2, 3, 3]);
//! // Features [N, D] of a network and of its teacher, pseudo labels [N]: the soft softmax-triplet loss (D7).
//! let loss = soft_softmax_triplet(&student, &teacher, &labels, false)?;
//! loss.backward();
//! assert_eq!(student.grad().size(), [8, 16]);
//! # Ok(())
//! # }
//! ```

pub mod blocks;
pub mod cluster;
pub mod conformance;
pub mod data;
pub mod device;
pub mod distance;
pub mod eval;
pub mod experiment;
pub mod features;
pub mod file_kind;
pub mod loss;
pub mod model;
pub mod shim;
pub mod step_budget;
pub mod tools;
pub mod train;

pub use error::{Error, InvalidInput, Result};
pub use mmt_domains as synthetic;
pub use mmt_vocabulary::{error, random, record, run_directory, whole_file};
