//! The data room (D25 … D28): fast = reference, and the rules themselves.

mod bad_input;
mod domains;
mod erasing;
mod own;
mod pixels;
mod sampler;
