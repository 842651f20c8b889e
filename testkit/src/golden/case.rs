//! One case: its parameters, inputs and outputs.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use mmt_reference::Matrix;
use serde_json::Value;
use tch::{Kind, Tensor};

use super::manifest::{Entry, Output, Raises, Rule, Spec};
use super::stored::Stored;
use crate::compare::{Difference, compare};
use crate::{Actual, Failure, Trial};

/// A case of the manifest with its tensors.
pub struct Case {
    root: PathBuf,
    seed: u64,
    entry: Entry,
    tensors: Rc<HashMap<String, Stored>>,
}

impl Case {
    pub(super) fn new(
        root: &Path,
        seed: u64,
        entry: Entry,
        tensors: Rc<HashMap<String, Stored>>,
    ) -> Trial<Self> {
        let case = Self { root: root.to_owned(), seed, entry, tensors };
        let specs = case.entry.inputs.iter();
        for (name, spec) in specs.chain(case.entry.outputs.iter().map(|(name, output)| (name, &output.spec)))
        {
            case.check_spec(name, spec)?;
        }
        Ok(case)
    }

    fn check_spec(&self, name: &str, spec: &Spec) -> Trial {
        let stored = self.stored(name)?;
        if stored.dtype() != spec.dtype || stored.shape() != spec.shape {
            let text = format!(
                "{name} is {} {:?}, but the manifest says {} {:?}",
                stored.dtype(),
                stored.shape(),
                spec.dtype,
                spec.shape
            );
            return Err(Failure::new(text).at(self.name()));
        }
        Ok(())
    }

    /// Name of the case.
    pub fn name(&self) -> &str {
        &self.entry.name
    }

    /// Its group.
    pub fn group(&self) -> &str {
        &self.entry.group
    }

    /// The published function.
    pub fn function(&self) -> &str {
        &self.entry.function
    }

    /// The note, where there is one.
    pub fn note(&self) -> &str {
        self.entry.note.as_deref().unwrap_or("")
    }

    /// The error in which published ended, if it did.
    pub fn raises(&self) -> Option<&Raises> {
        self.entry.raises.as_ref()
    }

    /// Seed of the weight and image generator.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Names of the inputs, with `in.` in front.
    pub fn inputs(&self) -> impl Iterator<Item = &str> {
        self.entry.inputs.keys().map(String::as_str)
    }

    /// The outputs by their names, with `out.` or `out64.` in front.
    pub fn outputs(&self) -> &BTreeMap<String, Output> {
        &self.entry.outputs
    }

    /// Full paths of the files and folders of the case.
    pub fn files(&self) -> impl Iterator<Item = PathBuf> {
        self.entry.files.iter().map(|file| self.root.join(file))
    }

    /// Full path of a path inside the golden folder.
    pub fn path(&self, inside: &str) -> PathBuf {
        self.root.join(inside)
    }

    /// The first JSON table of the case.
    pub fn table(&self) -> Trial<Value> {
        let path = self.files().find(|path| path.extension().is_some_and(|extension| extension == "json"));
        let path = path.ok_or_else(|| Failure::new("the case has no JSON table").at(self.name()))?;
        let text = std::fs::read_to_string(&path).map_err(|error| Failure::from(error).at(path.display()))?;
        Ok(serde_json::from_str(&text)?)
    }

    /// A parameter; refuses a missing one.
    pub fn param(&self, name: &str) -> Trial<&Value> {
        let value = self.entry.params.get(name);
        value.ok_or_else(|| Failure::new(format!("the parameter {name} is missing")).at(self.name()))
    }

    /// A number.
    pub fn number(&self, name: &str) -> Trial<f64> {
        self.param(name)?.as_f64().ok_or_else(|| self.wrong(name, "a number"))
    }

    /// A number, or null.
    pub fn optional_number(&self, name: &str) -> Trial<Option<f64>> {
        if self.param(name)?.is_null() { Ok(None) } else { self.number(name).map(Some) }
    }

    /// A count.
    pub fn count(&self, name: &str) -> Trial<usize> {
        let value = self.param(name)?.as_u64().ok_or_else(|| self.wrong(name, "a count"))?;
        Ok(usize::try_from(value)?)
    }

    /// True or false.
    pub fn flag(&self, name: &str) -> Trial<bool> {
        self.param(name)?.as_bool().ok_or_else(|| self.wrong(name, "true or false"))
    }

    /// A text.
    pub fn text(&self, name: &str) -> Trial<&str> {
        self.param(name)?.as_str().ok_or_else(|| self.wrong(name, "a text"))
    }

    fn wrong(&self, name: &str, wanted: &str) -> Failure {
        Failure::new(format!("the parameter {name} is not {wanted}")).at(self.name())
    }

    /// A stored tensor, by its name with `in.`, `out.` or `out64.` in front.
    pub fn stored(&self, name: &str) -> Trial<&Stored> {
        let full = format!("{}/{name}", self.name());
        self.tensors.get(&full).ok_or_else(|| Failure::new(format!("{full} is not stored")))
    }

    /// An input, by its name without `in.`.
    pub fn input(&self, name: &str) -> Trial<&Stored> {
        self.stored(&format!("in.{name}"))
    }

    /// An input as a matrix of doubles.
    pub fn matrix(&self, name: &str) -> Trial<Matrix> {
        self.input(name)?.matrix()
    }

    /// An input as a tensor.
    pub fn tensor(&self, name: &str, kind: Kind) -> Trial<Tensor> {
        Ok(self.input(name)?.tensor(kind))
    }

    /// An input of whole numbers.
    pub fn integers(&self, name: &str) -> Trial<Vec<i64>> {
        self.input(name)?.integers()
    }

    /// An input of whole numbers that are not negative: labels, indices.
    pub fn labels(&self, name: &str) -> Trial<Vec<usize>> {
        self.integers(name)?.into_iter().map(|value| Ok(usize::try_from(value)?)).collect()
    }

    /// The name under which an implementation in f64 (`double`) or f32 finds `stem`: `out64.X` before `out.X`, or the
    /// other way round; `None` for an output the case does not have.
    pub fn output_name(&self, stem: &str, double: bool) -> Option<String> {
        let names = if double { ["out64", "out"] } else { ["out", "out64"] };
        let mut names = names.iter().map(|prefix| format!("{prefix}.{stem}"));
        names.find(|name| self.entry.outputs.contains_key(name))
    }

    /// Compares with output `name` (with its prefix) by the manifest's rule; `None` for an `info` output.
    pub fn compare(&self, name: &str, actual: &Actual) -> Trial<Option<Difference>> {
        let output = self.entry.outputs.get(name);
        let output = output.ok_or_else(|| Failure::new(format!("{name} is no output")).at(self.name()))?;
        let expected = self.stored(name)?.actual();
        let difference = match output.rule {
            Rule::Info => return Ok(None),
            Rule::Exact => compare(actual, &expected, |_| 0.0),
            Rule::Close { rtol, atol } => compare(actual, &expected, |value| atol + rtol * value.abs()),
        };
        difference.map(Some).map_err(|failure| failure.at(format_args!("{}/{name}", self.name())))
    }
}
