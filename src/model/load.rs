//! Loading a checkpoint into a network: which entries fit, which are missing, and what is left over.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use tch::{Kind, Tensor};

use super::checkpoint::{CheckpointFile, Shapes};
use super::network::Network;
use super::spec::{Embedding, Spec};
use super::weights::TensorSource;
use crate::error::{Error, Result};

/// What became of the entries of a network and of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LoadReport {
    /// In both, with one shape.
    pub loaded: Vec<String>,
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
            match found.get(name) {
                Some(other) if other == shape => report.loaded.push(name.clone()),
                Some(other) => report.other_shape.push((name.clone(), other.clone(), shape.clone())),
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
    /// Says how many are missing, and names the first.
    pub fn check(&self, allowed: &[String], path: &Path) -> Result<()> {
        let refused = |name: &&str| !allowed.iter().any(|prefix| name.starts_with(prefix.as_str()));
        let missing: Vec<&str> = self.missing.iter().map(|(name, _)| name.as_str()).filter(refused).collect();
        if let Some(first) = missing.first() {
            let parts = parts(&missing);
            let reason = format!("{} entries are missing ({parts}), such as {first}", missing.len());
            return Err(Error::file(path, reason));
        }
        let misfit = self.other_shape.iter().find(|(name, _, _)| refused(&name.as_str()));
        if let Some((name, found, expected)) = misfit {
            return Err(Error::file(path, format!("{name} has shape {found:?}, expected {expected:?}")));
        }
        Ok(())
    }
}

/// How many names lie under each first part: what could be allowed.
fn parts(names: &[&str]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for name in names {
        *counts.entry(name.split('.').next().unwrap_or(name)).or_default() += 1;
    }
    counts.iter().map(|(part, count)| format!("{part}: {count}")).collect::<Vec<_>>().join(", ")
}

/// A table of all that was not loaded, below the counts.
impl fmt::Display for LoadReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (loaded, missing) = (self.loaded.len(), self.missing.len());
        let (misfits, left_over) = (self.other_shape.len(), self.left_over.len());
        writeln!(f, "{loaded} loaded, {missing} missing, {misfits} of another shape, {left_over} left over")?;
        if missing + misfits + left_over == 0 {
            return Ok(());
        }
        writeln!(
            f,
            "\n| entry | not loaded because | in the file | in the network |\n| --- | --- | --- | --- |"
        )?;
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

/// The published form of torchvision's name of a ResNet's entry (`conv1`, `bn1`, `layer1` …, also those of the IBN release):
/// `base.0`, `base.1`, `base.3` …, where the stages begin depends on the stem. Other names stay.
pub fn published_name(name: &str, spec: &Spec) -> String {
    known_name(name, spec).unwrap_or_else(|| name.to_owned())
}

fn known_name(name: &str, spec: &Spec) -> Option<String> {
    let (first, rest) = name.split_once('.')?;
    let place = match first {
        "conv1" => 0,
        "bn1" => 1,
        _ => {
            let stage: usize = first.strip_prefix("layer")?.parse().ok()?;
            let stage = stage.checked_sub(1).filter(|stage| *stage < spec.stages.len())?;
            spec.first_stage() + stage
        }
    };
    Some(format!("base.{place}.{rest}"))
}

fn is_count(name: &str) -> bool {
    name.ends_with(".num_batches_tracked")
}

/// The entries of a file that a network takes: under published names, parameters in f32, counts in i64. They are read one at a time.
#[derive(Debug)]
pub struct Imported {
    file: CheckpointFile,
    /// What became of the entries.
    pub report: LoadReport,
}

impl Imported {
    /// Opens a checkpoint of any format and either naming ([`CheckpointFile::open`], [`published_name`]) and holds it against a network. The number of
    /// classes and the embedding are those of the file. Entries whose names begin with one of `allowed` may be missing or misfit.
    ///
    /// # Errors
    /// Those of [`CheckpointFile::open`] and [`LoadReport::check`].
    pub fn open(path: &Path, spec: &Spec, allowed: &[String]) -> Result<Self> {
        let file = Self::named(path, spec)?;
        let (fitted, classes) = fitted(spec, &file.shapes());
        Self::held_against(file, &Network::outline(&fitted, classes)?, allowed, path)
    }

    fn named(path: &Path, spec: &Spec) -> Result<CheckpointFile> {
        CheckpointFile::open(path)?.renamed(|name| Some(published_name(name, spec)))
    }

    /// A batch norm's count of batches that a file lacks is 0, as in PyTorch: before 0.4.1 it kept none, and no result depends on it.
    fn held_against(
        file: CheckpointFile,
        expected: &[(String, Vec<i64>)],
        allowed: &[String],
        path: &Path,
    ) -> Result<Self> {
        let mut found = file.shapes();
        for (name, _) in expected.iter().filter(|(name, _)| is_count(name)) {
            found.entry(name.clone()).or_default();
        }
        let report = LoadReport::of(expected, &found);
        report.check(allowed, path)?;
        Ok(Self { file, report })
    }

    /// An entry in the kind of the file.
    fn stored(&self, name: &str) -> Result<Tensor> {
        if is_count(name) && !self.file.has(name) { Ok(Tensor::from(0_i64)) } else { self.file.tensor(name) }
    }
}

fn kind_of(name: &str) -> Kind {
    if is_count(name) { Kind::Int64 } else { Kind::Float }
}

impl TensorSource for Imported {
    fn list(&self) -> Vec<(String, Kind, Vec<i64>)> {
        let shapes = self.file.shapes();
        let entry =
            |name: &String| (name.clone(), kind_of(name), shapes.get(name).cloned().unwrap_or_default());
        let mut list: Vec<_> = self.report.loaded.iter().map(entry).collect();
        list.sort_by(|one, other| one.0.cmp(&other.0));
        list
    }

    fn tensor(&self, name: &str) -> Result<Tensor> {
        Ok(self.stored(name)?.to_kind(kind_of(name)))
    }
}

impl Network {
    /// Loads a checkpoint of any format and either naming ([`CheckpointFile::open`], [`published_name`]). Entries whose names begin with
    /// one of `allowed` may be missing or misfit and then stay as they are.
    ///
    /// # Errors
    /// Those of [`CheckpointFile::open`] and [`LoadReport::check`]; the network is unchanged then.
    pub fn load_checkpoint(&mut self, path: &Path, allowed: &[String]) -> Result<LoadReport> {
        let shapes = |network: &Self| -> Vec<(String, Vec<i64>)> {
            network.entries().iter().map(|entry| (entry.name.clone(), entry.tensor.size())).collect()
        };
        let file = Imported::named(path, self.spec())?;
        let imported = Imported::held_against(file, &shapes(self), allowed, path)?;
        let names = imported.report.loaded.iter();
        let tensors: BTreeMap<&str, Tensor> =
            names.map(|name| Ok((name.as_str(), imported.stored(name)?))).collect::<Result<_>>()?;
        tch::no_grad(|| {
            for entry in self.entries() {
                if let Some(tensor) = tensors.get(entry.name.as_str()) {
                    entry.tensor.shallow_clone().copy_(tensor);
                }
            }
        });
        Ok(imported.report)
    }
}

/// `spec` with the embedding of the file, and the rows of its classifier; one row where it has none, so that its absence shows. A
/// matrix with other columns than the network's says nothing: a file never asks for a network larger than itself.
fn fitted(spec: &Spec, found: &Shapes) -> (Spec, usize) {
    let rows = |name: &str, columns: i64| match found.get(name)?[..] {
        [rows, found] if rows > 0 && found == columns => Some(rows),
        _ => None,
    };
    let embedding = rows("feat.weight", spec.pooled_features());
    let embedding = embedding.map(|features| Embedding { features, unit_length: false });
    let spec = Spec { embedding, ..spec.clone() };
    let classes = rows("classifier.weight", spec.features()).unwrap_or(1) as usize;
    (spec, classes)
}
