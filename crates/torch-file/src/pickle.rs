//! A pickle machine that executes nothing. It knows the opcodes that `torch.save` emits with any protocol and the names of
//! [`Global`]. Every other name becomes a [`Value::Opaque`]: a text that says what it is, and stays that whatever is done with it.
//!
//! Format: Python's `pickletools`, protocols 2 to 5. A pickle is a program for a stack; here every instruction only moves data
//! into the [`Heap`], within fixed bounds for the length of the program and its texts ([`Input`]), the stack and the memo ([`Stack`]).

use std::io::Read;

use super::input::{Budget, Input};
use super::outcome::Outcome;
use super::rebuild::{build, persistent, reduce};
use super::stack::Stack;
use super::value::{Global, Heap, Id, Value};

/// The magic number of the stream format, as `LONG1` spells it.
const MAGIC: [u8; 10] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

/// Most letters of a name that are shown.
const MOST_SHOWN: usize = 100;

/// Runs one pickle from `source` up to its `STOP` and returns what it leaves on the stack; less is left of `budget` afterwards.
pub fn run(source: &mut impl Read, heap: &mut Heap, budget: &mut Budget) -> Outcome<Value> {
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
            b'.' => return self.stack.pop().map(Some),
            0x80 => self.protocol()?,
            // `FRAME`: how many bytes may be read together.
            0x95 => drop(self.input.bytes::<8>()?),
            b'N' | 0x88 | 0x89 | b'K' | b'M' | b'J' | b'G' | 0x8a | 0x8b => self.number(opcode)?,
            b'X' | b'U' | b'T' | b'B' | b'C' | 0x8c | 0x8d | 0x8e | 0x96 => self.string(opcode)?,
            b'(' | b')' | b't' | 0x85..=0x87 | b']' | b'}' | 0x8f | 0x91 => self.container(opcode)?,
            b'a' | b'e' | b's' | b'u' | 0x90 => self.fill(opcode)?,
            b'q' | b'r' | b'h' | b'j' | 0x94 => self.memo(opcode)?,
            b'0' => drop(self.stack.pop()?),
            b'1' => drop(self.stack.pop_mark()?),
            b'2' => {
                let top = self.stack.top()?;
                self.stack.push(top)?;
            }
            b'c' | 0x93 => self.global(opcode)?,
            b'Q' => {
                let id = self.stack.pop()?;
                let storage = persistent(self.heap, id)?;
                self.stack.push(storage)?;
            }
            b'R' | 0x81 | 0x92 | b'o' | b'b' => self.object(opcode)?,
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
            2..=5 => Ok(()),
            other => Err(format!("its pickle has protocol {other}; torch.save writes 2 to 5")),
        }
    }

    /// `None`, booleans and numbers.
    fn number(&mut self, opcode: u8) -> Outcome<()> {
        let value = match opcode {
            b'N' => Value::None,
            0x88 | 0x89 => Value::Bool(opcode == 0x88),
            b'K' => Value::Int(i64::from(self.input.byte()?)),
            b'M' => Value::Int(i64::from(u16::from_le_bytes(self.input.bytes()?))),
            b'J' => Value::Int(i64::from(i32::from_le_bytes(self.input.bytes()?))),
            b'G' => Value::Float(f64::from_be_bytes(self.input.bytes()?)),
            0x8a => self.long::<1>()?,
            _ => self.long::<4>()?,
        };
        self.stack.push(value)
    }

    /// `LONG1` and `LONG4`: little-endian two's complement of up to eight bytes, or the magic number.
    fn long<const N: usize>(&mut self) -> Outcome<Value> {
        let count = self.input.length::<N>()?;
        let bytes = self.input.text(count)?.filter(|bytes| bytes.len() <= 8 || *bytes == MAGIC);
        let Some(bytes) = bytes else {
            return self.heap.add_opaque("an integer of more than 64 bits".to_owned());
        };
        if bytes == MAGIC {
            return Ok(Value::Magic);
        }
        let negative = bytes.last().is_some_and(|last| last & 0x80 != 0);
        let mut filled = if negative { [0xff; 8] } else { [0; 8] };
        filled[..bytes.len()].copy_from_slice(&bytes);
        Ok(Value::Int(i64::from_le_bytes(filled)))
    }

    /// Texts, bytes, and strings of Python 2, which are either: text where they can be, since keys come so.
    fn string(&mut self, opcode: u8) -> Outcome<()> {
        let count = match opcode {
            b'U' | b'C' | 0x8c => self.input.length::<1>()?,
            b'X' | b'T' | b'B' => self.input.length::<4>()?,
            _ => self.input.length::<8>()?,
        };
        let raw = matches!(opcode, b'B' | b'C' | 0x8e | 0x96);
        let value = match self.input.text(count)? {
            None => self.heap.add_opaque(format!("a text of {count} bytes"))?,
            Some(bytes) if raw => self.heap.add_bytes(bytes)?,
            Some(bytes) => match String::from_utf8(bytes) {
                Ok(text) => self.heap.add_text(text)?,
                Err(error) => self.heap.add_bytes(error.into_bytes())?,
            },
        };
        self.stack.push(value)
    }

    /// Marks, tuples, and new containers.
    fn container(&mut self, opcode: u8) -> Outcome<()> {
        let value = match opcode {
            b'(' => return self.stack.mark(),
            b')' | b']' => return self.new_items(0),
            b't' => {
                let items = self.stack.pop_mark()?;
                self.heap.add_items(items)?
            }
            b'}' => self.heap.add_dict(Vec::new())?,
            0x8f => self.heap.add_opaque("a set".to_owned())?,
            0x91 => {
                self.stack.pop_mark()?;
                self.heap.add_opaque("a set".to_owned())?
            }
            _ => return self.new_items(usize::from(opcode.saturating_sub(0x84))),
        };
        self.stack.push(value)
    }

    /// Items for the container on top of the stack.
    fn fill(&mut self, opcode: u8) -> Outcome<()> {
        let items = match opcode {
            b'a' => vec![self.stack.pop()?],
            b's' => self.stack.pop_several(2)?,
            _ => self.stack.pop_mark()?,
        };
        match (self.stack.top()?, opcode) {
            // Nobody looks into it.
            (Value::Opaque(_), _) => Ok(()),
            (Value::Items(id), b'a' | b'e') => {
                self.heap.items_mut(id).extend(items);
                Ok(())
            }
            (Value::Dict(id), b's' | b'u') => self.extend_dict(id, &items),
            (other, b's' | b'u') => Err(format!("its pickle sets items of {}", self.heap.describe(other))),
            (other, _) => Err(format!("its pickle appends to {}", self.heap.describe(other))),
        }
    }

    fn extend_dict(&mut self, id: Id, items: &[Value]) -> Outcome<()> {
        let (pairs, rest) = items.as_chunks::<2>();
        if !rest.is_empty() {
            return Err("its pickle has a key without a value".to_owned());
        }
        self.heap.dict_mut(id).extend(pairs.iter().map(|[key, value]| (*key, *value)));
        Ok(())
    }

    fn memo(&mut self, opcode: u8) -> Outcome<()> {
        match opcode {
            0x94 => self.stack.put_next(),
            _ => {
                let wide = matches!(opcode, b'r' | b'j');
                let place =
                    if wide { u32::from_le_bytes(self.input.bytes()?) } else { self.input.byte()?.into() };
                if matches!(opcode, b'q' | b'r') { self.stack.put(place) } else { self.stack.get(place) }
            }
        }
    }

    /// `GLOBAL` has module and name in two lines, `STACK_GLOBAL` on the stack.
    fn global(&mut self, opcode: u8) -> Outcome<()> {
        let name = if opcode == b'c' {
            let (module, name) = (self.input.line()?, self.input.line()?);
            Some((plain(&module), plain(&name)))
        } else {
            let (name, module) = (self.stack.pop()?, self.stack.pop()?);
            let text = |value| self.heap.text(value).map(|text| plain(text.as_bytes()));
            text(module).zip(text(name))
        };
        let known = name.as_ref().and_then(|(module, name)| Global::find(module, name));
        let value = match (known, name) {
            (Some(found), _) => Value::Global(found),
            (None, Some((module, name))) => {
                self.heap.add_opaque(format!("an object of `{module}.{name}`"))?
            }
            (None, None) => self.heap.add_opaque("an object without a name".to_owned())?,
        };
        self.stack.push(value)
    }

    /// `REDUCE` and its kin. `NEWOBJ` makes an old parameter as `REDUCE` makes everything else; `OBJ` makes objects of Python 2.
    fn object(&mut self, opcode: u8) -> Outcome<()> {
        let value = match opcode {
            b'b' => {
                let (state, object) = (self.stack.pop()?, self.stack.pop()?);
                build(self.heap, object, state)?
            }
            b'o' => match self.stack.pop_mark()?.first() {
                Some(class @ Value::Opaque(_)) => *class,
                _ => return Err("its pickle makes an object of no class".to_owned()),
            },
            _ => {
                if opcode == 0x92 {
                    self.stack.pop()?;
                }
                let (arguments, callable) = (self.stack.pop()?, self.stack.pop()?);
                reduce(self.heap, callable, arguments)?
            }
        };
        self.stack.push(value)
    }

    /// A tuple or list of the topmost `count` values.
    fn new_items(&mut self, count: usize) -> Outcome<()> {
        let items = self.stack.pop_several(count)?;
        let items = self.heap.add_items(items)?;
        self.stack.push(items)
    }
}

/// A name that may end up in a message: only what a terminal can show, and no more than fits.
fn plain(name: &[u8]) -> String {
    let shown = |byte: &u8| if byte.is_ascii_graphic() { char::from(*byte) } else { '?' };
    name.iter().take(MOST_SHOWN).map(shown).collect()
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, repeat};

    use super::super::input::LONGEST;
    use super::super::stack::{DEEPEST_STACK, LARGEST_MEMO};
    use super::*;

    /// The message of a program without end, and how many of its bytes were read.
    fn refused(source: &mut impl Read) -> (String, u64) {
        let mut budget = Budget::default();
        let message = run(source, &mut Heap::default(), &mut budget).unwrap_err();
        (message, budget.used())
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
