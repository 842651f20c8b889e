//! The two implementations of a definition, for properties that hold in both.

use std::fmt::Debug;

use mmt_testkit::{Failure, Trial};

/// Who computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// `mmt-reference`.
    Reference,
    /// `mmt`, in f64.
    Fast,
}

impl Side {
    /// Both, the reference first.
    pub const BOTH: [Self; 2] = [Self::Reference, Self::Fast];
}

/// Name of the variant of an error's input.
fn variant(input: &dyn Debug) -> String {
    format!("{input:?}").chars().take_while(|letter| letter.is_alphanumeric()).collect()
}

/// Both implementations must refuse, with the variant `expected`.
pub fn both_refuse<A, B>(expected: &str, slow: mmt_reference::Result<A>, fast: mmt::Result<B>) -> Trial {
    let Err(slow) = slow else { return Err(Failure::new(format!("the reference took it: {expected}"))) };
    let fast = match fast {
        Err(mmt::Error::Input(input)) => input,
        Err(other) => return Err(Failure::new(format!("not an error of the input: {other}"))),
        Ok(_) => return Err(Failure::new(format!("the fast wing took it: {expected}"))),
    };
    let found = (variant(&slow), variant(&fast));
    if found == (expected.to_owned(), expected.to_owned()) {
        return Ok(());
    }
    Err(Failure::new(format!("{found:?}, expected {expected}")))
}

/// Sizes of blocks in which N rows are worked on: the smallest ones, and one below, at and above all of them.
pub fn block_sizes(rows: usize) -> Vec<usize> {
    vec![1, 2, 3, rows.saturating_sub(1).max(1), rows, rows + 1]
}
