//! The domains on disk, in the layouts and under the file names of the real datasets.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use image::ExtendedColorType;
use image::codecs::jpeg::JpegEncoder;
use mmt_vocabulary::DatasetName;
use mmt_vocabulary::error::{Error, Result};
use mmt_vocabulary::random::stream;
use rayon::prelude::*;
use serde::Serialize;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::layout::{MSMT17, file, lists};
use super::render::render;
use super::shots::{Domain, Shot};
use super::{DomainSettings, HEIGHT, WIDTH};

/// Raise it when the generator draws other pixels: domains of older versions are then drawn anew.
pub const GENERATOR_VERSION: u32 = 2;
/// Written last into a domain's folder.
const MARK: &str = "domain.json";
/// JPEG quality.
const QUALITY: u8 = 95;
/// Images between two calls of the progress callback.
const BLOCK: usize = 128;
/// Beginning of the names of folders in the making.
const PART: &str = ".part-";
/// Times that a finished domain is moved to its place.
const ATTEMPTS: usize = 5;
/// Folders of a killed process are cleaned away after this time.
const STALE: Duration = Duration::from_secs(3600);

#[derive(Serialize)]
struct Mark<'a> {
    generator: u32,
    dataset: String,
    settings: &'a DomainSettings,
    note: &'static str,
}

/// Makes sure that the domain that stands for `dataset` lies below `folder`, and returns the data root to read it from. Domains
/// of one seed and size share a root. One that is there already, whole and with the same settings, is left as it is.
///
/// A domain is drawn into a folder beside its place and then renamed, so it is there whole or not at all. `progress` is told how
/// many of how many images are done; its error ends the work.
///
/// # Errors
/// Settings out of range or too small for a gallery, a folder that cannot be written, or what `progress` returns.
pub fn prepare(
    dataset: DatasetName,
    settings: &DomainSettings,
    folder: &Path,
    progress: &mut dyn FnMut(usize, usize) -> Result<()>,
) -> Result<PathBuf> {
    settings.check()?;
    let note = "synthetic images, drawn by this project; no real person or place";
    let mark = Mark { generator: GENERATOR_VERSION, dataset: dataset.to_string(), settings, note };
    let mark = serde_json::to_string_pretty(&mark)
        .map_err(|error| Error::Training(format!("cannot describe a domain: {error}")))?;
    let root = folder.join(root_name(settings));
    let place = root.join(dataset.to_string());
    remove_stale(&root);
    if is_whole(&place, &mark) {
        return Ok(root);
    }
    let domain = Domain::draw(dataset, settings)?;
    fs::create_dir_all(&root).map_err(Error::io("create", &root))?;
    let part = part_in(&root)?;
    write_domain(&domain, dataset, settings.seed, part.path(), progress)?;
    write(&part.path().join(MARK), mark.as_bytes())?;
    install(part.path(), &place, &root, &mark)?;
    Ok(root)
}

fn root_name(settings: &DomainSettings) -> String {
    let text = format!("{GENERATOR_VERSION} {settings:?}");
    let hash: String =
        Sha256::digest(text.as_bytes()).iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    format!("seed-{}-{hash}", settings.seed)
}

fn is_whole(place: &Path, mark: &str) -> bool {
    fs::read_to_string(place.join(MARK)).is_ok_and(|found| found == mark)
}

/// A folder in the making, removed when dropped.
fn part_in(root: &Path) -> Result<TempDir> {
    tempfile::Builder::new().prefix(PART).tempdir_in(root).map_err(Error::io("write", root))
}

/// Moves a finished domain to its place. Where another process was faster, its images are the same and stay.
fn install(part: &Path, place: &Path, root: &Path, mark: &str) -> Result<()> {
    let mut attempt = 1;
    while !is_whole(place, mark) {
        clear(place, root)?;
        match fs::rename(part, place) {
            Ok(()) => break,
            Err(error) if attempt == ATTEMPTS => return Err(Error::io("write", place)(error)),
            // Something has been put there since; mostly it is whole.
            Err(_) => attempt += 1,
        }
    }
    Ok(())
}

/// Takes a broken domain away from `place`. It is moved before it is removed: several processes may be at it, and a move is one
/// step, while files removed one by one could be those that another process has just put there.
fn clear(place: &Path, root: &Path) -> Result<()> {
    let aside = part_in(root)?;
    match fs::rename(place, aside.path().join("broken")) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(Error::io("remove", place)(error)),
        _ => Ok(()),
    }
}

/// Removes what a killed process left. Failing to remove it harms nobody.
fn remove_stale(root: &Path) {
    for entry in fs::read_dir(root).into_iter().flatten().flatten() {
        let is_part = entry.file_name().to_string_lossy().starts_with(PART);
        let age = entry.metadata().and_then(|data| data.modified()).ok().and_then(|time| time.elapsed().ok());
        if is_part && age.is_some_and(|age| age > STALE) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

fn write_domain(
    domain: &Domain,
    dataset: DatasetName,
    seed: u64,
    folder: &Path,
    progress: &mut dyn FnMut(usize, usize) -> Result<()>,
) -> Result<()> {
    let files: Vec<PathBuf> = domain.shots.iter().map(|shot| folder.join(file(dataset, shot))).collect();
    let mut folders: Vec<&Path> = files.iter().filter_map(|file| file.parent()).collect();
    folders.sort_unstable();
    folders.dedup();
    for folder in folders {
        fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
    }
    let total = domain.shots.len();
    progress(0, total)?;
    for (shots, files) in domain.shots.chunks(BLOCK).zip(files.chunks(BLOCK)) {
        let take = |(shot, file): (&Shot, &PathBuf)| write(file, &photograph(dataset, seed, domain, shot)?);
        shots.par_iter().zip(files).map(take).collect::<Result<()>>()?;
        progress(shots.last().map_or(total, |shot| shot.number + 1), total)?;
    }
    if dataset == DatasetName::Msmt17 {
        for (list, lines) in lists(domain) {
            write(&folder.join(MSMT17).join(format!("list_{list}.txt")), lines.as_bytes())?;
        }
    }
    Ok(())
}

/// Bytes of the JPEG file of one shot.
fn photograph(dataset: DatasetName, seed: u64, domain: &Domain, shot: &Shot) -> Result<Vec<u8>> {
    let mut rng = stream(seed, &format!("synthetic/{dataset}/shot"), 0, shot.number as u64);
    let pixels = render(
        &domain.spec,
        (&domain.people[shot.person], &domain.cameras[shot.camera], shot.walk),
        &mut rng,
    );
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, QUALITY)
        .encode(&pixels, WIDTH as u32, HEIGHT as u32, ExtendedColorType::Rgb8)
        .map_err(|error| Error::Training(format!("cannot encode an image: {error}")))?;
    Ok(bytes)
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    fs::write(path, bytes).map_err(Error::io("write", path))
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::DATASETS;

    fn settings(seed: u64) -> DomainSettings {
        DomainSettings {
            seed,
            train_identities: 4,
            train_images: 5,
            test_identities: 3,
            test_images: 7,
            distractors: 2,
        }
    }

    fn quiet(_: usize, _: usize) -> Result<()> {
        Ok(())
    }

    #[test]
    fn a_seed_is_a_domain() {
        let bytes = |seed| {
            let domain = Domain::draw(DatasetName::DukeMtmc, &settings(seed)).unwrap();
            photograph(DatasetName::DukeMtmc, seed, &domain, &domain.shots[7]).unwrap()
        };
        assert_eq!(bytes(1), bytes(1));
        assert_ne!(bytes(1), bytes(2));
    }

    #[test]
    fn a_whole_domain_is_kept_and_a_broken_one_drawn_anew() {
        let folder = tempfile::tempdir().unwrap();
        let name = DatasetName::Market1501;
        let draw = || {
            let mut drawn = 0;
            let root = prepare(name, &settings(3), folder.path(), &mut |done, _| {
                drawn = done;
                Ok(())
            });
            (root.unwrap(), drawn)
        };
        let (root, first) = draw();
        assert_eq!((first, draw().1), (43, 0));
        fs::write(root.join("market1501").join(MARK), "{}").unwrap();
        assert_eq!(draw().1, 43);
    }

    #[test]
    fn an_interrupted_one_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let result =
            prepare(DatasetName::Msmt17, &settings(3), folder.path(), &mut |_, _| Err(Error::Interrupted));
        assert!(matches!(result, Err(Error::Interrupted)));
        let root = folder.path().join(root_name(&settings(3)));
        assert_eq!(fs::read_dir(root).unwrap().count(), 0);
    }

    /// Paths below `folder` with the bytes of the files.
    fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
        let mut found = Vec::new();
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                found.extend(files(&path))
            } else {
                found.push((path.clone(), fs::read(path).unwrap()))
            }
        }
        found.sort();
        found
    }

    #[test]
    fn drawn_twice_every_file_is_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let draw = || files(&prepare(DatasetName::Msmt17, &settings(3), folder.path(), &mut quiet).unwrap());
        let first = draw();
        assert_eq!(first.len(), 20 + 23 + 4 + 1, "images, lists and the mark");
        fs::remove_dir_all(folder.path().join(root_name(&settings(3)))).unwrap();
        assert!(first == draw());
    }

    #[test]
    fn only_old_left_overs_are_cleaned_away() {
        let folder = tempfile::tempdir().unwrap();
        let draw = || prepare(DatasetName::Market1501, &settings(3), folder.path(), &mut quiet).unwrap();
        let root = draw();
        let [old, recent] = ["old", "recent"].map(|name| root.join(format!("{PART}{name}")));
        for part in [&old, &recent] {
            fs::create_dir_all(part.join("query")).unwrap();
        }
        let long_ago = SystemTime::now() - 2 * STALE;
        fs::File::open(&old).unwrap().set_modified(long_ago).unwrap();
        draw();
        assert!(!old.exists() && recent.exists(), "another process may be at work in the recent one");
    }

    #[test]
    fn several_at_once_agree() {
        let folder = tempfile::tempdir().unwrap();
        let name = DatasetName::DukeMtmc;
        for round in 0..8 {
            let place = folder.path().join(root_name(&settings(round))).join(name.to_string());
            fs::create_dir_all(place.join("half/written")).unwrap();
            let draw = || prepare(name, &settings(round), folder.path(), &mut quiet).map(|_| ());
            std::thread::scope(|scope| {
                let threads: Vec<_> = (0..4).map(|_| scope.spawn(draw)).collect();
                threads.into_iter().for_each(|thread| thread.join().unwrap().unwrap());
            });
            assert!(!place.join("half").exists());
            assert_eq!(fs::read_dir(place.parent().unwrap()).unwrap().count(), 1, "no part is left");
        }
    }

    #[test]
    fn only_three_datasets_have_a_built_in_domain() {
        let folder = tempfile::tempdir().unwrap();
        for name in DatasetName::ALL {
            let drawn = prepare(name, &settings(3), folder.path(), &mut quiet);
            assert_eq!(drawn.is_ok(), DATASETS.contains(&name), "{name}");
            assert!(drawn.is_ok() || drawn.unwrap_err().is_usage(), "{name}");
        }
    }

    #[test]
    fn settings_that_leave_a_subset_empty_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let few = DomainSettings { train_identities: 2, train_images: 2, ..settings(3) };
        let no_gallery = DomainSettings { test_images: 1, distractors: 0, ..settings(3) };
        let none = DomainSettings { test_images: 0, ..settings(3) };
        let endless = DomainSettings { train_identities: usize::MAX, ..settings(3) };
        for (settings, part) in
            [(few, "training images"), (no_gallery, "gallery"), (none, "at least 1"), (endless, "at most")]
        {
            for name in DATASETS {
                let error = prepare(name, &settings, folder.path(), &mut quiet).unwrap_err();
                assert!(
                    matches!(error, Error::Input(_)) && error.to_string().contains(part),
                    "{name}: {error}"
                );
            }
        }
    }
}
