//! The evaluation (D16 … D21): fast = reference, and the laws each measure obeys in both wings.

mod adapters;
mod bad_input;
mod blocks;
mod label_quality;
mod ranking;
mod re_ranking;
