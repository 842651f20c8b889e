//! A network's state: arrays in the published order, under the published names, with their roles.

use std::collections::BTreeMap;

use crate::error::{InvalidInput, Result};

/// The role of an array of the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A parameter that the optimizer moves.
    Trained,
    /// A parameter that stays as it is: the neck's bias. The mean network averages it all the same (D23).
    Frozen,
    /// A buffer of a batch norm: running mean, running variance, count of batches.
    Buffer,
}

/// An array of the state.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Published state-dict name, such as `base.3.0.conv1.weight`.
    pub name: String,
    /// Sizes of the dimensions; empty for a count.
    pub shape: Vec<usize>,
    /// The values, row-major.
    pub values: Vec<f64>,
    /// Its role.
    pub role: Role,
}

/// Gradients of a loss by the name of the entry; trained entries only.
pub type Gradients = BTreeMap<String, Vec<f64>>;

/// All arrays of a network, in the published order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    entries: Vec<Entry>,
}

impl State {
    /// Appends an array of equal values.
    pub(crate) fn push(&mut self, name: String, shape: &[usize], value: f64, role: Role) {
        let values = vec![value; shape.iter().product()];
        self.entries.push(Entry { name, shape: shape.to_vec(), values, role });
    }

    /// All entries.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// All entries, to change values in place.
    pub(crate) fn entries_mut(&mut self) -> &mut [Entry] {
        &mut self.entries
    }

    /// The entry of that name.
    pub fn entry(&self, name: &str) -> Result<&Entry> {
        self.entries.iter().find(|entry| entry.name == name).ok_or_else(|| unknown(name))
    }

    /// Values of the entry of that name.
    pub fn values(&self, name: &str) -> Result<&[f64]> {
        Ok(&self.entry(name)?.values)
    }

    /// Values of the entry of that name, to change in place.
    pub(crate) fn values_mut(&mut self, name: &str) -> Result<&mut [f64]> {
        let entry = self.entries.iter_mut().find(|entry| entry.name == name);
        Ok(&mut entry.ok_or_else(|| unknown(name))?.values)
    }

    /// Replaces the values of the entry of that name; refuses an unknown name and another number of values.
    pub fn set(&mut self, name: &str, values: &[f64]) -> Result<()> {
        let own = self.values_mut(name)?;
        if own.len() != values.len() {
            return Err(InvalidInput::Shape {
                what: "values of a state entry",
                expected: format!("{} for {name}", own.len()),
                found: values.len().to_string(),
            });
        }
        own.copy_from_slice(values);
        Ok(())
    }

    /// Refuses a state of other names or shapes.
    pub fn check_same_layout(&self, other: &Self) -> Result<()> {
        let layout = |state: &Self| {
            state.entries.iter().map(|entry| (entry.name.clone(), entry.shape.clone())).collect::<Vec<_>>()
        };
        let (own, others) = (layout(self), layout(other));
        if own == others {
            return Ok(());
        }
        let at = (0..own.len().min(others.len())).find(|&at| own[at] != others[at]);
        let text = |layout: &[(String, Vec<usize>)]| match at {
            Some(at) => format!("{:?}", layout[at]),
            None => format!("{} entries", layout.len()),
        };
        Err(InvalidInput::Shape {
            what: "the other network's state",
            expected: text(&own),
            found: text(&others),
        })
    }
}

fn unknown(name: &str) -> InvalidInput {
    InvalidInput::Shape {
        what: "the state",
        expected: format!("with an entry {name}"),
        found: "without".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(names: &[&str]) -> State {
        let mut state = State::default();
        names.iter().for_each(|name| state.push((*name).to_owned(), &[2, 3], 0.5, Role::Trained));
        state
    }

    #[test]
    fn entries_are_found_and_set_by_name() {
        let mut state = state(&["a", "b"]);
        state.set("b", &[1.0; 6]).unwrap();
        assert_eq!((state.values("a").unwrap(), state.values("b").unwrap()), (&[0.5; 6][..], &[1.0; 6][..]));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let mut own = state(&["a", "b"]);
        assert!(matches!(own.values("c"), Err(InvalidInput::Shape { .. })));
        assert!(matches!(own.set("a", &[1.0]), Err(InvalidInput::Shape { .. })));
        assert!(own.check_same_layout(&own).is_ok());
        assert!(own.check_same_layout(&state(&["a", "c"])).is_err());
        assert!(own.check_same_layout(&state(&["a"])).is_err());
    }
}
