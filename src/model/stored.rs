//! Tensors where they lie in a file. What a file says of them is checked before any memory is asked for, and they are read one at a
//! time, so that no more than one needs to be held.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;

use tch::{Kind, Tensor};

/// A tensor of a file: a view of a storage, which is a run of equal elements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StoredTensor {
    /// Type of its elements.
    pub kind: Kind,
    /// First byte of its storage in the file.
    pub start: u64,
    /// Elements of its storage.
    pub elements: u64,
    /// First element in the storage.
    pub offset: u64,
    /// Sizes.
    pub shape: Vec<u64>,
    /// Steps between neighbours along each dimension, in elements.
    pub strides: Vec<u64>,
}

impl StoredTensor {
    /// Number of elements, where it can be counted.
    pub fn values(&self) -> Option<u64> {
        if self.shape.contains(&0) {
            return Some(0);
        }
        self.shape.iter().try_fold(1_u64, |product, size| product.checked_mul(*size))
    }

    /// The elements of its storage from its first to its last, where every element is one of the storage's.
    pub fn span(&self) -> Option<Range<u64>> {
        if self.shape.len() != self.strides.len() {
            return None;
        }
        let end = if self.shape.contains(&0) {
            self.offset
        } else {
            let mut dimensions = self.shape.iter().zip(&self.strides);
            let last = dimensions.try_fold(self.offset, |last, (size, stride)| {
                last.checked_add((size - 1).checked_mul(*stride)?)
            });
            last?.checked_add(1)?
        };
        (end <= self.elements).then_some(self.offset..end)
    }

    /// Sizes as libtorch counts them; they are those of a file, and so far below 2^63.
    pub fn sizes(&self) -> Vec<i64> {
        signed(&self.shape)
    }

    /// True where its elements follow each other in the storage, row by row.
    pub fn is_in_one_piece(&self) -> bool {
        let mut expected = 1;
        self.shape.contains(&0)
            || self.shape.iter().zip(&self.strides).rev().all(|(size, stride)| {
                let fits = *size == 1 || *stride == expected;
                expected *= size;
                fits
            })
    }

    /// Elements `range` of its storage, `[N]`.
    ///
    /// # Errors
    /// The file cannot be read, or libtorch refuses; in words.
    pub fn read(&self, mut file: &File, range: Range<u64>) -> Result<Tensor, String> {
        let (size, count) = (self.kind.elt_size_in_bytes() as u64, range.end - range.start);
        let mut bytes = vec![0; (count * size) as usize];
        file.seek(SeekFrom::Start(self.start + range.start * size)).map_err(ends_early)?;
        file.read_exact(&mut bytes).map_err(ends_early)?;
        // A boolean of another value than 0 and 1 is undefined behaviour in C++.
        let kind = if self.kind == Kind::Bool { Kind::Uint8 } else { self.kind };
        let flat = Tensor::f_from_data_size(&bytes, &[count as i64], kind).map_err(refused)?;
        if self.kind == Kind::Bool { flat.f_ne(0).map_err(refused) } else { Ok(flat) }
    }

    /// The tensor, contiguous, from a run of its storage's elements that begins with element `first`.
    ///
    /// # Errors
    /// libtorch refuses; in words.
    pub fn view(&self, flat: &Tensor, first: u64) -> Result<Tensor, String> {
        let offset = (self.offset - first) as i64;
        let view = flat.f_as_strided(self.sizes(), signed(&self.strides), offset);
        view.and_then(|view| view.f_contiguous()).map_err(refused)
    }
}

/// Strides of a contiguous tensor.
pub(super) fn row_major(shape: &[u64]) -> Vec<u64> {
    let mut strides = vec![1_u64; shape.len()];
    for at in (1..shape.len()).rev() {
        strides[at - 1] = strides[at].saturating_mul(shape[at].max(1));
    }
    strides
}

/// Sizes or strides as libtorch and PyTorch count them.
pub(super) fn signed(sizes: &[u64]) -> Vec<i64> {
    sizes.iter().map(|size| *size as i64).collect()
}

fn refused(error: tch::TchError) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

/// The message for a file that stops in the middle.
pub(super) fn ends_early(error: std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::UnexpectedEof => "it ends early: cut short or damaged".to_owned(),
        _ => error.to_string(),
    }
}
