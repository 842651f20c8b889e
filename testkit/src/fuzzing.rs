//! How long a fuzz target goes on.

use std::time::Instant;

/// Clock ticks per second in `/proc`: 100 on every Linux there is.
const TICKS: f64 = 100.0;

/// The time that `MMT_FUZZ_SECONDS` gives a target, in seconds of this process's processor time, so that a busy machine fuzzes no less than
/// an idle one. Run one target per process then (`--exact`). Without `/proc` the clock counts.
#[derive(Debug)]
pub struct Budget {
    begun: Instant,
    used_before: Option<f64>,
    seconds: f64,
}

impl Budget {
    /// The variable's, from now on; nothing where it is not set.
    pub fn from_environment() -> Self {
        let seconds = std::env::var("MMT_FUZZ_SECONDS").ok().and_then(|text| text.parse().ok());
        Self { begun: Instant::now(), used_before: processor_seconds(), seconds: seconds.unwrap_or(0.0) }
    }

    /// Whether some of it is left.
    pub fn is_left(&self) -> bool {
        let used = match (processor_seconds(), self.used_before) {
            (Some(now), Some(before)) => now - before,
            _ => self.begun.elapsed().as_secs_f64(),
        };
        used < self.seconds
    }
}

/// Of all threads of this process, in user and system mode.
fn processor_seconds() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program stands in brackets and may hold blanks; what follows is separated by them.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / TICKS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sleeping_uses_nothing_of_it_and_working_does() {
        let budget = Budget { begun: Instant::now(), used_before: processor_seconds(), seconds: 0.2 };
        std::thread::sleep(std::time::Duration::from_millis(400));
        assert!(budget.used_before.is_none() || budget.is_left());
        let mut sum = 0_u64;
        while budget.is_left() {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        assert!(sum > 0 && !budget.is_left());
    }
}
