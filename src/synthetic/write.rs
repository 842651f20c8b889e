//! The domains on disk, in the layouts and under the file names of the real datasets.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use image::ExtendedColorType;
use image::codecs::jpeg::JpegEncoder;
use rayon::prelude::*;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::render::render;
use super::shots::{Domain, Shot, Subset};
use super::{DomainSettings, HEIGHT, WIDTH};
use crate::data::DatasetName;
use crate::error::{Error, Result};
use crate::random::stream;

/// Raise it when the generator draws other pixels: domains of older versions are then drawn anew.
const GENERATOR_VERSION: u32 = 1;
/// Written last into a domain's folder.
const MARK: &str = "domain.json";
/// JPEG quality.
const QUALITY: u8 = 95;
/// Images between two calls of the progress callback.
const BLOCK: usize = 128;
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
/// Settings out of range, a folder that cannot be written, or what `progress` returns.
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
    let place = root.join(folder_name(dataset));
    if is_whole(&place, &mark) {
        return Ok(root);
    }
    fs::create_dir_all(&root).map_err(Error::io("create", &root))?;
    remove_stale(&root);
    let part = tempfile::Builder::new().prefix(PART).tempdir_in(&root).map_err(Error::io("write", &root))?;
    write_domain(dataset, settings, part.path(), progress)?;
    write(&part.path().join(MARK), mark.as_bytes())?;
    if place.exists() && !is_whole(&place, &mark) {
        fs::remove_dir_all(&place).map_err(Error::io("remove", &place))?;
    }
    match fs::rename(part.path(), &place) {
        // Another process was faster: its images are the same.
        Err(_) if is_whole(&place, &mark) => Ok(root),
        Err(error) => Err(Error::io("write", &place)(error)),
        Ok(()) => Ok(root),
    }
}

const PART: &str = ".part-";

fn root_name(settings: &DomainSettings) -> String {
    let text = format!("{GENERATOR_VERSION} {settings:?}");
    let hash: String =
        Sha256::digest(text.as_bytes()).iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    format!("seed-{}-{hash}", settings.seed)
}

fn folder_name(dataset: DatasetName) -> &'static str {
    match dataset {
        DatasetName::Market1501 => "market1501",
        DatasetName::DukeMtmc => "dukemtmc",
        DatasetName::Msmt17 => "msmt17",
    }
}

fn is_whole(place: &Path, mark: &str) -> bool {
    fs::read_to_string(place.join(MARK)).is_ok_and(|found| found == mark)
}

/// What a killed process left. Failing to remove it harms nobody.
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
    dataset: DatasetName,
    settings: &DomainSettings,
    folder: &Path,
    progress: &mut dyn FnMut(usize, usize) -> Result<()>,
) -> Result<()> {
    let domain = Domain::draw(dataset, settings);
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
        let take = |(shot, file): (&Shot, &PathBuf)| {
            write(file, &photograph(dataset, settings.seed, &domain, shot)?)
        };
        shots.par_iter().zip(files).map(take).collect::<Result<()>>()?;
        progress(shots.last().map_or(total, |shot| shot.number + 1), total)?;
    }
    if dataset == DatasetName::Msmt17 {
        write_lists(folder, &domain)?;
    }
    Ok(())
}

/// Bytes of the JPEG file of one shot.
fn photograph(dataset: DatasetName, seed: u64, domain: &Domain, shot: &Shot) -> Result<Vec<u8>> {
    let mut rng = stream(seed, &format!("synthetic/{dataset}/shot"), 0, shot.number as u64);
    let pixels = render(&domain.spec, &domain.people[shot.person], &domain.cameras[shot.camera], &mut rng);
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, QUALITY)
        .encode(&pixels, WIDTH as u32, HEIGHT as u32, ExtendedColorType::Rgb8)
        .map_err(|error| Error::Training(format!("cannot encode an image: {error}")))?;
    Ok(bytes)
}

/// Path of a shot's file below the domain's folder.
fn file(dataset: DatasetName, shot: &Shot) -> PathBuf {
    let Shot { identity, number, .. } = *shot;
    let camera = shot.camera + 1;
    let subset = match shot.subset {
        Subset::Train => "bounding_box_train",
        Subset::Query => "query",
        Subset::Gallery => "bounding_box_test",
    };
    match dataset {
        DatasetName::Market1501 => Path::new("Market-1501-v15.09.15")
            .join(subset)
            .join(format!("{identity:04}_c{camera}s1_{number:06}_00.jpg")),
        DatasetName::DukeMtmc => {
            Path::new("DukeMTMC-reID").join(subset).join(format!("{identity:04}_c{camera}_f{number:07}.jpg"))
        }
        DatasetName::Msmt17 => {
            let folder = if shot.subset == Subset::Train { "train" } else { "test" };
            Path::new("MSMT17_V1").join(folder).join(listed(shot))
        }
    }
}

/// The path of an MSMT17 image in its list.
fn listed(shot: &Shot) -> String {
    // Training identities count from 0, as in the real lists; identity 0 of the test set are the distractors.
    let identity = if shot.subset == Subset::Train { shot.identity - 1 } else { shot.identity };
    let (camera, number) = (shot.camera + 1, shot.number);
    format!("{identity:04}/{identity:04}_{number:05}_{camera:02}_synthetic_0000_0.jpg")
}

/// The real training set is split into two lists; here the second one holds every fifth image.
fn write_lists(folder: &Path, domain: &Domain) -> Result<()> {
    let mut lists = [
        ("train", String::new()),
        ("val", String::new()),
        ("query", String::new()),
        ("gallery", String::new()),
    ];
    for shot in &domain.shots {
        let list = match shot.subset {
            Subset::Train => usize::from(shot.number % 5 == 4),
            Subset::Query => 2,
            Subset::Gallery => 3,
        };
        let path = listed(shot);
        let identity = path.split('/').next().unwrap_or_default().trim_start_matches('0');
        let identity = if identity.is_empty() { "0" } else { identity };
        lists[list].1.push_str(&format!("{path} {identity}\n"));
    }
    for (name, text) in lists {
        write(&folder.join("MSMT17_V1").join(format!("list_{name}.txt")), text.as_bytes())?;
    }
    Ok(())
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    fs::write(path, bytes).map_err(Error::io("write", path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data;

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
    fn the_readers_find_what_was_drawn() {
        let folder = tempfile::tempdir().unwrap();
        for name in DatasetName::ALL {
            let root = prepare(name, &settings(3), folder.path(), &mut quiet).unwrap();
            let dataset = data::read(name, &root).unwrap();
            assert_eq!((dataset.train.len(), dataset.train_identity_count()), (20, 4), "{name}");
            assert_eq!(dataset.query.len() + dataset.gallery.len(), 3 * 7 + 2, "{name}");
            let mut pairs: Vec<_> = dataset.query.iter().map(|item| (item.identity, item.camera)).collect();
            pairs.sort_unstable();
            pairs.dedup();
            assert_eq!(pairs.len(), dataset.query.len(), "one query per identity and camera, {name}");
            assert_eq!(dataset.gallery.iter().filter(|item| item.identity == 0).count(), 2, "{name}");
            let size = data::decode(&dataset.train[0].path).unwrap().size;
            assert_eq!((size.height, size.width), (HEIGHT, WIDTH));
        }
    }

    #[test]
    fn a_seed_is_a_domain() {
        let bytes = |seed| {
            let domain = Domain::draw(DatasetName::DukeMtmc, &settings(seed));
            photograph(DatasetName::DukeMtmc, seed, &domain, &domain.shots[7]).unwrap()
        };
        assert_eq!(bytes(1), bytes(1));
        assert_ne!(bytes(1), bytes(2));
    }

    #[test]
    fn a_whole_domain_is_kept_and_a_broken_one_drawn_anew() {
        let folder = tempfile::tempdir().unwrap();
        let name = DatasetName::Market1501;
        let mut draw = || {
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
}
