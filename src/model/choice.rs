//! Which network of a file is meant, where it holds several.

use std::collections::BTreeSet;
use std::path::Path;

use super::checkpoint::CheckpointFile;
use super::naming::published_name;
use super::spec::Spec;
use crate::error::{Error, Result};

/// The first tensor of every network under published names.
const FIRST: &str = "base.0.weight";
/// The same under torchvision's, which blocks have as well, and a tensor of the first block.
const FOREIGN_FIRST: [&str; 2] = ["conv1.weight", "layer1.0.conv1.weight"];
/// Prefixes that a message lists.
const LISTED: usize = 8;

/// Which network of a file is meant; by default the only one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choice {
    /// Where its state dict stands in a PyTorch file: keys with dots between.
    pub key: Option<String>,
    /// The prefix of its names, such as `mean-1`, with or without the last dot.
    pub prefix: Option<String>,
}

impl Choice {
    /// The network under `prefix`.
    pub fn prefix(prefix: &str) -> Self {
        Self { key: None, prefix: Some(prefix.to_owned()) }
    }
}

/// The tensors of one network.
#[derive(Debug)]
pub(super) struct Chosen {
    /// Their names are without the prefix.
    pub file: CheckpointFile,
    /// The prefix that stood before them.
    pub prefix: String,
    /// Tensors beside the only network of the file, under the names of the file, with their shapes.
    pub outside: Vec<(String, Vec<i64>)>,
}

impl Chosen {
    /// Under published names.
    pub fn renamed(self, spec: &Spec) -> Result<Self> {
        let file = self.file.renamed(|name| Some(published_name(name, spec)))?;
        Ok(Self { file, ..self })
    }
}

impl CheckpointFile {
    /// The prefixes under which the file has networks, such as `mean-1.`; the empty one where names have none.
    pub fn networks(&self) -> Vec<String> {
        let names: Vec<String> = self.shapes().into_keys().collect();
        let is_prefix = |start: &str| start.is_empty() || start.ends_with('.');
        let starts = names.iter().filter_map(|name| {
            let [conv, block] = FOREIGN_FIRST;
            let foreign = || name.strip_suffix(conv).filter(|start| self.has(&format!("{start}{block}")));
            name.strip_suffix(FIRST).or_else(foreign).filter(|start| is_prefix(start))
        });
        let unique: BTreeSet<&str> = starts.collect();
        unique.into_iter().map(str::to_owned).collect()
    }

    /// Opens what `choice` says ([`CheckpointFile::open_at`]): all tensors under its prefix, without that prefix; without one, all tensors
    /// as they are.
    ///
    /// # Errors
    /// Those of [`CheckpointFile::open_at`]; [`Error::Usage`] where no name has that prefix, with those that are there.
    pub fn open_part(path: &Path, choice: &Choice) -> Result<Self> {
        let file = Self::open_at(path, choice.key.as_deref())?;
        let Some(wanted) = wanted(choice) else { return Ok(file) };
        if let Some(key) = file.as_key(wanted, choice) {
            return Self::open_at(path, Some(&key));
        }
        let prefix = file.prefix(wanted)?;
        file.renamed(|name| name.strip_prefix(&prefix).map(str::to_owned))
    }

    /// Opens the network that `choice` says; without a prefix, the only one of the file. A file without a known network comes as it is.
    ///
    /// # Errors
    /// Those of [`CheckpointFile::open_part`]; [`Error::Usage`] where there are several networks and none was chosen.
    pub(super) fn open_network(path: &Path, choice: &Choice) -> Result<Chosen> {
        let mut file = Self::open_at(path, choice.key.as_deref())?;
        let mut wanted = wanted(choice);
        if let Some(key) = wanted.and_then(|wanted| file.as_key(wanted, choice)) {
            file = Self::open_at(path, Some(&key))?;
            wanted = None;
        }
        let networks = file.networks();
        let prefix = match (wanted, networks.as_slice()) {
            (Some(wanted), _) => file.prefix(wanted)?,
            (None, []) => String::new(),
            (None, [only]) => only.clone(),
            (None, several) => {
                let list = list(several);
                let path = path.display();
                return Err(Error::Usage(format!(
                    "{path} holds several networks; choose one by its prefix: {list}"
                )));
            }
        };
        let beside = |name: &str| networks.len() < 2 && !name.starts_with(&prefix);
        let outside = file.shapes().into_iter().filter(|(name, _)| beside(name)).collect();
        let file = file.renamed(|name| name.strip_prefix(&prefix).map(str::to_owned))?;
        Ok(Chosen { file, prefix, outside })
    }

    /// The key that a prefix was meant for: that of a state dict whose tensors are not under it already.
    fn as_key(&self, wanted: &str, choice: &Choice) -> Option<String> {
        let start = format!("{wanted}.");
        let is_prefix = self.shapes().keys().any(|name| name.starts_with(&start));
        let key = self.keys().iter().find(|(key, _)| key == wanted);
        key.filter(|_| choice.key.is_none() && !is_prefix).map(|(key, _)| key.clone())
    }

    /// The whole prefix of the names that begin with `wanted`.
    fn prefix(&self, wanted: &str) -> Result<String> {
        let networks = self.networks();
        let parallel = format!("{wanted}.module");
        let is_wanted = |prefix: &&String| {
            let prefix = prefix.strip_suffix('.').unwrap_or(prefix);
            prefix == wanted || prefix == parallel
        };
        if let Some(found) = networks.iter().find(is_wanted) {
            return Ok(found.clone());
        }
        let start = format!("{wanted}.");
        if self.shapes().keys().any(|name| name.starts_with(&start)) {
            return Ok(start);
        }
        let path = self.path().display();
        Err(Error::Usage(match networks.as_slice() {
            [] => format!("{path}: no tensor's name begins with `{start}`"),
            [only] if only.is_empty() => {
                format!(
                    "{path}: no network under the prefix `{wanted}`: its network has no prefix, leave it out"
                )
            }
            several => format!("{path}: no network under the prefix `{wanted}`; there are {}", list(several)),
        }))
    }
}

/// The prefix of a choice, if it has one, without its last dot.
fn wanted(choice: &Choice) -> Option<&str> {
    let prefix = choice.prefix.as_deref()?;
    Some(prefix.strip_suffix('.').unwrap_or(prefix)).filter(|prefix| !prefix.is_empty())
}

fn list(prefixes: &[String]) -> String {
    let shown = prefixes.iter().take(LISTED).map(|prefix| format!("`{prefix}`")).collect::<Vec<_>>();
    let more = if prefixes.len() > LISTED { ", …" } else { "" };
    shown.join(", ") + more
}
