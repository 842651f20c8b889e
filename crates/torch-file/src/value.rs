//! Values that a pickle of `torch.save` may hold. Containers live in a [`Heap`] and are named by their place in it: values are small,
//! copies are cheap, shared and even circular structures cost nothing, and nothing is ever walked or dropped recursively.

use super::ElementType;
use super::outcome::Outcome;

/// Place of a container, text, storage or tensor in the [`Heap`].
pub type Id = usize;

/// A value on the stack of the pickle machine.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value {
    /// Python's `None`.
    None,
    /// A boolean.
    Bool(bool),
    /// An integer of 64 bits.
    Int(i64),
    /// The one larger integer that PyTorch writes: the magic number of the stream format.
    Magic,
    /// A float.
    Float(f64),
    /// Text.
    Text(Id),
    /// Raw bytes, as `_codecs.encode` or a Python-2 string gives them.
    Bytes(Id),
    /// A list or a tuple.
    Items(Id),
    /// A `dict` or an `OrderedDict`.
    Dict(Id),
    /// A name that the machine knows.
    Global(Global),
    /// A numpy dtype of a scalar.
    NumpyDtype(NumpyDtype),
    /// A storage: the bytes of one or more tensors.
    Storage(Id),
    /// A tensor: a view of a storage.
    Tensor(Id),
    /// Something that no state dict needs. What it is stays a text, whatever the pickle does with it.
    Opaque(Id),
}

/// The names a pickle may refer to. None of them is ever called: each stands for one shape of data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Global {
    /// `collections.OrderedDict`.
    OrderedDict,
    /// `torch._utils._rebuild_tensor_v2`.
    RebuildTensor,
    /// `torch._utils._rebuild_tensor`, as PyTorch before 0.4 wrote it.
    RebuildOldTensor,
    /// `torch._utils._rebuild_parameter`.
    RebuildParameter,
    /// `torch.nn.parameter.Parameter`, as PyTorch before 0.4 wrote it: an instruction of its own makes one.
    Parameter,
    /// `torch.FloatStorage` and its siblings.
    Storage(ElementType),
    /// `numpy.core.multiarray.scalar`: a `best_mAP` that numpy computed.
    NumpyScalar,
    /// `numpy.dtype`.
    NumpyDtype,
    /// `_codecs.encode`: how Python 3 spells bytes in protocol 2.
    Encode,
    /// `torch._tensor._rebuild_from_type_v2`: a tensor that has attributes.
    RebuildFromType,
}

impl Global {
    /// The name `module.name`, if it is one of those a checkpoint needs.
    pub fn find(module: &str, name: &str) -> Option<Self> {
        Some(match (module, name) {
            ("collections", "OrderedDict") => Self::OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2") => Self::RebuildTensor,
            ("torch._utils", "_rebuild_tensor") => Self::RebuildOldTensor,
            ("torch.nn.parameter", "Parameter") => Self::Parameter,
            ("torch._utils", "_rebuild_parameter" | "_rebuild_parameter_with_state") => {
                Self::RebuildParameter
            }
            ("torch._tensor", "_rebuild_from_type_v2") => Self::RebuildFromType,
            ("torch", name) => Self::Storage(ElementType::of_storage(name)?),
            ("numpy.core.multiarray" | "numpy._core.multiarray", "scalar") => Self::NumpyScalar,
            ("numpy", "dtype") => Self::NumpyDtype,
            ("_codecs", "encode") => Self::Encode,
            _ => return None,
        })
    }
}

/// Type of a numpy scalar, little-endian.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumpyDtype {
    /// `f4`.
    Float,
    /// `f8`.
    Double,
    /// `i8`.
    Int,
}

impl NumpyDtype {
    /// The type numpy calls `name`.
    pub fn find(name: &str) -> Option<Self> {
        match name {
            "f4" => Some(Self::Float),
            "f8" => Some(Self::Double),
            "i8" => Some(Self::Int),
            _ => None,
        }
    }

    /// The scalar that `bytes` spell.
    pub fn scalar(self, bytes: &[u8]) -> Option<Value> {
        match self {
            Self::Float => {
                bytes.try_into().ok().map(|bytes| Value::Float(f64::from(f32::from_le_bytes(bytes))))
            }
            Self::Double => bytes.try_into().ok().map(|bytes| Value::Float(f64::from_le_bytes(bytes))),
            Self::Int => bytes.try_into().ok().map(|bytes| Value::Int(i64::from_le_bytes(bytes))),
        }
    }
}

/// A storage as the pickle announces it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StorageRef {
    /// Name of its bytes in the file.
    pub key: String,
    /// Type of its elements.
    pub kind: ElementType,
    /// Number of its elements.
    pub elements: u64,
}

/// A tensor as the pickle announces it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorRef {
    /// Its storage.
    pub storage: Id,
    /// First element in the storage.
    pub offset: u64,
    /// Sizes.
    pub shape: Vec<u64>,
    /// Steps between neighbours along each dimension, in elements.
    pub strides: Vec<u64>,
}

/// Most things that a pickle may build. A ResNet-50 needs 3,000.
const MOST_THINGS: usize = 1 << 18;

/// Everything that a pickle built.
#[derive(Debug, Default)]
pub struct Heap {
    texts: Vec<String>,
    bytes: Vec<Vec<u8>>,
    items: Vec<Vec<Value>>,
    dicts: Vec<Vec<(Value, Value)>>,
    storages: Vec<StorageRef>,
    tensors: Vec<TensorRef>,
    opaque: Vec<String>,
}

impl Heap {
    /// Something that is not looked into: `what` it is, with its article.
    pub fn add_opaque(&mut self, what: String) -> Outcome<Value> {
        add(&mut self.opaque, what).map(Value::Opaque)
    }

    /// Says what a value is, for messages.
    pub fn describe(&self, value: Value) -> String {
        let what = match value {
            Value::None => "None",
            Value::Bool(_) => "a boolean",
            Value::Int(_) | Value::Magic => "an integer",
            Value::Float(_) => "a float",
            Value::Text(_) => "a string",
            Value::Bytes(_) => "bytes",
            Value::Items(_) => "a list",
            Value::Dict(_) => "a dictionary",
            Value::Global(_) => "a name",
            Value::NumpyDtype(_) => "a numpy dtype",
            Value::Storage(_) => "a storage",
            Value::Tensor(id) => {
                let kind = self.storages[self.tensors[id].storage].kind;
                return if kind.is_read() { "a tensor".to_owned() } else { format!("a tensor of {kind:?}") };
            }
            Value::Opaque(id) => &self.opaque[id],
        };
        what.to_owned()
    }

    /// The tensor that a value is, if it is of a kind that is read.
    pub fn readable_tensor(&self, value: Value) -> Option<Id> {
        match value {
            Value::Tensor(id) if self.storages[self.tensors[id].storage].kind.is_read() => Some(id),
            _ => None,
        }
    }

    pub fn add_text(&mut self, text: String) -> Outcome<Value> {
        add(&mut self.texts, text).map(Value::Text)
    }

    pub fn add_bytes(&mut self, bytes: Vec<u8>) -> Outcome<Value> {
        add(&mut self.bytes, bytes).map(Value::Bytes)
    }

    pub fn add_items(&mut self, items: Vec<Value>) -> Outcome<Value> {
        add(&mut self.items, items).map(Value::Items)
    }

    pub fn add_dict(&mut self, pairs: Vec<(Value, Value)>) -> Outcome<Value> {
        add(&mut self.dicts, pairs).map(Value::Dict)
    }

    pub fn add_storage(&mut self, storage: StorageRef) -> Outcome<Value> {
        add(&mut self.storages, storage).map(Value::Storage)
    }

    pub fn add_tensor(&mut self, tensor: TensorRef) -> Outcome<Value> {
        add(&mut self.tensors, tensor).map(Value::Tensor)
    }

    pub fn items_mut(&mut self, id: Id) -> &mut Vec<Value> {
        &mut self.items[id]
    }

    pub fn dict_mut(&mut self, id: Id) -> &mut Vec<(Value, Value)> {
        &mut self.dicts[id]
    }

    pub fn dict(&self, id: Id) -> &[(Value, Value)] {
        &self.dicts[id]
    }

    pub fn storages(&self) -> &[StorageRef] {
        &self.storages
    }

    pub fn storage(&self, id: Id) -> &StorageRef {
        &self.storages[id]
    }

    pub fn tensor(&self, id: Id) -> &TensorRef {
        &self.tensors[id]
    }

    /// The text of a value that is one.
    pub fn text(&self, value: Value) -> Option<&str> {
        match value {
            Value::Text(id) => Some(&self.texts[id]),
            _ => None,
        }
    }

    /// The bytes of a value that is made of them.
    pub fn raw(&self, value: Value) -> Option<&[u8]> {
        match value {
            Value::Bytes(id) => Some(&self.bytes[id]),
            _ => None,
        }
    }

    /// The items of a list or tuple.
    pub fn items(&self, value: Value) -> Option<&[Value]> {
        match value {
            Value::Items(id) => Some(&self.items[id]),
            _ => None,
        }
    }

    /// The last value under a text key of a dictionary.
    pub fn get(&self, dict: Value, key: &str) -> Option<Value> {
        let Value::Dict(id) = dict else { return None };
        let found = self.dicts[id].iter().rev().find(|(name, _)| self.text(*name) == Some(key));
        found.map(|(_, value)| *value)
    }
}

/// Appends `thing` and returns its place.
fn add<T>(things: &mut Vec<T>, thing: T) -> Outcome<Id> {
    if things.len() >= MOST_THINGS {
        return Err(format!("its pickle builds more than {MOST_THINGS} things of a kind"));
    }
    things.push(thing);
    Ok(things.len() - 1)
}
