//! What the few known names of a checkpoint stand for: storages, tensors, ordered dictionaries, numpy scalars. Data only:
//! nothing is called.

use super::Outcome;
use super::value::{Global, Heap, Id, NumpyDtype, StorageRef, TensorRef, Value};

/// Most dimensions of a tensor.
const MOST_DIMENSIONS: usize = 16;
/// Most arguments of a call.
const MOST_ARGUMENTS: usize = 8;
/// Longest key of a storage: PyTorch counts them, or takes their addresses.
const LONGEST_KEY: usize = 32;
/// Longest bytes of a scalar.
const LONGEST_SCALAR: usize = 32;

/// `BINPERSID`: `('storage', type, key, location, elements)`, and in the stream format one more: `None`.
pub fn persistent(heap: &mut Heap, id: Value) -> Outcome<Value> {
    let broken = || "a storage is not announced as torch.save does".to_owned();
    let Some(&[tag, Value::Global(Global::Storage(kind)), key, _, Value::Int(elements), ref view @ ..]) =
        heap.items(id)
    else {
        return Err(broken());
    };
    if heap.text(tag) != Some("storage") {
        return Err(broken());
    }
    if !matches!(view, [] | [Value::None]) {
        return Err("a storage is part of another one, as PyTorch before 0.4 wrote them".to_owned());
    }
    let key = heap.text(key).filter(|key| key.len() <= LONGEST_KEY).ok_or_else(broken)?.to_owned();
    let elements = u64::try_from(elements).map_err(|_| format!("a storage has {elements} elements"))?;
    heap.add_storage(StorageRef { key, kind, elements })
}

/// `REDUCE`: what `callable(*arguments)` stands for.
pub fn reduce(heap: &mut Heap, callable: Value, arguments: Value) -> Outcome<Value> {
    let Value::Global(callable) = callable else {
        return Err(format!("its pickle calls {}", callable.describe()));
    };
    let arguments = heap.items(arguments).filter(|arguments| arguments.len() <= MOST_ARGUMENTS);
    let arguments = arguments.map(<[Value]>::to_vec).unwrap_or_default();
    let result = match (callable, arguments.as_slice()) {
        (Global::OrderedDict, []) => heap.add_dict(Vec::new()).map(Some),
        (Global::OrderedDict, &[pairs]) => python_2_pairs(heap, pairs),
        (
            Global::RebuildTensor,
            &[Value::Storage(storage), Value::Int(offset), shape, strides, _, _, ref rest @ ..],
        ) if matches!(rest, [] | [Value::None]) => view(heap, storage, offset, shape, strides).map(Some),
        (Global::RebuildOldTensor, &[Value::Storage(storage), Value::Int(offset), shape, strides]) => {
            view(heap, storage, offset, shape, strides).map(Some)
        }
        (Global::RebuildParameter | Global::Parameter, &[tensor @ Value::Tensor(_), ..]) => Ok(Some(tensor)),
        (Global::NumpyDtype, &[name, ..]) => {
            Ok(heap.text(name).and_then(NumpyDtype::find).map(Value::NumpyDtype))
        }
        (Global::NumpyScalar, &[Value::NumpyDtype(dtype), value]) => {
            Ok(heap.raw(value).and_then(|bytes| dtype.scalar(bytes)))
        }
        (Global::Encode, &[text, encoding]) if heap.text(encoding) == Some("latin1") => {
            match heap.text(text).and_then(latin1) {
                Some(bytes) => heap.add_bytes(bytes).map(Some),
                None => Ok(None),
            }
        }
        _ => Ok(None),
    };
    result?.ok_or_else(|| format!("its pickle uses {callable:?} in a way that torch.save does not"))
}

/// The tensor that four arguments of PyTorch announce.
fn view(heap: &mut Heap, storage: Id, offset: i64, shape: Value, strides: Value) -> Outcome<Value> {
    let offset = u64::try_from(offset).map_err(|_| format!("a tensor starts at element {offset}"))?;
    let (shape, strides) = (sizes(heap, shape)?, sizes(heap, strides)?);
    heap.add_tensor(TensorRef { storage, offset, shape, strides })
}

/// `BUILD`: attributes of an object. Those of an `OrderedDict` (`_metadata`: versions of modules) say nothing about the
/// tensors; those of a numpy dtype say its byte order.
pub fn build(heap: &Heap, object: Value, state: Value) -> Outcome<()> {
    match (object, state) {
        // The state of an old parameter: whether it is trained, and hooks.
        (Value::Dict(_), Value::Dict(_)) | (Value::Tensor(_), Value::Items(_)) => Ok(()),
        (Value::NumpyDtype(_), state) => match heap.items(state) {
            Some(&[_, order, ..]) if heap.text(order) == Some("<") => Ok(()),
            _ => Err("a numpy number is not little-endian".to_owned()),
        },
        (object, _) => Err(format!("its pickle sets attributes of {}", object.describe())),
    }
}

/// Python 2 gives an `OrderedDict` its list of pairs, as lists of two. The list is taken, not copied: used once more, it is
/// empty, and no file grows by using one often.
fn python_2_pairs(heap: &mut Heap, pairs: Value) -> Outcome<Option<Value>> {
    let Value::Items(id) = pairs else { return Ok(None) };
    let list = std::mem::take(heap.items_mut(id));
    let pair = |value: &Value| match heap.items(*value) {
        Some(&[key, value]) => Some((key, value)),
        _ => None,
    };
    match list.iter().map(pair).collect() {
        Some(pairs) => heap.add_dict(pairs).map(Some),
        None => Ok(None),
    }
}

/// A tuple of sizes or of strides.
fn sizes(heap: &Heap, value: Value) -> Outcome<Vec<u64>> {
    let broken = || "a tensor's sizes or strides are not numbers from 0 on".to_owned();
    let items = heap.items(value).ok_or_else(broken)?;
    if items.len() > MOST_DIMENSIONS {
        return Err(format!("a tensor has {} dimensions; at most {MOST_DIMENSIONS} are read", items.len()));
    }
    let size = |value: &Value| match value {
        Value::Int(size) => u64::try_from(*size).ok(),
        _ => None,
    };
    items.iter().map(|value| size(value).ok_or_else(broken)).collect()
}

/// The bytes that Python 3 spells as text, up to [`LONGEST_SCALAR`].
fn latin1(text: &str) -> Option<Vec<u8>> {
    let bytes: Option<Vec<u8>> =
        text.chars().take(LONGEST_SCALAR + 1).map(|letter| u8::try_from(u32::from(letter)).ok()).collect();
    bytes.filter(|bytes| bytes.len() <= LONGEST_SCALAR)
}
