//! Mutations of what comes from outside, target by target: each ends in an answer or in one line, without a panic and in time.
//!
//! A few hundred mutations of each are part of every test run. `MMT_FUZZ_SECONDS=600 cargo test --test suite -- --exact fuzz::profiles` goes on
//! for that long with one, in processor time. Checkpoints of PyTorch have mutations of their own ([`crate::checkpoints`]).

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use mmt::data::{DatasetName, decode, look_at, read_own};
use mmt::experiment::{Experiment, Profile};
use mmt::model::{Named, read_any, save_tensors};
use mmt::random::stream;
use mmt::record::{EpochRecord, EvaluationRecord, RunInfo, read_csv, read_json};
use mmt::tools::feature_file::FeatureFile;
use mmt::{Error, InvalidInput, Result};
use mmt_testkit::fuzzing::Budget;
use rand::Rng;
use tch::{Kind, Tensor};

/// Mutations of a target in an ordinary test run.
const MUTATIONS: u64 = 200;
/// Time that one case may take.
const WATCHDOG: Duration = Duration::from_secs(20);

/// Tokens that readers of text stumble over.
const TOKENS: [&[u8]; 30] = [
    b"",
    b"\n",
    b"\r\n",
    b"\r",
    b"\0",
    b",",
    b";",
    b"\t",
    b"\"",
    b"'",
    b"\\",
    b"/",
    b"..",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\xc3",
    b"-1",
    b"0",
    b"99999999999999999999",
    b"9223372036854775807",
    b"-9223372036854775808",
    b"1e999",
    b"nan",
    b"inf",
    b"=",
    b"[",
    b"{",
    b"[[rows]]",
    b"_c",
    b"\xf0\x9f\x98\x80",
];

/// Something that reads bytes from outside.
struct Target {
    name: &'static str,
    seeds: Vec<Vec<u8>>,
    /// Reads the bytes, which may be put below the folder.
    read: fn(&[u8], &Path) -> Result<()>,
}

/// One to four changes.
fn mutate(bytes: &mut Vec<u8>, seeds: &[Vec<u8>], rng: &mut impl Rng) {
    for _ in 0..rng.random_range(1..=4) {
        let at = rng.random_range(0..=bytes.len());
        let end = (at + rng.random_range(0..32)).min(bytes.len());
        match rng.random_range(0..7) {
            0 if at < bytes.len() => bytes[at] ^= 1 << rng.random_range(0..8),
            1 if at < bytes.len() => bytes[at] = rng.random(),
            2 => bytes.truncate(at),
            3 => drop(bytes.splice(at..end, TOKENS[rng.random_range(0..TOKENS.len())].iter().copied())),
            4 => drop(bytes.splice(at..at, TOKENS[rng.random_range(0..TOKENS.len())].iter().copied())),
            5 => {
                let part = bytes[at..end].to_vec();
                let to = rng.random_range(0..=bytes.len());
                drop(bytes.splice(to..to, part));
            }
            _ => {
                let other = &seeds[rng.random_range(0..seeds.len())];
                let start = rng.random_range(0..=other.len());
                let stop = (start + rng.random_range(0..64)).min(other.len());
                drop(bytes.splice(at..end, other[start..stop].iter().copied()));
            }
        }
    }
}

/// Reads one case under a watchdog; true where it was read without an error.
fn survives(target: &Target, bytes: &[u8]) -> bool {
    let (say, answer) = channel();
    let (read, own) = (target.read, bytes.to_vec());
    std::thread::spawn(move || {
        let folder = tempfile::tempdir().unwrap();
        let _ = say.send(catch_unwind(AssertUnwindSafe(|| read(&own, folder.path()))));
    });
    let kept = |what: &str| -> ! {
        let path = std::env::temp_dir().join(format!("mmt-fuzz-found-{}", target.name.replace(' ', "-")));
        fs::write(&path, bytes).unwrap();
        panic!("{}: {what}; the bytes are kept: {}", target.name, path.display());
    };
    match answer.recv_timeout(WATCHDOG) {
        Ok(Ok(Ok(()))) => true,
        Ok(Ok(Err(error))) if error.to_string().contains('\n') => {
            kept(&format!("a message of several lines: {error}"))
        }
        Ok(Ok(Err(_))) => false,
        Ok(Err(_)) => kept("a panic"),
        Err(RecvTimeoutError::Timeout) => kept("no answer in time"),
        Err(RecvTimeoutError::Disconnected) => kept("the thread is gone"),
    }
}

fn fuzz(target: &Target) {
    let budget = Budget::from_environment();
    for seed in &target.seeds {
        assert!(survives(target, seed), "{}: a seed is not readable", target.name);
    }
    let (mut count, mut good) = (0, 0);
    while count < MUTATIONS || budget.is_left() {
        let mut rng = stream(1, target.name, 0, count);
        let mut bytes = target.seeds[rng.random_range(0..target.seeds.len())].clone();
        mutate(&mut bytes, &target.seeds, &mut rng);
        good += u64::from(survives(target, &bytes));
        count += 1;
    }
    assert!(good > 0, "{}: no mutation was readable, so none reached the reader's depths", target.name);
    mmt_testkit::devices::say(&format!("fuzz {}: {count} mutations, {good} still readable", target.name));
}

fn put(folder: &Path, name: &str, bytes: &[u8]) -> Result<PathBuf> {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap_or(folder)).map_err(Error::io("create", folder))?;
    fs::write(&path, bytes).map_err(Error::io("write", &path))?;
    Ok(path)
}

/// Whatever can be asked of a dataset that was read.
fn look_over(name: DatasetName, root: &Path) -> Result<()> {
    let dataset = read_own(name, root)?;
    let (_, _, statistics) = (dataset.notes(), dataset.matches(), dataset.statistics().to_string());
    assert!(!statistics.is_empty() && dataset.train_identities().len() == dataset.train.len());
    Ok(())
}

fn own_list(bytes: &[u8], folder: &Path) -> Result<()> {
    ["1.jpg", "2.jpg", "3.jpg"].iter().try_for_each(|name| put(folder, name, b"").map(drop))?;
    put(folder, "list.csv", bytes)?;
    look_over(DatasetName::Own, folder)
}

fn msmt_list(bytes: &[u8], folder: &Path) -> Result<()> {
    for image in ["train/a/0001_000_01_x.jpg", "test/a/0001_000_01_x.jpg", "test/a/0002_000_02_x.jpg"] {
        put(folder, image, b"")?;
    }
    for list in ["train", "val", "gallery"] {
        put(folder, &format!("list_{list}.txt"), b"a/0001_000_01_x.jpg 1\n")?;
    }
    put(folder, "list_query.txt", bytes)?;
    look_over(DatasetName::Msmt17, folder)
}

/// The bytes as the name of an image, of a person's folder, and in a published folder.
fn file_name(bytes: &[u8], folder: &Path) -> Result<()> {
    use std::os::unix::ffi::OsStrExt;
    let mut name: Vec<u8> =
        bytes.iter().copied().filter(|byte| ![0, b'/'].contains(byte)).take(200).collect();
    if [&b""[..], b".", b".."].contains(&name.as_slice()) {
        name = b"x.jpg".to_vec();
    }
    let name = Path::new(std::ffi::OsStr::from_bytes(&name));
    for image in
        ["bounding_box_train/0001_c1s1_x.jpg", "bounding_box_test/0002_c1s1_x.jpg", "query/0002_c2s1_x.jpg"]
    {
        put(folder, &format!("market1501/{image}"), b"")?;
    }
    let all = folder.join("market1501/query").join(name);
    fs::write(&all, "").map_err(Error::io("write", &all))?;
    for split in ["query", "gallery"] {
        let person = folder.join("own").join(split).join(name);
        fs::create_dir_all(&person).map_err(Error::io("create", &person))?;
        let image = person.join("1.jpg");
        fs::write(&image, "").map_err(Error::io("write", &image))?;
    }
    look_over(DatasetName::Own, folder)?;
    look_over(DatasetName::Market1501, folder)
}

fn profile(bytes: &[u8], folder: &Path) -> Result<()> {
    let path = put(folder, "own.toml", bytes)?;
    Profile::load(&path.display().to_string()).map(drop)
}

fn experiment(bytes: &[u8], folder: &Path) -> Result<()> {
    let path = put(folder, "own.toml", bytes)?;
    Experiment::load(&path.display().to_string())?.of(&Profile::load("quick")?).map(drop)
}

fn records(bytes: &[u8], folder: &Path) -> Result<()> {
    let path = put(folder, "records.csv", bytes)?;
    let epochs = read_csv::<EpochRecord>(&path).map(drop);
    read_csv::<EvaluationRecord>(&path).map(drop).or(epochs)
}

fn description(bytes: &[u8], folder: &Path) -> Result<()> {
    read_json::<RunInfo>(&put(folder, "run.json", bytes)?).map(drop)
}

fn features(bytes: &[u8], folder: &Path) -> Result<()> {
    FeatureFile { path: put(folder, "features", bytes)?, name: None }.read().map(drop)
}

fn safetensors(bytes: &[u8], folder: &Path) -> Result<()> {
    read_any(&put(folder, "weights.safetensors", bytes)?).map(drop)
}

fn image(bytes: &[u8], folder: &Path) -> Result<()> {
    let path = put(folder, "image.jpg", bytes)?;
    let look = look_at(&path).map(drop);
    decode(&path).map(drop).and(look)
}

fn texts(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

fn npy(rows: u16) -> Vec<u8> {
    let text = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, 2), }}\n");
    let mut bytes = [b"\x93NUMPY\x01\x00", &(text.len() as u16).to_le_bytes()[..], text.as_bytes()].concat();
    bytes.extend((0..2 * rows).flat_map(|value| f32::from(value).to_le_bytes()));
    bytes
}

fn tensors() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weights.safetensors");
    let values = Tensor::arange(12, (Kind::Float, tch::Device::Cpu)).view([4, 3]);
    save_tensors(&path, &Named::from([("a.weight".to_owned(), values)])).unwrap();
    fs::read(path).unwrap()
}

fn jpeg() -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let pixels = image::RgbImage::from_fn(8, 16, |x, y| image::Rgb([(x * 30) as u8, (y * 15) as u8, 90]));
    pixels.write_to(&mut bytes, image::ImageFormat::Jpeg).unwrap();
    bytes.into_inner()
}

#[test]
fn lists_of_own_data() {
    let seeds = texts(&[
        "path,identity,camera,split\n1.jpg,7,1,train\n2.jpg,7,1,query\n3.jpg,7,2,gallery\n",
        "split;path;identity\r\nquery;2.jpg;ann\r\ngallery;\"3.jpg\";ann\r\n",
    ]);
    fuzz(&Target { name: "lists of own data", seeds, read: own_list });
}

#[test]
fn lists_of_msmt17() {
    let seeds =
        texts(&["a/0001_000_01_x.jpg 1\na/0002_000_02_x.jpg 2\n", "\u{feff}a\\0001_000_01_x.jpg 1\r\n"]);
    fuzz(&Target { name: "lists of MSMT17", seeds, read: msmt_list });
}

#[test]
fn file_names() {
    let seeds =
        texts(&["0003_c1s1_000451_03.jpg", "-1_c3s1_000451_03.jpg", "0003_c2.png", "Thumbs.db", "0003"]);
    fuzz(&Target { name: "file names", seeds, read: file_name });
}

#[test]
fn profiles() {
    let seeds = texts(&[
        "base = \"quick\"\nname = \"own\"\n",
        "base = \"miniature\"\nname = \"own\"\nseeds = [1, 2]\ntasks = [\"own-to-market\"]\n[adaptation]\nepochs = 2\nalpha = 0.9\n",
        include_str!("../../src/experiment/profiles/quick.toml"),
    ]);
    fuzz(&Target { name: "profiles", seeds, read: profile });
}

#[test]
fn experiments() {
    let seeds = texts(&[
        include_str!("../../src/experiment/experiments/table2.toml"),
        include_str!("../../src/experiment/experiments/bn-group.toml"),
    ]);
    fuzz(&Target { name: "experiments", seeds, read: experiment });
}

#[test]
fn record_files() {
    let seeds = texts(&["schema,epoch,loss,value\n3,1,ce_1,0.5\n3,1,total,NaN\n3,2,ce_1,0.25\n"]);
    fuzz(&Target { name: "records", seeds, read: records });
}

#[test]
fn descriptions_of_runs() {
    let seeds = texts(&[
        "{\"schema\": 3, \"profile\": \"quick\", \"domains\": \"real\", \"task\": \"market-to-duke\", \"row\": \"mmt-k\", \"method\": \"mmt\", \
         \"backbone\": \"small\", \"domain_seed\": null, \"seed\": 1, \"config\": \"00\"}",
    ]);
    fuzz(&Target { name: "descriptions of runs", seeds, read: description });
}

#[test]
fn files_of_features() {
    fuzz(&Target { name: "files of features", seeds: vec![npy(6)], read: features });
    fuzz(&Target { name: "features as tensors", seeds: vec![tensors()], read: features });
}

#[test]
fn headers_of_safetensors() {
    fuzz(&Target { name: "headers of safetensors", seeds: vec![tensors()], read: safetensors });
}

#[test]
fn images() {
    fuzz(&Target { name: "images", seeds: vec![jpeg()], read: image });
}

#[test]
fn a_panic_and_a_message_of_two_lines_are_found() {
    let found = |read: fn(&[u8], &Path) -> Result<()>| {
        let target = Target { name: "planted", seeds: Vec::new(), read };
        catch_unwind(AssertUnwindSafe(|| survives(&target, b"x"))).is_err()
    };
    assert!(found(|_, _| panic!("planted")));
    assert!(found(|_, _| Err(InvalidInput::Empty { what: "two\nlines" }.into())));
    assert!(!found(|_, _| Err(Error::Training("one line".to_owned()))));
    assert!(!found(|_, _| Ok(())));
}
