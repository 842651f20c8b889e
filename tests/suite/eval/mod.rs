//! The evaluation (D16 … D21, D34, D35): fast = reference, and the laws each measure obeys in both wings.

mod adapters;
mod bad_input;
mod blocks;
mod label_quality;
mod pair_errors;
mod ranking;
mod re_ranking;
pub(crate) mod teaching;
