//! The evaluation (D16 … D21, D34, D35): fast = reference, and the properties each measure has in both implementations.

mod adapters;
mod bad_input;
mod blocks;
mod label_quality;
mod pair_errors;
mod ranking;
mod re_ranking;
pub(crate) mod teaching;
