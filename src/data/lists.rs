//! The common parts of lists of images: their text, as editors of all systems leave it, and files that are missing or named twice.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::listing::some_of;
use crate::{Error, Result};

/// Text in UTF-8, or in UTF-16 with its mark at the head (as Windows' editor saves "Unicode"), without that mark; all line ends
/// become `\n`.
///
/// # Errors
/// No regular file, one that cannot be read, another encoding (the line is named), or a file with NUL bytes.
pub(super) fn read_text(path: &Path) -> Result<String> {
    if !path.is_file() {
        return Err(Error::file(path, "no regular file; a list of images is expected"));
    }
    let bytes = fs::read(path).map_err(Error::io("read", path))?;
    let text = match bytes.as_slice() {
        [0xff, 0xfe, rest @ ..] => wide(path, rest, u16::from_le_bytes)?,
        [0xfe, 0xff, rest @ ..] => wide(path, rest, u16::from_be_bytes)?,
        all => {
            let text = std::str::from_utf8(all).map_err(|error| {
                let line = all[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count() + 1;
                Error::file(
                    path,
                    format!("line {line} is not in UTF-8 (perhaps Latin-1); save the list as UTF-8"),
                )
            })?;
            text.strip_prefix('\u{feff}').unwrap_or(text).to_owned()
        }
    };
    // No path holds one; UTF-16 without its mark does.
    if text.contains('\0') {
        return Err(Error::file(
            path,
            "holds NUL bytes (perhaps UTF-16 without its mark); save the list as UTF-8",
        ));
    }
    Ok(text.replace("\r\n", "\n").replace('\r', "\n"))
}

fn wide(path: &Path, bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String> {
    let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect();
    String::from_utf16(&units)
        .map_err(|_| Error::file(path, "its mark says UTF-16, but it is none; save it as UTF-8"))
}

/// Says which images a list names more than once; they count as often, as in the published code.
pub(super) fn named_twice<'a>(list: &str, paths: impl Iterator<Item = &'a Path>) -> Option<String> {
    let mut seen = BTreeSet::new();
    let again: BTreeSet<&Path> = paths.filter(|path| !seen.insert(*path)).collect();
    let first = again.first()?;
    let images = if again.len() == 1 { "image" } else { "images" };
    Some(format!(
        "{list} names {} {images} more than once, such as {}; they count as often as they are named",
        again.len(),
        first.display()
    ))
}

/// # Errors
/// Listed files that are not there: how many, and the first of them.
pub(super) fn check_files<'a>(list: &Path, paths: impl Iterator<Item = &'a Path>) -> Result<()> {
    let mut all = 0;
    let missing: Vec<&Path> = paths.inspect(|_| all += 1).filter(|path| !path.is_file()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let named = some_of(missing.iter().map(|path| path.display()));
    Err(Error::file(list, format!("{} of the {all} files listed are missing: {named}", missing.len())))
}
