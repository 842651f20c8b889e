//! The counts people check first: identities, images and cameras per subset, and what was left out.

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;

use mmt_vocabulary::DatasetName;

use super::dataset::{Dataset, LabelledItem, Skipped};

/// Counts of one subset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SubsetStatistics {
    /// Different identities; a distractor's 0 counts as one.
    pub identities: usize,
    /// Images.
    pub images: usize,
    /// Different cameras.
    pub cameras: usize,
    /// Files that were left out.
    pub skipped: Skipped,
}

/// Counts of a dataset. Its `Display` is a small table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statistics {
    /// The dataset.
    pub name: DatasetName,
    /// Its folder.
    pub images_dir: PathBuf,
    /// Training images.
    pub train: SubsetStatistics,
    /// Query images.
    pub query: SubsetStatistics,
    /// Gallery images.
    pub gallery: SubsetStatistics,
    /// Query identities that have an image in the gallery: the others cannot be found.
    pub query_identities_in_gallery: usize,
    /// Training identities that also occur in query or gallery: 0 in a proper split. `None` for MSMT17, whose training
    /// and test identities are numbered apart, so that equal numbers mean nothing.
    pub train_identities_in_test: Option<usize>,
    /// The reader's remarks for the user.
    pub warnings: Vec<String>,
}

impl Dataset {
    /// Counts the dataset.
    pub fn statistics(&self) -> Statistics {
        let (query, gallery) = (identities(&self.query), identities(&self.gallery));
        let shared = |number: &&i64| query.contains(*number) || gallery.contains(*number);
        // A distractor (0) or junk (-1) is no person who could be in both.
        let in_test = self.identity_numbers.iter().filter(|number| **number > 0).filter(shared).count();
        Statistics {
            name: self.name,
            images_dir: self.images_dir.clone(),
            train: count(&self.train, self.skipped[0]),
            query: count(&self.query, self.skipped[1]),
            gallery: count(&self.gallery, self.skipped[2]),
            query_identities_in_gallery: query.intersection(&gallery).count(),
            train_identities_in_test: (!self.name.numbers_test_apart()).then_some(in_test),
            warnings: self.warnings.clone(),
        }
    }
}

fn identities(items: &[LabelledItem]) -> BTreeSet<i64> {
    items.iter().map(|item| item.identity).collect()
}

fn count(items: &[LabelledItem], skipped: Skipped) -> SubsetStatistics {
    let cameras: BTreeSet<usize> = items.iter().map(|item| item.camera).collect();
    SubsetStatistics {
        identities: identities(items).len(),
        images: items.len(),
        cameras: cameras.len(),
        skipped,
    }
}

impl fmt::Display for Statistics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} in {}", self.name, self.images_dir.display())?;
        writeln!(f, "subset   identities  images  cameras  junk dropped  files ignored")?;
        for (name, subset) in [("train", &self.train), ("query", &self.query), ("gallery", &self.gallery)] {
            let SubsetStatistics { identities, images, cameras, skipped } = subset;
            let ignored = skipped.other_images + skipped.other_files;
            writeln!(
                f,
                "{name:<7}  {identities:>10}  {images:>6}  {cameras:>7}  {:>12}  {ignored:>13}",
                skipped.junk
            )?;
        }
        write!(
            f,
            "query identities found in the gallery: {} of {}",
            self.query_identities_in_gallery, self.query.identities
        )?;
        if let Some(shared) = self.train_identities_in_test {
            write!(f, "; training identities found in query or gallery: {shared}")?;
        }
        let other_images: usize =
            [self.train, self.query, self.gallery].iter().map(|subset| subset.skipped.other_images).sum();
        if other_images > 0 {
            write!(f, "\nwarning: {other_images} images were ignored for their ending")?;
        }
        for warning in &self.warnings {
            write!(f, "\nwarning: {warning}")?;
        }
        Ok(())
    }
}
