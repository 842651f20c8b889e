//! Loading a checkpoint into a network: which entries fit, which are missing, and what is left over.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use tch::{Device, Kind, Tensor};

use super::checkpoint::read_any;
use super::network::Network;
use super::spec::{Embedding, Spec};
use super::weights::Named;
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
    pub fn of(expected: &[(String, Vec<i64>)], found: &Named) -> Self {
        let mut report = Self::default();
        for (name, shape) in expected {
            match found.get(name).map(Tensor::size) {
                Some(other) if other == *shape => report.loaded.push(name.clone()),
                Some(other) => report.other_shape.push((name.clone(), other, shape.clone())),
                None => report.missing.push((name.clone(), shape.clone())),
            }
        }
        let known: BTreeSet<&str> = expected.iter().map(|(name, _)| name.as_str()).collect();
        let left_over = found.iter().filter(|(name, _)| !known.contains(name.as_str()));
        report.left_over = left_over.map(|(name, tensor)| (name.clone(), tensor.size())).collect();
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

/// Gives torchvision's names of a ResNet (`conv1`, `bn1`, `layer1` …, also those of the IBN release) their published form:
/// `base.0`, `base.1`, `base.3` …, where the stages begin depends on the stem. Other names stay.
///
/// # Errors
/// Two tensors come to the same name.
pub fn published_names(tensors: Named, spec: &Spec, path: &Path) -> Result<Named> {
    let mut renamed = Named::new();
    for (name, tensor) in tensors {
        let name = published_name(&name, spec).unwrap_or(name);
        if renamed.contains_key(&name) {
            return Err(Error::file(path, format!("two of its tensors are called {name}")));
        }
        renamed.insert(name, tensor);
    }
    Ok(renamed)
}

fn published_name(name: &str, spec: &Spec) -> Option<String> {
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

/// Gives a batch norm's count of batches that a file lacks the value 0, as PyTorch does: before 0.4.1 it kept none, and no result
/// depends on it.
fn add_counts(tensors: &mut Named, expected: &[(String, Vec<i64>)]) {
    for (name, _) in expected.iter().filter(|(name, _)| is_count(name)) {
        tensors.entry(name.clone()).or_insert_with(|| Tensor::from(0_i64));
    }
}

fn is_count(name: &str) -> bool {
    name.ends_with(".num_batches_tracked")
}

impl Network {
    /// Loads a checkpoint of any format and either naming ([`read_any`], [`published_names`]). Entries whose names begin with one
    /// of `allowed` may be missing or misfit and then stay as they are.
    ///
    /// # Errors
    /// Those of [`read_any`] and [`LoadReport::check`]; the network is unchanged then.
    pub fn load_checkpoint(&mut self, path: &Path, allowed: &[String]) -> Result<LoadReport> {
        let expected = shapes(self);
        let mut tensors = published_names(read_any(path)?, self.spec(), path)?;
        add_counts(&mut tensors, &expected);
        let report = LoadReport::of(&expected, &tensors);
        report.check(allowed, path)?;
        tch::no_grad(|| {
            for entry in self.entries().iter().filter(|entry| report.loaded.contains(&entry.name)) {
                entry.tensor.shallow_clone().copy_(&tensors[&entry.name]);
            }
        });
        Ok(report)
    }
}

/// The tensors of a checkpoint as a network of `spec` takes them: published names, parameters in f32, counts in i64. The number
/// of classes and the embedding are those of the file.
///
/// # Errors
/// Those of [`Network::load_checkpoint`].
pub fn import(path: &Path, spec: &Spec, allowed: &[String]) -> Result<(Named, LoadReport)> {
    // The file is read twice, so that its tensors and a network's never lie in memory together.
    let read = || published_names(read_any(path)?, spec, path);
    let (fitted, classes) = fitted(spec, &read()?);
    let expected = shapes(&placeholder(&fitted, classes)?);
    let mut tensors = read()?;
    add_counts(&mut tensors, &expected);
    let report = LoadReport::of(&expected, &tensors);
    report.check(allowed, path)?;
    let mut imported = Named::new();
    for name in &report.loaded {
        if let Some(tensor) = tensors.remove(name) {
            let kind = if is_count(name) { Kind::Int64 } else { Kind::Float };
            imported.insert(name.clone(), tensor.to_kind(kind));
        }
    }
    Ok((imported, report))
}

/// `spec` with the embedding of the file, and the rows of its classifier; one row where it has none, so that its absence shows. A
/// matrix with other columns than the network's says nothing: a file never asks for a network larger than itself.
fn fitted(spec: &Spec, tensors: &Named) -> (Spec, usize) {
    let rows = |name: &str, columns: i64| match tensors.get(name)?.size()[..] {
        [rows, found] if rows > 0 && found == columns => Some(rows),
        _ => None,
    };
    let embedding = rows("feat.weight", spec.pooled_features());
    let embedding = embedding.map(|features| Embedding { features, unit_length: false });
    let spec = Spec { embedding, ..spec.clone() };
    let classes = rows("classifier.weight", spec.features()).unwrap_or(1) as usize;
    (spec, classes)
}

fn placeholder(spec: &Spec, classes: usize) -> Result<Network> {
    let mut rng = crate::random::stream(0, "model/placeholder", 0, 0);
    Network::new(spec, classes, &mut rng, (Kind::Float, Device::Cpu))
}

fn shapes(network: &Network) -> Vec<(String, Vec<i64>)> {
    network.entries().iter().map(|entry| (entry.name.clone(), entry.tensor.size())).collect()
}
