//! Types of a tensor's elements.

/// Type of the elements of a storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ElementType {
    /// `torch.float32`.
    Float,
    /// `torch.float64`.
    Double,
    /// `torch.float16`.
    Half,
    /// `torch.bfloat16`.
    BFloat16,
    /// `torch.int64`.
    Int64,
    /// `torch.int32`.
    Int,
    /// `torch.int16`.
    Int16,
    /// `torch.int8`.
    Int8,
    /// `torch.uint8`.
    Uint8,
    /// `torch.bool`.
    Bool,
    /// `torch.complex64`; such tensors are told of and not read, as those of the types below.
    ComplexFloat,
    /// `torch.complex128`.
    ComplexDouble,
    /// `torch.qint8`.
    QInt8,
    /// `torch.quint8`.
    QUInt8,
    /// `torch.qint32`.
    QInt32,
}

/// PyTorch's typed storages.
const STORAGES: [(&str, ElementType); 15] = [
    ("FloatStorage", ElementType::Float),
    ("DoubleStorage", ElementType::Double),
    ("HalfStorage", ElementType::Half),
    ("BFloat16Storage", ElementType::BFloat16),
    ("LongStorage", ElementType::Int64),
    ("IntStorage", ElementType::Int),
    ("ShortStorage", ElementType::Int16),
    ("CharStorage", ElementType::Int8),
    ("ByteStorage", ElementType::Uint8),
    ("BoolStorage", ElementType::Bool),
    ("ComplexFloatStorage", ElementType::ComplexFloat),
    ("ComplexDoubleStorage", ElementType::ComplexDouble),
    ("QInt8Storage", ElementType::QInt8),
    ("QUInt8Storage", ElementType::QUInt8),
    ("QInt32Storage", ElementType::QInt32),
];

impl ElementType {
    /// Bytes of an element.
    pub fn size(self) -> u64 {
        match self {
            Self::Int8 | Self::Uint8 | Self::Bool | Self::QInt8 | Self::QUInt8 => 1,
            Self::Half | Self::BFloat16 | Self::Int16 => 2,
            Self::Float | Self::Int | Self::QInt32 => 4,
            Self::Double | Self::Int64 | Self::ComplexFloat => 8,
            Self::ComplexDouble => 16,
        }
    }

    /// Whether tensors of it are read and written. The sizes of the others tell where in a stream the next storage begins.
    pub fn is_read(self) -> bool {
        !matches!(self, Self::ComplexFloat | Self::ComplexDouble | Self::QInt8 | Self::QUInt8 | Self::QInt32)
    }

    /// The type that PyTorch's class `torch.<storage>` holds.
    pub(crate) fn of_storage(storage: &str) -> Option<Self> {
        STORAGES.iter().find(|(name, _)| *name == storage).map(|(_, found)| *found)
    }

    /// Name of the class of PyTorch that holds it, without `torch.`, where it is written.
    pub(crate) fn storage(self) -> Option<&'static str> {
        let found = STORAGES.iter().find(|(_, known)| *known == self && self.is_read());
        found.map(|(name, _)| *name)
    }
}
