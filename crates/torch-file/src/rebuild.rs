//! Meanings of the few known names of a checkpoint: storages, tensors, ordered dictionaries, numpy scalars. Data only:
//! nothing is called.

use super::outcome::Outcome;
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
    let parts = heap.items(id).map(<[Value]>::to_vec).ok_or_else(broken)?;
    let tag = parts.first().and_then(|tag| heap.text(*tag));
    match (tag, parts.as_slice()) {
        // The class of a module that was saved whole, with its source text.
        (Some("module"), &[_, class, ..]) => Ok(class),
        (Some("storage"), &[_, Value::Opaque(_), ..]) => {
            heap.add_opaque("a storage of a foreign type".to_owned())
        }
        (
            Some("storage"),
            &[_, Value::Global(Global::Storage(kind)), key, _, Value::Int(elements), ref view @ ..],
        ) => {
            if !matches!(view, [] | [Value::None]) {
                let what = "a storage that is part of another one, as PyTorch before 0.4 wrote them";
                return heap.add_opaque(what.to_owned());
            }
            let key = heap.text(key).filter(|key| key.len() <= LONGEST_KEY).ok_or_else(broken)?.to_owned();
            let elements =
                u64::try_from(elements).map_err(|_| format!("a storage has {elements} elements"))?;
            heap.add_storage(StorageRef { key, kind, elements })
        }
        _ => Err(broken()),
    }
}

/// `REDUCE`: what `callable(*arguments)` stands for. What is not known is not called: it becomes a text that says what it is.
pub fn reduce(heap: &mut Heap, callable: Value, arguments: Value) -> Outcome<Value> {
    let callable = match callable {
        Value::Global(callable) => callable,
        Value::Opaque(_) => return Ok(callable),
        other => return Err(format!("its pickle calls {}", heap.describe(other))),
    };
    let arguments = heap.items(arguments).filter(|arguments| arguments.len() <= MOST_ARGUMENTS);
    let arguments = arguments.map(<[Value]>::to_vec).unwrap_or_default();
    match known(heap, callable, &arguments)? {
        Some(value) => Ok(value),
        None => heap.add_opaque(format!("an object of {callable:?}")),
    }
}

/// The result of a known name; `None` where it is used in a way that no state dict needs.
fn known(heap: &mut Heap, callable: Global, arguments: &[Value]) -> Outcome<Option<Value>> {
    match (callable, arguments) {
        (Global::OrderedDict, []) => heap.add_dict(Vec::new()).map(Some),
        (Global::OrderedDict, &[pairs]) => python_2_pairs(heap, pairs),
        // Metadata behind the hooks could say that the values are negated.
        (
            Global::RebuildTensor,
            &[Value::Storage(storage), Value::Int(offset), shape, strides, _, _, ref rest @ ..],
        ) if matches!(rest, [] | [Value::None]) => view(heap, storage, offset, shape, strides).map(Some),
        (Global::RebuildOldTensor, &[Value::Storage(storage), Value::Int(offset), shape, strides]) => {
            view(heap, storage, offset, shape, strides).map(Some)
        }
        // `(function, type, its arguments, attributes)`.
        (Global::RebuildFromType, &[Value::Global(Global::RebuildTensor), _, inner, _]) => {
            let inner = heap.items(inner).map(<[Value]>::to_vec).unwrap_or_default();
            known(heap, Global::RebuildTensor, &inner)
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
    }
}

/// The tensor that four arguments of PyTorch announce.
fn view(heap: &mut Heap, storage: Id, offset: i64, shape: Value, strides: Value) -> Outcome<Value> {
    let offset = u64::try_from(offset).map_err(|_| format!("a tensor starts at element {offset}"))?;
    let (shape, strides) = (sizes(heap, shape)?, sizes(heap, strides)?);
    heap.add_tensor(TensorRef { storage, offset, shape, strides })
}

/// `BUILD`: what `object` is with the attributes of `state`. Those of an `OrderedDict` (`_metadata`: versions of modules) and of a
/// parameter say nothing about the tensors; those of a numpy dtype say its byte order.
pub fn build(heap: &mut Heap, object: Value, state: Value) -> Outcome<Value> {
    match object {
        Value::Dict(_) | Value::Tensor(_) | Value::Opaque(_) => Ok(object),
        Value::NumpyDtype(_) => match heap.items(state) {
            Some(&[_, order, ..]) if heap.text(order) == Some("<") => Ok(object),
            _ => heap.add_opaque("a numpy number that is not little-endian".to_owned()),
        },
        object => Err(format!("its pickle sets attributes of {}", heap.describe(object))),
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
