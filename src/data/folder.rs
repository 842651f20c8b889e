//! What Market-1501 and DukeMTMC-reID have in common: three folders of images, named `IDENTITY_cCAMERA….jpg`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::RangeInclusive;
use std::path::Path;

use super::dataset::{LabelledItem, Subset, Subsets};
use super::read::Bounds;
use crate::{Error, Result};

/// How the names in the three folders are to be understood.
pub(super) struct FolderRules {
    /// The dataset's name in messages.
    pub title: &'static str,
    /// A proper file name, for messages.
    pub example: &'static str,
    /// True where images of identity -1 are left out.
    pub drop_junk: bool,
    /// Identities that the dataset has.
    pub identities: Option<RangeInclusive<i64>>,
    /// Cameras that the dataset has.
    pub cameras: RangeInclusive<usize>,
}

/// Endings that tell an image which the published code would not read.
pub(super) const OTHER_IMAGES: [&str; 8] = ["jpg", "jpeg", "png", "bmp", "gif", "tif", "tiff", "webp"];

/// Reads the three folders below `folder`.
pub(super) fn read(folder: &Path, rules: &FolderRules, bounds: Bounds) -> Result<Subsets> {
    let mut warnings = BTreeSet::new();
    let mut subset = |name: &str| read_subset(&folder.join(name), rules, bounds, &mut warnings);
    let mut train = subset("bounding_box_train")?;
    let mut query = subset("query")?;
    let mut gallery = subset("bounding_box_test")?;
    let all = [&mut train, &mut query, &mut gallery];
    match bounds {
        Bounds::Published => all.into_iter().for_each(shift_cameras),
        Bounds::Own => number_cameras(all),
    }
    Ok(Subsets { train, query, gallery, warnings: warnings.into_iter().collect() })
}

/// Reads one folder. Cameras stay as in the names.
fn read_subset(
    folder: &Path,
    rules: &FolderRules,
    bounds: Bounds,
    warnings: &mut BTreeSet<String>,
) -> Result<Subset> {
    let mut subset = Subset::default();
    for name in file_names(folder)? {
        if !is_read(&name) {
            count_ignored(&name, &mut subset);
            continue;
        }
        let path = folder.join(&name);
        let Some((identity, camera)) = parse_name(&name) else {
            return Err(Error::file(path, off_pattern(rules)));
        };
        if rules.drop_junk && identity == -1 {
            subset.skipped.junk += 1;
            continue;
        }
        if let Some(reason) = out_of_bounds(rules, identity, camera) {
            match bounds {
                Bounds::Published => return Err(Error::file(path, reason)),
                Bounds::Own => warnings.insert(reason),
            };
        }
        subset.items.push(LabelledItem { path, identity, camera });
    }
    if subset.items.is_empty() {
        return Err(nothing_found(folder, &subset));
    }
    Ok(subset)
}

/// The names of the files in `folder`, sorted, so that the first error too is the same on every machine.
fn file_names(folder: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(Error::io("read", folder))? {
        let entry = entry.map_err(Error::io("read", folder))?;
        if !entry.file_type().map_err(Error::io("read", entry.path()))?.is_dir() {
            let name = entry.file_name().into_string();
            names.push(name.map_err(|name| Error::file(folder.join(name), "the name is not valid Unicode"))?);
        }
    }
    names.sort();
    Ok(names)
}

/// The published reader's `*.jpg`, which leaves out hidden files (macOS writes `._NAME.jpg` beside images).
fn is_read(name: &str) -> bool {
    name.ends_with(".jpg") && !name.starts_with('.')
}

fn count_ignored(name: &str, subset: &mut Subset) {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    let is_image = ending.is_some_and(|ending| OTHER_IMAGES.contains(&ending.as_str()));
    if is_image && !name.starts_with('.') {
        subset.skipped.other_images += 1;
    } else {
        subset.skipped.other_files += 1;
    }
}

/// Identity and camera of a name such as `0002_c1s1_000451_03.jpg` or `-1_c3s1_….jpg`. Only what follows the last
/// separator (of either kind) is looked at, and it must begin with the identity: a folder called `x1_c2`, or a number
/// somewhere in the middle, is never taken for a person. `00-1_c1…` is no number and is refused.
fn parse_name(path: &str) -> Option<(i64, usize)> {
    let name = path.rsplit(['/', '\\']).next()?;
    let (identity, rest) = name.split_once("_c")?;
    let digits = identity.strip_prefix('-').unwrap_or(identity);
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let camera = rest.split(|c: char| !c.is_ascii_digit()).next()?;
    Some((identity.parse().ok()?, camera.parse().ok()?))
}

fn off_pattern(rules: &FolderRules) -> String {
    format!(
        "the name does not match the pattern IDENTITY_cCAMERA….jpg of {} (identity and camera are numbers, as in {})",
        rules.title, rules.example
    )
}

/// Says which number the dataset cannot hold.
fn out_of_bounds(rules: &FolderRules, identity: i64, camera: usize) -> Option<String> {
    if let Some(allowed) = rules.identities.as_ref().filter(|allowed| !allowed.contains(&identity)) {
        let (first, last) = (allowed.start(), allowed.end());
        return Some(format!("identity {identity} is not one of {}'s, {first} to {last}", rules.title));
    }
    if !rules.cameras.contains(&camera) {
        let (first, last) = (rules.cameras.start(), rules.cameras.end());
        return Some(format!("camera {camera} is not one of {}'s, {first} to {last}", rules.title));
    }
    None
}

fn nothing_found(folder: &Path, subset: &Subset) -> Error {
    let skipped = subset.skipped;
    let why = if skipped.junk > 0 {
        format!(": all {} are junk (identity -1)", skipped.junk)
    } else if skipped.other_images > 0 {
        let count = skipped.other_images;
        format!(": its {count} images end in something else (.png, .jpeg, .JPG …), and only .jpg is read")
    } else {
        String::new()
    };
    Error::file(folder, format!("the folder holds no .jpg images{why}"))
}

/// The published count from 0. Bounds were checked, so no camera is 0 here.
fn shift_cameras(subset: &mut Subset) {
    subset.items.iter_mut().for_each(|item| item.camera -= 1);
}

/// Numbers the cameras that occur, 0..C, over all subsets together. With none missing this is the published count.
fn number_cameras(subsets: [&mut Subset; 3]) {
    let occurring: BTreeSet<usize> =
        subsets.iter().flat_map(|subset| &subset.items).map(|item| item.camera).collect();
    let number: BTreeMap<usize, usize> =
        occurring.into_iter().enumerate().map(|(i, camera)| (camera, i)).collect();
    for item in subsets.into_iter().flat_map(|subset| &mut subset.items) {
        item.camera = number[&item.camera];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_parsed_without_their_path() {
        assert_eq!(parse_name("0002_c1s1_000451_03.jpg"), Some((2, 1)));
        assert_eq!(parse_name("-1_c3s1_000451_03.jpg"), Some((-1, 3)));
        assert_eq!(parse_name("7139_c6_f0048182.jpg"), Some((7139, 6)));
        assert_eq!(parse_name("x1_c2/0005_c3_f1.jpg"), Some((5, 3)));
        assert_eq!(parse_name(r"query\0005_c3_f1.jpg"), Some((5, 3)));
        // One digit would read camera 1 here.
        assert_eq!(parse_name("0005_c12s1.jpg"), Some((5, 12)));
    }

    #[test]
    fn names_off_the_pattern_are_refused() {
        for name in [
            "IMG_0001.jpg",
            "personA_c1.jpg",
            "00-1_c1s1_000001_00.jpg",
            "--1_c1s1.jpg",
            "_c1s1.jpg",
            "-_c1.jpg",
            "0001_cs1.jpg",
            "0001_c.jpg",
            "99999999999999999999_c1.jpg",
            "x0002_c1.jpg",
        ] {
            assert_eq!(parse_name(name), None, "{name}");
        }
    }
}
