//! The images of a list of files, decoded and resized: in memory when they fit, otherwise decoded when asked for.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::decode::{ImageSize, decode};
use super::resize::resize;
use crate::{Error, InvalidInput, Result};

/// Images between two calls of the progress callback: fine enough to stop at once on Ctrl-C.
const BLOCK: usize = 64;

/// Images of one size, addressed by index. The resize is deterministic and comes first in every transform, so keeping
/// its result changes no value.
#[derive(Debug)]
pub struct ImageStore {
    paths: Vec<PathBuf>,
    size: ImageSize,
    /// u8 `[N, H, W, 3]`, when all fit.
    kept: Option<Vec<u8>>,
}

impl ImageStore {
    /// Opens the files at `paths` as images of `size`. When all of them fit into `memory_limit` bytes they are decoded now,
    /// on all threads of rayon; otherwise only the first is, as a check.
    ///
    /// `progress` is called from this thread with the number of images done and the number of all; an error it returns
    /// (such as [`Error::Interrupted`]) ends the work.
    ///
    /// # Errors
    /// No paths, a size of 0, or the first file in order that is unreadable, truncated or no image.
    pub fn open(
        paths: Vec<PathBuf>,
        size: ImageSize,
        memory_limit: usize,
        progress: &mut dyn FnMut(usize, usize) -> Result<()>,
    ) -> Result<Self> {
        if paths.is_empty() {
            return Err(InvalidInput::Empty { what: "the list of images" }.into());
        }
        InvalidInput::at_least_one("image side", size.values())?;
        let bytes = paths.len().checked_mul(size.values()).filter(|bytes| *bytes <= memory_limit);
        let mut store = Self { paths, size, kept: None };
        match bytes {
            Some(bytes) => store.kept = Some(store.load_all(bytes, progress)?),
            None => {
                load(&store.paths[0], size)?;
            }
        }
        Ok(store)
    }

    fn load_all(
        &self,
        bytes: usize,
        progress: &mut dyn FnMut(usize, usize) -> Result<()>,
    ) -> Result<Vec<u8>> {
        let mut pixels = vec![0; bytes];
        let total = self.paths.len();
        let mut done = 0;
        progress(done, total)?;
        let blocks = pixels.chunks_mut(BLOCK * self.size.values());
        for (paths, block) in self.paths.chunks(BLOCK).zip(blocks) {
            let slots = block.par_chunks_exact_mut(self.size.values());
            let results: Vec<Result<()>> = paths
                .par_iter()
                .zip(slots)
                .map(|(path, slot)| {
                    slot.copy_from_slice(&load(path, self.size)?);
                    Ok(())
                })
                .collect();
            // In order, so that the file named is the same every time.
            results.into_iter().collect::<Result<()>>()?;
            done += paths.len();
            progress(done, total)?;
        }
        Ok(pixels)
    }

    /// Number of images.
    pub fn len(&self) -> usize {
        self.paths.len()
    }

    /// Always false: a store without images cannot be opened.
    pub fn is_empty(&self) -> bool {
        self.paths.is_empty()
    }

    /// Size of every image.
    pub fn size(&self) -> ImageSize {
        self.size
    }

    /// The file of image `index`.
    pub fn path(&self, index: usize) -> Option<&Path> {
        self.paths.get(index).map(PathBuf::as_path)
    }

    /// True when the images are in memory.
    pub fn is_in_memory(&self) -> bool {
        self.kept.is_some()
    }

    /// Image `index`, u8 `[H, W, 3]`.
    ///
    /// # Errors
    /// An index out of range; a file that cannot be decoded, where images are not kept in memory.
    pub fn get(&self, index: usize) -> Result<Cow<'_, [u8]>> {
        let path = self.paths.get(index).ok_or_else(|| InvalidInput::Shape {
            what: "image index",
            expected: format!("below {}", self.paths.len()),
            found: index.to_string(),
        })?;
        match &self.kept {
            Some(pixels) => {
                let values = self.size.values();
                Ok(Cow::Borrowed(&pixels[index * values..(index + 1) * values]))
            }
            None => load(path, self.size).map(Cow::Owned),
        }
    }
}

fn load(path: &Path, size: ImageSize) -> Result<Vec<u8>> {
    let image = decode(path)?;
    let resized = resize(&image, size).map_err(|error| Error::file(path, error.to_string()))?;
    Ok(resized.into_owned())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use image::{ImageBuffer, Rgb};

    use super::*;

    const SIZE: ImageSize = ImageSize { height: 8, width: 4 };

    fn images(folder: &Path, count: u8) -> Vec<PathBuf> {
        let paths: Vec<_> = (0..count).map(|i| folder.join(format!("{i:03}.png"))).collect();
        for (i, path) in paths.iter().enumerate() {
            let size = 4 + i as u32 % 7;
            ImageBuffer::from_fn(size, 2 * size, |x, y| Rgb([i as u8, (x * 9) as u8, (y * 9) as u8]))
                .save(path)
                .unwrap();
        }
        paths
    }

    fn open(paths: &[PathBuf], memory_limit: usize) -> Result<ImageStore> {
        ImageStore::open(paths.to_vec(), SIZE, memory_limit, &mut |_, _| Ok(()))
    }

    #[test]
    fn kept_and_decoded_on_demand_are_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let paths = images(folder.path(), 70);
        let bytes = 70 * SIZE.values();
        let (kept, lazy) = (open(&paths, bytes).unwrap(), open(&paths, bytes - 1).unwrap());
        assert!(kept.is_in_memory() && !lazy.is_in_memory());
        for index in 0..70 {
            assert_eq!(kept.get(index).unwrap(), lazy.get(index).unwrap());
            assert_eq!(kept.get(index).unwrap()[0], index as u8);
        }
        assert!(kept.get(70).is_err() && lazy.get(70).is_err());
    }

    #[test]
    fn progress_counts_to_the_end_and_can_stop_the_work() {
        let folder = tempfile::tempdir().unwrap();
        let paths = images(folder.path(), 70);
        let mut seen = Vec::new();
        let mut record = |done, total| {
            seen.push((done, total));
            Ok(())
        };
        ImageStore::open(paths.clone(), SIZE, usize::MAX, &mut record).unwrap();
        assert_eq!(seen, [(0, 70), (64, 70), (70, 70)]);
        let stopped = ImageStore::open(paths, SIZE, usize::MAX, &mut |_, _| Err(Error::Interrupted));
        assert!(matches!(stopped, Err(Error::Interrupted)));
    }

    #[test]
    fn the_first_broken_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let paths = images(folder.path(), 20);
        fs::write(&paths[13], b"").unwrap();
        fs::write(&paths[17], b"").unwrap();
        assert!(open(&paths, usize::MAX).unwrap_err().to_string().contains("013.png"));
        let lazy = open(&paths, 0).unwrap();
        assert!(lazy.get(12).is_ok());
        assert!(lazy.get(13).unwrap_err().to_string().contains("013.png"));
        fs::write(&paths[0], b"").unwrap();
        assert!(open(&paths, 0).unwrap_err().to_string().contains("000.png"));
    }

    #[test]
    fn nothing_to_open_is_an_error() {
        assert!(open(&[], usize::MAX).is_err());
        let folder = tempfile::tempdir().unwrap();
        let paths = images(folder.path(), 2);
        let size = ImageSize { height: 0, width: 4 };
        for memory_limit in [0, usize::MAX] {
            assert!(ImageStore::open(paths.clone(), size, memory_limit, &mut |_, _| Ok(())).is_err());
        }
    }
}
