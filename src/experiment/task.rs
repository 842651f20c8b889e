//! The four tasks of the paper.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::data::DatasetName;
use crate::error::{Error, Result};

/// Adaptation from a labelled source to an unlabelled target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Task {
    /// The labelled domain.
    pub source: DatasetName,
    /// The unlabelled domain.
    pub target: DatasetName,
}

impl Task {
    /// The paper's four, in the order of its Table 1.
    pub const ALL: [Self; 4] = [
        Self { source: DatasetName::Market1501, target: DatasetName::DukeMtmc },
        Self { source: DatasetName::DukeMtmc, target: DatasetName::Market1501 },
        Self { source: DatasetName::Market1501, target: DatasetName::Msmt17 },
        Self { source: DatasetName::DukeMtmc, target: DatasetName::Msmt17 },
    ];
}

/// Short name of a dataset in task names.
pub fn short_name(dataset: DatasetName) -> &'static str {
    match dataset {
        DatasetName::Market1501 => "market",
        DatasetName::DukeMtmc => "duke",
        DatasetName::Msmt17 => "msmt",
    }
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-to-{}", short_name(self.source), short_name(self.target))
    }
}

impl FromStr for Task {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|task| task.to_string() == text);
        found.ok_or_else(|| Error::unknown("task", text, &Self::ALL.map(|task| task.to_string())))
    }
}

impl Serialize for Task {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Task {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
