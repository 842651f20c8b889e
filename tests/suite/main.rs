//! One program for all tests of the library (each further one would link libtorch again).
//!
//! - [`architecture`]: the rooms use only rooms before them; no files use each other in a circle; every step has its reference
//! - [`coverage`]: every definition has a reference, a fast form, properties, golden values and a bench
//! - [`cases`]: every case from public reports is held by a test that exists, or a known limit
//! - [`fuzz`]: mutations of lists, names, profiles, records, features and images
//! - [`allocation`]: how much memory a reader asks for
//! - [`conformance`]: the fast code and the registrations of the conformance kit
//! - [`checkpoints`]: files of PyTorch, good and hostile, and PyTorch reading ours
//! - [`golden`]: the published code's values, reference and fast code
//! - [`ten_steps`]: whole training steps, every number of every network after every step
//! - [`epochs`]: whole epochs through the entry that `reproduce` uses, every number after every epoch
//! - [`examples`]: the programs of `examples/`
//! - [`distance`], [`data`], [`loss`], [`cluster`], [`eval`], [`train`]: fast = reference and the properties, room by room

mod allocation;
mod architecture;
mod cases;
mod checkpoints;
mod cluster;
mod conformance;
mod coverage;
mod data;
mod distance;
mod epochs;
mod eval;
mod examples;
mod features;
#[cfg(unix)]
mod fuzz;
mod golden;
mod jobs;
mod loss;
mod side;
mod ten_steps;
mod train;

/// libtorch looks for its CUDA part once, at the first call that could concern it, whichever test makes that: so the part is loaded
/// before `main`.
#[cfg(target_os = "linux")]
#[used]
#[unsafe(link_section = ".init_array")]
static LOAD_CUDA_PART: extern "C" fn() = {
    extern "C" fn load() {
        mmt::device::load_cuda_part();
    }
    load
};

#[global_allocator]
static ALLOCATOR: allocation::Counting = allocation::Counting;
