//! The networks (D29–D31) with forward and backward passes, on named arrays of doubles.

pub mod state;

pub use state::{Entry, Gradients, Role, State};
