//! A dataset once it has been read: named, sorted, with training identities numbered 0..M-1.

use std::collections::BTreeSet;
use std::path::PathBuf;

use mmt_vocabulary::DatasetName;

use super::decode::decode;
use crate::Result;

/// An image with the identity and the camera that its file name tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelledItem {
    /// The file.
    pub path: PathBuf,
    /// The person. Training items: `0..M`. Query and gallery: the number in the file name (0 is a distractor).
    pub identity: i64,
    /// The camera. Market-1501, DukeMTMC-reID and data of one's own count from 0, MSMT17 from 1, as the published code does.
    pub camera: usize,
}

/// Files of a subset that did not become items.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Skipped {
    /// Images of identity -1: wrong detections that the protocol leaves out.
    pub junk: usize,
    /// Images that do not end in `.jpg`, such as `.png`, `.jpeg` or `.JPG`. The published code reads `*.jpg` only.
    pub other_images: usize,
    /// Files that are no images, such as `Thumbs.db`.
    pub other_files: usize,
}

/// A dataset as its reader found it. Items are sorted by path, so that their order never depends on the file system.
#[derive(Debug, Clone)]
pub struct Dataset {
    /// Which one.
    pub name: DatasetName,
    /// The dataset's own folder, the one that holds its subsets.
    pub images_dir: PathBuf,
    /// Training images with identities renumbered `0..M`, ascending as the numbers in the file names.
    pub train: Vec<LabelledItem>,
    /// Query images, with the identities of their file names.
    pub query: Vec<LabelledItem>,
    /// Gallery images, distractors included, with the identities of their file names.
    pub gallery: Vec<LabelledItem>,
    /// Entry `i` is the number that training identity `i` has in the file names.
    pub identity_numbers: Vec<i64>,
    /// Files left out of train, query and gallery.
    pub skipped: [Skipped; 3],
    /// Images that were not read for their ending, counted in `skipped`; those of train, query, gallery, one after the other.
    pub ignored: Vec<PathBuf>,
    /// Warnings for the user, a sentence each.
    pub warnings: Vec<String>,
}

impl Dataset {
    /// The true identity `0..M` of each training image, in the order of `train`. For source training, the oracle and
    /// measures of label quality; never for what adapts.
    pub fn train_identities(&self) -> Vec<usize> {
        // Renumbering made them indices, so none is negative.
        self.train.iter().map(|item| item.identity as usize).collect()
    }

    /// Number of training identities, M.
    pub fn train_identity_count(&self) -> usize {
        self.identity_numbers.len()
    }

    /// The number that an item's person has in file names or lists. Training identities were numbered anew.
    pub fn number_of(&self, item: &LabelledItem, is_training: bool) -> i64 {
        let number = usize::try_from(item.identity).ok().and_then(|rank| self.identity_numbers.get(rank));
        number.copied().filter(|_| is_training).unwrap_or(item.identity)
    }

    /// Decodes the first image of each subset, so that a broken set is found before training and not after it.
    pub fn check_images(&self) -> Result<()> {
        for subset in [&self.train, &self.query, &self.gallery] {
            if let Some(item) = subset.first() {
                decode(&item.path)?;
            }
        }
        Ok(())
    }
}

/// The items of one subset with identities as in the file names, and what was left out.
#[derive(Debug, Default)]
pub(super) struct Subset {
    pub items: Vec<LabelledItem>,
    pub skipped: Skipped,
    /// Images that are not read for their ending.
    pub ignored: Vec<PathBuf>,
}

/// The subsets that a reader hands over: train, query, gallery.
#[derive(Debug)]
pub(super) struct Subsets {
    pub train: Subset,
    pub query: Subset,
    pub gallery: Subset,
    pub warnings: Vec<String>,
}

impl Dataset {
    /// Sorts the items and numbers the training identities.
    pub(super) fn from_subsets(name: DatasetName, images_dir: PathBuf, mut subsets: Subsets) -> Self {
        let all = [&mut subsets.train, &mut subsets.query, &mut subsets.gallery];
        let skipped = all.map(|subset| {
            subset.items.sort_by(|a, b| a.path.cmp(&b.path));
            subset.skipped
        });
        let mut train = subsets.train.items;
        let identity_numbers = renumber(&mut train);
        let ignored = [subsets.train.ignored, subsets.query.ignored, subsets.gallery.ignored].concat();
        Self {
            name,
            images_dir,
            train,
            query: subsets.query.items,
            gallery: subsets.gallery.items,
            identity_numbers,
            skipped,
            ignored,
            warnings: subsets.warnings,
        }
    }
}

/// Replaces each identity by its rank among those that occur and returns the numbers that stood there, ascending.
fn renumber(items: &mut [LabelledItem]) -> Vec<i64> {
    let numbers: BTreeSet<i64> = items.iter().map(|item| item.identity).collect();
    let numbers: Vec<i64> = numbers.into_iter().collect();
    for item in items {
        item.identity = numbers.partition_point(|number| *number < item.identity) as i64;
    }
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identities_with_gaps_become_ranks() {
        let item = |identity| LabelledItem { path: PathBuf::new(), identity, camera: 0 };
        let mut items: Vec<_> = [379, 0, 5, 379, 1].into_iter().map(item).collect();
        assert_eq!(renumber(&mut items), [0, 1, 5, 379]);
        assert_eq!(items.iter().map(|item| item.identity).collect::<Vec<_>>(), [3, 0, 2, 3, 1]);
    }
}
