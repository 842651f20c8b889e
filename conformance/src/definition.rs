//! The parts of a registration.

use mmt_reference::Result;
use rand_chacha::ChaCha8Rng;

use crate::tolerance::{Quantity, Row, Width, row_of};
use crate::value::{Inputs, Outputs};

/// A function from inputs to outputs: the reference of a definition, or another reading of it.
pub type Compute = fn(&Inputs) -> Result<Outputs>;

/// The kind of an input's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Numbers, in the width of the call.
    Real,
    /// Whole numbers.
    Whole,
    /// `true` or `false`.
    Flag,
    /// One of these words.
    Word(&'static [&'static str]),
}

/// An input of a definition.
#[derive(Debug, Clone, Copy)]
pub struct Input {
    /// Its name in the protocol.
    pub name: &'static str,
    /// Its kind.
    pub kind: Kind,
    /// Names of its dimensions, such as `["B", "D"]`; none for a single value. One name is one size throughout a case.
    pub shape: &'static [&'static str],
    /// Its meaning.
    pub about: &'static str,
}

/// An array of numbers, in the width of the call.
pub const fn real(name: &'static str, shape: &'static [&'static str], about: &'static str) -> Input {
    Input { name, kind: Kind::Real, shape, about }
}

/// An array of whole numbers.
pub const fn whole(name: &'static str, shape: &'static [&'static str], about: &'static str) -> Input {
    Input { name, kind: Kind::Whole, shape, about }
}

/// A switch.
pub const fn flag(name: &'static str, about: &'static str) -> Input {
    Input { name, kind: Kind::Flag, shape: &[], about }
}

/// One of a few words.
pub const fn word(name: &'static str, words: &'static [&'static str], about: &'static str) -> Input {
    Input { name, kind: Kind::Word(words), shape: &[], about }
}

/// An output of a definition.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    /// Its name in the protocol.
    pub name: &'static str,
    /// Whether its error is allowed as that of a value or of a gradient.
    pub quantity: Quantity,
    /// The definition whose row of the tolerance table holds.
    pub tolerance: &'static str,
    /// Names of its dimensions.
    pub shape: &'static [&'static str],
    /// Its meaning.
    pub about: &'static str,
}

/// A value whose error is allowed as the table says for `tolerance`.
pub const fn value(
    name: &'static str,
    shape: &'static [&'static str],
    tolerance: &'static str,
    about: &'static str,
) -> Output {
    Output { name, quantity: Quantity::Value, tolerance, shape, about }
}

/// A gradient with respect to an input of the same shape.
pub const fn gradient(
    name: &'static str,
    shape: &'static [&'static str],
    tolerance: &'static str,
    about: &'static str,
) -> Output {
    Output { name, quantity: Quantity::Gradient, tolerance, shape, about }
}

impl Output {
    /// Returns the allowed error in a width, with its reason; `None` where the definition is not compared in it.
    pub fn row(&self, width: Width) -> Option<&'static Row> {
        row_of(self.tolerance, self.quantity, width)
    }
}

/// Another reading of a definition that implementations are known to follow.
#[derive(Debug, Clone, Copy)]
pub struct Reading {
    /// The difference, as a clause: "k1 counts the image itself".
    pub name: &'static str,
    /// The outputs by this reading; those that it does not touch may be left out.
    pub compute: Compute,
    /// Where the reading leaves a choice: outputs at the other end of what it allows.
    pub up_to: Option<Compute>,
}

/// A reading that gives one answer.
pub const fn reading(name: &'static str, compute: Compute) -> Reading {
    Reading { name, compute, up_to: None }
}

/// A reading that allows every number from those of `compute` to those of `up_to`.
pub const fn range(name: &'static str, compute: Compute, up_to: Compute) -> Reading {
    Reading { name, compute, up_to: Some(up_to) }
}

/// Sizes of the inputs, by which an absolute error is allowed: of values, and of gradients.
pub type Units = fn(&Inputs) -> [f64; 2];

/// Whether an output of a case is left open by the definition's source, and what leaves it open: nobody is wrong there.
pub type Open = fn(&Inputs, Width, output: &str) -> Option<&'static str>;

/// Everything that holds a definition in this project. A test of the suite holds that nothing in it is empty or points to nothing.
#[derive(Debug, Clone, Copy)]
pub struct Places {
    /// The reference, a file under `reference/src/`.
    pub reference: &'static str,
    /// The fast forms, files under `src/`.
    pub fast: &'static [&'static str],
    /// The properties, a file under `tests/suite/`.
    pub properties: &'static str,
    /// The published values.
    pub golden: Golden,
    /// The bench, `room/definition`, in one of `benches/`.
    pub bench: Bench,
}

/// Golden cases of a definition.
#[derive(Debug, Clone, Copy)]
pub enum Golden {
    /// The published functions, as the manifest spells them.
    Functions(&'static [&'static str]),
    /// There are none, and why.
    None(&'static str),
}

/// The bench of a definition.
#[derive(Debug, Clone, Copy)]
pub enum Bench {
    /// Its name, without size and implementation.
    Named(&'static str),
    /// There is none, and why.
    None(&'static str),
}

/// A definition of `docs/method.md` that is no function of a few arrays.
#[derive(Debug)]
pub struct Apart {
    /// Its number.
    pub number: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Why it cannot be put to an implementation.
    pub why: &'static str,
    /// Everything that holds it.
    pub places: Places,
}

/// A definition of `docs/method.md` that is a function, with all that it takes to put it to an implementation.
#[derive(Debug)]
pub struct Definition {
    /// Its number, e.g. `"D1"`.
    pub number: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Which part of it is put to an implementation, where it is not the whole.
    pub part: Option<&'static str>,
    /// Everything that holds it here.
    pub places: Places,
    /// The inputs.
    pub inputs: &'static [Input],
    /// The outputs.
    pub outputs: &'static [Output],
    /// The reference.
    pub reference: Compute,
    /// A case, with ties, duplicates, single images and extremes among them. Its numbers are f32 numbers.
    pub generate: fn(&mut ChaCha8Rng) -> Inputs,
    /// Sizes of the inputs.
    pub units: Units,
    /// The outputs that are left open.
    pub open: Open,
    /// Other readings, the first that explains an answer is named.
    pub readings: &'static [Reading],
}

impl Definition {
    /// Its name, and the part that is asked for: `k-means (from given centres)`.
    pub fn title(&self) -> String {
        self.part.map_or(self.name.to_owned(), |part| format!("{} ({part})", self.name))
    }

    /// The widths in which all outputs have a row in the table of tolerances.
    pub fn widths(&self) -> Vec<Width> {
        let compared = |width: &Width| self.outputs.iter().all(|output| output.row(*width).is_some());
        Width::ALL.into_iter().filter(compared).collect()
    }

    /// An output by its name.
    pub fn output(&self, name: &str) -> Option<&'static Output> {
        self.outputs.iter().find(|output| output.name == name)
    }

    /// An input by its name.
    pub fn input(&self, name: &str) -> Option<&'static Input> {
        self.inputs.iter().find(|input| input.name == name)
    }
}

/// Inputs whose size does not matter.
pub fn no_units(_: &Inputs) -> [f64; 2] {
    [1.0, 1.0]
}

/// Nothing is left open.
pub fn nothing_open(_: &Inputs, _: Width, _: &str) -> Option<&'static str> {
    None
}
