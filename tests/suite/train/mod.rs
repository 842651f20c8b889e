//! The training steps (D22 … D24): fast = reference and the properties of both.

mod adam;
mod bad_input;
mod dropout;
mod ema;
mod schedule;
mod settings;
mod waits;
