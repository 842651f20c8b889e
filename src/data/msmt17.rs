//! MSMT17 (Wei et al., CVPR 2018): fifteen cameras in- and outdoors, four days. Its subsets are lists.
//! 1,041 identities with 32,621 images train (`train` and `val`); 3,060 with 11,659 queries and a gallery of 82,161.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::dataset::{LabelledItem, Subset, Subsets};
use super::locate::Layout;
use crate::{Error, Result};

/// Where it lies on disk.
pub(super) const LAYOUT: Layout = Layout {
    outer: &["msmt17", "MSMT17"],
    inner: "MSMT17_V1",
    required: &["list_train.txt", "list_val.txt", "list_query.txt", "list_gallery.txt", "train", "test"],
    inside: "{list_train.txt,list_val.txt,list_query.txt,list_gallery.txt,train/0000/0000_000_01_0303morning_0008_0.jpg,test/…}",
};

/// How many missing files an error names.
const NAMED_FILES: usize = 3;

/// Reads the four lists in `folder`; train is `list_train` and `list_val` together.
pub(super) fn read(folder: &Path) -> Result<Subsets> {
    let mut warnings = Vec::new();
    let mut list = |list: &str, images: &str| read_list(folder, list, images, &mut warnings);
    let mut train = list("list_train.txt", "train")?;
    train.items.extend(list("list_val.txt", "train")?.items);
    let query = list("list_query.txt", "test")?;
    let gallery = list("list_gallery.txt", "test")?;
    Ok(Subsets { train, query, gallery, warnings })
}

/// Reads one list of lines `PATH NUMBER`. The number is not used: identity and camera come from the file name.
fn read_list(folder: &Path, list: &str, images: &str, warnings: &mut Vec<String>) -> Result<Subset> {
    let path = folder.join(list);
    let text = read_text(&path)?.replace("\r\n", "\n").replace('\r', "\n");
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
    check_files(&path, &subset)?;
    warnings.extend(said_twice(list, &subset));
    Ok(subset)
}

/// The path of a line `PATH NUMBER`: all before the last field, which is the number. A line without a number is a path alone.
fn listed_path(line: &str) -> &str {
    match line.rsplit_once(char::is_whitespace) {
        Some((path, number)) if number.parse::<i64>().is_ok() => path.trim_end(),
        _ => line,
    }
}

/// Text in UTF-8, or in UTF-16 with its mark at the head (as Windows' editor saves "Unicode"), without that mark.
fn read_text(path: &Path) -> Result<String> {
    if !path.is_file() {
        return Err(Error::file(path, "no regular file; a list of images is expected"));
    }
    let bytes = fs::read(path).map_err(Error::io("read", path))?;
    let wide = |pairs: &[u8], unit: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = pairs.chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect();
        String::from_utf16(&units)
            .map_err(|_| Error::file(path, "its mark says UTF-16, but it is none; save it as UTF-8"))
    };
    match bytes.as_slice() {
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        all => {
            let text = std::str::from_utf8(all).map_err(|error| {
                let line = all[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count() + 1;
                Error::file(
                    path,
                    format!("line {line} is not in UTF-8 (perhaps Latin-1); save the list as UTF-8"),
                )
            })?;
            Ok(text.strip_prefix('\u{feff}').unwrap_or(text).to_owned())
        }
    }
}

/// Says which images a list names more than once; they count as often, as in the published code.
fn said_twice(list: &str, subset: &Subset) -> Option<String> {
    let mut seen = BTreeSet::new();
    let again: BTreeSet<&Path> =
        subset.items.iter().map(|item| item.path.as_path()).filter(|path| !seen.insert(*path)).collect();
    let first = again.first()?;
    let images = if again.len() == 1 { "image" } else { "images" };
    Some(format!(
        "{list} names {} {images} more than once, such as {}; they count as often as they are named",
        again.len(),
        first.display()
    ))
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

fn check_files(list: &Path, subset: &Subset) -> Result<()> {
    let missing: Vec<&Path> =
        subset.items.iter().map(|item| item.path.as_path()).filter(|path| !path.is_file()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let named: Vec<String> =
        missing.iter().take(NAMED_FILES).map(|path| path.display().to_string()).collect();
    let more = if missing.len() > NAMED_FILES { ", …" } else { "" };
    let (count, all) = (missing.len(), subset.items.len());
    let reason = format!("{count} of the {all} files listed are missing: {}{more}", named.join(", "));
    Err(Error::file(list, reason))
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
