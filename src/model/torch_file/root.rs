//! What the pickled object of a checkpoint says: a state dict, or one with an epoch and a score around it.

use super::Outcome;
use super::value::{Heap, Id, Value};

/// Longest name of a tensor.
const LONGEST_NAME: usize = 256;

/// The content of a checkpoint.
pub struct Root {
    /// Places of the tensors by name, in the file's order.
    pub tensors: Vec<(String, Id)>,
    /// Published `epoch`.
    pub epoch: Option<i64>,
    /// Published `best_mAP`.
    pub best_map: Option<f64>,
}

impl Root {
    /// Reads `{name: tensor, …}` or `{'state_dict': {name: tensor, …}, 'epoch': …, 'best_mAP': …, …}`.
    pub fn of(heap: &Heap, root: Value) -> Outcome<Self> {
        let Value::Dict(_) = root else {
            return Err(format!("it holds {}, no state dict", root.describe()));
        };
        let Some(inner) = heap.get(root, "state_dict") else {
            return Ok(Self { tensors: tensors(heap, root)?, epoch: None, best_map: None });
        };
        let epoch = match heap.get(root, "epoch") {
            Some(Value::Int(epoch)) => Some(epoch),
            _ => None,
        };
        let best_map = match heap.get(root, "best_mAP") {
            Some(Value::Float(value)) => Some(value),
            Some(Value::Int(value)) => Some(value as f64),
            _ => None,
        };
        Ok(Self { tensors: tensors(heap, inner)?, epoch, best_map })
    }
}

/// The tensors of a state dict.
fn tensors(heap: &Heap, dict: Value) -> Outcome<Vec<(String, Id)>> {
    let Value::Dict(id) = dict else {
        return Err(format!("its state_dict is {}", dict.describe()));
    };
    let mut tensors = Vec::new();
    for (name, value) in heap.dict(id) {
        let name =
            heap.text(*name).ok_or_else(|| format!("a tensor is named by {}, no string", name.describe()))?;
        if name.len() > LONGEST_NAME || name.chars().any(char::is_control) {
            return Err(format!("a tensor's name is longer than {LONGEST_NAME} bytes or not plain text"));
        }
        let Value::Tensor(id) = value else {
            let found = value.describe();
            return Err(format!(
                "`{name}` is {found}, no tensor: neither a state dict nor one under `state_dict`"
            ));
        };
        tensors.push((name.to_owned(), *id));
    }
    Ok(tensors)
}
