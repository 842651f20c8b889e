//! The methods of two networks (D33): mutual mean-teaching, the same without mean networks, and its hard-only baseline.

mod current;
mod hard_only;
mod mean;

pub(super) use current::MutualCurrent;
pub(super) use hard_only::HardOnly;
pub(super) use mean::MutualMean;
