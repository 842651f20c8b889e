//! The subject of a test: something that says what it offers, and answers calls.

use std::collections::BTreeMap;

use crate::definition::Definition;
use crate::tolerance::Width;
use crate::value::{Inputs, Outputs};

/// The part of one definition that an implementation offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offered {
    /// Names of the outputs that it returns.
    pub outputs: Vec<String>,
    /// Widths in which it computes.
    pub widths: Vec<Width>,
}

/// An implementation's statement about itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Offer {
    /// Its name and version.
    pub name: String,
    /// By the number of the definition.
    pub definitions: BTreeMap<String, Offered>,
}

impl Offer {
    /// Everything of these definitions.
    pub fn of_all<'a>(name: &str, definitions: impl IntoIterator<Item = &'a Definition>) -> Self {
        let offered = |definition: &Definition| Offered {
            outputs: definition.outputs.iter().map(|output| output.name.to_owned()).collect(),
            widths: definition.widths(),
        };
        let definitions = definitions.into_iter().map(|each| (each.number.to_owned(), offered(each)));
        Self { name: name.to_owned(), definitions: definitions.collect() }
    }
}

/// One question.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// The definition.
    pub definition: &'static Definition,
    /// In which width.
    pub width: Width,
    /// Its inputs.
    pub inputs: &'a Inputs,
    /// Names of the outputs that are wanted.
    pub outputs: &'a [String],
}

/// The answer to a question.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// Outputs, all of those that are wanted.
    Outputs(Outputs),
    /// The implementation does not take this case, and says why.
    Declined(String),
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The program cannot be started.
    #[error("cannot be started: {0}")]
    NotStarted(String),
    /// The program ended, or closed its standard output.
    #[error("the program ended ({0})")]
    Died(String),
    /// It took longer than the limit.
    #[error("no answer within {0} s")]
    TimedOut(String),
    /// It answered something that the protocol does not know.
    #[error("the answer is no answer: {0}")]
    Nonsense(String),
    /// It answered a case otherwise when it was asked again.
    #[error("the same case was answered in two ways")]
    Unsteady,
    /// It says itself that it failed.
    #[error("the program says: {0}")]
    Error(String),
}

/// Something that can be asked.
pub trait Implementation {
    /// Returns what it offers.
    ///
    /// # Errors
    /// It does not say.
    fn offer(&mut self) -> Result<Offer, Fault>;

    /// The answer to a call.
    ///
    /// # Errors
    /// There is none.
    fn answer(&mut self, call: Call<'_>) -> Result<Answer, Fault>;

    /// The last lines that it wrote to standard error.
    fn last_words(&self) -> Vec<String> {
        Vec::new()
    }
}
