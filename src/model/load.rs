//! Loading a checkpoint into a network: one way in, whoever asks.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use tch::{Kind, Tensor};

use super::backbone::Backbone;
use super::checkpoint::{CheckpointFile, Shapes};
use super::choice::{Choice, Chosen};
use super::load_report::{LoadReport, is_count};
use super::named::TensorSource;
use super::network::Network;
use super::spec::{Embedding, Spec};
use crate::error::{Error, Result};

/// The entries of a file that a network takes: under published names, parameters in f32, counts in i64. They are read one at a time.
#[derive(Debug)]
pub struct Imported {
    file: CheckpointFile,
    /// The report on the entries.
    pub report: LoadReport,
    /// The prefix of the network's names in the file, such as `mean-1.`.
    pub prefix: String,
}

impl Imported {
    /// Opens the chosen network of a checkpoint of any format and either naming (`CheckpointFile::open_network`,
    /// [`published_name`](super::published_name)) and holds it against a network. The number of classes and the embedding are those
    /// of the file. Entries whose names begin with one of `allowed` may be missing or misfit.
    ///
    /// # Errors
    /// Those of `CheckpointFile::open_network` and [`LoadReport::check`].
    pub fn open(path: &Path, choice: &Choice, spec: &Spec, allowed: &[String]) -> Result<Self> {
        let chosen = named(path, choice, spec)?;
        let (fitted, classes) = fitted(spec, &chosen.file.shapes());
        Self::held_against(chosen, &Network::outline(&fitted, classes)?, allowed)
    }

    /// The same for a network that is as `spec` says, without a classifier.
    ///
    /// # Errors
    /// Those of [`Imported::open`].
    pub fn open_as(path: &Path, choice: &Choice, spec: &Spec, allowed: &[String]) -> Result<Self> {
        Self::held_against(named(path, choice, spec)?, &Network::outline(spec, 0)?, allowed)
    }

    /// The same for a network whose backbone is told by the tensors, unless it is given; without its classifier, whose rows are
    /// counted.
    ///
    /// # Errors
    /// Those of [`Imported::open`]; a backbone that cannot be told.
    pub fn recognised(
        path: &Path,
        choice: &Choice,
        backbone: Option<Backbone>,
    ) -> Result<(Self, Backbone, Spec, usize)> {
        let chosen = CheckpointFile::open_network(path, choice)?;
        let shapes = chosen.file.shapes();
        let backbone = backbone.or_else(|| Backbone::recognise(&shapes));
        let backbone = backbone.ok_or_else(|| Error::file(path, unknown(&shapes, &chosen.prefix)))?;
        let chosen = chosen.renamed(&backbone.spec())?;
        let (spec, classes) = fitted(&backbone.spec(), &chosen.file.shapes());
        let classes = if chosen.file.has("classifier.weight") { classes } else { 0 };
        let imported = Self::held_against(chosen, &Network::outline(&spec, 0)?, &[])?;
        Ok((imported, backbone, spec, classes))
    }

    fn held_against(chosen: Chosen, expected: &[(String, Vec<i64>)], allowed: &[String]) -> Result<Self> {
        let Chosen { file, prefix, outside } = chosen;
        let mut report = LoadReport::of(expected, &file.shapes());
        report.left_over.extend(outside);
        report.check(allowed, file.path()).map_err(|error| under(error, &prefix))?;
        Ok(Self { file, report, prefix })
    }

    /// Reads every entry once, so that what is wrong with one shows before it is needed.
    ///
    /// # Errors
    /// Those of [`TensorSource::tensor`].
    pub fn verify(&self) -> Result<()> {
        self.report.loaded.iter().try_for_each(|name| self.tensor(name).map(drop))
    }

    /// Copies the entries into `network`, which must be as the one that they were held against.
    ///
    /// # Errors
    /// An entry cannot be read, or holds NaN or infinite values; the network is unchanged then.
    pub fn load_into(&self, network: &mut Network) -> Result<()> {
        let names = self.report.loaded.iter().chain(&self.report.filled);
        let tensors: BTreeMap<&str, Tensor> =
            names.map(|name| Ok((name.as_str(), self.tensor(name)?))).collect::<Result<_>>()?;
        tch::no_grad(|| {
            for entry in network.entries() {
                if let Some(tensor) = tensors.get(entry.name.as_str()) {
                    entry.tensor.shallow_clone().copy_(tensor);
                }
            }
        });
        Ok(())
    }
}

fn named(path: &Path, choice: &Choice, spec: &Spec) -> Result<Chosen> {
    CheckpointFile::open_network(path, choice)?.renamed(spec)
}

/// Says under which prefix the network was looked for.
fn under(error: Error, prefix: &str) -> Error {
    match error {
        Error::File { path, reason } if !prefix.is_empty() => {
            Error::File { path, reason: format!("under the prefix `{prefix}`, {reason}") }
        }
        other => other,
    }
}

/// The message for a file whose tensors are those of no known backbone.
fn unknown(shapes: &Shapes, prefix: &str) -> String {
    let known = Backbone::ALL.map(|backbone| backbone.to_string()).join(", ");
    if shapes.contains_key("base.0.weight") || shapes.contains_key("conv1.weight") {
        return format!("the network `{prefix}` is none of {known}");
    }
    let firsts: BTreeSet<&str> = shapes.keys().filter_map(|name| name.split('.').next()).collect();
    let shown = firsts.iter().take(5).map(|first| format!("`{first}`")).collect::<Vec<_>>().join(", ");
    format!(
        "no network: none of its {} tensors is called base.0.weight or conv1.weight; their names begin with {shown}",
        shapes.len()
    )
}

fn kind_of(name: &str) -> Kind {
    if is_count(name) { Kind::Int64 } else { Kind::Float }
}

impl TensorSource for Imported {
    fn list(&self) -> Vec<(String, Kind, Vec<i64>)> {
        let shapes = self.file.shapes();
        let entry = |name: &String| {
            let shape = if is_count(name) { None } else { shapes.get(name) };
            (name.clone(), kind_of(name), shape.cloned().unwrap_or_default())
        };
        let mut list: Vec<_> = self.report.loaded.iter().chain(&self.report.filled).map(entry).collect();
        list.sort_by(|one, other| one.0.cmp(&other.0));
        list
    }

    /// # Errors
    /// Besides those of the file: a parameter that holds NaN or infinite values, which no network can compute with.
    fn tensor(&self, name: &str) -> Result<Tensor> {
        if is_count(name) {
            let absent = !self.file.has(name);
            let count = if absent { Tensor::from(0_i64) } else { self.file.tensor(name)? };
            return Ok(count.to_kind(Kind::Int64).reshape([0_i64; 0]));
        }
        let tensor = self.file.tensor(name)?.to_kind(Kind::Float);
        match not_finite(&tensor) {
            0 => Ok(tensor),
            count => {
                let (all, prefix) = (tensor.numel(), &self.prefix);
                Err(Error::file(
                    self.file.path(),
                    format!(
                        "{prefix}{name} holds NaN or infinite values ({count} of {all}): the network is broken, as one \
                         whose training diverged; give an earlier checkpoint"
                    ),
                ))
            }
        }
    }
}

/// How many values of a tensor are NaN or infinite.
pub fn not_finite(tensor: &Tensor) -> usize {
    if !tensor.is_floating_point() {
        return 0;
    }
    tensor.isfinite().logical_not().sum(Kind::Int64).int64_value(&[]) as usize
}

impl Network {
    /// Loads the chosen network of a checkpoint of any format and either naming (`CheckpointFile::open_network`,
    /// [`published_name`](super::published_name)). Entries whose names begin with one of `allowed` may be missing or misfit and then
    /// stay as they are.
    ///
    /// # Errors
    /// Those of `CheckpointFile::open_network`, [`LoadReport::check`] and [`Imported::load_into`]; the network is unchanged then.
    pub fn load_checkpoint(
        &mut self,
        path: &Path,
        choice: &Choice,
        allowed: &[String],
    ) -> Result<LoadReport> {
        let entries = self.entries().iter();
        let shapes: Vec<_> = entries.map(|entry| (entry.name.clone(), entry.tensor.size())).collect();
        let imported = Imported::held_against(named(path, choice, self.spec())?, &shapes, allowed)?;
        imported.load_into(self)?;
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
