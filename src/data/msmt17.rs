//! MSMT17 (Wei et al., CVPR 2018): fifteen cameras in- and outdoors, four days. Its subsets are lists.
//! 1,041 identities with 32,621 images train (`train` and `val`); 3,060 with 11,659 queries and a gallery of 82,161.

use std::path::Path;

use mmt_vocabulary::DatasetName;

use super::archive::{Archive, Lookalike};
use super::dataset::{LabelledItem, Subset, Subsets};
use super::lists::{check_files, named_twice, read_text};
use crate::{Error, Result};

/// As it lies on disk.
pub(super) const ARCHIVE: Archive = Archive {
    outer: &["msmt17", "MSMT17"],
    inner: Some("MSMT17_V1"),
    required: &["list_train.txt", "list_val.txt", "list_query.txt", "list_gallery.txt", "train", "test"],
    inside: "{list_train.txt,list_val.txt,list_query.txt,list_gallery.txt,train/0000/0000_000_01_0303morning_0008_0.jpg,test/…}",
    lookalike: Some(Lookalike {
        name: DatasetName::Msmt17V2,
        is_it: |folder, _| holds(folder, FOLDERS_V2) && !holds(folder, FOLDERS),
        elsewhere: true,
    }),
    published: Some(PUBLISHED),
    read: |folder, _| read(folder, FOLDERS),
};

/// Its second release.
pub(super) const ARCHIVE_V2: Archive = Archive {
    outer: &["msmt17", "MSMT17", "msmt17-v2"],
    inner: Some("MSMT17_V2"),
    required: &[
        "list_train.txt",
        "list_val.txt",
        "list_query.txt",
        "list_gallery.txt",
        "mask_train_v2",
        "mask_test_v2",
    ],
    inside: "{list_train.txt,list_val.txt,list_query.txt,list_gallery.txt,mask_train_v2/0000/0000_000_01_0303morning_0008_0.jpg,mask_test_v2/…}",
    lookalike: Some(Lookalike {
        name: DatasetName::Msmt17,
        is_it: |folder, _| holds(folder, FOLDERS) && !holds(folder, FOLDERS_V2),
        elsewhere: true,
    }),
    published: Some(PUBLISHED),
    read: |folder, _| read(folder, FOLDERS_V2),
};

/// Counts of both releases.
const PUBLISHED: ([(usize, usize); 3], usize) = ([(1_041, 32_621), (3_060, 11_659), (3_060, 82_161)], 15);

/// The folders of images of training and test.
const FOLDERS: [&str; 2] = ["train", "test"];
/// Those of the second release.
const FOLDERS_V2: [&str; 2] = ["mask_train_v2", "mask_test_v2"];

/// Whether one of those folders is there.
fn holds(folder: &Path, images: [&str; 2]) -> bool {
    images.iter().any(|inner| folder.join(inner).is_dir())
}

/// Reads the four lists in `folder`, whose images of training and test lie in two folders of those names; train is `list_train` and
/// `list_val` together.
fn read(folder: &Path, [train, test]: [&str; 2]) -> Result<Subsets> {
    let mut warnings = Vec::new();
    let mut list = |list: &str, images: &str| read_list(folder, list, images, &mut warnings);
    let mut training = list("list_train.txt", train)?;
    training.items.extend(list("list_val.txt", train)?.items);
    let query = list("list_query.txt", test)?;
    let gallery = list("list_gallery.txt", test)?;
    Ok(Subsets { train: training, query, gallery, warnings })
}

/// Reads one list of lines `PATH NUMBER`. The number is not used: identity and camera come from the file name.
fn read_list(folder: &Path, list: &str, images: &str, warnings: &mut Vec<String>) -> Result<Subset> {
    let path = folder.join(list);
    let text = read_text(&path)?;
    let mut subset = Subset::default();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let entry = listed_path(line.trim());
        let Some((identity, camera)) = parse_name(entry) else {
            return Err(Error::file(path, off_pattern(number + 1, entry)));
        };
        // A list made on Windows separates by back-slashes.
        let image = folder.join(images).join(entry.replace('\\', "/"));
        subset.items.push(LabelledItem { path: image, identity, camera });
    }
    if subset.items.is_empty() {
        return Err(Error::file(path, "the list has no entries; it should name one image per line"));
    }
    check_files(&path, subset.items.iter().map(|item| item.path.as_path()))?;
    warnings.extend(named_twice(list, subset.items.iter().map(|item| item.path.as_path())));
    Ok(subset)
}

/// The path of a line `PATH NUMBER`: all before the last field, which is the number. A line without a number is a path alone.
fn listed_path(line: &str) -> &str {
    match line.rsplit_once(char::is_whitespace) {
        Some((path, number)) if number.parse::<i64>().is_ok() => path.trim_end(),
        _ => line,
    }
}

/// Identity and camera of `0000_002_03_0303morning_0015_0.jpg`: the first and the third number. Cameras are not shifted.
fn parse_name(entry: &str) -> Option<(i64, usize)> {
    let name = entry.rsplit(['/', '\\']).next()?;
    let mut parts = name.split('_');
    let (identity, camera) = (parts.next()?, parts.nth(1)?);
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(identity) || !is_number(camera) {
        return None;
    }
    Some((identity.parse().ok()?, camera.parse().ok()?))
}

fn off_pattern(line: usize, entry: &str) -> String {
    format!(
        "line {line}: the name of `{entry}` does not match the pattern IDENTITY_NUMBER_CAMERA_….jpg of MSMT17 \
         (as in 0000_002_03_0303morning_0015_0.jpg)"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_parsed_without_their_path() {
        assert_eq!(parse_name("0012/0003_001_14_0303morning_0015_0.jpg"), Some((3, 14)));
        assert_eq!(parse_name(r"0012\0003_001_14_0303morning_0015_0.jpg"), Some((3, 14)));
        for name in ["0003.jpg", "0003_001.jpg", "a_001_14_x.jpg", "0003_001_c4_x.jpg", "_001_04_x.jpg", ""] {
            assert_eq!(parse_name(name), None, "{name}");
        }
    }
}
