//! The end by Ctrl-C.

/// Exit status after Ctrl-C, as shells have it.
pub const INTERRUPTED: u8 = 130;
