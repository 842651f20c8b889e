//! Which device a computation runs on: libtorch's CUDA part, NVIDIA's driver, the cards, and what crosses between them.
//!
//! One program serves both kinds of libtorch. It links to the CPU libraries alone; the CUDA part is loaded at run time
//! ([`load_cuda_part`]) from beside the `libtorch_cpu.so` in use. A link argument would not do: no symbol of the CUDA part is used,
//! so the linker drops it, and one that is forced would bind the program to a libtorch with CUDA.

mod choice;
mod cuda_part;
mod driver;
mod libtorch;
pub mod memory;
mod overview;
mod precision;
pub mod process;
mod refusal;
pub mod transfer;

pub use choice::choose;
pub use cuda_part::{CudaPart, load_cuda_part};
pub use driver::{Card, Driver, Version};
pub use libtorch::Libtorch;
pub use overview::Overview;
pub use precision::Precision;
pub use refusal::{Refusal, usable};
