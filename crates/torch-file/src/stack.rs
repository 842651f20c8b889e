//! The stack of the pickle machine with its marks, and the memo: all within bounds, whatever a file asks for.

use std::collections::HashMap;

use super::outcome::Outcome;
use super::value::Value;

/// Most values on the stack, all marks together. `SETITEMS` of Python comes after at most 2,000 values.
pub const DEEPEST_STACK: usize = 1 << 16;
/// Most open marks: how deep containers may lie in one another.
const DEEPEST_NESTING: usize = 64;
/// Most entries of the memo.
pub const LARGEST_MEMO: usize = 1 << 18;

/// The state that a pickle works on.
#[derive(Default)]
pub struct Stack {
    values: Vec<Value>,
    /// Heights of the stack at the open marks.
    marks: Vec<usize>,
    memo: HashMap<u32, Value>,
}

impl Stack {
    pub fn push(&mut self, value: Value) -> Outcome<()> {
        if self.values.len() >= DEEPEST_STACK {
            return Err(format!("its pickle piles up more than {DEEPEST_STACK} values"));
        }
        self.values.push(value);
        Ok(())
    }

    /// The height below which an instruction may not reach: the last open mark.
    fn floor(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    pub fn pop(&mut self) -> Outcome<Value> {
        let value = if self.values.len() > self.floor() { self.values.pop() } else { None };
        value.ok_or_else(too_few)
    }

    pub fn top(&self) -> Outcome<Value> {
        let value = if self.values.len() > self.floor() { self.values.last() } else { None };
        value.copied().ok_or_else(too_few)
    }

    /// The topmost `count` values.
    pub fn pop_several(&mut self, count: usize) -> Outcome<Vec<Value>> {
        let height = self.values.len().checked_sub(count).filter(|height| *height >= self.floor());
        Ok(self.values.split_off(height.ok_or_else(too_few)?))
    }

    pub fn mark(&mut self) -> Outcome<()> {
        if self.marks.len() >= DEEPEST_NESTING {
            return Err(format!("its pickle is nested more than {DEEPEST_NESTING} deep"));
        }
        self.marks.push(self.values.len());
        Ok(())
    }

    /// Everything above the last mark.
    pub fn pop_mark(&mut self) -> Outcome<Vec<Value>> {
        let height = self.marks.pop().ok_or_else(too_few)?;
        Ok(self.values.split_off(height))
    }

    /// Remembers the topmost value.
    pub fn put(&mut self, place: u32) -> Outcome<()> {
        let value = self.top()?;
        if self.memo.len() >= LARGEST_MEMO {
            return Err(format!("its pickle remembers more than {LARGEST_MEMO} values"));
        }
        self.memo.insert(place, value);
        Ok(())
    }

    /// Remembers the topmost value under the next number.
    pub fn put_next(&mut self) -> Outcome<()> {
        self.put(u32::try_from(self.memo.len()).unwrap_or(u32::MAX))
    }

    /// Pushes a remembered value.
    pub fn get(&mut self, place: u32) -> Outcome<()> {
        let value = self.memo.get(&place).copied();
        self.push(value.ok_or_else(|| format!("its pickle recalls value {place}, which it never kept"))?)
    }
}

fn too_few() -> String {
    "its pickle takes more values than it has: damaged".to_owned()
}
