//! TOML files in layers: embedded or a user's own, `base = "…"` takes everything from another file and changes what it names.

use std::path::Path;

use toml::{Table, Value};

use crate::error::{Error, Result};

/// How long a chain of `base` may be; more is a circle.
const DEEPEST_BASE: usize = 8;

/// Files of one kind that come with the program.
pub(super) struct Library {
    /// Their name in messages.
    pub kind: &'static str,
    /// Keys that hold the path of a file, which a user's own file may give relative to itself.
    pub paths: &'static [&'static str],
    /// (name, text) of each.
    pub embedded: &'static [(&'static str, &'static str)],
}

impl Library {
    /// Names of the embedded files.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.embedded.iter().map(|(name, _)| *name)
    }

    /// The table called `name`, or that of the file of this path, over those of its bases; and where it came from, for messages.
    ///
    /// # Errors
    /// Neither exists, or it is no TOML.
    pub fn read(&self, name: &str) -> Result<(Table, String)> {
        self.read_at(name, 0)
    }

    fn read_at(&self, name: &str, depth: usize) -> Result<(Table, String)> {
        if depth > DEEPEST_BASE {
            return Err(Error::Usage(format!("{} {name}: `base` goes round in a circle", self.kind)));
        }
        let embedded = self.embedded.iter().find(|(embedded, _)| *embedded == name);
        let (text, origin) = match embedded {
            Some((name, text)) => ((*text).to_owned(), format!("{} {name}", self.kind)),
            None => (self.read_own(name)?, name.to_owned()),
        };
        let mut table: Table = text.parse().map_err(|error| usage(&origin, &error))?;
        if embedded.is_none() {
            self.resolve_paths(&mut table, Path::new(name));
        }
        let Some(base) = table.remove("base") else { return Ok((table, origin)) };
        let base = base.as_str().ok_or_else(|| Error::Usage(format!("{origin}: base must be a text")))?;
        let (mut below, _) = self.read_at(base, depth + 1)?;
        merge(&mut below, table);
        Ok((below, origin))
    }

    /// Makes the paths of a user's own `file` independent of where it lies.
    fn resolve_paths(&self, table: &mut Table, file: &Path) {
        let folder = file.parent().unwrap_or(Path::new(""));
        for key in self.paths {
            if let Some(Value::String(path)) = table.get_mut(*key) {
                *path = folder.join(&*path).to_string_lossy().into_owned();
            }
        }
    }

    fn read_own(&self, name: &str) -> Result<String> {
        if !Path::new(name).exists() {
            let names: Vec<&str> = self.names().chain(["or the path of a TOML file"]).collect();
            return Err(Error::unknown(self.kind, name, &names));
        }
        std::fs::read_to_string(name).map_err(|error| Error::Usage(format!("cannot read {name}: {error}")))
    }
}

/// Lays `over` on `below`: tables key by key, everything else replaced. A table of another `kind` replaces the old one.
pub(super) fn merge(below: &mut Table, over: Table) {
    for (key, value) in over {
        match (below.get_mut(&key), value) {
            (Some(Value::Table(old)), Value::Table(new)) if !other_kind(old, &new) => merge(old, new),
            (_, value) => {
                below.insert(key, value);
            }
        }
    }
}

fn other_kind(old: &Table, new: &Table) -> bool {
    new.get("kind").is_some_and(|kind| old.get("kind") != Some(kind))
}

/// A TOML error as a usage error on one line.
pub(super) fn usage(origin: &str, error: &toml::de::Error) -> Error {
    let text = error.to_string();
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    Error::Usage(format!("{origin}: {}", lines.join(" ")))
}
