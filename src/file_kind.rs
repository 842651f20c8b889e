//! The kind of a file, told by how it begins: for messages that say what was given instead of what was wanted.

use std::fmt;

/// Bytes of a file's beginning that [`FileKind::of`] wants to see; fewer are enough where the file has no more.
pub const BEGINNING: usize = 1024;

/// Kinds of files that people hand over for a checkpoint or for features.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// No byte at all.
    Empty,
    /// The text that Git LFS keeps in place of a file.
    GitLfs,
    /// A web page, such as a log-in or a download's question.
    WebPage,
    /// XML, such as a storage service's refusal.
    Xml,
    /// Compressed by gzip.
    Gzip,
    /// Compressed by bzip2.
    Bzip2,
    /// Compressed by xz.
    Xz,
    /// Compressed by Zstandard.
    Zstandard,
    /// A 7z archive.
    SevenZip,
    /// A RAR archive.
    Rar,
    /// A TAR archive.
    Tar,
    /// A zip archive of `.npy` files.
    Npz,
    /// A zip archive of any other content: PyTorch's files among them.
    Zip,
    /// One array of numpy.
    Npy,
    /// MATLAB's file, versions 5 to 7.
    Matlab,
    /// MATLAB's file of version 7.3, which is HDF5.
    Matlab73,
    /// HDF5, also Keras' `.h5`.
    Hdf5,
    /// PyTorch's file before 1.6.
    TorchStream,
    /// Lua Torch's file.
    LuaTorch,
    /// Any other pickle, such as joblib's.
    Pickle,
    /// safetensors.
    Safetensors,
    /// An ONNX model.
    Onnx,
    /// A SavedModel of TensorFlow.
    TensorFlowModel,
    /// The index of a TensorFlow checkpoint, or the text that names its newest one.
    TensorFlowCheckpoint,
    /// A model in GGUF.
    Gguf,
    /// A JPEG image.
    Jpeg,
    /// A PNG image.
    Png,
    /// A PDF document.
    Pdf,
    /// JSON.
    Json,
    /// Any other text.
    Text,
    /// None of these.
    Unknown,
}

/// Beginnings that need no second look.
const SIGNATURES: [(&[u8], FileKind); 17] = [
    (b"version https://git-lfs.github.com/spec/", FileKind::GitLfs),
    (b"\x1f\x8b", FileKind::Gzip),
    (b"BZh", FileKind::Bzip2),
    (b"\xfd7zXZ\0", FileKind::Xz),
    (b"\x28\xb5\x2f\xfd", FileKind::Zstandard),
    (b"7z\xbc\xaf\x27\x1c", FileKind::SevenZip),
    (b"Rar!\x1a\x07", FileKind::Rar),
    (b"\x93NUMPY", FileKind::Npy),
    (b"MATLAB 5.0 MAT-file", FileKind::Matlab),
    (b"MATLAB 7.3 MAT-file", FileKind::Matlab73),
    (b"\x89HDF\r\n\x1a\n", FileKind::Hdf5),
    (b"model_checkpoint_path:", FileKind::TensorFlowCheckpoint),
    (b"GGUF", FileKind::Gguf),
    (b"\xff\xd8\xff", FileKind::Jpeg),
    (b"\x89PNG\r\n\x1a\n", FileKind::Png),
    (b"%PDF-", FileKind::Pdf),
    (mmt_torch_file::STREAM_MAGIC, FileKind::TorchStream),
];

impl FileKind {
    /// The kind of a file that begins with `start`, its first [`BEGINNING`] bytes or all that it has.
    pub fn of(start: &[u8]) -> Self {
        let known = SIGNATURES.iter().find(|(signature, _)| start.starts_with(signature));
        match start {
            [] => Self::Empty,
            _ if known.is_some() => known.map_or(Self::Unknown, |(_, kind)| *kind),
            [b'P', b'K', 3, 4, ..] if first_zip_name(start).is_some_and(|name| name.ends_with(b".npy")) => {
                Self::Npz
            }
            [b'P', b'K', 3 | 5 | 6 | 7, ..] => Self::Zip,
            _ if start.get(257..262) == Some(b"ustar") => Self::Tar,
            // A header of up to 100 MB in JSON, its length before it.
            [_, _, _, 0..=6, 0, 0, 0, 0, b'{', ..] => Self::Safetensors,
            // The first record of a table: empty key, then the header of a bundle: `num_shards`, `version`.
            [0, 0, _, 8, _, 0x1a, ..] => Self::TensorFlowCheckpoint,
            [8, 1, 0x12, ..] if !names_producer(start) => Self::TensorFlowModel,
            [8, 1..=30, 0x12, ..] if names_producer(start) => Self::Onnx,
            [8, 1..=30, 0x3a | 0x42, ..] => Self::Onnx,
            [0x80, 0..=5, ..] => Self::Pickle,
            // An object of Lua Torch: type 4, index 1, a version's text of 3 letters.
            [4, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0, b'V', b' ', ..] => Self::LuaTorch,
            _ => of_text(start),
        }
    }

    /// Says what to do about it, whatever was wanted; `None` where that depends.
    pub fn way_out(self) -> Option<&'static str> {
        Some(match self {
            Self::Empty => "fetch or write it again",
            Self::GitLfs => "fetch the file itself with `git lfs pull`",
            Self::WebPage | Self::Xml => "the download gave a page and not the file; fetch it again",
            Self::Gzip => "unpack it with `gunzip` (an archive in it with `tar xzf`)",
            Self::Bzip2 => "unpack it with `bunzip2` (an archive in it with `tar xjf`)",
            Self::Xz => "unpack it with `unxz` (an archive in it with `tar xJf`)",
            Self::Zstandard => "unpack it with `unzstd`",
            Self::SevenZip => "unpack it with `7z x`",
            Self::Rar => "unpack it with `unrar x`",
            Self::Tar => "unpack it with `tar xf` and give the file in it",
            _ => return None,
        })
    }
}

/// With its article, for the middle of a sentence.
impl fmt::Display for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "an empty file",
            Self::GitLfs => "a Git LFS pointer, not the file itself",
            Self::WebPage => "a web page (HTML)",
            Self::Xml => "an XML text",
            Self::Gzip => "a gzip file",
            Self::Bzip2 => "a bzip2 file",
            Self::Xz => "an xz file",
            Self::Zstandard => "a Zstandard file",
            Self::SevenZip => "a 7z archive",
            Self::Rar => "a RAR archive",
            Self::Tar => "a TAR archive",
            Self::Npz => "a numpy archive (.npz)",
            Self::Zip => "a zip archive",
            Self::Npy => "a numpy array (.npy)",
            Self::Matlab => "a MATLAB file (.mat)",
            Self::Matlab73 => "a MATLAB file (.mat, version 7.3)",
            Self::Hdf5 => "an HDF5 file",
            Self::TorchStream => "a PyTorch file of before 1.6",
            Self::LuaTorch => "a file of Lua Torch (.t7)",
            Self::Pickle => "a pickle that torch.save did not write",
            Self::Safetensors => "a safetensors file",
            Self::Onnx => "an ONNX model",
            Self::TensorFlowModel => "a TensorFlow model (SavedModel)",
            Self::TensorFlowCheckpoint => "a part of a TensorFlow checkpoint",
            Self::Gguf => "a GGUF model",
            Self::Jpeg => "a JPEG image",
            Self::Png => "a PNG image",
            Self::Pdf => "a PDF document",
            Self::Json => "a JSON text",
            Self::Text => "a text file",
            Self::Unknown => "a file of unknown content",
        })
    }
}

/// The name of a zip archive's first entry, as its local header has it.
fn first_zip_name(start: &[u8]) -> Option<&[u8]> {
    let length = start.get(26..28).map(|length| usize::from(length[0]) | usize::from(length[1]) << 8)?;
    start.get(30..30 + length)
}

/// Whether the second field of an ONNX model is the name of a program, as all exporters write it.
fn names_producer(start: &[u8]) -> bool {
    let Some(length) = start.get(3).map(|length| usize::from(*length)) else { return false };
    let name = start.get(4..4 + length).unwrap_or_default();
    length < 128 && !name.is_empty() && name.iter().all(|byte| (b' '..=b'~').contains(byte))
}

fn of_text(start: &[u8]) -> FileKind {
    let text = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
    // A letter may be cut in two where the beginning ends.
    let whole = match std::str::from_utf8(text) {
        Ok(text) => text,
        Err(error) if text.len() - error.valid_up_to() < 4 && error.error_len().is_none() => {
            std::str::from_utf8(&text[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return FileKind::Unknown,
    };
    if whole.chars().any(|letter| letter.is_control() && !letter.is_whitespace()) {
        return FileKind::Unknown;
    }
    let lower = whole.trim_start().to_lowercase();
    let begins = |starts: &[&str]| starts.iter().any(|start| lower.starts_with(start));
    if begins(&["<!doctype html", "<html", "<head", "<body", "<script"]) {
        return FileKind::WebPage;
    }
    if begins(&["<?xml", "<!--", "<!doctype", "<error"]) {
        return if lower.contains("<html") { FileKind::WebPage } else { FileKind::Xml };
    }
    if begins(&["{", "["]) { FileKind::Json } else { FileKind::Text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tar() -> Vec<u8> {
        let mut bytes = vec![0; 512];
        bytes[..7].copy_from_slice(b"storage");
        bytes[257..262].copy_from_slice(b"ustar");
        bytes
    }

    fn zip(name: &str) -> Vec<u8> {
        let mut bytes = b"PK\x03\x04".to_vec();
        bytes.resize(26, 0);
        bytes.extend([name.len() as u8, 0, 0, 0]);
        bytes.extend(name.bytes());
        bytes
    }

    #[test]
    fn every_kind_is_told_by_its_beginning() {
        let lfs = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 94\n";
        for (bytes, kind) in [
            (Vec::new(), FileKind::Empty),
            (lfs.into(), FileKind::GitLfs),
            (b"\n <!DOCTYPE HTML><title>Sign in</title>".to_vec(), FileKind::WebPage),
            ("\u{feff}<html lang=\"de\">".into(), FileKind::WebPage),
            (b"<?xml version='1.0'?><Error><Code>AccessDenied</Code>".to_vec(), FileKind::Xml),
            (b"<?xml version='1.0'?><!DOCTYPE html><html>".to_vec(), FileKind::WebPage),
            (b"\x1f\x8b\x08\x00".to_vec(), FileKind::Gzip),
            (tar(), FileKind::Tar),
            (zip("features.npy"), FileKind::Npz),
            (zip("archive/data.pkl"), FileKind::Zip),
            (b"PK\x05\x06".to_vec(), FileKind::Zip),
            (b"\x93NUMPY\x01\x00".to_vec(), FileKind::Npy),
            (b"MATLAB 5.0 MAT-file, Platform: GLNXA64".to_vec(), FileKind::Matlab),
            (b"MATLAB 7.3 MAT-file, Platform: GLNXA64".to_vec(), FileKind::Matlab73),
            (b"\x89HDF\r\n\x1a\n\0".to_vec(), FileKind::Hdf5),
            (b"\x80\x04\x95\x10\0\0\0\0\0\0\0}".to_vec(), FileKind::Pickle),
            (b"\x10\0\0\0\0\0\0\0{\"a\":{}}".to_vec(), FileKind::Safetensors),
            (b"\x08\x07\x12\x07pytorch\x1a\x052.1.0".to_vec(), FileKind::Onnx),
            (b"\x08\x0a\x3a\x80\x01".to_vec(), FileKind::Onnx),
            (b"\x08\x01\x12\xd3\x9b\x01\x0a".to_vec(), FileKind::TensorFlowModel),
            (b"\0\0\x06\x08\x01\x1a\x02\x08\x01".to_vec(), FileKind::TensorFlowCheckpoint),
            (b"model_checkpoint_path: \"model.ckpt-1\"".to_vec(), FileKind::TensorFlowCheckpoint),
            (b"{\"weight_map\": {}}".to_vec(), FileKind::Json),
            (b"0001.jpg 1 2\n".to_vec(), FileKind::Text),
            ([b"a".repeat(BEGINNING - 1), vec![0xc3]].concat(), FileKind::Text),
            (b"\xc3\x28 no text".to_vec(), FileKind::Unknown),
            (vec![0; 64], FileKind::Unknown),
        ] {
            assert_eq!(FileKind::of(&bytes), kind, "{:?}", String::from_utf8_lossy(&bytes));
        }
    }

    #[test]
    fn any_beginning_has_an_answer() {
        for (signature, _) in SIGNATURES {
            for length in 0..signature.len() {
                let _ = FileKind::of(&signature[..length]).to_string();
            }
        }
        for first in 0..=255_u8 {
            let _ = FileKind::of(&[first]);
            let _ = FileKind::of(&[first, 1, 0x12, 200]);
        }
    }
}
