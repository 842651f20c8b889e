//! One golden case, run by the reference and by the fast code: what was compared, what was left out and why.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use mmt_conformance::definitions::of_function;
use mmt_testkit::agreement;
use mmt_testkit::compare::Difference;
use mmt_testkit::golden::{Case, Rule};
use mmt_testkit::tolerance::place;
use mmt_testkit::{Actual, Failure, Trial, devices};
use tch::Kind;

/// No error at all.
const EQUAL: Difference = Difference { absolute: 0.0, share: 0.0, place: 0 };

/// Who computed a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// The reference, in f64.
    Reference,
    /// The fast code in f64.
    Double,
    /// The fast code in f32.
    Single,
}

impl Side {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Reference, Self::Double, Self::Single];

    /// The fast code's two widths.
    pub const FAST: [Self; 2] = [Self::Double, Self::Single];

    /// Tensor kind of this side.
    pub fn kind(self) -> Kind {
        if self == Self::Single { Kind::Float } else { Kind::Double }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reference => "reference",
            Self::Double => "fast f64",
            Self::Single => "fast f32",
        })
    }
}

/// A case under test.
pub struct Run<'a> {
    /// The case.
    pub case: &'a Case,
    seen: BTreeMap<Side, BTreeSet<String>>,
    failed: BTreeSet<Side>,
    worst: BTreeMap<Side, Difference>,
    skipped: BTreeMap<Side, String>,
    skipped_outputs: Vec<(Side, String, &'static str)>,
    kept: bool,
}

impl Drop for Run<'_> {
    /// A case that did not get to its end is part of the record, too.
    fn drop(&mut self) {
        if !self.kept {
            if self.failed.is_empty() {
                self.failed.extend(Side::ALL);
            }
            self.keep();
        }
    }
}

/// The outcome of a case.
#[derive(Default)]
pub struct Outcome {
    /// Sides that were compared, with the largest error as a share of the allowed one.
    pub compared: BTreeMap<Side, f64>,
    /// Sides that were left out, with the reason.
    pub skipped: BTreeMap<Side, String>,
    /// Single outputs that were left out, with the reason.
    pub skipped_outputs: Vec<(Side, String, &'static str)>,
}

impl<'a> Run<'a> {
    pub fn new(case: &'a Case) -> Self {
        let (seen, failed, worst, skipped) = Default::default();
        Self { case, seen, failed, worst, skipped, skipped_outputs: Vec::new(), kept: false }
    }

    /// Compares one output, by its name without `out.`, with what `side` computed: f32 with `out.X`, f64 with `out64.X`,
    /// each with the other where its own is missing.
    pub fn compare(&mut self, side: Side, stem: &str, actual: impl Into<Actual>) -> Trial {
        let name = self.case.output_name(stem, side != Side::Single);
        let name = name.ok_or_else(|| Failure::new(format!("{}: no output {stem}", self.case.name())))?;
        match self.case.compare(&name, &actual.into()) {
            Ok(Some(difference)) => self.note(side, stem, difference),
            // For information: it may differ, so nothing was compared.
            Ok(None) => {
                self.seen.entry(side).or_default().insert(stem.to_owned());
            }
            Err(failure) => {
                self.failed.insert(side);
                return Err(failure.at(side));
            }
        }
        Ok(())
    }

    fn note(&mut self, side: Side, stem: &str, difference: Difference) {
        self.seen.entry(side).or_default().insert(stem.to_owned());
        let worst = self.worst.entry(side).or_insert(EQUAL);
        let absolute = worst.absolute.max(difference.absolute);
        *worst = Difference { absolute, share: worst.share.max(difference.share), place: 0 };
    }

    /// Leaves the case in the agreement report of every definition that its function belongs to; as a failure where it did not
    /// hold.
    fn keep(&self) {
        agreement::note_case(self.case.name());
        for definition in of_function(self.case.function()) {
            devices::compared(definition);
            for side in Side::ALL {
                let failed = self.failed.contains(&side);
                let worst = self.worst.get(&side);
                if worst.is_none() && !failed {
                    continue;
                }
                let kind = agreement::Kind {
                    definition,
                    quantity: "output",
                    against: "published",
                    side: match side {
                        Side::Reference => "reference",
                        Side::Double => "f64",
                        Side::Single => "f32",
                    },
                    device: place(devices::used()).name(),
                    allowed: "manifest".to_owned(),
                    reason: "the rule beside each output in tests/golden/manifest.json",
                };
                match worst {
                    Some(worst) if !failed => agreement::note(kind, *worst),
                    _ => agreement::note_failure(kind),
                }
            }
        }
    }

    /// Compares things that are no tensors: they must be equal.
    pub fn equal<T: PartialEq + fmt::Debug>(
        &mut self,
        side: Side,
        what: &str,
        actual: T,
        expected: T,
    ) -> Trial {
        if actual != expected {
            self.failed.insert(side);
            let text = format!("{side}: {}: {what} is {actual:?}, expected {expected:?}", self.case.name());
            return Err(Failure::new(text));
        }
        self.note(side, what, EQUAL);
        Ok(())
    }

    /// Where published ended in an error, ours must refuse, too.
    pub fn refuses<T, E>(&mut self, side: Side, result: Result<T, E>) -> Trial {
        if result.is_ok() {
            self.failed.insert(side);
            return Err(Failure::new(format!("{side}: {} must end in an error", self.case.name())));
        }
        self.note(side, "refusal", EQUAL);
        Ok(())
    }

    /// Leaves a side out of this case.
    pub fn skip(&mut self, side: Side, reason: impl Into<String>) {
        self.skipped.insert(side, reason.into());
    }

    /// Leaves both widths of the fast code out, or all three sides.
    pub fn skip_all(&mut self, sides: &[Side], reason: &str) {
        for &side in sides {
            self.skip(side, reason);
        }
    }

    /// Leaves one output of a side out of this case.
    pub fn skip_output(&mut self, side: Side, stem: &str, reason: &'static str) {
        self.seen.entry(side).or_default().insert(stem.to_owned());
        self.skipped_outputs.push((side, stem.to_owned(), reason));
    }

    /// Ends the case: every side that took part must have compared every output, or said why not.
    pub fn finish(mut self) -> Trial<Outcome> {
        let without: Vec<Side> =
            self.seen.keys().filter(|side| !self.worst.contains_key(side)).copied().collect();
        self.skip_all(
            &without,
            "every output of the case is for information: published promises none of them",
        );
        if self.seen.is_empty() && self.skipped.is_empty() {
            return Err(Failure::new(format!("{}: nothing was compared", self.case.name())));
        }
        for (side, seen) in &self.seen {
            for stem in self.stems() {
                if !seen.contains(&stem) {
                    return Err(Failure::new(format!("{}: {side} did not give {stem}", self.case.name())));
                }
            }
            if self.case.raises().is_some() && !seen.contains("refusal") {
                return Err(Failure::new(format!("{}: {side} was not asked to refuse", self.case.name())));
            }
        }
        self.keep();
        let compared =
            std::mem::take(&mut self.worst).into_iter().map(|(side, worst)| (side, worst.share)).collect();
        let (skipped, skipped_outputs) =
            (std::mem::take(&mut self.skipped), std::mem::take(&mut self.skipped_outputs));
        self.kept = true;
        Ok(Outcome { compared, skipped, skipped_outputs })
    }

    /// Names of the outputs without `out.` and `out64.`; those that are only for information do not count.
    fn stems(&self) -> BTreeSet<String> {
        let outputs = self.case.outputs().iter().filter(|(_, output)| output.rule != Rule::Info);
        outputs.filter_map(|(name, _)| name.split_once('.')).map(|(_, stem)| stem.to_owned()).collect()
    }
}
