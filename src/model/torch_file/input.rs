//! The bytes of a pickle, read within bounds for its length and for the texts inside it.

use std::io::Read;

use super::Outcome;
use crate::model::stored::ends_early;

/// Longest pickle that is read. A ResNet-50's is 40 kB.
pub const LONGEST: u64 = 4 << 20;
/// Longest text inside it.
const LONGEST_TEXT: u64 = 4096;
/// Longest name inside it.
const LONGEST_NAME: usize = 100;

/// A source of which only so many bytes are read.
pub struct Input<'a, R: Read> {
    pub source: &'a mut R,
    /// Bytes that may still be read.
    pub budget: &'a mut u64,
}

impl<R: Read> Input<'_, R> {
    pub fn byte(&mut self) -> Outcome<u8> {
        self.bytes::<1>().map(|[byte]| byte)
    }

    pub fn bytes<const N: usize>(&mut self) -> Outcome<[u8; N]> {
        self.spend(N as u64)?;
        let mut bytes = [0; N];
        self.source.read_exact(&mut bytes).map_err(ends_early)?;
        Ok(bytes)
    }

    /// `count` bytes of text or of a string.
    pub fn text(&mut self, count: u64) -> Outcome<Vec<u8>> {
        if count > LONGEST_TEXT {
            return Err(format!("its pickle has a text of {count} bytes; at most {LONGEST_TEXT} are read"));
        }
        self.spend(count)?;
        let mut bytes = vec![0; count as usize];
        self.source.read_exact(&mut bytes).map_err(ends_early)?;
        Ok(bytes)
    }

    /// A name, up to the end of its line.
    pub fn line(&mut self) -> Outcome<String> {
        let mut line = Vec::new();
        loop {
            match self.byte()? {
                b'\n' => break,
                byte if line.len() < LONGEST_NAME => line.push(byte),
                _ => return Err(format!("its pickle has a name of more than {LONGEST_NAME} bytes")),
            }
        }
        // It may end up in a message: only what a terminal can show.
        let readable = line.iter().all(|byte| byte.is_ascii_graphic());
        let text = String::from_utf8(line).ok().filter(|_| readable);
        text.ok_or_else(|| "its pickle has a name that is not plain text".to_owned())
    }

    fn spend(&mut self, count: u64) -> Outcome<()> {
        *self.budget = self
            .budget
            .checked_sub(count)
            .ok_or_else(|| format!("its pickle is longer than {} MiB", LONGEST >> 20))?;
        Ok(())
    }
}
