//! Training: schedules, the optimizer, the mean network, and whole steps (D22–D24, D32, D33).

pub mod adaptation;
pub mod ema;
pub mod fused_adam;
pub mod methods;
pub mod pretrain;
pub mod schedule;
