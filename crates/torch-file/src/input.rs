//! The bytes of a pickle, read within bounds for its length and for the texts inside it.

use std::io::{Read, copy, sink};

use super::outcome::Outcome;
use crate::stored::ends_early;

/// Longest pickle that is read. A ResNet-50's is 40 kB.
pub const LONGEST: u64 = 4 << 20;
/// Longest text inside it that is kept. Longer ones stand beside a state dict, such as numpy's arrays: they are passed over.
const LONGEST_TEXT: u64 = 4096;
/// Longest name inside it.
const LONGEST_NAME: usize = 512;

/// How much of a file's pickles was read, and how much may be.
#[derive(Debug)]
pub struct Budget {
    /// Bytes that may still be read.
    left: u64,
    /// Bytes that were passed over: they take no memory, and the file bounds them.
    passed: u64,
}

impl Default for Budget {
    fn default() -> Self {
        Self { left: LONGEST, passed: 0 }
    }
}

impl Budget {
    /// Bytes of the pickles so far.
    pub fn used(&self) -> u64 {
        LONGEST - self.left + self.passed
    }

    fn spend(&mut self, count: u64) -> Outcome<()> {
        let left = self.left.checked_sub(count);
        self.left = left.ok_or_else(|| format!("its pickle is longer than {} MiB", LONGEST >> 20))?;
        Ok(())
    }
}

/// A source of which only so many bytes are read.
pub struct Input<'a, R: Read> {
    pub source: &'a mut R,
    pub budget: &'a mut Budget,
}

impl<R: Read> Input<'_, R> {
    pub fn byte(&mut self) -> Outcome<u8> {
        self.bytes::<1>().map(|[byte]| byte)
    }

    pub fn bytes<const N: usize>(&mut self) -> Outcome<[u8; N]> {
        self.budget.spend(N as u64)?;
        let mut bytes = [0; N];
        self.source.read_exact(&mut bytes).map_err(ends_early)?;
        Ok(bytes)
    }

    /// A length of `N` bytes, little-endian.
    pub fn length<const N: usize>(&mut self) -> Outcome<u64> {
        let bytes = self.bytes::<N>()?;
        Ok(bytes.iter().rev().fold(0, |length, byte| length << 8 | u64::from(*byte)))
    }

    /// `count` bytes of text or of a string; `None` where they are too many to be kept and were passed over.
    pub fn text(&mut self, count: u64) -> Outcome<Option<Vec<u8>>> {
        if count > LONGEST_TEXT {
            return self.pass(count).map(|()| None);
        }
        self.budget.spend(count)?;
        let mut bytes = vec![0; count as usize];
        self.source.read_exact(&mut bytes).map_err(ends_early)?;
        Ok(Some(bytes))
    }

    fn pass(&mut self, count: u64) -> Outcome<()> {
        let passed = copy(&mut self.source.by_ref().take(count), &mut sink()).map_err(ends_early)?;
        if passed < count {
            return Err(ends_early(std::io::ErrorKind::UnexpectedEof.into()));
        }
        self.budget.passed = self.budget.passed.saturating_add(passed);
        Ok(())
    }

    /// The bytes up to the end of the line.
    pub fn line(&mut self) -> Outcome<Vec<u8>> {
        let mut line = Vec::new();
        loop {
            match self.byte()? {
                b'\n' => return Ok(line),
                byte if line.len() < LONGEST_NAME => line.push(byte),
                _ => return Err(format!("its pickle has a name of more than {LONGEST_NAME} bytes")),
            }
        }
    }
}
