//! The method of a row of the tables.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// The method of a row of the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// The source networks as they are.
    PreTrained,
    /// The paper's baseline: two networks, averaged features, hard losses only.
    Baseline,
    /// Mutual mean-teaching.
    Mmt,
    /// Networks trained on the target's true labels: the upper bound.
    Oracle,
    /// Mutual mean-teaching with something changed, as the rows of an experiment have it. It has no place in the order of the others.
    Variant,
}

impl Method {
    /// All of them, in the order of the tables.
    pub const ALL: [Self; 5] = [Self::PreTrained, Self::Baseline, Self::Mmt, Self::Oracle, Self::Variant];

    /// Whether it trains on the target's pseudo labels.
    pub fn adapts(self) -> bool {
        matches!(self, Self::Baseline | Self::Mmt | Self::Variant)
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PreTrained => "pre-trained",
            Self::Baseline => "baseline",
            Self::Mmt => "mmt",
            Self::Oracle => "oracle",
            Self::Variant => "variant",
        })
    }
}

impl FromStr for Method {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|method| method.to_string() == text);
        found.ok_or_else(|| Error::unknown("method", text, &Self::ALL.map(|method| method.to_string())))
    }
}
