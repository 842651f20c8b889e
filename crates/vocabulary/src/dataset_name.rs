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

impl DatasetName {
    /// All of them, in the order of the tables.
    pub const ALL: [Self; 5] = [Self::Market1501, Self::DukeMtmc, Self::Msmt17, Self::Msmt17V2, Self::Own];

    /// True where people of training and test are numbered apart, so that equal numbers mean nothing.
    pub fn numbers_test_apart(self) -> bool {
        matches!(self, Self::Msmt17 | Self::Msmt17V2)
    }
}

impl fmt::Display for DatasetName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Market1501 => "market1501",
            Self::DukeMtmc => "dukemtmc",
            Self::Msmt17 => "msmt17",
            Self::Msmt17V2 => "msmt17-v2",
            Self::Own => "own",
        })
    }
}

impl FromStr for DatasetName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "market1501" => Ok(Self::Market1501),
            "dukemtmc" | "dukemtmcreid" => Ok(Self::DukeMtmc),
            "msmt17" => Ok(Self::Msmt17),
            "msmt17-v2" => Ok(Self::Msmt17V2),
            "own" => Ok(Self::Own),
            _ => {
                let names = ["market1501", "dukemtmc", "dukemtmcreid", "msmt17", "msmt17-v2", "own"];
                Err(Error::unknown("dataset", text, &names))
            }
        }
    }
}
