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
    /// For definitions whose fast form is still being written; `definitions::PENDING` lists them.
    pub const REFERENCE_ONLY: [Self; 1] = [Self::Reference];
}
