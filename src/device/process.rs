//! The threads and memory that the system lets this process have, asked before the work: libtorch waits for ever for a thread that it
//! could not start, and breaks where there is no address space for a thread's memory.

use std::fs::read_to_string;
use std::sync::{Mutex, PoisonError};
use std::thread::{Builder, scope};

use super::memory::in_words;
use crate::error::{Error, Result};

/// Pools of threads beside each other: loaders, libtorch's two, and that of the tables (polars).
const POOLS: usize = 4;
/// Threads beside the pools: jobs, Ctrl-C, progress, prefetching.
const BESIDE: usize = 6;
/// Address space of a thread in bytes: its stack, and what glibc sets aside for its allocations.
const OF_A_THREAD: u64 = 72 << 20;
/// Address space in bytes of what threads share: tables, images, buffers.
const SHARED: u64 = 256 << 20;

/// The way out where threads cannot be started.
const MORE_THREADS: &str =
    "allow more processes (`ulimit -u`) or memory (`ulimit -v`), or lower --threads where the command has it";

/// Threads where nobody says how many: as many as the machine runs at a time.
pub fn all_threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Gives loaders and the drawing of images (rayon) as many threads.
///
/// # Errors
/// The system does not let the process have them.
pub fn set_loader_threads(count: usize) -> Result<()> {
    room_for_threads(count + BESIDE)?;
    start_loaders(count)
}

/// Gives loaders and libtorch as many threads.
///
/// # Errors
/// The system does not let the process have them.
pub fn set_threads(count: usize) -> Result<()> {
    room_for_threads(POOLS * count + BESIDE)?;
    start_loaders(count)?;
    tch::set_num_threads(i32::try_from(count).unwrap_or(i32::MAX));
    Ok(())
}

/// Asks for the threads that tables are made with: polars starts them at its first table, and breaks where it cannot.
///
/// # Errors
/// The system does not let the process have them.
pub fn room_for_tables() -> Result<()> {
    room_for_threads(all_threads() + BESIDE)
}

fn start_loaders(count: usize) -> Result<()> {
    rayon::ThreadPoolBuilder::new().num_threads(count).build_global().map_err(|error| refused(count, &error))
}

fn refused(count: usize, error: &dyn std::fmt::Display) -> Error {
    Error::Training(format!("cannot start {count} threads: {error}; {MORE_THREADS}"))
}

/// Starts `count` threads that are there at the same time, and lets them end.
fn room_for_threads(count: usize) -> Result<()> {
    let gate = Mutex::new(());
    scope(|scope| {
        // Shut until this closure is left, by the error as well.
        let _shut = gate.lock().unwrap_or_else(PoisonError::into_inner);
        for _ in 0..count {
            let started = Builder::new().spawn_scoped(scope, || drop(gate.lock()));
            started.map_err(|error| refused(count, &error))?;
        }
        Ok(())
    })
}

/// Refuses a training for which the address space that the process is allowed does not suffice.
///
/// # Errors
/// `bytes` of networks and batches, and what `threads` threads of each pool take, are more than is left.
pub fn room_for_training(bytes: u64, threads: usize) -> Result<()> {
    let Some((mapped, allowed)) = address_space() else { return Ok(()) };
    let needed = mapped + bytes + SHARED + (POOLS * threads) as u64 * OF_A_THREAD;
    if needed <= allowed {
        return Ok(());
    }
    Err(Error::Training(format!(
        "the address space is limited to {} and a run needs about {}: raise the limit (`ulimit -v`), or lower --threads, the batch of the \
         profile or its image_size",
        in_words(allowed),
        in_words(needed)
    )))
}

/// Address space in bytes of the program with its libraries, and that which the process may take. None where there is no limit, or no
/// telling. What threads that run already have taken is not in it: glibc takes what it can get for them.
fn address_space() -> Option<(u64, u64)> {
    let allowed = number_after(&read_to_string("/proc/self/limits").ok()?, "Max address space")?;
    Some((read_to_string("/proc/self/maps").ok()?.lines().filter_map(of_a_file).sum(), allowed))
}

/// Bytes that a line of `/proc/self/maps` maps of a file: `7f5c2000-7f5c8000 r-xp 00000000 08:01 1234  /lib/x.so`.
fn of_a_file(line: &str) -> Option<u64> {
    let (from, to) = line.split_whitespace().next()?.split_once('-')?;
    let bytes = u64::from_str_radix(to, 16).ok()?.checked_sub(u64::from_str_radix(from, 16).ok()?)?;
    line.contains('/').then_some(bytes)
}

/// The number that follows `name` at the beginning of a line; none where another word does, such as `unlimited`.
fn number_after(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_as_the_system_writes_them() {
        let limits = "Max cpu time              unlimited            unlimited            seconds\n\
                      Max address space         1228800000           unlimited            bytes\n";
        assert_eq!(number_after(limits, "Max address space"), Some(1_228_800_000));
        assert_eq!(number_after(limits, "Max cpu time"), None);
        assert_eq!(of_a_file("7f5c2000-7f5c8000 r-xp 00000000 08:01 1234  /lib/x.so"), Some(0x6000));
        assert_eq!(of_a_file("7f5c2000-7f5c8000 rw-p 00000000 00:00 0 "), None);
    }

    #[test]
    fn as_many_threads_as_asked_for_end_again() {
        room_for_threads(9).unwrap();
    }
}
