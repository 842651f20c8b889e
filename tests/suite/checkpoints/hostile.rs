//! Files that are no checkpoints, damaged ones and malicious ones: each ends in one line that says what is wrong.

use std::collections::BTreeSet;
use std::fs;

use mmt::Error;
use mmt::model::read_any;

use super::folder;
use crate::allocation::peak_of;

/// Every hostile fixture, and what the message must say.
const FILES: [(&str, &str); 24] = [
    ("a-bare-tensor.pth", "a tensor, no state dict"),
    ("a-whole-module.pth", "`torch.nn.parallel.data_parallel.DataParallel`"),
    ("archive.pth.tar", "a TAR archive"),
    ("beyond-its-storage.pth", "w: shape [5]"),
    ("big-endian.pth", "big-endian"),
    ("compressed.pth", "compressed"),
    ("cut.pth", "cut short or damaged"),
    ("damaged.pth", "storage 0 is damaged: its checksum"),
    ("deep.pth", "nested more than"),
    ("empty.pth", "an empty file"),
    ("huge-shape.pth", "reach beyond its storage"),
    ("huge-storage.pth", "storage 0 should have"),
    ("image.pth", "a PNG image"),
    ("legacy-big-endian.pth", "big-endian"),
    ("legacy-cut.pth", "cut short or damaged"),
    ("legacy-huge.pth", "reaches beyond the end of the file"),
    ("negative-offset.pth", "starts at element -1"),
    ("no-pickle.pth", "no data.pkl"),
    ("no-storage.pth", "the bytes of storage 0 are missing"),
    ("plain-pickle.pth", "torch.save did not write"),
    ("protocol-9.pth", "protocol 9"),
    ("repeated.pth", "times the size of the file"),
    ("runs-a-command.pth", "`posix.system`"),
    ("text.pth", "a web page"),
];

#[test]
fn each_ends_in_one_line_that_says_what_is_wrong() {
    let folder = folder().join("hostile");
    for (file, part) in FILES {
        let path = folder.join(file);
        let error = read_any(&path).expect_err(file);
        assert!(matches!(error, Error::File { .. }), "{file}: {error:?}");
        let text = error.to_string();
        assert!(text.contains(file) && text.contains(part), "{file}: `{part}` is not in: {text}");
        assert!(!text.contains('\n') && text.len() < 400, "{file}: {text}");
    }
    let there: BTreeSet<String> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let listed: BTreeSet<String> = FILES.iter().map(|(file, _)| (*file).to_owned()).collect();
    assert_eq!(there, listed, "every hostile file has its line");
}

#[test]
fn folders_and_absent_files_are_named() {
    let text = read_any(&folder()).unwrap_err().to_string();
    assert!(text.contains("a folder, no checkpoint"), "{text}");
    let text = read_any(&folder().join("nothing.pth")).unwrap_err().to_string();
    assert!(text.contains("nothing.pth") && text.contains("cannot read"), "{text}");
}

/// A shorter form of a good file is refused, without a panic.
#[test]
fn a_file_cut_anywhere_is_refused() {
    let other = tempfile::tempdir().unwrap();
    for file in ["views.pth", "legacy_views.pth"] {
        let whole = fs::read(folder().join(file)).unwrap();
        for length in (0..whole.len()).step_by(7) {
            let path = other.path().join(file);
            fs::write(&path, &whole[..length]).unwrap();
            assert!(read_any(&path).is_err(), "{file} cut to {length} bytes");
        }
    }
}

/// A changed name would be read as another one: the checksum of the pickle tells.
#[test]
fn a_flipped_bit_in_the_pickle_is_seen() {
    let other = tempfile::tempdir().unwrap();
    let path = other.path().join("flipped.pth");
    let mut bytes = fs::read(folder().join("kinds.pth")).unwrap();
    let at = bytes.windows(4).position(|part| part == b"bf16").unwrap();
    bytes[at] ^= 1;
    fs::write(&path, bytes).unwrap();
    let text = read_any(&path).unwrap_err().to_string();
    assert!(text.contains("data.pkl is damaged: its checksum"), "{text}");
}

#[test]
fn a_pickle_that_piles_up_values_takes_little_memory() {
    let other = tempfile::tempdir().unwrap();
    let path = other.path().join("pile.pth");
    let mut bytes = fs::read(folder().join("legacy.pth")).unwrap()[..15].to_vec();
    bytes.extend(b"N".repeat(1 << 24));
    fs::write(&path, bytes).unwrap();
    let (text, peak) = peak_of(|| read_any(&path).unwrap_err().to_string());
    assert!(text.contains("piles up more than"), "{text}");
    assert!(peak < 1 << 22, "{peak} bytes");
}
