//! The datasets by name.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};

/// The datasets whose layout can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DatasetName {
    /// Market-1501: six cameras, 751 training identities.
    Market1501,
    /// DukeMTMC-reID: eight cameras, 702 training identities.
    DukeMtmc,
    /// MSMT17: fifteen cameras, 1,041 training identities.
    Msmt17,
    /// The second release of MSMT17: the same images with faces made unknowable, so results on it are results of their own.
    Msmt17V2,
    /// Data of one's own, as a list or as a folder per person.
    Own,
}

/// The names of a dataset.
struct Names {
    /// In the folders and records of a run.
    long: &'static str,
    /// In tasks.
    short: &'static str,
    /// Others that are understood.
    also: &'static [&'static str],
}

impl DatasetName {
    /// All of them, in the order of the tables.
    pub const ALL: [Self; 5] = [Self::Market1501, Self::DukeMtmc, Self::Msmt17, Self::Msmt17V2, Self::Own];

    const fn names(self) -> Names {
        let (long, short, also): (_, _, &[&str]) = match self {
            Self::Market1501 => ("market1501", "market", &[]),
            Self::DukeMtmc => ("dukemtmc", "duke", &["dukemtmcreid"]),
            Self::Msmt17 => ("msmt17", "msmt", &[]),
            Self::Msmt17V2 => ("msmt17-v2", "msmt-v2", &[]),
            Self::Own => ("own", "own", &[]),
        };
        Names { long, short, also }
    }

    /// Its short name, of which the names of tasks are made.
    pub fn short_name(self) -> &'static str {
        self.names().short
    }

    /// True where people of training and test are numbered apart, so that equal numbers mean nothing.
    pub fn numbers_test_apart(self) -> bool {
        matches!(self, Self::Msmt17 | Self::Msmt17V2)
    }
}

impl fmt::Display for DatasetName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.names().long)
    }
}

impl FromStr for DatasetName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let known = |name: Self| {
            let Names { long, also, .. } = name.names();
            [long].into_iter().chain(also.iter().copied())
        };
        let found = Self::ALL.into_iter().find(|name| known(*name).any(|other| other == text));
        let all = || Self::ALL.into_iter().flat_map(known).collect::<Vec<_>>();
        found.ok_or_else(|| Error::unknown("dataset", text, &all()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_written() {
        for name in DatasetName::ALL {
            assert_eq!(name.to_string().parse::<DatasetName>().unwrap(), name);
        }
        assert_eq!("dukemtmcreid".parse::<DatasetName>().unwrap(), DatasetName::DukeMtmc);
        let error = "cuhk03".parse::<DatasetName>().unwrap_err();
        assert!(error.is_usage() && error.to_string().contains("msmt17"));
    }
}
