//! Mutations of good and hostile files: the reader answers, whatever it is given, and asks for little memory.
//!
//! A few hundred mutations are part of every test run. `MMT_FUZZ_SECONDS=600 cargo test --test suite -- --exact checkpoints::fuzz::fuzz`
//! goes on for that long, in processor time.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use mmt::model::read_any;
use mmt::random::stream;
use mmt_testkit::devices::say;
use mmt_testkit::fuzzing::Budget;
use mmt_testkit::golden::Golden;
use rand::Rng;
use tempfile::tempdir;

use super::{cases, folder};
use crate::allocation::peak_of;

/// Mutations of an ordinary test run.
const MUTATIONS: u64 = 500;
/// Rust's memory that a file may cost: for each of its bytes, and besides.
const BYTES_PER_BYTE: usize = 128;
const BYTES_BESIDES: usize = 1 << 20;

/// Numbers that readers stumble over.
const NUMBERS: [u64; 10] =
    [0, 1, 0x7f, 0xff, 0xffff, 0x7fff_ffff, 0xffff_ffff, 1 << 60, i64::MAX as u64, u64::MAX];
/// Instructions of a pickle, known and unknown.
const OPCODES: &[u8] = b"(.0NKMJGXUTcR)t]}aesuqrhjQb1234\x80\x81\x85\x86\x87\x88\x89\x8a\x8b\x8c\x93\x94\x95";

/// All files that mutations start from: good ones, then hostile ones.
fn seeds() -> [Vec<Vec<u8>>; 2] {
    let made = cases::seeds();
    let good = [files(&folder()), files(&Golden::folder().join("serialization")), made].concat();
    [good, files(&folder().join("hostile"))]
}

fn files(folder: &Path) -> Vec<Vec<u8>> {
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let mut paths: Vec<_> = files.filter(|path| path.is_file()).collect();
    paths.retain(|path| path.extension().is_none_or(|extension| extension != "py"));
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// One of the files; most often a good one, whose mutations reach deeper.
fn pick<'a>([good, hostile]: &'a [Vec<Vec<u8>>; 2], rng: &mut impl Rng) -> &'a [u8] {
    let files = if rng.random_bool(0.8) { good } else { hostile };
    &files[rng.random_range(0..files.len())]
}

/// One to three changes.
fn mutate(bytes: &mut Vec<u8>, seeds: &[Vec<Vec<u8>>; 2], rng: &mut impl Rng) {
    for _ in 0..rng.random_range(1..=3) {
        if bytes.is_empty() {
            bytes.extend(pick(seeds, rng));
            continue;
        }
        let at = rng.random_range(0..bytes.len());
        match rng.random_range(0..9) {
            0..=2 => bytes[at] ^= 1 << rng.random_range(0..8),
            3 => bytes[at] = OPCODES[rng.random_range(0..OPCODES.len())],
            4 => bytes.truncate(at),
            5 => {
                let number = NUMBERS[rng.random_range(0..NUMBERS.len())].to_le_bytes();
                let width = (1 << rng.random_range(0..4)).min(bytes.len() - at);
                bytes[at..at + width].copy_from_slice(&number[..width]);
            }
            6 => drop(bytes.drain(at..(at + rng.random_range(1..64)).min(bytes.len()))),
            7 => {
                let end = (at + rng.random_range(1..256)).min(bytes.len());
                let part = bytes[at..end].to_vec();
                let to = rng.random_range(0..=bytes.len());
                bytes.splice(to..to, part);
            }
            _ => {
                let other = pick(seeds, rng);
                let start = rng.random_range(0..=other.len());
                let end = (start + rng.random_range(1..512)).min(other.len());
                bytes.splice(at..at, other[start..end].iter().copied());
            }
        }
    }
}

/// Makes the checksum of a zip's data.pkl right again, where there is one: else few mutations would get past it to the pickle.
fn repair(bytes: &mut [u8]) {
    let number = |bytes: &[u8], at: usize, width: usize| -> Option<usize> {
        let field = bytes.get(at..at + width)?;
        Some(field.iter().rev().fold(0, |number, byte| (number << 8) | usize::from(*byte)))
    };
    let checksum = |bytes: &[u8], entry: usize| -> Option<u32> {
        let name = entry + 46;
        if !bytes.get(name..name + number(bytes, entry + 28, 2)?)?.ends_with(b"data.pkl") {
            return None;
        }
        let header = number(bytes, entry + 42, 4)?;
        let start = header + 30 + number(bytes, header + 26, 2)? + number(bytes, header + 28, 2)?;
        Some(crc32fast::hash(bytes.get(start..start + number(bytes, entry + 20, 4)?)?))
    };
    for entry in 0..bytes.len().saturating_sub(46) {
        if bytes[entry..].starts_with(b"PK\x01\x02")
            && let Some(checksum) = checksum(bytes, entry)
        {
            bytes[entry + 16..entry + 20].copy_from_slice(&checksum.to_le_bytes());
        }
    }
}

/// Reads `bytes` as a file; true where that gave tensors. A panic keeps the file and names it.
fn read(bytes: &[u8], path: &Path) -> bool {
    fs::write(path, bytes).unwrap();
    let (answer, peak) = peak_of(|| catch_unwind(AssertUnwindSafe(|| read_any(path))));
    let keep = |what: &str| -> ! {
        let kept = std::env::temp_dir().join("mmt-fuzz-found.pth");
        fs::write(&kept, bytes).unwrap();
        panic!("{what}; the file is kept: {}", kept.display());
    };
    if peak > BYTES_PER_BYTE * bytes.len() + BYTES_BESIDES {
        keep(&format!("{peak} bytes of memory for a file of {}", bytes.len()));
    }
    match answer {
        Err(_) => keep("a panic"),
        Ok(Err(error)) if error.to_string().contains('\n') => keep("a message of several lines"),
        Ok(Err(_)) => false,
        Ok(Ok(tensors)) => {
            let size: usize =
                tensors.values().map(|tensor| tensor.numel() * tensor.kind().elt_size_in_bytes()).sum();
            if size > 8 * bytes.len() {
                keep(&format!("tensors of {size} bytes from a file of {}", bytes.len()));
            }
            true
        }
    }
}

#[test]
fn fuzz() {
    let budget = Budget::from_environment();
    let folder = tempdir().unwrap();
    let path = folder.path().join("mutated.pth");
    let seeds = seeds();
    for seed in seeds.iter().flatten() {
        read(seed, &path);
    }
    let (mut count, mut good) = (0, 0);
    while count < MUTATIONS || budget.is_left() {
        let mut rng = stream(0, "fuzz", 0, count);
        let mut bytes = pick(&seeds, &mut rng).to_vec();
        mutate(&mut bytes, &seeds, &mut rng);
        if rng.random_bool(0.8) {
            repair(&mut bytes);
        }
        good += u64::from(read(&bytes, &path));
        count += 1;
    }
    assert!(good > 0, "no mutation was readable: the mutations are too coarse to reach the reader's depths");
    say(&format!(
        "fuzz: {count} mutations of {} files, {good} still readable, no panic",
        seeds.iter().flatten().count()
    ));
}
