//! A pickle machine that executes nothing. It knows the opcodes of protocol 2 that `torch.save` emits and the names of
//! [`Global`]; anything else is an error that says what it met.
//!
//! Format: Python's `pickletools`, protocol 2. A pickle is a program for a stack; here every instruction only moves data
//! into the [`Heap`], within fixed bounds for the length of the program and its texts ([`Input`]), the stack and the memo ([`Stack`]).

use std::io::Read;

use super::Outcome;
use super::input::Input;
use super::rebuild::{build, persistent, reduce};
use super::stack::Stack;
use super::value::{Global, Heap, Value};

/// The magic number of the stream format, as `LONG1` spells it.
const MAGIC: [u8; 10] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

/// Runs one pickle from `source` up to its `STOP` and returns what it leaves on the stack; `budget` bytes may still be read,
/// and less is left of it afterwards.
pub fn run(source: &mut impl Read, heap: &mut Heap, budget: &mut u64) -> Outcome<Value> {
    let mut machine = Machine { input: Input { source, budget }, heap, stack: Stack::default() };
    loop {
        if let Some(result) = machine.step()? {
            return Ok(result);
        }
    }
}

struct Machine<'a, R: Read> {
    input: Input<'a, R>,
    heap: &'a mut Heap,
    stack: Stack,
}

impl<R: Read> Machine<'_, R> {
    /// One instruction; the result at the end.
    fn step(&mut self) -> Outcome<Option<Value>> {
        let opcode = self.input.byte()?;
        match opcode {
            0x80 => self.protocol()?,
            b'.' => return self.stack.pop().map(Some),
            b'(' => self.stack.mark()?,
            b'N' => self.stack.push(Value::None)?,
            0x88 | 0x89 => self.stack.push(Value::Bool(opcode == 0x88))?,
            b'K' => {
                let value = self.input.byte()?;
                self.stack.push(Value::Int(i64::from(value)))?;
            }
            b'M' => {
                let value = u16::from_le_bytes(self.input.bytes()?);
                self.stack.push(Value::Int(i64::from(value)))?;
            }
            b'J' => {
                let value = i32::from_le_bytes(self.input.bytes()?);
                self.stack.push(Value::Int(i64::from(value)))?;
            }
            0x8a => self.long()?,
            b'G' => {
                let value = f64::from_be_bytes(self.input.bytes()?);
                self.stack.push(Value::Float(value))?;
            }
            b'X' => self.unicode()?,
            b'U' => self.short_string()?,
            b'c' => self.global()?,
            b')' => self.new_items(0)?,
            0x85..=0x87 => self.new_items(usize::from(opcode - 0x84))?,
            b't' => {
                let items = self.stack.pop_mark()?;
                let tuple = self.heap.add_items(items)?;
                self.stack.push(tuple)?;
            }
            b']' => self.new_items(0)?,
            b'}' => {
                let dict = self.heap.add_dict(Vec::new())?;
                self.stack.push(dict)?;
            }
            b'a' => {
                let item = self.stack.pop()?;
                self.extend_list(vec![item])?;
            }
            b'e' => {
                let items = self.stack.pop_mark()?;
                self.extend_list(items)?;
            }
            b's' => {
                let value = self.stack.pop()?;
                let key = self.stack.pop()?;
                self.extend_dict(&[key, value])?;
            }
            b'u' => {
                let items = self.stack.pop_mark()?;
                self.extend_dict(&items)?;
            }
            b'q' => {
                let place = u32::from(self.input.byte()?);
                self.stack.put(place)?;
            }
            b'r' => {
                let place = u32::from_le_bytes(self.input.bytes()?);
                self.stack.put(place)?;
            }
            b'h' => {
                let place = u32::from(self.input.byte()?);
                self.stack.get(place)?;
            }
            b'j' => {
                let place = u32::from_le_bytes(self.input.bytes()?);
                self.stack.get(place)?;
            }
            b'Q' => {
                let id = self.stack.pop()?;
                let storage = persistent(self.heap, id)?;
                self.stack.push(storage)?;
            }
            // `NEWOBJ` makes an old parameter as `REDUCE` makes everything else.
            b'R' | 0x81 => {
                let (arguments, callable) = (self.stack.pop()?, self.stack.pop()?);
                let result = reduce(self.heap, callable, arguments)?;
                self.stack.push(result)?;
            }
            b'b' => {
                let (state, object) = (self.stack.pop()?, self.stack.top()?);
                build(self.heap, object, state)?;
            }
            _ => {
                return Err(format!(
                    "its pickle has the instruction {opcode:#04x}, which no state dict needs"
                ));
            }
        }
        Ok(None)
    }

    fn protocol(&mut self) -> Outcome<()> {
        match self.input.byte()? {
            2 => Ok(()),
            other => Err(format!("its pickle has protocol {other}; torch.save writes protocol 2")),
        }
    }

    /// `X`: UTF-8 with a length of four bytes.
    fn unicode(&mut self) -> Outcome<()> {
        let count = u32::from_le_bytes(self.input.bytes()?);
        let bytes = self.input.text(u64::from(count))?;
        let text =
            String::from_utf8(bytes).map_err(|_| "its pickle has a text that is not UTF-8".to_owned())?;
        let text = self.heap.add_text(text)?;
        self.stack.push(text)
    }

    /// `U`: a string of Python 2, text or bytes. Text where it can be: keys of files from Python 2 come so.
    fn short_string(&mut self) -> Outcome<()> {
        let count = self.input.byte()?;
        let bytes = self.input.text(u64::from(count))?;
        let value = match String::from_utf8(bytes) {
            Ok(text) => self.heap.add_text(text)?,
            Err(error) => self.heap.add_bytes(error.into_bytes())?,
        };
        self.stack.push(value)
    }

    /// `LONG1`: little-endian two's complement of up to eight bytes, or the magic number.
    fn long(&mut self) -> Outcome<()> {
        let count = self.input.byte()?;
        let bytes = self.input.text(u64::from(count))?;
        if bytes == MAGIC {
            return self.stack.push(Value::Magic);
        }
        if bytes.len() > 8 {
            return Err("its pickle has an integer of more than 64 bits".to_owned());
        }
        let negative = bytes.last().is_some_and(|last| last & 0x80 != 0);
        let mut filled = if negative { [0xff; 8] } else { [0; 8] };
        filled[..bytes.len()].copy_from_slice(&bytes);
        self.stack.push(Value::Int(i64::from_le_bytes(filled)))
    }

    /// `c`: module and name, each up to a line's end.
    fn global(&mut self) -> Outcome<()> {
        let (module, name) = (self.input.line()?, self.input.line()?);
        let found = Global::find(&module, &name).ok_or_else(|| {
            format!(
                "it refers to `{module}.{name}`, which is not part of a state dict; nothing of it was run"
            )
        })?;
        self.stack.push(Value::Global(found))
    }

    /// A tuple or list of the topmost `count` values.
    fn new_items(&mut self, count: usize) -> Outcome<()> {
        let items = self.stack.pop_several(count)?;
        let items = self.heap.add_items(items)?;
        self.stack.push(items)
    }

    fn extend_list(&mut self, items: Vec<Value>) -> Outcome<()> {
        match self.stack.top()? {
            Value::Items(id) => self.heap.items_mut(id).extend(items),
            other => return Err(format!("its pickle appends to {}", other.describe())),
        }
        Ok(())
    }

    fn extend_dict(&mut self, items: &[Value]) -> Outcome<()> {
        let Value::Dict(id) = self.stack.top()? else {
            return Err(format!("its pickle sets items of {}", self.stack.top()?.describe()));
        };
        let (pairs, rest) = items.as_chunks::<2>();
        if !rest.is_empty() {
            return Err("its pickle has a key without a value".to_owned());
        }
        self.heap.dict_mut(id).extend(pairs.iter().map(|[key, value]| (*key, *value)));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, repeat};

    use super::super::input::LONGEST;
    use super::super::stack::{DEEPEST_STACK, LARGEST_MEMO};
    use super::*;

    /// The message of a program without end, and how many of its bytes were read.
    fn refused(source: &mut impl Read) -> (String, u64) {
        let mut budget = LONGEST;
        let message = run(source, &mut Heap::default(), &mut budget).unwrap_err();
        (message, LONGEST - budget)
    }

    #[test]
    fn pushes_without_end_stop_at_the_bound_of_the_stack() {
        let (message, read) = refused(&mut repeat(b'N').take(1 << 30));
        assert!(message.contains("piles up more than 65536 values"), "{message}");
        assert_eq!(read, DEEPEST_STACK as u64 + 1);
        // Remembered once and recalled without end.
        let (message, _) = refused(&mut Cursor::new(b"Nq\x00").chain(Cursor::new(b"h\x00".repeat(1 << 20))));
        assert!(message.contains("piles up"), "{message}");
    }

    #[test]
    fn a_memo_without_end_stops_at_its_bound() {
        let puts = (0..1_u32 << 20).flat_map(|place| [vec![b'r'], place.to_le_bytes().to_vec()].concat());
        let (message, read) = refused(&mut Cursor::new(b"N").chain(Cursor::new(puts.collect::<Vec<u8>>())));
        assert!(message.contains("remembers more than 262144 values"), "{message}");
        assert_eq!(read, 1 + 5 * (LARGEST_MEMO as u64 + 1));
    }

    #[test]
    fn a_program_without_end_stops_at_the_bound_of_its_length() {
        let endless = Cursor::new(b"N".to_vec()).chain(Cursor::new(b"q\x00".repeat(1 << 22)));
        let (message, read) = refused(&mut { endless });
        assert!(message.contains("longer than 4 MiB"), "{message}");
        assert!(read <= LONGEST);
    }
}
