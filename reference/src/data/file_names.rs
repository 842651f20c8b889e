//! What the file names of the datasets say about who is seen by which camera. Only the part behind the last separator is read,
//! so that a folder called `x1_c2` is never taken for a person (published searches the whole path).

use crate::error::{InvalidInput, Result};

/// A dataset with rules of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dataset {
    /// `0002_c1s1_000451_03.jpg`: identities −1 (junk, skipped) and 0..=1501, cameras 1..=6.
    Market1501,
    /// `0001_c2_f0046182.jpg`: any identity, none skipped; cameras 1..=8.
    DukeMtmc,
    /// `0000_002_03_0303morning_0015_0.jpg`: identity and camera are the first and the third number, neither is checked.
    Msmt17,
}

/// What a name says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Name {
    /// Not an image of the dataset: it does not end in `.jpg`, or is hidden. (The lists of MSMT17 name images only.)
    Other,
    /// An image without a person, which is skipped.
    Junk,
    /// An image of a person.
    Image {
        /// As in the name; 0 is a distractor.
        identity: i64,
        /// Counted from 0 in Market-1501 and DukeMTMC-reID (the name's number less 1), as in the name in MSMT17.
        camera: i64,
    },
}

/// Reads the name of a file by the rules of `dataset`.
///
/// Source: published `Market1501`, `DukeMTMC` and `MSMT17`; the pattern of the first two, `([-\d]+)_c(\d)`, must stand at the
/// start here, and all digits of the camera count.
///
/// # Errors
/// A name off the pattern, an identity or a camera that the dataset does not have.
pub fn read(dataset: Dataset, path: &str) -> Result<Name> {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    match dataset {
        Dataset::Market1501 => read_folder_name(name, Some((0, 1501)), 6),
        Dataset::DukeMtmc => read_folder_name(name, None, 8),
        Dataset::Msmt17 => {
            let numbers: Vec<&str> = name.split('_').collect();
            match (
                numbers.first().and_then(|text| number(text)),
                numbers.get(2).and_then(|text| number(text)),
            ) {
                (Some(identity), Some(camera)) => Ok(Name::Image { identity, camera }),
                _ => Err(off_pattern("IDENTITY_NUMBER_CAMERA_...", name)),
            }
        }
    }
}

fn read_folder_name(name: &str, identities: Option<(i64, i64)>, cameras: i64) -> Result<Name> {
    if !name.ends_with(".jpg") || name.starts_with('.') {
        return Ok(Name::Other);
    }
    let Some((identity, camera)) = parse(name) else {
        return Err(off_pattern("IDENTITY_cCAMERA...", name));
    };
    if let Some((first, last)) = identities {
        if identity == -1 {
            return Ok(Name::Junk);
        }
        if !(first..=last).contains(&identity) {
            return Err(outside("identity", identity, "one of the dataset's"));
        }
    }
    if !(1..=cameras).contains(&camera) {
        return Err(outside("camera", camera, "one of the dataset's"));
    }
    Ok(Name::Image { identity, camera: camera - 1 })
}

/// Identity and camera of `IDENTITY_cCAMERA...`; a minus may stand before the identity.
fn parse(name: &str) -> Option<(i64, i64)> {
    let (identity, rest) = name.split_once("_c")?;
    let identity = match identity.strip_prefix('-') {
        Some(digits) => -number(digits)?,
        None => number(identity)?,
    };
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    Some((identity, number(&rest[..end])?))
}

/// A number written in digits alone.
fn number(digits: &str) -> Option<i64> {
    if digits.bytes().all(|byte| byte.is_ascii_digit()) { digits.parse().ok() } else { None }
}

fn off_pattern(pattern: &str, name: &str) -> InvalidInput {
    InvalidInput::Shape { what: "file name", expected: pattern.to_string(), found: name.to_string() }
}

fn outside(what: &'static str, value: i64, allowed: &'static str) -> InvalidInput {
    InvalidInput::Parameter { what, value: value as f64, allowed }
}

#[cfg(test)]
mod tests {
    use super::Dataset::{DukeMtmc, Market1501, Msmt17};
    use super::*;

    fn image(identity: i64, camera: i64) -> Result<Name> {
        Ok(Name::Image { identity, camera })
    }

    #[test]
    fn cameras_count_from_zero_but_in_msmt17() {
        assert_eq!(read(Market1501, "0002_c1s1_000451_03.jpg"), image(2, 0));
        assert_eq!(read(DukeMtmc, "7139_c8_f0048182.jpg"), image(7139, 7));
        assert_eq!(read(Msmt17, "0012/0003_001_14_0303morning_0015_0.jpg"), image(3, 14));
    }

    #[test]
    fn junk_is_skipped_in_market_only_and_distractors_stay() {
        assert_eq!(read(Market1501, "-1_c3s1_000451_03.jpg"), Ok(Name::Junk));
        assert_eq!(read(DukeMtmc, "-1_c3_f0098182.jpg"), image(-1, 2));
        assert_eq!(read(Market1501, "0000_c3s3_002351_02.jpg"), image(0, 2));
    }

    #[test]
    fn folders_are_not_read() {
        assert_eq!(read(DukeMtmc, "x1_c2/0005_c3_f1.jpg"), image(5, 2));
        assert_eq!(read(DukeMtmc, r"x1_c2\0005_c3_f1.jpg"), image(5, 2));
    }

    #[test]
    fn only_jpg_files_are_images() {
        for name in ["Thumbs.db", "0002_c1s1_000001_00.png", "._0002_c1s1_000001_00.jpg", "0002_c1.JPG"] {
            assert_eq!(read(Market1501, name), Ok(Name::Other), "{name}");
        }
    }

    #[test]
    fn numbers_that_the_dataset_lacks_are_refused() {
        for name in ["1502_c1s1.jpg", "-2_c1s1.jpg", "0001_c0s1.jpg", "0001_c7s1.jpg", "0001_c12s1.jpg"] {
            assert!(matches!(read(Market1501, name), Err(InvalidInput::Parameter { .. })), "{name}");
        }
        assert!(matches!(
            read(DukeMtmc, "0001_c9_f1.jpg"),
            Err(InvalidInput::Parameter { what: "camera", .. })
        ));
    }

    #[test]
    fn names_off_the_pattern_are_refused() {
        for name in
            ["IMG_1.jpg", "00-1_c1.jpg", "--1_c1.jpg", "_c1.jpg", "-_c1.jpg", "0001_cs1.jpg", "x2_c1.jpg"]
        {
            assert!(matches!(read(Market1501, name), Err(InvalidInput::Shape { .. })), "{name}");
        }
        for name in ["0003.jpg", "0003_001.jpg", "a_001_14_x.jpg", "0003_001_c4_x.jpg", "_001_04_x.jpg", ""] {
            assert!(matches!(read(Msmt17, name), Err(InvalidInput::Shape { .. })), "{name}");
        }
    }
}
