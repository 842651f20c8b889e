//! The common parts of the tests and the benches of `mmt`: proptest strategies on top of the generators of `mmt-conformance`, the
//! reader of the golden folder, and comparisons by the one table of allowed errors.
//!
//! It knows the reference's [`Matrix`](mmt_reference::Matrix) and tch's tensors, but not `mmt` itself: what is tested
//! must not supply its own test data.

pub mod agreement;
pub mod compare;
pub mod convert;
pub mod devices;
pub mod failure;
pub mod fuzzing;
pub mod golden;
pub mod strategies;
pub mod tolerance;

pub use compare::Actual;
pub use failure::{Failure, Trial};
pub use mmt_conformance::generate;
