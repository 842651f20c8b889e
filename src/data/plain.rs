//! A plain folder of images: no identities, no cameras, any names.

use std::fs;
use std::path::{Path, PathBuf};

use super::listing::IMAGES;
use crate::{Error, Result};

/// All images in `folder` and the folders below it, sorted by path. What is an image is told by the ending, of any case; a file
/// with such an ending that cannot be decoded comes to light when it is read. Hidden files and folders are left out, and links
/// to folders are not followed.
///
/// # Errors
/// A folder that cannot be read, or one without an image.
pub fn images_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).map_err(Error::io("read", &next))? {
            let entry = entry.map_err(Error::io("read", &next))?;
            let path = entry.path();
            if entry.file_name().as_encoded_bytes().starts_with(b".") {
                continue;
            }
            if entry.file_type().map_err(Error::io("read", &path))?.is_dir() {
                folders.push(path);
            } else if is_image(&path) && path.is_file() {
                found.push(path);
            }
        }
    }
    if found.is_empty() {
        let endings = IMAGES.join(", ");
        return Err(Error::file(folder, format!("no image here or in the folders below ({endings})")));
    }
    found.sort();
    Ok(found)
}

fn is_image(path: &Path) -> bool {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
    ending.is_some_and(|ending| IMAGES.contains(&ending.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_at_every_depth_sorted_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        for name in
            ["b/2.JPG", "b/10.png", "a.jpeg", "b/c/x.jpg", "notes.txt", ".hidden.jpg", ".git/1.jpg", "jpg"]
        {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let found = images_below(folder.path()).unwrap();
        let names: Vec<_> = found.iter().map(|path| path.strip_prefix(folder.path()).unwrap()).collect();
        assert_eq!(names, ["a.jpeg", "b/10.png", "b/2.JPG", "b/c/x.jpg"].map(Path::new));
        assert!(images_below(&folder.path().join("b/c")).is_ok());
        assert!(images_below(&folder.path().join(".git/none")).unwrap_err().to_string().contains("none"));
        fs::create_dir(folder.path().join("empty")).unwrap();
        assert!(images_below(&folder.path().join("empty")).unwrap_err().to_string().contains("no image"));
    }
}
