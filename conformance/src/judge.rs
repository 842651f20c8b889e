//! An answer beside the reference's.

use crate::compare::difference;
use crate::definition::{Definition, Output, Reading};
use crate::implementation::Answer;
use crate::tolerance::{Quantity, Width};
use crate::value::{Array, Inputs, Outputs};

/// The output that is worst off, and how far.
#[derive(Debug, Clone, PartialEq)]
pub struct Complaint {
    /// Name of the output.
    pub output: &'static str,
    /// Its fault.
    pub wrong: Wrong,
    /// The reason that leaves the output open in this case, if there is one.
    pub open: Option<&'static str>,
}

/// A fault of an output.
#[derive(Debug, Clone, PartialEq)]
pub enum Wrong {
    /// Another shape.
    Shape {
        /// That of the reference.
        expected: Vec<usize>,
        /// That of the answer.
        found: Vec<usize>,
    },
    /// NaN, or an infinite number.
    NotFinite,
    /// Another number.
    Value {
        /// Flat index of the place where the error is the largest share of what is allowed.
        place: usize,
        /// The reference's number there.
        expected: f64,
        /// The answer's.
        found: f64,
        /// The error as a share of what is allowed.
        share: f64,
    },
}

/// The worst that was seen of an output.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Worst {
    /// Largest error.
    pub error: f64,
    /// Largest error as a share of what is allowed.
    pub share: f64,
}

/// An output and its comparison: fine with these errors, or not.
type Judged = Result<Worst, Wrong>;

/// Compares one output; `None` where it is not compared in this width.
fn judge_output(
    output: &Output,
    width: Width,
    units: [f64; 2],
    found: &Array,
    expected: &Array,
) -> Option<Judged> {
    let row = output.row(width)?;
    if found.shape != expected.shape {
        let (expected, found) = (expected.shape.clone(), found.shape.clone());
        return Some(Err(Wrong::Shape { expected, found }));
    }
    if found.values.iter().any(|value| !value.is_finite()) {
        return Some(Err(Wrong::NotFinite));
    }
    let unit = if output.quantity == Quantity::Value { units[0] } else { units[1] };
    let allowed = |value: f64| row.allowed.error(unit, value);
    let difference = difference(&found.values, &expected.values, allowed);
    if difference.share <= 1.0 {
        return Some(Ok(Worst { error: difference.absolute, share: difference.share }));
    }
    let place = difference.place;
    Some(Err(Wrong::Value {
        place,
        expected: expected.values[place],
        found: found.values[place],
        share: difference.share,
    }))
}

/// Returns the fault of an answer, first one that is not left open, or the worst errors of what is right.
pub fn judge(
    definition: &'static Definition,
    width: Width,
    inputs: &Inputs,
    found: &Outputs,
    expected: &Outputs,
) -> Result<Worst, Complaint> {
    let units = (definition.units)(inputs);
    let mut worst = Worst::default();
    let mut complaint: Option<Complaint> = None;
    for output in definition.outputs {
        let (Some(found), Some(expected)) = (found.get(output.name), expected.get(output.name)) else {
            continue;
        };
        match judge_output(output, width, units, found, expected) {
            None => {}
            Some(Ok(seen)) => {
                worst = Worst { error: worst.error.max(seen.error), share: worst.share.max(seen.share) };
            }
            Some(Err(wrong)) => {
                let open = (definition.open)(inputs, width, output.name);
                if complaint.as_ref().is_none_or(|complaint| complaint.open.is_some() && open.is_none()) {
                    complaint = Some(Complaint { output: output.name, wrong, open });
                }
            }
        }
    }
    complaint.map_or(Ok(worst), Err)
}

/// Whether an output of an answer is what a reading says; `None` where the reading does not cover the case or the output.
pub fn explains(
    definition: &'static Definition,
    width: Width,
    inputs: &Inputs,
    answer: &Answer,
    reading: &Reading,
) -> Option<bool> {
    let Answer::Outputs(found) = answer else { return None };
    let units = (definition.units)(inputs);
    let from = (reading.compute)(inputs).ok()?;
    let to = reading.up_to.map_or(Ok(from.clone()), |compute| compute(inputs)).ok()?;
    let shared = definition.outputs.iter().filter_map(|output| {
        let (found, from, to) = (found.get(output.name)?, from.get(output.name)?, to.get(output.name)?);
        let expected = if found.shape == from.shape { clamped(found, from, to) } else { from.clone() };
        judge_output(output, width, units, found, &expected).map(|judged| judged.is_ok())
    });
    shared.reduce(|all, one| all && one)
}

/// The numbers between two arrays that are nearest to those found.
fn clamped(found: &Array, from: &Array, to: &Array) -> Array {
    let ends = from.values.iter().zip(&to.values);
    let nearest = |(value, (a, b)): (&f64, (&f64, &f64))| value.max(a.min(*b)).min(a.max(*b));
    Array { shape: from.shape.clone(), values: found.values.iter().zip(ends).map(nearest).collect() }
}
