//! The devices a test runs on.

use std::io::Write;
use std::sync::Once;

use tch::{Cuda, Device};

/// The processor, and the first CUDA device where there is one; where there is none, that is said once.
pub fn devices() -> Vec<Device> {
    if Cuda::is_available() {
        return vec![Device::Cpu, Device::Cuda(0)];
    }
    static SAID: Once = Once::new();
    SAID.call_once(|| say("skipped: no CUDA device"));
    vec![Device::Cpu]
}

/// Prints a line that the test harness does not swallow: what a suite leaves out must be seen when it passes, too.
pub fn say(line: &str) {
    // A closed standard output is no reason to fail a test.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}
