//! Files made here as PyTorch makes them, down to the layout of its zip: for contents and names that no fixture has.

use std::fs;
use std::path::{Path, PathBuf};

use mmt::model::Named;
use tch::{Kind, Tensor};

/// A Python object, as far as checkpoints hold such.
#[derive(Clone)]
pub enum Py {
    None,
    Int(i64),
    Float(f64),
    Text(String),
    List(Vec<Py>),
    Tuple(Vec<Py>),
    Dict(Vec<(Py, Py)>),
    Tensor(Vec<f32>, Vec<i64>),
    /// `module.name(*arguments)`, then its state, then its items.
    Object(&'static str, &'static str, Vec<Py>, Option<Box<Py>>, Vec<(Py, Py)>),
}

impl Py {
    pub fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    /// A dictionary with text keys.
    pub fn dict(pairs: &[(&str, Self)]) -> Self {
        Self::Dict(pairs.iter().map(|(key, value)| (Self::text(key), value.clone())).collect())
    }

    /// An object made without arguments, with attributes.
    pub fn object(module: &'static str, name: &'static str, attributes: &[(&str, Self)]) -> Self {
        Self::Object(module, name, Vec::new(), Some(Box::new(Self::dict(attributes))), Vec::new())
    }

    /// A state dict of tensors of 32-bit floats.
    pub fn state(tensors: &Named) -> Self {
        let tensor = |tensor: &Tensor| {
            let flat = tensor.to_kind(Kind::Float).contiguous().view([-1]);
            Self::Tensor(Vec::<f32>::try_from(flat).unwrap(), tensor.size())
        };
        let pairs = tensors.iter().map(|(name, value)| (Self::text(name), tensor(value))).collect();
        Self::Object("collections", "OrderedDict", Vec::new(), None, pairs)
    }

    /// `numpy.array` of `count` numbers.
    pub fn array(count: usize) -> Self {
        let bytes = "\u{e9}\u{0}\u{1}\u{2}\u{3}\u{4}\u{5}\u{6}".repeat(count);
        let raw =
            Self::Object("_codecs", "encode", vec![Self::Text(bytes), Self::text("latin1")], None, vec![]);
        let numbers = Self::Object(
            "numpy",
            "dtype",
            vec![Self::text("f8"), Self::Int(0), Self::Int(1)],
            Some(Box::new(Self::Tuple(vec![Self::Int(3), Self::text("<"), Self::None, Self::Int(-1)]))),
            vec![],
        );
        let shape = Self::Tuple(vec![Self::Int(count as i64)]);
        let state = Self::Tuple(vec![Self::Int(1), shape, numbers, Self::Int(0), raw]);
        let class = Self::Object("numpy", "ndarray", vec![], None, vec![]);
        Self::Object("numpy.core.multiarray", "_reconstruct", vec![class], Some(Box::new(state)), vec![])
    }
}

/// A pickle and the storages it names by number.
struct Pickle {
    out: Vec<u8>,
    storages: Vec<Vec<u8>>,
}

impl Pickle {
    fn of(value: &Py) -> Self {
        let mut pickle = Self { out: vec![0x80, 2], storages: Vec::new() };
        pickle.put(value);
        pickle.out.push(b'.');
        pickle
    }

    fn put(&mut self, value: &Py) {
        match value {
            Py::None => self.out.push(b'N'),
            Py::Int(value) => {
                self.out.extend([0x8a, 8]);
                self.out.extend(value.to_le_bytes());
            }
            Py::Float(value) => {
                self.out.push(b'G');
                self.out.extend(value.to_be_bytes());
            }
            Py::Text(text) => {
                self.out.push(b'X');
                self.out.extend((text.len() as u32).to_le_bytes());
                self.out.extend(text.bytes());
            }
            Py::List(items) => {
                self.out.extend(b"](");
                items.iter().for_each(|item| self.put(item));
                self.out.push(b'e');
            }
            Py::Tuple(items) => self.tuple(items),
            Py::Dict(pairs) => {
                self.out.push(b'}');
                self.items(pairs);
            }
            Py::Tensor(values, shape) => self.tensor(values, shape),
            Py::Object(module, name, arguments, state, items) => {
                self.out.extend(format!("c{module}\n{name}\n").bytes());
                self.tuple(arguments);
                self.out.push(b'R');
                if let Some(state) = state {
                    self.put(state);
                    self.out.push(b'b');
                }
                self.items(items);
            }
        }
    }

    fn tuple(&mut self, items: &[Py]) {
        self.out.push(b'(');
        items.iter().for_each(|item| self.put(item));
        self.out.push(b't');
    }

    fn items(&mut self, pairs: &[(Py, Py)]) {
        if pairs.is_empty() {
            return;
        }
        self.out.push(b'(');
        for (key, value) in pairs {
            self.put(key);
            self.put(value);
        }
        self.out.push(b'u');
    }

    fn tensor(&mut self, values: &[f32], shape: &[i64]) {
        self.out.extend(b"ctorch._utils\n_rebuild_tensor_v2\n((");
        self.put(&Py::text("storage"));
        self.out.extend(b"ctorch\nFloatStorage\n");
        self.put(&Py::Text(self.storages.len().to_string()));
        self.put(&Py::text("cpu"));
        self.put(&Py::Int(values.len() as i64));
        self.out.extend(b"tQ");
        self.put(&Py::Int(0));
        let numbers = |numbers: &[i64]| numbers.iter().map(|number| Py::Int(*number)).collect::<Vec<_>>();
        let step = |at: usize| shape[at + 1..].iter().product();
        let strides: Vec<i64> = (0..shape.len()).map(step).collect();
        self.tuple(&numbers(shape));
        self.tuple(&numbers(&strides));
        self.out.extend(b"\x89ccollections\nOrderedDict\n)RtR");
        self.storages.push(values.iter().flat_map(|value| value.to_le_bytes()).collect());
    }
}

/// `torch.save(value, folder / name)`.
pub fn save(folder: &Path, name: &str, value: &Py) -> PathBuf {
    let Pickle { out, storages } = Pickle::of(value);
    // The folder in the archive is called as the file, up to its last dot.
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let mut entries = vec![
        (format!("{stem}/data.pkl"), out),
        (format!("{stem}/.format_version"), b"1".to_vec()),
        (format!("{stem}/.storage_alignment"), b"64".to_vec()),
        (format!("{stem}/byteorder"), b"little".to_vec()),
    ];
    let storages = storages.into_iter().enumerate();
    entries.extend(storages.map(|(key, bytes)| (format!("{stem}/data/{key}"), bytes)));
    entries.push((format!("{stem}/version"), b"3\n".to_vec()));
    let path = folder.join(name);
    fs::write(&path, zip(&entries)).unwrap();
    path
}

/// A zip file as PyTorch writes it (seen in `kinds.pth`): sizes and checksum behind each entry and in the directory, bytes from a
/// multiple of 64 on, and end records of zip64 beside filled ones of 32 bits.
pub fn zip(entries: &[(String, Vec<u8>)]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, bytes) in entries {
        let (start, crc, length) = (out.len(), crc32fast::hash(bytes), bytes.len() as u32);
        let used = start + 30 + name.len() + 4;
        let padding = used.next_multiple_of(64) - used;
        out.extend(b"PK\x03\x04\0\0\x08\x08\0\0\0\0\0\0");
        out.extend([0; 12]);
        out.extend((name.len() as u16).to_le_bytes());
        out.extend((padding as u16 + 4).to_le_bytes());
        out.extend(name.bytes());
        out.extend(b"FB");
        out.extend((padding as u16).to_le_bytes());
        out.extend(b"Z".repeat(padding));
        out.extend(bytes);
        let sizes = [crc, length, length].map(u32::to_le_bytes).concat();
        out.extend(b"PK\x07\x08");
        out.extend(&sizes);
        directory.extend(b"PK\x01\x02\0\0\0\0\x08\x08\0\0\0\0\0\0");
        directory.extend(&sizes);
        directory.extend((name.len() as u16).to_le_bytes());
        directory.extend([0; 12]);
        directory.extend((start as u32).to_le_bytes());
        directory.extend(name.bytes());
    }
    let (start, length, count) = (out.len(), directory.len(), entries.len());
    out.extend(directory);
    let wide = out.len() as u64;
    out.extend(b"PK\x06\x06\x2c\0\0\0\0\0\0\0\x1e\x03\x2d\0\0\0\0\0\0\0\0\0");
    for number in [count, count, length, start] {
        out.extend((number as u64).to_le_bytes());
    }
    out.extend(b"PK\x06\x07\0\0\0\0");
    out.extend(wide.to_le_bytes());
    out.extend(b"\x01\0\0\0PK\x05\x06\0\0\0\0");
    for number in [count, count] {
        out.extend((number as u16).to_le_bytes());
    }
    for number in [length, start] {
        out.extend((number as u32).to_le_bytes());
    }
    out.extend([0, 0]);
    out
}
