//! The entries of a folder, sorted, so that the first error too is the same on every machine.

use std::fs;
use std::path::Path;

use crate::{Error, Result};

/// Endings that tell an image.
pub(super) const IMAGES: [&str; 8] = ["jpg", "jpeg", "png", "bmp", "gif", "tif", "tiff", "webp"];
/// Endings of images that can be decoded.
const DECODED: [&str; 3] = ["jpg", "jpeg", "png"];

/// Names in a folder by what they are, links followed.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// Regular files.
    pub files: Vec<String>,
    /// Folders.
    pub folders: Vec<String>,
    /// Pipes, sockets, devices: reading one might never end.
    pub others: Vec<String>,
}

impl Listing {
    /// # Errors
    /// A folder that cannot be read, a name that is not valid Unicode, or an image that is a link to nothing.
    pub fn of(folder: &Path) -> Result<Self> {
        let mut listing = Self::default();
        for entry in fs::read_dir(folder).map_err(Error::io("read", folder))? {
            let entry = entry.map_err(Error::io("read", folder))?;
            let name = entry.file_name().into_string();
            let name =
                name.map_err(|name| Error::file(folder.join(name), "the name is not valid Unicode"))?;
            let mut kind = entry.file_type().map_err(Error::io("read", entry.path()))?;
            if kind.is_symlink() {
                match fs::metadata(entry.path()) {
                    Ok(found) => kind = found.file_type(),
                    Err(_) if !is_image(&name) => {}
                    Err(error) => return Err(Error::io("read", entry.path())(error)),
                }
            }
            let list = match kind {
                kind if kind.is_dir() => &mut listing.folders,
                kind if kind.is_file() => &mut listing.files,
                _ => &mut listing.others,
            };
            list.push(name);
        }
        listing.files.sort();
        listing.folders.sort();
        listing.others.sort();
        Ok(listing)
    }

    /// The folders in `folder` that hold images themselves.
    pub fn folders_with_images(&self, folder: &Path) -> Vec<&str> {
        let holds_one = |name: &&String| {
            let entries = fs::read_dir(folder.join(name)).into_iter().flatten().flatten();
            entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).any(|name| is_image(&name))
        };
        self.folders.iter().filter(holds_one).map(String::as_str).collect()
    }
}

/// The published reader's `*.jpg`, which leaves out hidden files (macOS writes `._NAME.jpg` beside images).
pub(super) fn is_jpg(name: &str) -> bool {
    name.ends_with(".jpg") && !name.starts_with('.')
}

/// An image by its ending, of any case, and not hidden.
pub(super) fn is_image(name: &str) -> bool {
    has_ending(name, &IMAGES)
}

/// An image of a format that can be decoded.
pub(super) fn is_decoded(name: &str) -> bool {
    has_ending(name, &DECODED)
}

fn has_ending(name: &str, endings: &[&str]) -> bool {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    ending.is_some_and(|ending| endings.contains(&ending.as_str())) && !name.starts_with('.')
}

/// The first of `names`, for a message: `a, b, c, …`.
pub(super) fn some_of<T: ToString>(names: impl IntoIterator<Item = T>) -> String {
    let mut names = names.into_iter();
    let first: Vec<String> = names.by_ref().take(3).map(|name| name.to_string()).collect();
    first.join(", ") + if names.next().is_some() { ", …" } else { "" }
}
