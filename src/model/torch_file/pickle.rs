//! A pickle machine that executes nothing. It knows the opcodes of protocol 2 that `torch.save` emits and the names of
//! [`Global`]; anything else is an error that says what it met.
//!
//! Format: Python's `pickletools`, protocol 2. A pickle is a program for a stack; here every instruction only moves data
//! into the [`Heap`], within fixed bounds for the length of the program, the stack, the memo and the text.

use std::collections::HashMap;
use std::io::Read;

use super::Outcome;
use super::rebuild::{build, persistent, reduce};
use super::value::{Global, Heap, Value};

/// Longest pickle that is read. A ResNet-50's is 40 kB.
pub const LONGEST: u64 = 4 << 20;
/// Longest text or name inside it.
const LONGEST_TEXT: u64 = 4096;
/// Most values on the stack, all marks together. `SETITEMS` of Python comes after at most 2,000 values.
const DEEPEST_STACK: usize = 1 << 16;
/// Most open marks: how deep containers may lie in one another.
const DEEPEST_NESTING: usize = 64;
/// Most entries of the memo.
const LARGEST_MEMO: usize = 1 << 18;

/// The magic number of the stream format, as `LONG1` spells it.
const MAGIC: [u8; 10] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

/// Runs one pickle from `source` up to its `STOP` and returns what it leaves on the stack; `budget` bytes may still be read,
/// and less is left of it afterwards.
pub fn run(source: &mut impl Read, heap: &mut Heap, budget: &mut u64) -> Outcome<Value> {
    let mut machine =
        Machine { source, heap, budget, stack: Vec::new(), marks: Vec::new(), memo: HashMap::new() };
    loop {
        if let Some(result) = machine.step()? {
            return Ok(result);
        }
    }
}

struct Machine<'a, R: Read> {
    source: &'a mut R,
    heap: &'a mut Heap,
    budget: &'a mut u64,
    stack: Vec<Value>,
    /// Heights of the stack at the open marks.
    marks: Vec<usize>,
    memo: HashMap<u32, Value>,
}

impl<R: Read> Machine<'_, R> {
    /// One instruction; the result at the end.
    fn step(&mut self) -> Outcome<Option<Value>> {
        let opcode = self.byte()?;
        match opcode {
            0x80 => self.protocol()?,
            b'.' => return self.pop().map(Some),
            b'(' => self.mark()?,
            b'N' => self.push(Value::None)?,
            0x88 | 0x89 => self.push(Value::Bool(opcode == 0x88))?,
            b'K' => {
                let value = self.byte()?;
                self.push(Value::Int(i64::from(value)))?;
            }
            b'M' => {
                let value = u16::from_le_bytes(self.bytes()?);
                self.push(Value::Int(i64::from(value)))?;
            }
            b'J' => {
                let value = i32::from_le_bytes(self.bytes()?);
                self.push(Value::Int(i64::from(value)))?;
            }
            0x8a => self.long()?,
            b'G' => {
                let value = f64::from_be_bytes(self.bytes()?);
                self.push(Value::Float(value))?;
            }
            b'X' => self.unicode()?,
            b'U' => self.short_string()?,
            b'c' => self.global()?,
            b')' => self.new_items(0)?,
            0x85..=0x87 => self.new_items(usize::from(opcode - 0x84))?,
            b't' => {
                let items = self.pop_mark()?;
                let tuple = self.heap.add_items(items)?;
                self.push(tuple)?;
            }
            b']' => self.new_items(0)?,
            b'}' => {
                let dict = self.heap.add_dict(Vec::new())?;
                self.push(dict)?;
            }
            b'a' => {
                let item = self.pop()?;
                self.extend_list(vec![item])?;
            }
            b'e' => {
                let items = self.pop_mark()?;
                self.extend_list(items)?;
            }
            b's' => {
                let value = self.pop()?;
                let key = self.pop()?;
                self.extend_dict(&[key, value])?;
            }
            b'u' => {
                let items = self.pop_mark()?;
                self.extend_dict(&items)?;
            }
            b'q' => {
                let place = u32::from(self.byte()?);
                self.put(place)?;
            }
            b'r' => {
                let place = u32::from_le_bytes(self.bytes()?);
                self.put(place)?;
            }
            b'h' => {
                let place = u32::from(self.byte()?);
                self.get(place)?;
            }
            b'j' => {
                let place = u32::from_le_bytes(self.bytes()?);
                self.get(place)?;
            }
            b'Q' => {
                let id = self.pop()?;
                let storage = persistent(self.heap, id)?;
                self.push(storage)?;
            }
            // `NEWOBJ` makes an old parameter as `REDUCE` makes everything else.
            b'R' | 0x81 => {
                let (arguments, callable) = (self.pop()?, self.pop()?);
                let result = reduce(self.heap, callable, arguments)?;
                self.push(result)?;
            }
            b'b' => {
                let (state, object) = (self.pop()?, self.top()?);
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
        match self.byte()? {
            2 => Ok(()),
            other => Err(format!("its pickle has protocol {other}; torch.save writes protocol 2")),
        }
    }

    fn byte(&mut self) -> Outcome<u8> {
        self.bytes::<1>().map(|[byte]| byte)
    }

    fn bytes<const N: usize>(&mut self) -> Outcome<[u8; N]> {
        self.spend(N as u64)?;
        let mut bytes = [0; N];
        self.source.read_exact(&mut bytes).map_err(ends_early)?;
        Ok(bytes)
    }

    fn spend(&mut self, count: u64) -> Outcome<()> {
        *self.budget = self
            .budget
            .checked_sub(count)
            .ok_or_else(|| format!("its pickle is longer than {} MiB", LONGEST >> 20))?;
        Ok(())
    }

    /// `count` bytes of text or of a string.
    fn run_of_bytes(&mut self, count: u64) -> Outcome<Vec<u8>> {
        if count > LONGEST_TEXT {
            return Err(format!("its pickle has a text of {count} bytes; at most {LONGEST_TEXT} are read"));
        }
        self.spend(count)?;
        let mut bytes = vec![0; count as usize];
        self.source.read_exact(&mut bytes).map_err(ends_early)?;
        Ok(bytes)
    }

    /// `X`: UTF-8 with a length of four bytes.
    fn unicode(&mut self) -> Outcome<()> {
        let count = u32::from_le_bytes(self.bytes()?);
        let bytes = self.run_of_bytes(u64::from(count))?;
        let text =
            String::from_utf8(bytes).map_err(|_| "its pickle has a text that is not UTF-8".to_owned())?;
        let text = self.heap.add_text(text)?;
        self.push(text)
    }

    /// `U`: a string of Python 2, text or bytes. Text where it can be: keys of files from Python 2 come so.
    fn short_string(&mut self) -> Outcome<()> {
        let count = self.byte()?;
        let bytes = self.run_of_bytes(u64::from(count))?;
        let value = match String::from_utf8(bytes) {
            Ok(text) => self.heap.add_text(text)?,
            Err(error) => self.heap.add_bytes(error.into_bytes())?,
        };
        self.push(value)
    }

    /// `LONG1`: little-endian two's complement of up to eight bytes, or the magic number.
    fn long(&mut self) -> Outcome<()> {
        let count = self.byte()?;
        let bytes = self.run_of_bytes(u64::from(count))?;
        if bytes == MAGIC {
            return self.push(Value::Magic);
        }
        if bytes.len() > 8 {
            return Err("its pickle has an integer of more than 64 bits".to_owned());
        }
        let negative = bytes.last().is_some_and(|last| last & 0x80 != 0);
        let mut filled = if negative { [0xff; 8] } else { [0; 8] };
        filled[..bytes.len()].copy_from_slice(&bytes);
        self.push(Value::Int(i64::from_le_bytes(filled)))
    }

    /// `c`: module and name, each up to a line's end.
    fn global(&mut self) -> Outcome<()> {
        let (module, name) = (self.line()?, self.line()?);
        let found = Global::find(&module, &name).ok_or_else(|| {
            format!(
                "it refers to `{module}.{name}`, which is not part of a state dict; nothing of it was run"
            )
        })?;
        self.push(Value::Global(found))
    }

    fn line(&mut self) -> Outcome<String> {
        let mut line = Vec::new();
        loop {
            match self.byte()? {
                b'\n' => break,
                byte if line.len() < 100 => line.push(byte),
                _ => return Err("its pickle has a name of more than 100 bytes".to_owned()),
            }
        }
        // It may end up in a message: only what a terminal can show.
        let readable = line.iter().all(|byte| byte.is_ascii_graphic());
        let text = String::from_utf8(line).ok().filter(|_| readable);
        text.ok_or_else(|| "its pickle has a name that is not plain text".to_owned())
    }

    fn push(&mut self, value: Value) -> Outcome<()> {
        if self.stack.len() >= DEEPEST_STACK {
            return Err(format!("its pickle piles up more than {DEEPEST_STACK} values"));
        }
        self.stack.push(value);
        Ok(())
    }

    /// The height below which an instruction may not reach: the last open mark.
    fn floor(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    fn pop(&mut self) -> Outcome<Value> {
        let value = if self.stack.len() > self.floor() { self.stack.pop() } else { None };
        value.ok_or_else(too_few)
    }

    fn top(&self) -> Outcome<Value> {
        let value = if self.stack.len() > self.floor() { self.stack.last() } else { None };
        value.copied().ok_or_else(too_few)
    }

    fn mark(&mut self) -> Outcome<()> {
        if self.marks.len() >= DEEPEST_NESTING {
            return Err(format!("its pickle is nested more than {DEEPEST_NESTING} deep"));
        }
        self.marks.push(self.stack.len());
        Ok(())
    }

    /// Everything above the last mark.
    fn pop_mark(&mut self) -> Outcome<Vec<Value>> {
        let height = self.marks.pop().ok_or_else(too_few)?;
        Ok(self.stack.split_off(height))
    }

    /// A tuple or list of the topmost `count` values.
    fn new_items(&mut self, count: usize) -> Outcome<()> {
        let height = self.stack.len().checked_sub(count).filter(|height| *height >= self.floor());
        let items = self.stack.split_off(height.ok_or_else(too_few)?);
        let items = self.heap.add_items(items)?;
        self.push(items)
    }

    fn extend_list(&mut self, items: Vec<Value>) -> Outcome<()> {
        match self.top()? {
            Value::Items(id) => self.heap.items_mut(id).extend(items),
            other => return Err(format!("its pickle appends to {}", other.describe())),
        }
        Ok(())
    }

    fn extend_dict(&mut self, items: &[Value]) -> Outcome<()> {
        let Value::Dict(id) = self.top()? else {
            return Err(format!("its pickle sets items of {}", self.top()?.describe()));
        };
        let (pairs, rest) = items.as_chunks::<2>();
        if !rest.is_empty() {
            return Err("its pickle has a key without a value".to_owned());
        }
        self.heap.dict_mut(id).extend(pairs.iter().map(|[key, value]| (*key, *value)));
        Ok(())
    }

    fn put(&mut self, place: u32) -> Outcome<()> {
        let value = self.top()?;
        if self.memo.len() >= LARGEST_MEMO {
            return Err(format!("its pickle remembers more than {LARGEST_MEMO} values"));
        }
        self.memo.insert(place, value);
        Ok(())
    }

    fn get(&mut self, place: u32) -> Outcome<()> {
        let value = self.memo.get(&place).copied();
        self.push(value.ok_or_else(|| format!("its pickle recalls value {place}, which it never kept"))?)
    }
}

/// The message for a file that stops in the middle.
pub fn ends_early(error: std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::UnexpectedEof => "it ends early: cut short or damaged".to_owned(),
        _ => error.to_string(),
    }
}

fn too_few() -> String {
    "its pickle takes more values than it has: damaged".to_owned()
}
