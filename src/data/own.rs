//! Data of one's own, in either of two forms: a list of images, or a folder per person.
//!
//! ```text
//! list.csv                       path,identity,camera,split: a header, a row per image, in any order
//! {train,query,gallery}/PERSON/  the images of a person; `_c3` in an image's name is its camera
//! ```
//!
//! Identities and cameras may be numbers or names. An image without a camera counts as seen by one of its own, so that the protocol
//! leaves nothing but the image itself out of the gallery.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use csv::{ReaderBuilder, StringRecord};

use super::archive::Archive;
use super::dataset::{LabelledItem, Skipped, Subset, Subsets};
use super::listing::{Listing, is_decoded, is_image, some_of};
use super::lists::{check_files, named_twice, read_text};
use crate::{Error, Result};

/// Name of the list.
pub(super) const LIST: &str = "list.csv";
/// Splits, by the words of lists and the names of folders.
const SPLITS: [&str; 3] = ["train", "query", "gallery"];
/// Folders without which nothing can be evaluated.
pub(super) const TEST_FOLDERS: [&str; 2] = ["query", "gallery"];
/// Columns of the list; the camera may be missing.
const COLUMNS: [&str; 4] = ["path", "identity", "camera", "split"];
/// Characters that may stand between columns.
const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];

/// As they lie on disk.
pub(super) const ARCHIVE: Archive = Archive {
    outer: &["own"],
    inner: None,
    required: &[LIST, "train", "query", "gallery"],
    inside: "list.csv with the columns path,identity,camera,split, or {train,query,gallery}/PERSON/IMAGE.jpg",
    lookalike: None,
    published: None,
    read: |folder, _| read_folders(folder),
};

/// An image as its owner describes it.
struct Entry {
    path: PathBuf,
    identity: String,
    camera: Option<String>,
    /// Place in [`SPLITS`].
    split: usize,
}

/// Reads `list.csv` in `folder`; paths are relative to `folder` or absolute.
///
/// # Errors
/// A list that is no text, without a header or rows, a row that lacks something, and listed files that are missing.
pub(super) fn read_list(folder: &Path) -> Result<Subsets> {
    let path = folder.join(LIST);
    let text = read_text(&path)?;
    let delimiter = delimiter_of(&text);
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let wrong = |error: csv::Error| Error::file(&path, format!("no CSV: {error}"));
    let columns = Columns::of(reader.headers().map_err(wrong)?, &path)?;
    let mut entries = Vec::new();
    for row in reader.records() {
        let row = row.map_err(wrong)?;
        // Spreadsheets leave rows of nothing below a list.
        if row.iter().all(str::is_empty) {
            continue;
        }
        let line = row.position().map_or(0, csv::Position::line);
        let entry = columns.entry(&row, folder);
        entries.push(entry.map_err(|reason| Error::file(&path, format!("line {line}: {reason}")))?);
    }
    if entries.is_empty() {
        return Err(Error::file(
            &path,
            "the list has no rows; it should have one per image below its header",
        ));
    }
    check_files(&path, entries.iter().map(|entry| entry.path.as_path()))?;
    let mut subsets = subsets(entries, &path)?;
    subsets.warnings.extend(columns.warning);
    Ok(subsets)
}

/// The delimiter that the header has most of; a comma where it has none.
fn delimiter_of(text: &str) -> u8 {
    let header = text.lines().next().unwrap_or_default().as_bytes();
    let count = |delimiter: &u8| header.iter().filter(|byte| *byte == delimiter).count();
    // The last of equals: the comma.
    DELIMITERS.into_iter().rev().max_by_key(count).unwrap_or(b',')
}

/// Where the columns of a list are.
struct Columns {
    path: usize,
    identity: usize,
    camera: Option<usize>,
    split: usize,
    /// Columns that nothing is read from: one may be meant for another.
    warning: Option<String>,
}

impl Columns {
    fn of(header: &StringRecord, list: &Path) -> Result<Self> {
        let names: Vec<String> = header.iter().map(str::to_lowercase).collect();
        let place = |column: &str| names.iter().position(|name| name == column);
        let needed = |column: &str| {
            place(column).ok_or_else(|| {
                let found = names.join(",");
                let reason = format!(
                    "its first line `{found}` has no column `{column}`; expected path,identity,camera,split"
                );
                Error::file(list, reason)
            })
        };
        let unknown: Vec<&String> =
            names.iter().filter(|name| !name.is_empty() && !COLUMNS.contains(&name.as_str())).collect();
        let warning = (!unknown.is_empty())
            .then(|| format!("{LIST}: nothing is read from its columns {}", some_of(unknown)));
        Ok(Self {
            path: needed("path")?,
            identity: needed("identity")?,
            camera: place("camera"),
            split: needed("split")?,
            warning,
        })
    }

    fn entry(&self, row: &StringRecord, folder: &Path) -> std::result::Result<Entry, String> {
        let cell = |at: usize| row.get(at).filter(|text| !text.is_empty());
        let needed = |at: usize, what: &str| cell(at).ok_or_else(|| format!("the {what} is missing"));
        let split = needed(self.split, "split")?;
        let known = SPLITS.iter().position(|name| split.eq_ignore_ascii_case(name));
        Ok(Entry {
            // A list made on Windows separates by back-slashes.
            path: folder.join(needed(self.path, "path")?.replace('\\', "/")),
            identity: needed(self.identity, "identity")?.to_owned(),
            camera: self.camera.and_then(cell).map(str::to_owned),
            split: known.ok_or_else(|| Error::unknown("split", split, &SPLITS).to_string())?,
        })
    }
}

/// Reads `train`, `query` and `gallery` in `folder`, a folder per person in each. Training images may be missing.
///
/// # Errors
/// Folders that cannot be read, or that hold no image in a folder of a person.
pub(super) fn read_folders(folder: &Path) -> Result<Subsets> {
    let mut entries = Vec::new();
    let mut left_out: [Subset; 3] = Default::default();
    let mut warnings = Vec::new();
    for (split, name) in SPLITS.iter().enumerate() {
        let folder = folder.join(name);
        if folder.is_dir() || TEST_FOLDERS.contains(name) {
            warnings.extend(read_split(&folder, split, &mut entries, &mut left_out[split])?);
        }
    }
    let mut subsets = subsets(entries, folder)?;
    let all = [&mut subsets.train, &mut subsets.query, &mut subsets.gallery];
    for (subset, left_out) in all.into_iter().zip(left_out) {
        let Skipped { other_images, other_files, .. } = left_out.skipped;
        subset.skipped = Skipped { other_images, other_files, ..subset.skipped };
        subset.ignored = left_out.ignored;
    }
    subsets.warnings.extend(warnings);
    Ok(subsets)
}

/// Reads the persons of a split; returns what is to be said of it.
fn read_split(
    folder: &Path,
    split: usize,
    entries: &mut Vec<Entry>,
    left_out: &mut Subset,
) -> Result<Vec<String>> {
    let (before, mut warnings) = (entries.len(), Vec::new());
    let listing = Listing::of(folder)?;
    let loose = listing.files.iter().filter(|name| is_image(name)).count();
    if loose > 0 {
        warnings.push(format!(
            "{}: {loose} images that lie in no folder of a person are not read",
            folder.display()
        ));
    }
    for person in listing.folders.iter().filter(|name| !name.starts_with('.')) {
        let inside = folder.join(person);
        let listing = Listing::of(&inside)?;
        let deeper = listing.folders_with_images(&inside);
        if !deeper.is_empty() {
            warnings.push(format!(
                "{}: images in its folders {} are not read",
                inside.display(),
                some_of(deeper)
            ));
        }
        for name in listing.files {
            let path = inside.join(&name);
            if is_decoded(&name) {
                entries.push(Entry { camera: camera_of(&name), path, identity: person.clone(), split });
            } else if is_image(&name) {
                left_out.skipped.other_images += 1;
                left_out.ignored.push(path);
            } else {
                left_out.skipped.other_files += 1;
            }
        }
    }
    if entries.len() == before {
        return Err(Error::file(
            folder,
            "no folder of a person with .jpg, .jpeg or .png images; expected PERSON/IMAGE.jpg",
        ));
    }
    Ok(warnings)
}

/// The camera in an image's name: the number after `c` at its beginning or after `_`, as in `0002_c1s1_000451_03.jpg` and `c3_17.png`.
fn camera_of(name: &str) -> Option<String> {
    let number = |part: &str| {
        let rest = part.strip_prefix('c')?;
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        (!digits.is_empty()).then_some(digits)
    };
    name.split('_').find_map(number)
}

/// Numbers identities and cameras; junk (-1) is left out, as in Market-1501. `source` is named where something contradicts itself.
fn subsets(entries: Vec<Entry>, source: &Path) -> Result<Subsets> {
    check_people(&entries, source)?;
    let (identities, named) = identity_numbers(&entries);
    let (cameras, without) = camera_numbers(&entries);
    let mut warnings = Vec::new();
    if let Some(first) = named {
        warnings
            .push(format!("identities are names such as `{first}`: numbered from 1 in the order of names"));
    }
    if without > 0 {
        warnings.push(format!(
            "{without} of {} images have no camera: each counts as seen by a camera of its own",
            entries.len()
        ));
    }
    let mut splits: [Subset; 3] = Default::default();
    for (entry, camera) in entries.into_iter().zip(cameras) {
        let subset = &mut splits[entry.split];
        match identities[&entry.identity] {
            -1 => subset.skipped.junk += 1,
            identity => subset.items.push(LabelledItem { path: entry.path, identity, camera }),
        }
    }
    for (split, subset) in SPLITS.iter().zip(&splits) {
        warnings.extend(named_twice(split, subset.items.iter().map(|item| item.path.as_path())));
    }
    let [train, query, gallery] = splits;
    Ok(Subsets { train, query, gallery, warnings })
}

/// # Errors
/// An image under two identities.
fn check_people(entries: &[Entry], source: &Path) -> Result<()> {
    let mut people = BTreeMap::new();
    for Entry { path, identity, .. } in entries {
        let known = people.entry(path).or_insert(identity);
        if *known != identity {
            let reason = format!("{} is under the identities {known} and {identity}", path.display());
            return Err(Error::file(source, reason));
        }
    }
    Ok(())
}

/// A number for each identity as spelt: the number itself where all are numbers, or else 1 to N in the order of names, with the first.
fn identity_numbers(entries: &[Entry]) -> (BTreeMap<String, i64>, Option<String>) {
    let spelt: BTreeSet<&String> = entries.iter().map(|entry| &entry.identity).collect();
    let numbers: std::result::Result<BTreeMap<String, i64>, _> =
        spelt.iter().map(|text| text.parse().map(|number| ((*text).clone(), number))).collect();
    numbers.map_or_else(
        |_| {
            let first = spelt.first().map(|text| (*text).clone());
            ((1..).zip(spelt).map(|(number, text)| (text.clone(), number)).collect(), first)
        },
        |numbers| (numbers, None),
    )
}

/// A camera for each entry, and how many have none given: those given from 0 in the order of their numbers or names, then one for each
/// file without.
fn camera_numbers(entries: &[Entry]) -> (Vec<usize>, usize) {
    // Numbers first and as numbers: 10 follows 9, and 01 is 1.
    let key = |text: &str| {
        text.parse::<u64>().map_or_else(|_| (u64::MAX, text.to_owned()), |number| (number, String::new()))
    };
    let given: BTreeSet<_> = entries.iter().filter_map(|entry| entry.camera.as_deref()).map(key).collect();
    let lone: BTreeSet<&PathBuf> =
        entries.iter().filter(|entry| entry.camera.is_none()).map(|entry| &entry.path).collect();
    let given: BTreeMap<_, usize> = given.into_iter().zip(0..).collect();
    let lone: BTreeMap<_, usize> = lone.into_iter().zip(given.len()..).collect();
    let camera = |entry: &Entry| match &entry.camera {
        Some(text) => given[&key(text)],
        None => lone[&entry.path],
    };
    (entries.iter().map(camera).collect(), entries.iter().filter(|entry| entry.camera.is_none()).count())
}
