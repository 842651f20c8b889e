//! The content of a checkpoint's pickled object: its state dicts, found by their shape wherever they stand, and what is beside them.

use std::collections::BTreeSet;

use super::outcome::Outcome;
use super::value::{Heap, Id, Value};

/// Longest name of a tensor.
const LONGEST_NAME: usize = 256;
/// How deep containers are looked into.
const DEEPEST: usize = 8;
/// Most containers that are looked into.
const MOST_LOOKED_AT: usize = 4096;
/// Longest list that is looked into.
const LONGEST_LIST: usize = 64;
/// A state dict with less than this part of the tensors of the largest is no network of its own.
const SMALLEST_PART: usize = 4;
/// Most things beside that are remembered.
const MOST_BESIDE: usize = 64;

/// A state dict.
#[derive(Debug)]
pub struct State {
    /// Where it stands: keys on the way, with dots between; empty for the object itself.
    pub key: String,
    /// Places of the tensors by name, in the file's order.
    pub tensors: Vec<(String, Id)>,
}

/// The content of a checkpoint.
#[derive(Debug)]
pub struct Root {
    /// Its networks: the state dict with the most tensors, and those not much smaller.
    pub networks: Vec<State>,
    /// Other dictionaries with tensors.
    pub others: Vec<State>,
    /// The entries beside the tensors: key and description.
    pub beside: Vec<(String, String)>,
    /// Published `epoch`.
    pub epoch: Option<i64>,
    /// Published `best_mAP`.
    pub best_map: Option<f64>,
}

impl Root {
    /// Finds the state dicts in `root`: dictionaries whose values are mostly tensors, or, where there are none, all that hold one.
    pub fn of(heap: &Heap, root: Value) -> Outcome<Self> {
        let (mut states, beside) = Search::of(heap, root).run()?;
        if states.iter().any(|(_, mostly)| *mostly) {
            states.retain(|(_, mostly)| *mostly);
        }
        let states: Vec<State> = states.into_iter().map(|(state, _)| state).collect();
        let Some(most) = states.iter().map(|state| state.tensors.len()).max() else {
            return Err(without_tensors(heap, root, &beside));
        };
        let is_network = |state: &State| state.tensors.len() * SMALLEST_PART >= most;
        let (networks, others) = states.into_iter().partition(is_network);
        let epoch = match heap.get(root, "epoch") {
            Some(Value::Int(epoch)) => Some(epoch),
            _ => None,
        };
        let best_map = match heap.get(root, "best_mAP") {
            Some(Value::Float(value)) => Some(value),
            Some(Value::Int(value)) => Some(value as f64),
            _ => None,
        };
        Ok(Self { networks, others, beside, epoch, best_map })
    }
}

/// A walk over the containers of a pickle, each once: they may hold each other.
struct Search<'a> {
    heap: &'a Heap,
    left: Vec<(String, Value, usize)>,
    seen: BTreeSet<(bool, Id)>,
    /// Dictionaries with tensors, and whether tensors are most of their values.
    states: Vec<(State, bool)>,
    beside: Vec<(String, String)>,
}

/// State dicts, each with whether it is whole, and what stands beside them by key.
type Found = (Vec<(State, bool)>, Vec<(String, String)>);

impl<'a> Search<'a> {
    fn of(heap: &'a Heap, root: Value) -> Self {
        let left = vec![(String::new(), root, 0)];
        Self { heap, left, seen: BTreeSet::new(), states: Vec::new(), beside: Vec::new() }
    }

    fn run(mut self) -> Outcome<Found> {
        while let Some((key, value, depth)) = self.left.pop() {
            let place = match value {
                Value::Dict(id) => (true, id),
                Value::Items(id) => (false, id),
                _ => continue,
            };
            if self.seen.len() >= MOST_LOOKED_AT || !self.seen.insert(place) {
                continue;
            }
            match value {
                Value::Dict(id) => self.look_into(key, id, depth)?,
                _ => self.list(&key, value, depth),
            }
        }
        // In the order of the file.
        self.states.reverse();
        Ok((self.states, self.beside))
    }

    fn list(&mut self, key: &str, value: Value, depth: usize) {
        let items = self.heap.items(value).filter(|items| items.len() <= LONGEST_LIST).unwrap_or_default();
        for (at, item) in items.iter().enumerate() {
            self.visit(join(key, &at.to_string()), *item, depth);
        }
    }

    fn visit(&mut self, key: String, value: Value, depth: usize) {
        if depth < DEEPEST && matches!(value, Value::Dict(_) | Value::Items(_)) {
            self.left.push((key, value, depth + 1));
        }
    }

    fn look_into(&mut self, key: String, id: Id, depth: usize) -> Outcome<()> {
        let pairs = self.heap.dict(id);
        let tensors = pairs.iter().filter(|(_, value)| matches!(value, Value::Tensor(_))).count();
        // An optimizer numbers its tensors.
        let named = pairs.iter().all(|(name, _)| self.heap.text(*name).is_some());
        if named && (tensors > 0 || (pairs.is_empty() && is_state_dict(&key))) {
            let mostly = 2 * tensors > pairs.len() || pairs.is_empty();
            let tensors = self.tensors(id, mostly)?;
            self.states.push((State { key: key.clone(), tensors }, mostly));
        }
        for (name, value) in pairs {
            let Some(name) = self.heap.text(*name).filter(|name| is_plain(name)) else { continue };
            let path = join(&key, name);
            if self.heap.readable_tensor(*value).is_none()
                && (depth == 0 || tensors > 0)
                && self.beside.len() < MOST_BESIDE
            {
                self.beside.push((path.clone(), self.heap.describe(*value)));
            }
            self.visit(path, *value, depth);
        }
        Ok(())
    }

    /// The tensors of a dictionary; in one that is mostly tensors, each name must be fit for a table.
    fn tensors(&self, id: Id, mostly: bool) -> Outcome<Vec<(String, Id)>> {
        let mut tensors = Vec::new();
        for (name, value) in self.heap.dict(id) {
            let Some(tensor) = self.heap.readable_tensor(*value) else { continue };
            match self.heap.text(*name).filter(|name| is_plain(name)) {
                Some(name) => tensors.push((name.to_owned(), tensor)),
                None if mostly => {
                    return Err(format!(
                        "a tensor's name is longer than {LONGEST_NAME} bytes or not plain text"
                    ));
                }
                None => {}
            }
        }
        Ok(tensors)
    }
}

/// An empty one counts only where a state dict belongs.
fn is_state_dict(key: &str) -> bool {
    key.is_empty() || key == "state_dict"
}

fn is_plain(name: &str) -> bool {
    name.len() <= LONGEST_NAME && !name.chars().any(char::is_control)
}

fn join(key: &str, name: &str) -> String {
    if key.is_empty() { name.to_owned() } else { format!("{key}.{name}") }
}

/// The message for an object in which no tensor was found.
fn without_tensors(heap: &Heap, root: Value, beside: &[(String, String)]) -> String {
    let way_out = "torch.save(model.state_dict(), FILE) writes one";
    match root {
        Value::Dict(_) => {
            let shown = beside.iter().take(5).map(|(key, what)| format!("`{key}` is {what}"));
            let shown = shown.collect::<Vec<_>>().join(", ");
            let more = if beside.len() > 5 { ", …" } else { "" };
            format!(
                "no state dict: it holds no tensor that can be read ({shown}{more}); nothing of it was run; {way_out}"
            )
        }
        _ => {
            format!("it holds {}, no state dict; nothing of it was run; {way_out}", heap.describe(root))
        }
    }
}
