//! One program for all tests of the library (each further one would link libtorch again).
//!
//! - [`architecture`]: the rooms use only rooms before them; every step has its twin
//! - [`coverage`]: every definition has a reference, a fast form, laws, golden values and a bench
//! - [`golden`]: the published code's values, reference and fast wing
//! - [`ten_steps`]: whole training steps, every number of every network after every step
//! - [`distance`], [`data`], [`loss`], [`cluster`], [`eval`], [`train`]: fast = reference and the laws, room by room

mod architecture;
mod cluster;
mod coverage;
mod data;
mod distance;
mod eval;
mod golden;
mod loss;
mod ten_steps;
mod train;
mod wing;
