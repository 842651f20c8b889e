//! How many neighbours an encoding looks at.

use crate::error::{InvalidInput, Result};

/// k1, k2 of the encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Neighbourhood {
    /// Neighbours that may be reciprocal, the image itself not counted.
    pub k1: usize,
    /// Rows over which an encoding is averaged, the image itself counted; 1 averages nothing.
    pub k2: usize,
}

impl Default for Neighbourhood {
    /// The published 20 and 6.
    fn default() -> Self {
        Self { k1: 20, k2: 6 }
    }
}

impl Neighbourhood {
    /// Entries of each row's ranking that are needed among `rows`.
    pub(crate) fn entries(self, rows: usize) -> usize {
        self.k1.saturating_add(1).max(self.k2).min(rows)
    }

    /// # Errors
    /// k2 = 0, or fewer than k2 rows.
    pub(crate) fn check(self, rows: usize) -> Result<()> {
        InvalidInput::at_least_one("k2", self.k2)?;
        if self.k2 > rows {
            let what = "features (k2 of them are averaged)";
            return Err(InvalidInput::TooFewSamples { what, needed: self.k2, found: rows }.into());
        }
        Ok(())
    }
}
