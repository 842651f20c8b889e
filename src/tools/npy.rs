//! NumPy's `.npy` files of floats: [the format](https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html), versions
//! 1 to 3, of which matrices in C order are read.

use std::io::Write;
use std::path::Path;

use tch::{Kind, Tensor};

use crate::error::{Error, Result as Outcome};
use crate::whole_file::replace;

/// First bytes of such a file.
pub(super) const MAGIC: &[u8] = b"\x93NUMPY";

/// A file's description of its array.
#[derive(Debug, PartialEq)]
pub(super) struct Header {
    pub kind: Kind,
    pub shape: Vec<usize>,
    /// Where the values begin.
    pub start: usize,
}

/// Reads the header of `bytes` and checks that exactly the values it announces follow.
///
/// # Errors
/// A sentence: no `.npy` file, another version, dtype or order, or another number of bytes.
pub(super) fn header(bytes: &[u8]) -> Result<Header, String> {
    let (text, start) = header_text(bytes)?;
    let entries = entries(text).ok_or_else(|| format!("its header cannot be read: {}", text.trim()))?;
    let get = |key: &str| {
        let entry = entries.iter().find(|(name, _)| name == key);
        entry.map(|(_, value)| value).ok_or_else(|| format!("its header has no `{key}`"))
    };
    let kind = kind(get("descr")?)?;
    match get("fortran_order")? {
        Value::Word(word) if word == "False" => {}
        Value::Word(word) if word == "True" => {
            return Err("the array is in Fortran order; save numpy.ascontiguousarray(x)".to_owned());
        }
        other => return Err(format!("its header says fortran_order {other:?}; True or False expected")),
    }
    let Value::Numbers(shape) = get("shape")? else {
        return Err("the shape in its header is no tuple of numbers".to_owned());
    };
    let size = kind.elt_size_in_bytes();
    let wanted = shape.iter().try_fold(size, |bytes, side| bytes.checked_mul(*side));
    let found = bytes.len() - start;
    if wanted != Some(found) {
        return Err(format!(
            "its header announces {shape:?} values of {size} bytes, but {found} bytes follow"
        ));
    }
    Ok(Header { kind, shape: shape.clone(), start })
}

/// Writes a matrix of f32 as NumPy's version 1.0, C order.
///
/// # Errors
/// The file cannot be written, or libtorch cannot give the values.
pub(super) fn write(path: &Path, matrix: &Tensor) -> Outcome<()> {
    let values = matrix
        .f_to_kind(Kind::Float)
        .and_then(|values| values.f_contiguous())
        .and_then(|values| values.f_view([-1]))
        .and_then(Vec::<f32>::try_from)
        .map_err(Error::torch(format!("cannot write {}", path.display())))?;
    let shape: Vec<String> = matrix.size().iter().map(i64::to_string).collect();
    let head = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({},), }}", shape.join(", "));
    // Values begin at a multiple of 64 bytes, after the line feed that ends the header.
    let before = MAGIC.len() + 4;
    let length = (before + head.len() + 1).next_multiple_of(64) - before;
    let text = format!("{head:width$}\n", width = length - 1);
    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    replace(path, |file| {
        let begin = [MAGIC, &[1, 0], &(length as u16).to_le_bytes(), text.as_bytes()].concat();
        file.write_all(&begin).and_then(|()| file.write_all(&bytes)).map_err(Error::io("write", path))
    })
}

/// The dictionary of the header as text, and where the values begin.
fn header_text(bytes: &[u8]) -> Result<(&str, usize), String> {
    let cut = || "it ends within its header".to_owned();
    let rest = bytes.strip_prefix(MAGIC).ok_or("no NumPy file: it does not begin with \\x93NUMPY")?;
    let &[major, minor, ref rest @ ..] = rest else { return Err(cut()) };
    let (length, width) = match (major, rest) {
        (1, &[a, b, ..]) => (usize::from(u16::from_le_bytes([a, b])), 2),
        (2 | 3, &[a, b, c, d, ..]) => (u32::from_le_bytes([a, b, c, d]) as usize, 4),
        (1..=3, _) => return Err(cut()),
        _ => return Err(format!("NumPy format {major}.{minor}; 1.0, 2.0 or 3.0 expected")),
    };
    let text = rest[width..].get(..length).ok_or_else(cut)?;
    let text = std::str::from_utf8(text).map_err(|_| "its header is no text".to_owned())?;
    Ok((text, MAGIC.len() + 2 + width + length))
}

fn kind(descr: &Value) -> Result<Kind, String> {
    let found = match descr {
        Value::Text(text) => match text.as_str() {
            "<f4" => return Ok(Kind::Float),
            "<f8" => return Ok(Kind::Double),
            // What numpy.save makes of a dictionary or a list of arrays.
            "|O" => {
                return Err("it holds a pickled Python object and no array; x = numpy.load(file, allow_pickle=True).item(), \
                            then save the matrix in it, such as x['features'], by numpy.save"
                    .to_owned());
            }
            other => format!("`{other}`"),
        },
        _ => "made of several".to_owned(),
    };
    Err(format!("its dtype is {found}; `<f4` or `<f8` expected, save x.astype('float32')"))
}

/// A value of the header's dictionary.
#[derive(Debug, Clone, PartialEq)]
enum Value {
    Text(String),
    Word(String),
    Numbers(Vec<usize>),
    /// The list that describes a structured dtype.
    List,
}

/// The entries of `{'key': value, …}`, which NumPy writes as a Python literal.
fn entries(text: &str) -> Option<Vec<(String, Value)>> {
    let mut rest = text.trim().strip_prefix('{')?.strip_suffix('}')?.trim_start();
    let mut found = Vec::new();
    while !rest.is_empty() {
        let (key, after) = quoted(rest)?;
        let (value, after) = value(after.trim_start().strip_prefix(':')?.trim_start())?;
        found.push((key, value));
        let after = after.trim_start();
        rest = match after.strip_prefix(',') {
            Some(after) => after.trim_start(),
            None if after.is_empty() => after,
            None => return None,
        };
    }
    Some(found)
}

/// A quoted text, and what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let quote = text.chars().next().filter(|letter| "'\"".contains(*letter))?;
    let (inside, after) = text[1..].split_once(quote)?;
    Some((inside.to_owned(), after))
}

/// A value, and what follows it.
fn value(text: &str) -> Option<(Value, &str)> {
    match text.chars().next()? {
        '\'' | '"' => quoted(text).map(|(text, after)| (Value::Text(text), after)),
        '(' => {
            let (inside, after) = text[1..].split_once(')')?;
            let sides = inside.split(',').map(str::trim).filter(|side| !side.is_empty());
            // Python 2 wrote long numbers as `3L`.
            let sides = sides.map(|side| side.trim_end_matches('L').parse().ok());
            Some((Value::Numbers(sides.collect::<Option<_>>()?), after))
        }
        '[' => Some((Value::List, &text[text.rfind(']')? + 1..])),
        _ => {
            let end = text.find(|letter: char| !letter.is_ascii_alphabetic()).unwrap_or(text.len());
            (end > 0).then(|| (Value::Word(text[..end].to_owned()), &text[end..]))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file as NumPy writes it: padded to 64 bytes, ended by a line feed.
    fn file(version: u8, dictionary: &str, values: usize) -> Vec<u8> {
        let mut bytes = [MAGIC, &[version, 0]].concat();
        let width = if version == 1 { 2 } else { 4 };
        let before = bytes.len() + width + dictionary.len() + 1;
        let text = format!("{dictionary}{}\n", " ".repeat(before.next_multiple_of(64) - before));
        bytes.extend(&(text.len() as u32).to_le_bytes()[..width]);
        bytes.extend(text.as_bytes());
        bytes.extend(vec![0; values]);
        bytes
    }

    const MATRIX: &str = "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }";

    #[test]
    fn every_version_and_both_widths_are_read() {
        for version in 1..=3 {
            let found = header(&file(version, MATRIX, 24)).unwrap();
            assert_eq!((found.kind, found.shape, found.start % 64), (Kind::Float, vec![3, 2], 0));
        }
        let wide = "{\"shape\": (5,), \"descr\": \"<f8\", \"fortran_order\": False}";
        let found = header(&file(1, wide, 40)).unwrap();
        assert_eq!((found.kind, found.shape), (Kind::Double, vec![5]));
        let none = "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 4), }";
        assert_eq!(header(&file(1, none, 0)).unwrap().shape, [0, 4]);
    }

    #[test]
    fn what_is_written_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npy");
        write(&path, &Tensor::from_slice(&[1.5_f32, 2.0, -3.0, 0.25, 5.0, 6.0]).view([3, 2])).unwrap();
        let bytes = std::fs::read(path).unwrap();
        let found = header(&bytes).unwrap();
        assert_eq!((found.kind, found.shape, found.start % 64), (Kind::Float, vec![3, 2], 0));
        assert_eq!(bytes[found.start..][4..8], 2.0_f32.to_le_bytes());
    }

    #[test]
    fn what_is_not_read_is_named() {
        for (dictionary, part) in [
            ("{'descr': '<f4', 'fortran_order': True, 'shape': (3, 2), }", "Fortran"),
            ("{'descr': '>f4', 'fortran_order': False, 'shape': (3, 2), }", ">f4"),
            ("{'descr': '<f2', 'fortran_order': False, 'shape': (6, 2), }", "float32"),
            ("{'descr': [('a', '<f4'), ('b', '<i4')], 'fortran_order': False, 'shape': (3,), }", "several"),
            ("{'descr': '<f4', 'fortran_order': False, }", "no `shape`"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (3, -2), }", "cannot be read"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': 3, }", "cannot be read"),
            ("'descr'", "cannot be read"),
            // 2^62 × 2^62 × 4 bytes.
            (
                "{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4611686018427387904), }",
                "24 bytes follow",
            ),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 3), }", "24 bytes follow"),
        ] {
            let message = header(&file(1, dictionary, 24)).unwrap_err();
            assert!(message.contains(part), "{dictionary}: {message}");
        }
        assert!(header(&file(4, MATRIX, 24)).unwrap_err().contains("4.0"));
        assert!(header(b"PK\x03\x04").unwrap_err().contains("no NumPy file"));
    }

    #[test]
    fn a_file_cut_or_lengthened_anywhere_is_refused() {
        let whole = file(1, MATRIX, 24);
        for length in 0..whole.len() {
            assert!(header(&whole[..length]).is_err(), "{length} bytes");
        }
        assert!(header(&[whole.as_slice(), &[0]].concat()).is_err());
    }
}
