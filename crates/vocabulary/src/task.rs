//! The four tasks of the paper, and those between any two datasets.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::dataset_name::DatasetName;
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

    /// Every source with every other target.
    pub fn every() -> BTreeSet<Self> {
        let to = |target| move |source| Self { source, target };
        let tasks = DatasetName::ALL.into_iter().flat_map(|target| DatasetName::ALL.map(to(target)));
        tasks.filter(|task| task.source != task.target).collect()
    }
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-to-{}", self.source.short_name(), self.target.short_name())
    }
}

impl FromStr for Task {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let names: Vec<String> = Self::every().iter().map(Self::to_string).collect();
        let found = Self::every().into_iter().find(|task| task.to_string() == text);
        found.ok_or_else(|| Error::unknown("task", text, &names))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_of_datasets_is_a_task_and_the_papers_are_among_them() {
        let every = Task::every();
        assert_eq!(every.len(), DatasetName::ALL.len() * (DatasetName::ALL.len() - 1));
        assert!(Task::ALL.iter().all(|task| every.contains(task)));
        for task in every {
            assert_eq!(task.to_string().parse::<Task>().unwrap(), task);
        }
        assert!("own-to-own".parse::<Task>().unwrap_err().to_string().contains("own-to-market"));
    }
}
