//! The labels in the file names of the three datasets.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use crate::error::{InvalidInput, Result};

/// A dataset, as far as its file names go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dataset {
    /// `0002_c1s1_000451_03.jpg`: identities 0..=1501, cameras 1..=6; identity −1 is junk.
    Market1501,
    /// `0005_c2_f0046985.jpg`: any identity, cameras 1..=8.
    DukeMtmc,
    /// `0000_002_03_0303morning_0015_0.jpg`: any identity; the third number is the camera.
    Msmt17,
}

/// Whom an image shows, and under which camera.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Person {
    /// Identity as in the name; 0 is a distractor in the galleries of Market-1501 and DukeMTMC-reID.
    pub identity: i64,
    /// Camera: from 0 for Market-1501 and DukeMTMC-reID, as in the name (from 1) for MSMT17.
    pub camera: usize,
}

/// Reads the file name of a path; `None` is junk, which is left out everywhere (Market-1501's identity −1).
///
/// Market-1501 and DukeMTMC-reID: `IDENTITY_cCAMERA…`, camera minus 1. MSMT17: `IDENTITY_NUMBER_CAMERA_…`. The name alone counts,
/// from its beginning, and its numbers are read whole; published searches its pattern in the whole path and reads one digit as
/// the camera, which is the same for the real names. Published keeps a −1 of DukeMTMC-reID, and so does this.
///
/// # Errors
/// A name off the pattern, or an identity or camera that the dataset does not have.
pub fn read(dataset: Dataset, path: &str) -> Result<Option<Person>> {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    let numbers = match dataset {
        Dataset::Market1501 | Dataset::DukeMtmc => identity_and_camera(name),
        Dataset::Msmt17 => first_and_third(name),
    };
    let Some((identity, camera)) = numbers else { return Err(off_pattern(dataset, name)) };
    match dataset {
        Dataset::Market1501 if identity == -1 => Ok(None),
        Dataset::Market1501 => {
            within(identity, &(0..=1501), "identity", "0 to 1501")?;
            within(camera, &(1..=6), "camera", "1 to 6")?;
            Ok(Some(Person { identity, camera: camera as usize - 1 }))
        }
        Dataset::DukeMtmc => {
            within(camera, &(1..=8), "camera", "1 to 8")?;
            Ok(Some(Person { identity, camera: camera as usize - 1 }))
        }
        Dataset::Msmt17 => Ok(Some(Person { identity, camera: camera as usize })),
    }
}

/// The path in a line of an MSMT17 list (`PATH NUMBER`): its first word. The number is not used; identity and camera come from the
/// file name.
///
/// # Errors
/// A blank line.
pub fn listed_path(line: &str) -> Result<&str> {
    line.split_whitespace().next().ok_or(InvalidInput::Empty { what: "the line of the list" })
}

/// Identities renumbered 0..n in ascending order, as the training sets of Market-1501 and DukeMTMC-reID are; published numbers
/// them in the order of a Python set. MSMT17 is not renumbered.
///
/// # Errors
/// No identities.
pub fn renumbered(identities: &[i64]) -> Result<Vec<usize>> {
    if identities.is_empty() {
        return Err(InvalidInput::Empty { what: "the list of identities" });
    }
    let different: BTreeSet<i64> = identities.iter().copied().collect();
    Ok(identities.iter().map(|identity| different.range(..identity).count()).collect())
}

/// `IDENTITY_cCAMERA…`.
fn identity_and_camera(name: &str) -> Option<(i64, i64)> {
    let (identity, rest) = name.split_once("_c")?;
    let end = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
    Some((number(identity)?, number(&rest[..end])?))
}

/// `IDENTITY_NUMBER_CAMERA_…`.
fn first_and_third(name: &str) -> Option<(i64, i64)> {
    let parts: Vec<&str> = name.split('_').collect();
    let &[identity, _, camera, _, ..] = &parts[..] else { return None };
    let (identity, camera) = (number(identity)?, number(camera)?);
    (identity >= 0 && camera >= 0).then_some((identity, camera))
}

/// Digits, with at most one minus sign in front.
fn number(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let all_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if all_digits { text.parse().ok() } else { None }
}

fn within(value: i64, range: &RangeInclusive<i64>, what: &'static str, allowed: &'static str) -> Result<()> {
    if range.contains(&value) {
        return Ok(());
    }
    Err(InvalidInput::Parameter { what, value: value as f64, allowed })
}

fn off_pattern(dataset: Dataset, name: &str) -> InvalidInput {
    let expected = match dataset {
        Dataset::Market1501 | Dataset::DukeMtmc => "IDENTITY_cCAMERA….jpg",
        Dataset::Msmt17 => "IDENTITY_NUMBER_CAMERA_….jpg",
    };
    InvalidInput::Shape { what: "the file name", expected: expected.to_owned(), found: name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::Dataset::{DukeMtmc, Market1501, Msmt17};
    use super::*;

    fn person(dataset: Dataset, name: &str) -> Option<(i64, usize)> {
        read(dataset, name).unwrap().map(|person| (person.identity, person.camera))
    }

    #[test]
    fn proper_names() {
        assert_eq!(person(Market1501, "0002_c1s1_000451_03.jpg"), Some((2, 0)));
        assert_eq!(person(Market1501, "0000_c6s3_002351_02.jpg"), Some((0, 5)));
        assert_eq!(person(DukeMtmc, "7139_c8_f0048182.jpg"), Some((7139, 7)));
        assert_eq!(person(Msmt17, "test/0012/0012_002_14_0303morning_0015_0.jpg"), Some((12, 14)));
    }

    #[test]
    fn junk_is_left_out_of_market_and_stays_in_duke() {
        assert_eq!(person(Market1501, "-1_c3s1_000451_03.jpg"), None);
        assert_eq!(person(DukeMtmc, "-1_c3_f0098182.jpg"), Some((-1, 2)));
    }

    #[test]
    fn folders_say_nothing() {
        assert_eq!(person(Market1501, "x1_c2/0005_c3s1.jpg"), Some((5, 2)));
        assert_eq!(person(DukeMtmc, r"x1_c2\0005_c3_f1.jpg"), Some((5, 2)));
        assert!(read(Market1501, "0005_c3s1/portrait.jpg").is_err());
    }

    #[test]
    fn numbers_that_the_dataset_does_not_have_are_refused() {
        let refused = |dataset, name| matches!(read(dataset, name), Err(InvalidInput::Parameter { .. }));
        assert!(refused(Market1501, "1502_c1s1.jpg"));
        assert!(refused(Market1501, "-2_c1s1.jpg"));
        assert!(refused(Market1501, "0002_c7s1.jpg"));
        assert!(refused(Market1501, "0002_c0s1.jpg"));
        assert!(refused(DukeMtmc, "0002_c9_f1.jpg"));
        assert!(refused(DukeMtmc, "0002_c12_f1.jpg"));
    }

    #[test]
    fn names_off_the_pattern_are_refused() {
        let refused = |dataset, name| matches!(read(dataset, name), Err(InvalidInput::Shape { .. }));
        for name in
            ["portrait.jpg", "00-1_c1s1.jpg", "--1_c1s1.jpg", "_c1s1.jpg", "0001_cs1.jpg", "x0002_c1.jpg", ""]
        {
            assert!(refused(Market1501, name) && refused(DukeMtmc, name), "{name}");
        }
        for name in [
            "0003.jpg",
            "0003_001.jpg",
            "a_001_14_x.jpg",
            "0003_001_c4_x.jpg",
            "_001_04_x.jpg",
            "-1_001_04_x.jpg",
        ] {
            assert!(refused(Msmt17, name), "{name}");
        }
    }

    #[test]
    fn lists_and_numbers() {
        assert_eq!(listed_path("0012/0012_002_14_x.jpg 12"), Ok("0012/0012_002_14_x.jpg"));
        assert!(listed_path("  ").is_err());
        assert_eq!(renumbered(&[7, -1, 20, 7]), Ok(vec![1, 0, 2, 1]));
        assert!(renumbered(&[]).is_err());
    }
}
