//! Tensors where they lie in a file. What a file says of them is checked before any memory is asked for, and they are read one at a
//! time, so that no more than one needs to be held.

use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;

use super::ElementType;

/// A tensor of a file: a view of a storage, which is a run of equal elements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredTensor {
    /// Type of its elements.
    pub kind: ElementType,
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

    /// The bytes of the elements `range` of its storage, little-endian.
    ///
    /// # Errors
    /// The file cannot be read, or ends before.
    pub fn read(&self, source: &mut (impl Read + Seek), range: Range<u64>) -> io::Result<Vec<u8>> {
        let size = self.kind.size();
        let mut bytes = vec![0; ((range.end - range.start) * size) as usize];
        source.seek(SeekFrom::Start(self.start + range.start * size))?;
        source.read_exact(&mut bytes)?;
        Ok(bytes)
    }
}

/// Strides of a contiguous tensor.
pub fn row_major(shape: &[u64]) -> Vec<u64> {
    let mut strides = vec![1_u64; shape.len()];
    for at in (1..shape.len()).rev() {
        strides[at - 1] = strides[at].saturating_mul(shape[at].max(1));
    }
    strides
}

/// The message for a file that stops in the middle.
pub fn ends_early(error: io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => "it ends early: cut short or damaged".to_owned(),
        _ => error.to_string(),
    }
}
