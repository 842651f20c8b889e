//! Names of networks in records.

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::Error;

/// A network of a job; those of several are counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NetworkName {
    /// `network`: the one of a pre-training.
    Source,
    /// `network-1`, `network-2`: one that the method answers for; the mean networks of MMT.
    Answering(usize),
    /// `student-1`, `student-2`: one that is trained, where mean networks answer.
    Student(usize),
}

impl NetworkName {
    /// Whether results are those of this network.
    pub fn answers(self) -> bool {
        !matches!(self, Self::Student(_))
    }
}

impl fmt::Display for NetworkName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Source => f.write_str("network"),
            Self::Answering(number) => write!(f, "network-{number}"),
            Self::Student(number) => write!(f, "student-{number}"),
        }
    }
}

impl FromStr for NetworkName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let number = |role: &str| text.strip_prefix(role)?.parse().ok();
        let name = match text {
            "network" => Some(Self::Source),
            _ => number("network-").map(Self::Answering).or_else(|| number("student-").map(Self::Student)),
        };
        name.ok_or_else(|| Error::unknown("network", text, &["network", "network-1", "student-1"]))
    }
}

impl Serialize for NetworkName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for NetworkName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        for (name, text, answers) in [
            (NetworkName::Source, "network", true),
            (NetworkName::Answering(2), "network-2", true),
            (NetworkName::Student(1), "student-1", false),
        ] {
            assert_eq!((name.to_string().as_str(), name.answers()), (text, answers));
            assert_eq!(text.parse::<NetworkName>().unwrap(), name);
        }
        for other in ["", "network-", "network-x", "mean-1", "student"] {
            assert!(other.parse::<NetworkName>().is_err(), "{other}");
        }
    }
}
