//! Tensors by name.

use std::collections::BTreeMap;

use tch::{Kind, Tensor};

use crate::error::{Error, Result};

/// Named tensors, ordered by name.
pub type Named = BTreeMap<String, Tensor>;

/// Named tensors that are handed out one at a time: in memory, or where they lie in a file.
pub trait TensorSource {
    /// Name, kind and shape of each, ordered by name.
    fn list(&self) -> Vec<(String, Kind, Vec<i64>)>;

    /// One of them, contiguous or not, on any device.
    ///
    /// # Errors
    /// There is none of that name, or it cannot be read.
    fn tensor(&self, name: &str) -> Result<Tensor>;
}

impl TensorSource for Named {
    fn list(&self) -> Vec<(String, Kind, Vec<i64>)> {
        self.iter().map(|(name, tensor)| (name.clone(), tensor.kind(), tensor.size())).collect()
    }

    fn tensor(&self, name: &str) -> Result<Tensor> {
        let found = self.get(name).map(Tensor::shallow_clone);
        found.ok_or_else(|| Error::Training(format!("there is no tensor {name}")))
    }
}
