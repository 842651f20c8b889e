//! Names of tensors.

use std::collections::BTreeMap;

/// Prefix that PyTorch's `DataParallel` puts before every name.
pub const PARALLEL: &str = "module.";

/// Takes `prefix` off the names that begin with it, the others stay.
///
/// # Errors
/// Two tensors come to the same name; the text says which.
pub fn strip_prefix<T>(tensors: BTreeMap<String, T>, prefix: &str) -> Result<BTreeMap<String, T>, String> {
    let stripped = |(name, tensor): (String, T)| match name.strip_prefix(prefix) {
        Some(rest) => (rest.to_owned(), tensor),
        None => (name, tensor),
    };
    unique(tensors.into_iter().map(stripped))
        .map_err(|name| format!("it holds {name} both with and without the prefix {prefix}"))
}

/// The pairs by name.
///
/// # Errors
/// The first name that comes twice.
pub fn unique<T>(pairs: impl Iterator<Item = (String, T)>) -> Result<BTreeMap<String, T>, String> {
    let mut named = BTreeMap::new();
    for (name, value) in pairs {
        if named.contains_key(&name) {
            return Err(name);
        }
        named.insert(name, value);
    }
    Ok(named)
}
