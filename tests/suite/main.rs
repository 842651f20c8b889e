//! One program for all tests of the library (each further one would link libtorch again).
//!
//! - [`architecture`]: the rooms use only rooms before them; every step has its twin
//! - [`golden`]: the published code's values, reference and fast wing
//! - [`loss`]: fast = reference and the laws, a module per definition

mod architecture;
mod golden;
mod loss;
