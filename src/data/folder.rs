//! The common form of Market-1501 and DukeMTMC-reID: three folders of images, named `IDENTITY_cCAMERA….jpg`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::RangeInclusive;
use std::path::Path;

use super::archive::Bounds;
use super::dataset::{LabelledItem, Subset, Subsets};
use super::listing::{Listing, is_decoded, is_image, is_jpg, some_of};
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

/// Numbers that the dataset does not have.
#[derive(Default)]
struct Outside {
    identities: BTreeSet<i64>,
    cameras: BTreeSet<usize>,
}

/// The rest of the first training image's name, after its camera.
pub(super) fn first_name(folder: &Path) -> Option<String> {
    let entries = fs::read_dir(folder.join("bounding_box_train")).ok()?;
    let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    let first = names.filter(|name| name.ends_with(".jpg")).min()?;
    let (_, camera) = first.split_once("_c")?;
    Some(camera.trim_start_matches(|c: char| c.is_ascii_digit()).to_owned())
}

/// Reads the three folders below `folder`.
pub(super) fn read(folder: &Path, rules: &FolderRules, bounds: Bounds) -> Result<Subsets> {
    let (mut outside, mut warnings) = (Outside::default(), Vec::new());
    let mut subset = |name: &str| {
        let reader = Reader { folder: &folder.join(name), rules, bounds };
        reader.read(&mut outside, &mut warnings)
    };
    let mut train = subset("bounding_box_train")?;
    let mut query = subset("query")?;
    let mut gallery = subset("bounding_box_test")?;
    let all = [&mut train, &mut query, &mut gallery];
    if outside.cameras.is_empty() {
        all.into_iter().for_each(shift_cameras);
    } else {
        number_cameras(all);
    }
    warnings.extend(outside.warnings(rules));
    Ok(Subsets { train, query, gallery, warnings })
}

/// Reads one folder.
struct Reader<'a> {
    folder: &'a Path,
    rules: &'a FolderRules,
    bounds: Bounds,
}

impl Reader<'_> {
    /// Cameras stay as in the names.
    fn read(&self, outside: &mut Outside, warnings: &mut Vec<String>) -> Result<Subset> {
        let listing = Listing::of(self.folder)?;
        let is_read = self.rule(&listing, warnings);
        let mut subset = Subset::default();
        for name in &listing.files {
            if !is_read(name) {
                self.count_ignored(name, &mut subset);
            } else if let Some(item) = self.item(name, outside)? {
                subset.items.push(item);
            } else {
                subset.skipped.junk += 1;
            }
        }
        subset.skipped.other_files += listing.others.len();
        if subset.items.is_empty() {
            return Err(nothing_found(self.folder, &subset, &listing));
        }
        self.warn(&listing, warnings);
        Ok(subset)
    }

    fn count_ignored(&self, name: &str, subset: &mut Subset) {
        if is_image(name) {
            subset.skipped.other_images += 1;
            subset.ignored.push(self.folder.join(name));
        } else {
            subset.skipped.other_files += 1;
        }
    }

    /// Which names are read: `*.jpg` as published. Where a folder of one's own has none, images of any ending that can be decoded.
    fn rule(&self, listing: &Listing, warnings: &mut Vec<String>) -> fn(&str) -> bool {
        let (jpg, others) = (|name: &String| is_jpg(name), |name: &&String| is_decoded(name));
        if self.bounds == Bounds::Published || listing.files.iter().any(jpg) {
            return is_jpg;
        }
        if let Some(first) = listing.files.iter().find(others) {
            let count = listing.files.iter().filter(others).count();
            warnings.push(format!(
                "{}: no name ends in .jpg, so its {count} images of other endings are read, such as {first}",
                self.folder.display()
            ));
        }
        is_decoded
    }

    /// The item of a name; none for junk.
    fn item(&self, name: &str, outside: &mut Outside) -> Result<Option<LabelledItem>> {
        let path = self.folder.join(name);
        let Some((identity, camera)) = parse_name(name) else {
            return Err(Error::file(path, off_pattern(self.rules)));
        };
        if self.rules.drop_junk && identity == -1 {
            return Ok(None);
        }
        if let Some(reason) = outside.note(self.rules, identity, camera)
            && self.bounds == Bounds::Published
        {
            return Err(Error::file(path, reason));
        }
        Ok(Some(LabelledItem { path, identity, camera }))
    }

    /// Says what lies beside the images and is not read.
    fn warn(&self, listing: &Listing, warnings: &mut Vec<String>) {
        let folder = self.folder.display();
        let folders = listing.folders_with_images(self.folder);
        if !folders.is_empty() {
            let named = some_of(&folders);
            warnings
                .push(format!("{folder}: images in {} sub-folders ({named}) are not read", folders.len()));
        }
        if !listing.others.is_empty() {
            let named = some_of(&listing.others);
            warnings.push(format!("{folder}: {named}: no regular file, not read"));
        }
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

impl Outside {
    /// Takes down which number the dataset cannot hold, and says so.
    fn note(&mut self, rules: &FolderRules, identity: i64, camera: usize) -> Option<String> {
        let mut reason = None;
        if !rules.cameras.contains(&camera) {
            self.cameras.insert(camera);
            let (first, last) = (rules.cameras.start(), rules.cameras.end());
            reason = Some(format!("camera {camera} is not one of {}'s, {first} to {last}", rules.title));
        }
        if let Some(allowed) = rules.identities.as_ref().filter(|allowed| !allowed.contains(&identity)) {
            self.identities.insert(identity);
            let (first, last) = (allowed.start(), allowed.end());
            reason = Some(format!("identity {identity} is not one of {}'s, {first} to {last}", rules.title));
        }
        reason
    }

    /// A sentence for each kind of number.
    fn warnings(&self, rules: &FolderRules) -> Vec<String> {
        let mut warnings = Vec::new();
        let title = rules.title;
        if !self.cameras.is_empty() {
            let (first, last) = (rules.cameras.start(), rules.cameras.end());
            warnings.push(format!(
                "read as data of your own: cameras {} are not among {title}'s, {first} to {last}; those that occur are numbered from 0",
                some_of(&self.cameras)
            ));
        }
        if let Some(allowed) = rules.identities.as_ref().filter(|_| !self.identities.is_empty()) {
            let (first, last) = (allowed.start(), allowed.end());
            warnings.push(format!(
                "read as data of your own: identities {} are not among {title}'s, {first} to {last}",
                some_of(&self.identities)
            ));
        }
        warnings
    }
}

fn nothing_found(folder: &Path, subset: &Subset, listing: &Listing) -> Error {
    let skipped = subset.skipped;
    let folders = listing.folders_with_images(folder);
    let why = if skipped.junk > 0 {
        format!(": all {} are junk (identity -1)", skipped.junk)
    } else if skipped.other_images > 0 {
        let count = skipped.other_images;
        format!(": its {count} images end in something else (.png, .jpeg, .JPG …), and only .jpg is read")
    } else if !folders.is_empty() {
        format!(
            " itself, but {} sub-folders with images ({}): all images belong into the one folder, with person and camera in the name, \
             as in 0002_c1s1_000451_03.jpg; a folder per person is read as {{train,query,gallery}}/PERSON/IMAGE",
            folders.len(),
            some_of(&folders)
        )
    } else if !listing.others.is_empty() {
        format!(", only {}: no regular file", some_of(&listing.others))
    } else {
        String::new()
    };
    Error::file(folder, format!("the folder holds no .jpg images{why}"))
}

/// The published count from 0. Bounds were checked, so no camera is 0 here.
fn shift_cameras(subset: &mut Subset) {
    subset.items.iter_mut().for_each(|item| item.camera = item.camera.saturating_sub(1));
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
