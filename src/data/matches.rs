//! Which queries can be found at all: those of whom the gallery has an image from another camera.

use std::collections::{BTreeMap, BTreeSet};

use super::dataset::{Dataset, LabelledItem};
use crate::{Error, Result};

/// How many queries of a dataset have a match, and why the others have none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Matches {
    /// Query images.
    pub queries: usize,
    /// Those whose person is not in the gallery.
    pub absent: usize,
    /// Those whose person is in the gallery, but only as seen by the query's own camera; the protocol leaves such images out.
    pub same_camera: usize,
}

/// Why nothing in the gallery answers a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unmatched {
    /// The person is not there.
    Absent,
    /// The person is there, but only as seen by the query's own camera.
    SameCamera,
}

impl Matches {
    /// Queries without a match: mAP and CMC leave them out.
    pub fn without(self) -> usize {
        self.absent + self.same_camera
    }

    /// The two reasons with their counts.
    fn reasons(self) -> String {
        format!(
            "{} are of people who are not in the gallery, {} of people who are there on images of the query's own camera only, which \
             the protocol leaves out",
            self.absent, self.same_camera
        )
    }
}

impl Dataset {
    /// Counts the queries that have a match.
    pub fn matches(&self) -> Matches {
        let unmatched = self.unmatched();
        let absent = unmatched.iter().filter(|(_, reason)| *reason == Unmatched::Absent).count();
        Matches { queries: self.query.len(), absent, same_camera: unmatched.len() - absent }
    }

    /// The queries without a match, and why.
    pub fn unmatched(&self) -> Vec<(&LabelledItem, Unmatched)> {
        let mut cameras: BTreeMap<i64, BTreeSet<usize>> = BTreeMap::new();
        for item in &self.gallery {
            cameras.entry(item.identity).or_default().insert(item.camera);
        }
        let reason = |item: &LabelledItem| match cameras.get(&item.identity) {
            None => Some(Unmatched::Absent),
            Some(found) if found.iter().all(|camera| *camera == item.camera) => Some(Unmatched::SameCamera),
            Some(_) => None,
        };
        self.query.iter().filter_map(|item| Some((item, reason(item)?))).collect()
    }

    /// Refuses data that lack a split, which a list may.
    ///
    /// # Errors
    /// [`Error::Dataset`] that names the split.
    pub fn check_splits(&self) -> Result<()> {
        let splits = [("train", &self.train), ("query", &self.query), ("gallery", &self.gallery)];
        match splits.into_iter().find(|(_, items)| items.is_empty()) {
            None => Ok(()),
            Some((split, _)) => Err(Error::Dataset(format!(
                "{} in {}: there are no images of {split}; a run needs train, query and gallery",
                self.name,
                self.images_dir.display()
            ))),
        }
    }

    /// Refuses a test set on which nothing can be measured, before hours of work.
    ///
    /// # Errors
    /// [`Error::Dataset`] with the counts and the rule where no query has a match.
    pub fn check_matches(&self) -> Result<()> {
        let matches = self.matches();
        if matches.without() < matches.queries {
            return Ok(());
        }
        if matches.queries == 0 {
            let folder = self.images_dir.display();
            return Err(Error::Dataset(format!("{} in {folder}: there are no images of query", self.name)));
        }
        Err(Error::Dataset(format!(
            "{} in {}: none of the {} queries has a match in the gallery: {}",
            self.name,
            self.images_dir.display(),
            matches.queries,
            matches.reasons()
        )))
    }

    /// Returns what somebody should know before a result on this dataset is believed, a sentence each.
    pub fn notes(&self) -> Vec<String> {
        let mut notes: Vec<String> =
            self.warnings.iter().map(|text| format!("{}: {text}", self.name)).collect();
        let mut note = |text: String| notes.push(format!("{}: {text}", self.name));
        for (subset, skipped) in ["train", "query", "gallery"].iter().zip(self.skipped) {
            if skipped.other_images > 0 {
                note(format!("{} images of {subset} are ignored for their ending", skipped.other_images));
            }
        }
        let statistics = self.statistics();
        if let Some(shared) = statistics.train_identities_in_test.filter(|shared| *shared > 0) {
            note(format!(
                "{shared} identities are in train and in query or gallery: people seen in training are tested"
            ));
        }
        let matches = self.matches();
        if matches.without() > 0 {
            note(format!(
                "{} of {} queries have no match: {}",
                matches.without(),
                matches.queries,
                matches.reasons()
            ));
        }
        if statistics.gallery.cameras == 1 {
            note("all images of the gallery are from one camera".to_owned());
        }
        notes
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::data::DatasetName;
    use crate::data::dataset::{Subset, Subsets};

    fn dataset(query: &[(i64, usize)], gallery: &[(i64, usize)]) -> Dataset {
        let subset = |items: &[(i64, usize)]| {
            let item =
                |&(identity, camera): &(i64, usize)| LabelledItem { path: PathBuf::new(), identity, camera };
            Subset { items: items.iter().map(item).collect(), ..Subset::default() }
        };
        let [train, query, gallery] = [&[(1, 0)][..], query, gallery].map(subset);
        let subsets = Subsets { train, query, gallery, warnings: Vec::new() };
        Dataset::from_subsets(DatasetName::Market1501, PathBuf::new(), subsets)
    }

    #[test]
    fn a_match_is_the_same_person_seen_by_another_camera() {
        let found = dataset(&[(5, 0), (6, 0), (7, 0), (5, 1)], &[(5, 0), (5, 1), (6, 0), (0, 1)]).matches();
        assert_eq!(found, Matches { queries: 4, absent: 1, same_camera: 1 });
    }

    #[test]
    fn a_test_set_without_any_match_is_refused_with_counts_and_rule() {
        let error = dataset(&[(5, 0), (6, 0)], &[(5, 0)]).check_matches().unwrap_err().to_string();
        for part in [
            "none of the 2 queries",
            "1 are of people who are not",
            "1 of people who are there",
            "own camera",
        ] {
            assert!(error.contains(part), "{part}: {error}");
        }
        dataset(&[(5, 0), (6, 0)], &[(5, 1)]).check_matches().unwrap();
    }

    #[test]
    fn c21_people_of_training_in_the_test_set_are_said() {
        let notes = dataset(&[(1, 0)], &[(1, 1), (2, 0)]).notes();
        assert!(notes.len() == 1 && notes[0].contains("1 identities are in train"), "{notes:?}");
        let notes = dataset(&[(5, 0), (6, 0)], &[(5, 1)]).notes();
        assert!(notes.iter().any(|note| note.contains("1 of 2 queries have no match")), "{notes:?}");
    }

    #[test]
    fn c11_a_gallery_of_one_camera_is_said() {
        let said = |gallery: &[(i64, usize)]| {
            dataset(&[(5, 0)], gallery).notes().iter().any(|note| note.contains("one camera"))
        };
        assert!(said(&[(5, 1), (6, 1)]) && !said(&[(5, 1), (6, 2)]));
    }
}
