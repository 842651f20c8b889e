//! Facts that a careful person wants to know of a dataset before hours of work: counts beside the published ones, overlaps, images that
//! do not decode or are odd, equal files, queries without a match.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;
use serde::Serialize;

use super::stages::Progress;
use crate::data::{
    Dataset, DatasetName, ImageLook, LabelledItem, PublishedCounts, SubsetStatistics, Unmatched, look_at,
    published_counts, read_own,
};
use crate::error::Result;

/// Images between two signs of progress.
const AT_ONCE: usize = 512;
/// Files of a kind that the text names; the record has all.
const NAMED: usize = 5;

/// The findings in a dataset. `Display` is for people, `Serialize` for programs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DatasetCheck {
    /// The dataset.
    pub dataset: String,
    /// Its folder.
    pub folder: PathBuf,
    /// Train, query, gallery.
    pub subsets: Vec<SubsetCheck>,
    /// Training identities that are in query or gallery, too; none for MSMT17, which numbers them apart.
    pub train_identities_in_test: Option<usize>,
    /// Query identities that the gallery has.
    pub query_identities_in_gallery: usize,
    /// Queries that nothing in the gallery can answer.
    pub queries_without_match: usize,
    /// Width and height of the smallest image by area, and of the largest.
    pub sizes: Option<[[usize; 2]; 2]>,
    /// Images that are not 8-bit RGB, by what they are. They are converted.
    pub odd: BTreeMap<String, Vec<PathBuf>>,
    /// Images that cannot be decoded, and why.
    pub broken: Vec<BrokenImage>,
    /// Files of equal content, group by group.
    pub duplicates: Vec<Vec<PathBuf>>,
    /// Those of them that stand under several identities.
    pub contradicting: Vec<Vec<PathBuf>>,
    /// Queries whose person is not in the gallery.
    pub absent: Vec<PathBuf>,
    /// Queries whose person is there on images of the query's own camera only.
    pub same_camera: Vec<PathBuf>,
    /// Images that are not read for their ending.
    pub ignored: Vec<PathBuf>,
    /// Findings that would make results doubtful.
    pub warnings: Vec<String>,
    /// Findings that would make a run fail.
    pub errors: Vec<String>,
}

/// Counts of a subset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SubsetCheck {
    /// `train`, `query`, `gallery`.
    pub subset: &'static str,
    /// Different identities.
    pub identities: usize,
    /// Images.
    pub images: usize,
    /// Different cameras.
    pub cameras: usize,
    /// The published counts; nothing for data of one's own.
    pub published: Option<PublishedCounts>,
    /// Images of nobody in particular (identity 0), which stay.
    pub distractors: usize,
    /// Images that the protocol leaves out (identity −1).
    pub junk: usize,
    /// Images that are not read for their ending.
    pub ignored_images: usize,
    /// Other files.
    pub ignored_files: usize,
}

/// An image that cannot be decoded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BrokenImage {
    /// The file.
    pub file: PathBuf,
    /// Why.
    pub reason: String,
}

/// Reads dataset `name` below `root` and decodes every image once, none of which is kept: memory grows by some 500 bytes per image.
///
/// # Errors
/// A dataset that cannot be read at all, or what `progress` returns. All else is in the result.
pub fn check_dataset(name: DatasetName, root: &Path, progress: Progress<'_>) -> Result<DatasetCheck> {
    let dataset = read_own(name, root)?;
    let items: Vec<(&LabelledItem, i64)> = all_items(&dataset).collect();
    let done = AtomicUsize::new(0);
    let mut looks = Vec::with_capacity(items.len());
    progress("decoding", 0, items.len())?;
    for part in items.chunks(AT_ONCE) {
        let found: Vec<Result<ImageLook>> = part.par_iter().map(|(item, _)| look_at(&item.path)).collect();
        looks.extend(found);
        progress("decoding", done.fetch_add(part.len(), Ordering::Relaxed) + part.len(), items.len())?;
    }
    let mut check = DatasetCheck::of(&dataset);
    check.add_images(&items, &looks);
    Ok(check)
}

/// Every item with the number of its person.
fn all_items(dataset: &Dataset) -> impl Iterator<Item = (&LabelledItem, i64)> {
    let train = dataset.train.iter().map(|item| (item, dataset.number_of(item, true)));
    train.chain(dataset.query.iter().chain(&dataset.gallery).map(|item| (item, item.identity)))
}

/// Counts of one subset beside the published ones.
fn count(
    subset: &'static str,
    found: &SubsetStatistics,
    items: &[LabelledItem],
    published: Option<PublishedCounts>,
) -> SubsetCheck {
    let is_distractor = |item: &&LabelledItem| subset == "gallery" && item.identity == 0;
    SubsetCheck {
        subset,
        identities: found.identities,
        images: found.images,
        cameras: found.cameras,
        published,
        distractors: items.iter().filter(is_distractor).count(),
        junk: found.skipped.junk,
        ignored_images: found.skipped.other_images,
        ignored_files: found.skipped.other_files,
    }
}

impl DatasetCheck {
    /// All that file names tell.
    fn of(dataset: &Dataset) -> Self {
        let statistics = dataset.statistics();
        let published = published_counts(dataset.name);
        let of = |at: usize| published.map(|published| published[at]);
        let unmatched = dataset.unmatched();
        let because = |reason: Unmatched| {
            let items = unmatched.iter().filter(|(_, found)| *found == reason);
            items.map(|(item, _)| item.path.clone()).collect()
        };
        Self {
            dataset: dataset.name.to_string(),
            folder: dataset.images_dir.clone(),
            subsets: vec![
                count("train", &statistics.train, &dataset.train, of(0)),
                count("query", &statistics.query, &dataset.query, of(1)),
                count("gallery", &statistics.gallery, &dataset.gallery, of(2)),
            ],
            train_identities_in_test: statistics.train_identities_in_test,
            query_identities_in_gallery: statistics.query_identities_in_gallery,
            queries_without_match: unmatched.len(),
            sizes: None,
            odd: BTreeMap::new(),
            broken: Vec::new(),
            duplicates: Vec::new(),
            contradicting: Vec::new(),
            absent: because(Unmatched::Absent),
            same_camera: because(Unmatched::SameCamera),
            ignored: dataset.ignored.clone(),
            warnings: dataset.notes(),
            errors: dataset.check_matches().err().map(|error| error.to_string()).into_iter().collect(),
        }
    }

    /// Adds what the images tell.
    fn add_images(&mut self, items: &[(&LabelledItem, i64)], looks: &[Result<ImageLook>]) {
        let mut same: BTreeMap<[u8; 16], Vec<(&LabelledItem, i64)>> = BTreeMap::new();
        let mut sizes = Vec::new();
        for (&(item, person), look) in items.iter().zip(looks) {
            match look {
                Ok(look) => {
                    sizes.push([look.size.width, look.size.height]);
                    same.entry(look.digest).or_default().push((item, person));
                    if let Some(oddity) = look.oddity {
                        self.odd.entry(oddity.to_owned()).or_default().push(item.path.clone());
                    }
                }
                Err(error) => {
                    let (file, reason) = (item.path.clone(), error.to_string());
                    self.broken.push(BrokenImage { file, reason });
                }
            }
        }
        let area = |size: &[usize; 2]| size[0] * size[1];
        let extremes =
            sizes.iter().min_by_key(|size| area(size)).zip(sizes.iter().max_by_key(|size| area(size)));
        self.sizes = extremes.map(|(smallest, largest)| [*smallest, *largest]);
        self.add_equal(same.into_values().filter(|group| group.len() > 1));
        if !self.broken.is_empty() {
            self.errors.push(format!("{}: {} images cannot be decoded", self.dataset, self.broken.len()));
        }
    }

    /// Files of equal content, with the numbers of their people.
    fn add_equal<'a>(&mut self, groups: impl Iterator<Item = Vec<(&'a LabelledItem, i64)>>) {
        for group in groups {
            let files: Vec<PathBuf> = group.iter().map(|(item, _)| item.path.clone()).collect();
            if group.iter().any(|(_, person)| *person != group[0].1) {
                self.contradicting.push(files.clone());
            }
            self.duplicates.push(files);
        }
        self.duplicates.sort();
        self.contradicting.sort();
        if self.duplicates.is_empty() {
            return;
        }
        let files: usize = self.duplicates.iter().map(Vec::len).sum();
        let of_whom = match self.contradicting.len() {
            0 => String::new(),
            doubtful => format!(", {doubtful} of them under several identities"),
        };
        let groups = self.duplicates.len();
        self.warnings
            .push(format!("{}: {files} images in {groups} groups of equal files{of_whom}", self.dataset));
    }
}

impl fmt::Display for DatasetCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} in {}", self.dataset, self.folder.display())?;
        writeln!(
            f,
            "{:8} {:>20} {:>20} {:>16} {:>12} {:>6} {:>8}",
            "", "identities", "images", "cameras", "distractors", "junk", "ignored"
        )?;
        let beside = |found: usize, published: Option<usize>| match published {
            None => found.to_string(),
            Some(published) if published == found => format!("{found} = published"),
            Some(published) => format!("{found} ({published})"),
        };
        for subset in &self.subsets {
            let published = subset.published;
            writeln!(
                f,
                "{:8} {:>20} {:>20} {:>16} {:>12} {:>6} {:>8}",
                subset.subset,
                beside(subset.identities, published.map(|of| of.identities)),
                beside(subset.images, published.map(|of| of.images)),
                beside(subset.cameras, published.map(|of| of.cameras)),
                subset.distractors,
                subset.junk,
                subset.ignored_images + subset.ignored_files
            )?;
        }
        if self.subsets.iter().any(|subset| subset.published.is_some()) {
            writeln!(f, "(in brackets: published)")?;
        }
        if let Some(shared) = self.train_identities_in_test {
            writeln!(f, "training identities in query or gallery: {shared}")?;
        }
        let query = self.subsets.iter().find(|subset| subset.subset == "query");
        let (identities, images) = query.map_or((0, 0), |subset| (subset.identities, subset.images));
        writeln!(f, "query identities in the gallery: {} of {identities}", self.query_identities_in_gallery)?;
        writeln!(f, "queries without a match: {} of {images}", self.queries_without_match)?;
        if let Some([[width, height], [most_wide, most_high]]) = self.sizes {
            writeln!(f, "images of {width} x {height} to {most_wide} x {most_high} pixels")?;
        }
        self.write_files(f)
    }
}

impl DatasetCheck {
    fn write_files(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (oddity, files) in &self.odd {
            writeln!(f, "{} images are {oddity}, such as {}", files.len(), files[0].display())?;
        }
        for group in self.duplicates.iter().take(NAMED) {
            let names: Vec<String> =
                group.iter().take(NAMED).map(|file| file.display().to_string()).collect();
            writeln!(f, "equal: {}{}", names.join(", "), if group.len() > NAMED { ", …" } else { "" })?;
        }
        for broken in self.broken.iter().take(NAMED) {
            writeln!(f, "broken: {}", broken.reason)?;
        }
        let more = |count: usize| count.saturating_sub(NAMED);
        if more(self.duplicates.len()) + more(self.broken.len()) > 0 {
            let (equal, broken) = (more(self.duplicates.len()), more(self.broken.len()));
            writeln!(
                f,
                "and {equal} more groups of equal files, {broken} more broken images: --json lists all"
            )?;
        }
        self.warnings.iter().try_for_each(|text| writeln!(f, "warning: {text}"))?;
        self.errors.iter().try_for_each(|text| writeln!(f, "wrong: {text}"))
    }
}
