//! Arrays as nested lists, and large ones as safetensors files in the folder of the conversation.

use std::fs;
use std::path::{Component, Path, PathBuf};

use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde_json::{Value as Json, json};

use crate::value::Array;

/// Arrays of more numbers go into a file.
pub const INLINE: usize = 4096;

/// The largest file that is read, in bytes.
const LARGEST_FILE: u64 = 1 << 28;

/// The most dimensions of an array.
const DEEPEST: usize = 8;

/// The folder in which large arrays lie. Nothing outside is read, and only this program chooses names to write.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// This folder.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Writes an array under a name, as f64, for `{"file": NAME, "tensor": "values"}`.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub(super) fn write(&self, name: &str, array: &Array) -> std::io::Result<()> {
        let bytes: Vec<u8> = array.values.iter().flat_map(|value| value.to_le_bytes()).collect();
        let view = TensorView::new(Dtype::F64, array.shape.clone(), &bytes).map_err(std::io::Error::other)?;
        let file = safetensors::serialize([("values", view)], None).map_err(std::io::Error::other)?;
        fs::write(self.0.join(name), file)
    }

    /// Reads an array from a file of this folder.
    ///
    /// # Errors
    /// A sentence: no plain file of this folder, no safetensors, no such tensor, a kind without numbers.
    pub(super) fn read(&self, name: &str, tensor: &str) -> Result<Array, String> {
        let plain = Path::new(name).components().collect::<Vec<_>>();
        if !matches!(plain[..], [Component::Normal(_)]) {
            return Err(format!("{name:?} is not the name of a file in the folder of the call"));
        }
        let path = self.0.join(name);
        let found = fs::symlink_metadata(&path).map_err(|error| format!("{name}: {error}"))?;
        if !found.is_file() || found.len() > LARGEST_FILE {
            return Err(format!("{name} is no plain file of at most {LARGEST_FILE} bytes"));
        }
        let bytes = fs::read(&path).map_err(|error| format!("{name}: {error}"))?;
        let file = SafeTensors::deserialize(&bytes).map_err(|error| format!("{name}: {error}"))?;
        let view = file.tensor(tensor).map_err(|error| format!("{name}: {error}"))?;
        let values = numbers(view.dtype(), view.data()).ok_or_else(|| {
            format!("{name}: {tensor} is {:?}, but F64, F32, I64, I32 or U8 is read", view.dtype())
        })?;
        Array::new(view.shape().to_vec(), values).ok_or_else(|| format!("{name}: {tensor} has another size"))
    }
}

/// The numbers of a tensor, `None` where it holds none that are read.
pub(crate) fn numbers(kind: Dtype, bytes: &[u8]) -> Option<Vec<f64>> {
    /// Chunks of one size, each as a number.
    fn each<const N: usize>(bytes: &[u8], number: fn([u8; N]) -> f64) -> Vec<f64> {
        bytes.chunks_exact(N).filter_map(|chunk| chunk.try_into().ok()).map(number).collect()
    }
    Some(match kind {
        Dtype::F64 => each(bytes, f64::from_le_bytes),
        Dtype::F32 => each(bytes, |chunk| f64::from(f32::from_le_bytes(chunk))),
        Dtype::I64 => each(bytes, |chunk| i64::from_le_bytes(chunk) as f64),
        Dtype::I32 => each(bytes, |chunk| f64::from(i32::from_le_bytes(chunk))),
        Dtype::U8 | Dtype::BOOL => each(bytes, |[byte]: [u8; 1]| f64::from(byte)),
        _ => return None,
    })
}

/// Nested lists of numbers; whole ones without a decimal point.
pub(super) fn nested(array: &Array, whole: bool) -> Json {
    fn level(shape: &[usize], values: &[f64], whole: bool) -> Json {
        match shape.split_first() {
            None if whole => json!(values[0] as i64),
            // A sum of nothing is −0.
            None => json!(values[0] + 0.0),
            Some((&size, rest)) => {
                let step = values.len() / size.max(1);
                let part = |at: usize| level(rest, &values[at * step..(at + 1) * step], whole);
                Json::Array((0..size).map(part).collect())
            }
        }
    }
    level(&array.shape, &array.values, whole)
}

/// An array as nested lists, however large.
pub fn inline(array: &Array) -> Json {
    nested(array, false)
}

/// Nested lists as an array; `null` is NaN, `true` and `false` are 1 and 0.
pub(super) fn flat(json: &Json) -> Result<Array, String> {
    let mut shape = Vec::new();
    let mut first = json;
    while let Json::Array(list) = first {
        if shape.len() == DEEPEST {
            return Err(format!("more than {DEEPEST} lists in each other"));
        }
        shape.push(list.len());
        match list.first() {
            Some(next) => first = next,
            None => break,
        }
    }
    let mut values = Vec::new();
    fill(json, &shape, &mut values)?;
    Ok(Array { shape, values })
}

fn fill(json: &Json, shape: &[usize], values: &mut Vec<f64>) -> Result<(), String> {
    match (json, shape.split_first()) {
        (Json::Array(list), Some((&size, rest))) if list.len() == size => {
            list.iter().try_for_each(|one| fill(one, rest, values))
        }
        (Json::Array(_), _) | (_, Some(_)) => Err("lists of different lengths".to_owned()),
        (Json::Number(number), None) => {
            values.push(number.as_f64().unwrap_or(f64::NAN));
            Ok(())
        }
        (Json::Bool(flag), None) => {
            values.push(f64::from(u8::from(*flag)));
            Ok(())
        }
        (Json::Null, None) => {
            values.push(f64::NAN);
            Ok(())
        }
        (other, None) => Err(format!("{} where a number is expected", kind(other))),
    }
}

/// Names the kind of a JSON value.
pub(super) fn kind(json: &Json) -> &'static str {
    match json {
        Json::Null => "null",
        Json::Bool(_) => "a boolean",
        Json::Number(_) => "a number",
        Json::String(_) => "a text",
        Json::Array(_) => "a list",
        Json::Object(_) => "an object",
    }
}
