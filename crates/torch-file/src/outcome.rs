//! Results inside this crate.

/// A result inside this crate: a fault is a sentence.
pub type Outcome<T> = std::result::Result<T, String>;

/// The fault of a file of another byte order.
pub const BIG_ENDIAN: &str = "it was written on a big-endian machine; only little-endian files are read";
