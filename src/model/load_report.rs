//! The report on the entries of a network and of a file when one is held against the other.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use super::checkpoint::Shapes;
use crate::error::{Error, Result};

/// Most parts of names that a message counts.
const COUNTED: usize = 5;

/// The report on the entries of a network and of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LoadReport {
    /// In both, with one shape. A count of batches is one number, whatever its shape.
    pub loaded: Vec<String>,
    /// Counts of batches that the file lacks: they become 0, as in PyTorch. It kept none before 0.4.1, and no result depends on them.
    pub filled: Vec<String>,
    /// In the network only, with their shapes.
    pub missing: Vec<(String, Vec<i64>)>,
    /// In both, but with another shape: name, shape in the file, shape in the network. Not loaded.
    pub other_shape: Vec<(String, Vec<i64>, Vec<i64>)>,
    /// In the file only, with their shapes.
    pub left_over: Vec<(String, Vec<i64>)>,
}

impl LoadReport {
    /// Holds the entries `expected` by a network against those `found` in a file, all by name and shape. What fits is loaded, as
    /// the published `copy_state_dict` has it.
    pub fn of(expected: &[(String, Vec<i64>)], found: &Shapes) -> Self {
        let mut report = Self::default();
        for (name, shape) in expected {
            let is_count = is_count(name);
            match found.get(name) {
                Some(other) if other == shape => report.loaded.push(name.clone()),
                Some(other) if is_count && other.iter().all(|size| *size == 1) => {
                    report.loaded.push(name.clone());
                }
                Some(other) => report.other_shape.push((name.clone(), other.clone(), shape.clone())),
                None if is_count => report.filled.push(name.clone()),
                None => report.missing.push((name.clone(), shape.clone())),
            }
        }
        let known: BTreeSet<&str> = expected.iter().map(|(name, _)| name.as_str()).collect();
        let left_over = found.iter().filter(|(name, _)| !known.contains(name.as_str()));
        report.left_over = left_over.map(|(name, shape)| (name.clone(), shape.clone())).collect();
        report
    }

    /// Refuses entries that are missing or of another shape, unless their name begins with one of `allowed`.
    ///
    /// # Errors
    /// [`Error::File`] counts them, names one of each kind, and says what the file has that the network does not know.
    pub fn check(&self, allowed: &[String], path: &Path) -> Result<()> {
        let refused = |name: &&str| !allowed.iter().any(|prefix| name.starts_with(prefix.as_str()));
        let missing: Vec<&str> = names(&self.missing).filter(refused).collect();
        let misfits: Vec<_> =
            self.other_shape.iter().filter(|(name, _, _)| refused(&name.as_str())).collect();
        if missing.is_empty() && misfits.is_empty() {
            return Ok(());
        }
        let all = self.loaded.len() + self.filled.len() + self.missing.len() + self.other_shape.len();
        let mut reasons = Vec::new();
        if let Some(first) = missing.first() {
            reasons.push(format!("{} are missing ({}), such as {first}", missing.len(), parts(&missing)));
        }
        if let Some((name, found, expected)) = misfits.first() {
            let count = misfits.len();
            reasons.push(format!(
                "{count} of another shape, such as {name}, which has shape {found:?}, expected {expected:?}"
            ));
        }
        let left_over: Vec<&str> = names(&self.left_over).collect();
        if let Some(first) = left_over.first() {
            let parts = parts(&left_over);
            reasons.push(format!("the file has {} others ({parts}), such as {first}", left_over.len()));
        }
        let count = missing.len() + misfits.len();
        let reason =
            format!("{count} of the {all} entries of the network do not fit: {}", reasons.join("; "));
        Err(Error::file(path, reason))
    }

    /// `60 of 77 entries; 17 are not in the file (feat_bn: 5, classifier: 1)`: in a line, for a file that need not have all.
    pub fn line(&self) -> String {
        let all = self.loaded.len() + self.filled.len() + self.missing.len() + self.other_shape.len();
        let mut line = format!("{} of {all} entries", self.loaded.len());
        if !self.filled.is_empty() {
            line += &format!("; {} counts of batches are absent and begin at 0", self.filled.len());
        }
        let other = self.other_shape.iter().map(|(name, _, _)| name.as_str());
        let own: Vec<&str> = names(&self.missing).chain(other).collect();
        if !own.is_empty() {
            line += &format!("; {} stay as they are drawn ({})", own.len(), parts(&own));
        }
        let left_over: Vec<&str> = names(&self.left_over).collect();
        if !left_over.is_empty() {
            line += &format!("; {} of the file are not used ({})", left_over.len(), parts(&left_over));
        }
        line
    }
}

/// Whether a name is that of a batch norm's count of batches.
pub(super) fn is_count(name: &str) -> bool {
    name.ends_with(".num_batches_tracked")
}

fn names(entries: &[(String, Vec<i64>)]) -> impl Iterator<Item = &str> {
    entries.iter().map(|(name, _)| name.as_str())
}

/// How many names lie under each first part: what could be allowed.
fn parts(names: &[&str]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for name in names {
        *counts.entry(name.split('.').next().unwrap_or(name)).or_default() += 1;
    }
    let shown = counts.iter().take(COUNTED).map(|(part, count)| format!("{part}: {count}"));
    let more = if counts.len() > COUNTED { ", …" } else { "" };
    shown.collect::<Vec<_>>().join(", ") + more
}

/// A table of all that was not loaded, below the counts.
impl fmt::Display for LoadReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (loaded, missing) = (self.loaded.len(), self.missing.len());
        let (misfits, left_over) = (self.other_shape.len(), self.left_over.len());
        writeln!(f, "{loaded} loaded, {missing} missing, {misfits} of another shape, {left_over} left over")?;
        if missing + misfits + left_over + self.filled.len() == 0 {
            return Ok(());
        }
        writeln!(
            f,
            "\n| entry | not loaded because | in the file | in the network |\n| --- | --- | --- | --- |"
        )?;
        for name in &self.filled {
            writeln!(f, "| {name} | missing: begins at 0 | | [] |")?;
        }
        for (name, shape) in &self.missing {
            writeln!(f, "| {name} | missing | | {shape:?} |")?;
        }
        for (name, found, expected) in &self.other_shape {
            writeln!(f, "| {name} | another shape | {found:?} | {expected:?} |")?;
        }
        for (name, shape) in &self.left_over {
            writeln!(f, "| {name} | left over | {shape:?} | |")?;
        }
        Ok(())
    }
}
