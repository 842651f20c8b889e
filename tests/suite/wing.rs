//! The two implementations of a definition, for laws that hold in both.

/// Who computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wing {
    /// `mmt-reference`.
    Reference,
    /// `mmt`, in f64.
    Fast,
}

impl Wing {
    /// Both, the reference first.
    pub const BOTH: [Self; 2] = [Self::Reference, Self::Fast];
}
