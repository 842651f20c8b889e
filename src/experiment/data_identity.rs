//! Which real data a job sees, as its configuration has it: a digest of each split, so that a finished job is never taken for one
//! of other data.
//!
//! A digest covers every image's path below the dataset's folder, its identity and camera, and its size in bytes. Modification
//! times are left out: they change when a dataset is copied to another machine, which must not end a run. Contents are read on
//! request only (`--hash-contents`): that takes as long as reading every image once.

use std::fs::{self, File};
use std::path::Path;

use rayon::prelude::*;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::data::{Dataset, LabelledItem};
use crate::error::{Error, Result};

/// The part of each file that is looked at, beside its name and labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HashedData {
    /// Its size.
    #[default]
    Sizes,
    /// Every byte.
    Contents,
}

/// A dataset in a configuration: `18 images, names and sizes 5f0c…` for each split.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct DataIdentity {
    train: String,
    query: String,
    gallery: String,
}

impl DataIdentity {
    /// Looks at every file of `dataset`.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn of(dataset: &Dataset, hashed: HashedData) -> Result<Self> {
        let split = |items: &[LabelledItem]| describe(items, &dataset.images_dir, hashed);
        Ok(Self {
            train: split(&dataset.train)?,
            query: split(&dataset.query)?,
            gallery: split(&dataset.gallery)?,
        })
    }
}

fn describe(items: &[LabelledItem], folder: &Path, hashed: HashedData) -> Result<String> {
    let files = items.par_iter().map(|item| of_file(&item.path, hashed));
    let files: Vec<Vec<u8>> = files.collect::<Result<_>>()?;
    let mut digest = Sha256::new();
    for (item, file) in items.iter().zip(files) {
        digest.update(name_below(&item.path, folder));
        digest.update([0]);
        digest.update(item.identity.to_le_bytes());
        digest.update((item.camera as u64).to_le_bytes());
        digest.update(file);
    }
    let what = match hashed {
        HashedData::Sizes => "names and sizes",
        HashedData::Contents => "names and contents",
    };
    // 128 bits tell datasets apart, and stay readable.
    let digest = digest.finalize();
    let digest: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("{} images, {what} {digest}", items.len()))
}

/// The path below the dataset's folder, with `/` on every system.
fn name_below(path: &Path, folder: &Path) -> String {
    let below = path.strip_prefix(folder).unwrap_or(path);
    below.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")
}

fn of_file(path: &Path, hashed: HashedData) -> Result<Vec<u8>> {
    match hashed {
        HashedData::Sizes => {
            fs::metadata(path).map(|file| file.len().to_le_bytes().to_vec()).map_err(Error::io("read", path))
        }
        HashedData::Contents => sha256(path),
    }
}

/// SHA-256 of a file's bytes.
///
/// # Errors
/// The file cannot be read.
pub(super) fn sha256(path: &Path) -> Result<Vec<u8>> {
    let mut digest = Sha256::new();
    let copied = File::open(path).and_then(|mut file| std::io::copy(&mut file, &mut digest));
    copied.map_err(Error::io("read", path))?;
    Ok(digest.finalize().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two images whose bytes, identities and cameras are given.
    fn described(folder: &Path, images: [(&str, &[u8], i64, usize); 2], hashed: HashedData) -> String {
        fs::create_dir_all(folder).unwrap();
        let item = |(name, bytes, identity, camera): (&str, &[u8], i64, usize)| {
            let path = folder.join(name);
            fs::write(&path, bytes).unwrap();
            LabelledItem { path, identity, camera }
        };
        describe(&images.map(item), folder, hashed).unwrap()
    }

    #[test]
    fn names_sizes_and_labels_tell_data_apart_and_contents_on_request() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (folder.path().join("one"), folder.path().join("other"));
        let same = [("a.jpg", &b"12"[..], 3, 1), ("b.jpg", &b"345"[..], 4, 0)];
        let changes = [
            [("c.jpg", &b"12"[..], 3, 1), same[1]],
            [("a.jpg", &b"1"[..], 3, 1), same[1]],
            [("a.jpg", &b"12"[..], 5, 1), same[1]],
            [("a.jpg", &b"12"[..], 3, 2), same[1]],
        ];
        let other_bytes = [("a.jpg", &b"21"[..], 3, 1), same[1]];
        for hashed in [HashedData::Sizes, HashedData::Contents] {
            let first = described(&one, same, hashed);
            assert!(first.starts_with("2 images, "), "{first}");
            // Another place, and written later.
            assert_eq!(described(&other, same, hashed), first);
            for change in changes {
                assert_ne!(described(&other, change, hashed), first, "{change:?}");
            }
            let seen = described(&other, other_bytes, hashed) != first;
            assert_eq!(seen, hashed == HashedData::Contents);
        }
    }

    #[test]
    fn the_digest_is_the_one_that_its_description_says() {
        let folder = tempfile::tempdir().unwrap();
        let images = [("a.jpg", &b"12"[..], 3, 1), ("b.jpg", &b"345"[..], 4, 0)];
        let mut bytes = b"a.jpg\0".to_vec();
        bytes.extend([3, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0]);
        bytes.extend(b"b.jpg\0");
        bytes.extend([4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0]);
        let digest: String = Sha256::digest(bytes)[..16].iter().map(|byte| format!("{byte:02x}")).collect();
        let found = described(folder.path(), images, HashedData::Sizes);
        assert_eq!(found, format!("2 images, names and sizes {digest}"));
    }
}
