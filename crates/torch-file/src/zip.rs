//! The format of PyTorch 1.6 and later: a zip file with `NAME/data.pkl`, `NAME/byteorder` and `NAME/data/KEY`, all stored
//! without compression.

use std::io::{BufReader, Read, Seek, SeekFrom};

use super::directory::{Entries, entries};
use super::input::Budget;
use super::outcome::{BIG_ENDIAN, Outcome};
use super::pickle;
use super::storage::{Location, Locations};
use super::value::{Heap, Value};
use crate::stored::ends_early;

/// Reads the pickle and finds the storages of a file of `length` bytes.
pub fn open(source: &mut (impl Read + Seek), length: u64, heap: &mut Heap) -> Outcome<(Value, Locations)> {
    let entries = entries(source, length)?;
    let folder = folder(&entries)?;
    let inside = |name: &str| entries.get(&format!("{folder}/{name}")).map(|entry| entry.location);
    if let Some(order) = inside("byteorder") {
        check_byte_order(source, &order)?;
    }
    let location = inside("data.pkl").ok_or("its data.pkl is missing")?;
    location.verify(source, "its data.pkl")?;
    source.seek(SeekFrom::Start(location.start)).map_err(ends_early)?;
    let root =
        pickle::run(&mut BufReader::new(&mut *source).take(location.bytes), heap, &mut Budget::default())?;
    let prefix = format!("{folder}/data/");
    let storages = entries.iter().filter_map(|(name, entry)| Some((name.strip_prefix(&prefix)?, entry)));
    Ok((root, storages.map(|(key, entry)| (key.to_owned(), entry.location)).collect()))
}

/// The one folder of a state dict; otherwise the message says what else the archive is.
fn folder(entries: &Entries) -> Outcome<&str> {
    let with = |end: &str| entries.keys().any(|name| name.ends_with(end));
    let pickles: Vec<&str> = entries.keys().filter_map(|name| name.strip_suffix("/data.pkl")).collect();
    let folder = match pickles.as_slice() {
        [folder] => *folder,
        _ if with(".data/version") => return Err(no_state("a torch.package archive", PACKAGE)),
        [] => return Err(other_archive(entries)),
        _ => return Err("a zip file with several data.pkl, no PyTorch checkpoint".to_owned()),
    };
    let code = format!("{folder}/code/");
    if entries.contains_key(&format!("{folder}/constants.pkl"))
        || entries.keys().any(|name| name.starts_with(&code))
    {
        return Err(no_state("a TorchScript archive (torch.jit.save)", SCRIPT));
    }
    let own = entries.iter().filter(|(name, _)| name.starts_with(folder));
    if own.into_iter().any(|(_, entry)| !entry.plain) {
        return Err(
            "its zip entries are compressed or encrypted; torch.save stores them as they are: unpack it \
                    and pack it again with `zip -0`"
                .to_owned(),
        );
    }
    Ok(folder)
}

/// The way out of a TorchScript archive.
const SCRIPT: &str = "torch.save(torch.jit.load(FILE).state_dict(), OUT) makes one";
/// The way out of a package.
const PACKAGE: &str = "load its module with torch.package and torch.save its state_dict()";

fn no_state(what: &str, way_out: &str) -> String {
    format!("{what}, no state dict; {way_out}")
}

/// Says what an archive without `data.pkl` is.
fn other_archive(entries: &Entries) -> String {
    let files: Vec<&str> = entries.keys().filter(|name| !name.ends_with('/')).map(String::as_str).collect();
    let all = |end: &str| !files.is_empty() && files.iter().all(|name| name.ends_with(end));
    if all(".npy") {
        return no_state(
            "a numpy archive (.npz)",
            "write its arrays as tensors with torch.save or safetensors",
        );
    }
    if files.contains(&"config.json") && files.iter().any(|name| name.ends_with(".weights.h5")) {
        return "a Keras model, no PyTorch checkpoint".to_owned();
    }
    let checkpoint = |name: &&&str| {
        [".pth", ".pt", ".tar", ".pkl", ".bin", ".ckpt", ".safetensors", ".pyth", ".model"]
            .iter()
            .any(|end| name.to_lowercase().ends_with(end))
    };
    let shown = |name: &str| name.chars().filter(|letter| !letter.is_control()).take(80).collect::<String>();
    match (files.iter().find(checkpoint), files.as_slice()) {
        (Some(name), _) | (None, [name]) => {
            format!(
                "a zip archive around `{}`, no checkpoint: unpack it with `unzip` and give the file in it",
                shown(name)
            )
        }
        _ => "a zip file, but no PyTorch checkpoint: it has no data.pkl".to_owned(),
    }
}

fn check_byte_order(source: &mut (impl Read + Seek), location: &Location) -> Outcome<()> {
    source.seek(SeekFrom::Start(location.start)).map_err(ends_early)?;
    let mut order = Vec::new();
    source.take(location.bytes.min(16)).read_to_end(&mut order).map_err(ends_early)?;
    match order.as_slice() {
        b"little" => Ok(()),
        b"big" => Err(BIG_ENDIAN.to_owned()),
        _ => Err("its byte order is neither `little` nor `big`".to_owned()),
    }
}
