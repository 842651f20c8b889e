//! How much memory this process has needed.

/// The largest amount of memory that this process has held so far, in bytes; none where the system does not tell (it is read
/// from Linux's `/proc/self/status`).
pub fn peak() -> Option<usize> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: usize = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kibibytes * 1024)
}
