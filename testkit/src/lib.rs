//! What the tests and the benches of `mmt` share: seeded generators of cases, proptest strategies on top of them, the
//! reader of the golden folder, comparison helpers and [`tolerance`], the one table of allowed errors.
//!
//! It knows the reference's [`Matrix`](mmt_reference::Matrix) and tch's tensors, but not `mmt` itself: what is tested
//! must not supply its own test data.

pub mod agreement;
pub mod compare;
pub mod convert;
pub mod definitions;
pub mod devices;
pub mod failure;
pub mod generate;
pub mod golden;
pub mod strategies;
pub mod tolerance;

pub use compare::Actual;
pub use failure::{Failure, Trial};
