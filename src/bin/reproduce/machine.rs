//! The arguments about the machine, the same for everything that computes.

use clap::Args;
use mmt::Result;
use mmt::device::process;
use tch::Device;

/// The device and threads that the computation runs on.
#[derive(Debug, Args)]
pub struct MachineArgs {
    /// Device: auto, cpu, cuda or cuda:N.
    #[arg(long, default_value = "auto", value_parser = parse_device, value_name = "DEVICE")]
    pub device: Device,
    /// Threads to use [default: all of the machine].
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024), value_name = "N")]
    pub threads: Option<u16>,
}

impl MachineArgs {
    pub fn threads(&self) -> usize {
        self.threads.map_or_else(process::all_threads, usize::from)
    }

    /// Gives loaders, the drawing of the built-in domains and libtorch as many threads.
    pub fn set_threads(&self) -> Result<()> {
        process::set_threads(self.threads())
    }
}

fn parse_device(text: &str) -> std::result::Result<Device, String> {
    mmt::device::choose(text).map_err(|error| error.to_string())
}
