//! The one public [`Error`] of the crate: what went wrong, where, and what to do about it.

use std::path::{Path, PathBuf};

/// Result of a fallible function of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Everything that can go wrong with what comes from outside: files, flags, images, records, devices.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Input that a definition does not cover.
    #[error("{0}")]
    Input(#[from] InvalidInput),
    /// The same, with the stage of the run in which it came up.
    #[error("{}: {source}", one_line(.stage))]
    Stage {
        /// Where in the run, e.g. `adaptation epoch 3, clustering`.
        stage: String,
        /// The error that came up there.
        source: Box<Error>,
    },
    /// The operating system refused something.
    #[error("cannot {action} {}: {source}", one_line(.path.display()))]
    Io {
        /// The attempted action: `read`, `write`, `create`.
        action: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// A file was read, but what it holds is not what belongs there.
    #[error("{}: {}", one_line(.path.display()), one_line(.reason))]
    File {
        /// The file.
        path: PathBuf,
        /// Its fault, and what was expected.
        reason: String,
    },
    /// A dataset is missing or incomplete; the text lists every folder that was looked for.
    #[error("{}", one_line(.0))]
    Dataset(String),
    /// A wrong setting: an unknown profile, task or method, a value out of range. Exit status 2.
    #[error("{}", one_line(.0))]
    Usage(String),
    /// libtorch refused something.
    #[error("{action}: {reason}")]
    Torch {
        /// The attempted action.
        action: String,
        /// libtorch's answer.
        reason: String,
    },
    /// A device has less memory than was asked for.
    #[error("{action}: {reason}; lower {}", lower.unwrap_or("the batch"))]
    OutOfMemory {
        /// The attempted action.
        action: String,
        /// libtorch's answer.
        reason: String,
        /// The quantity to lower, once somebody knows ([`Error::lowering`]).
        lower: Option<&'static str>,
    },
    /// Training broke down: a loss is NaN or infinite, or clustering found nothing to train on.
    #[error("{}", one_line(.0))]
    Training(String),
    /// An implementation does not agree with the definitions, or cannot be asked.
    #[error("{}", one_line(.0))]
    Conformance(String),
    /// A table or a figure could not be made.
    #[error("cannot make {what}: {}", one_line(.reason))]
    Report {
        /// Which table or figure.
        what: String,
        /// The obstacle.
        reason: String,
    },
    /// The user asked to stop (Ctrl-C).
    #[error("interrupted; the same command goes on from here")]
    Interrupted,
}

impl Error {
    /// An [`Error::Io`] for `map_err`.
    pub fn io(action: &'static str, path: impl AsRef<Path>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.as_ref().to_owned();
        move |source| Self::Io { action, path, source }
    }

    /// An [`Error::File`].
    pub fn file(path: impl AsRef<Path>, reason: impl Into<String>) -> Self {
        Self::File { path: path.as_ref().to_owned(), reason: reason.into() }
    }

    /// An [`Error::Torch`], or [`Error::OutOfMemory`] where that is libtorch's reason, for `map_err`.
    pub fn torch<E: std::fmt::Display>(action: impl Into<String>) -> impl FnOnce(E) -> Self {
        let action = action.into();
        move |source| match source.to_string() {
            message if is_out_of_memory(&message) => out_of_memory(&action, &message),
            message => Self::Torch { action, reason: first_line(&message) },
        }
    }

    /// Says what to lower where memory did not do, unless that has been said.
    pub fn lowering(self, what: &'static str) -> Self {
        match self {
            Self::OutOfMemory { action, reason, lower } => {
                Self::OutOfMemory { action, reason, lower: lower.or(Some(what)) }
            }
            Self::Stage { stage, source } => Self::Stage { stage, source: Box::new(source.lowering(what)) },
            other => other,
        }
    }

    /// An [`Error::Usage`] for a value that is none of `known`: names the one that was probably meant, and all.
    pub fn unknown(kind: &str, value: &str, known: &[impl AsRef<str>]) -> Self {
        let names: Vec<&str> = known.iter().map(AsRef::as_ref).collect();
        let meant =
            nearest(value, &names).map_or_else(String::new, |name| format!(", did you mean `{name}`?"));
        Self::Usage(format!("unknown {kind} `{value}`{meant}: one of {}", names.join(", ")))
    }

    /// Says in which stage of a run this came up.
    pub fn in_stage(self, stage: impl Into<String>) -> Self {
        match self {
            // An interruption is not a failure of the stage.
            Self::Interrupted => Self::Interrupted,
            other => Self::Stage { stage: stage.into(), source: Box::new(other) },
        }
    }

    /// True where the caller, not the run, is at fault: exit status 2.
    pub fn is_usage(&self) -> bool {
        match self {
            Self::Usage(_) => true,
            Self::Stage { source, .. } => source.is_usage(),
            _ => false,
        }
    }
}

/// The name that `value` is most like, if it is like any.
fn nearest<'a>(value: &str, known: &[&'a str]) -> Option<&'a str> {
    let value = value.to_lowercase();
    let likeness = |name: &&str| strsim::normalized_damerau_levenshtein(&value, name);
    let scored = known.iter().map(|name| (likeness(name), *name)).filter(|(likeness, _)| *likeness > 0.5);
    scored.max_by(|one, other| one.0.total_cmp(&other.0)).map(|(_, name)| name)
}

/// Whether libtorch (or one of the libraries below it) means a lack of memory, on a card or for the processor.
pub fn is_out_of_memory(message: &str) -> bool {
    // The last: there was none left to say it in.
    let texts = [
        "out of memory",
        "can't allocate memory",
        "not enough memory",
        "ALLOC_FAILED",
        "std::bad_alloc",
        "<Error computing Error::what()>",
    ];
    texts.iter().any(|text| message.contains(text))
}

/// [`Error::OutOfMemory`] for a message that [`is_out_of_memory`], which may stand inside that of a panic. Its first three sentences
/// tell how much was asked for and how much is there.
pub fn out_of_memory(action: &str, message: &str) -> Error {
    // In front of libtorch's words: tch's in an error, Rust's in a panic.
    let fronts = ["Internal torch error: ", "Torch(\""];
    let inner = fronts.iter().find_map(|front| message.split_once(front)).map_or(message, |(_, inner)| inner);
    let line = inner.split(['\n', '"']).next().unwrap_or_default().split("\\n").next().unwrap_or_default();
    let sentences: Vec<&str> = line.split(". ").take(3).collect();
    let reason = sentences.join(". ").trim_end_matches('.').to_owned();
    Error::OutOfMemory { action: action.to_owned(), reason, lower: None }
}

/// Text of others, such as the name of a file, as it can stand in a message of one line: control characters are written as in Rust, those
/// at the end left out.
fn one_line(text: impl std::fmt::Display) -> String {
    let text = text.to_string();
    let shown = |letter: char| match letter.is_control() {
        true => letter.escape_default().to_string(),
        false => letter.to_string(),
    };
    text.trim_end().chars().map(shown).collect()
}

/// libtorch appends a C++ stack trace to its messages; people want the first line.
fn first_line(message: &str) -> String {
    message.lines().next().unwrap_or_default().to_owned()
}

/// Input that a definition does not cover. The reference has the same variants (`mmt_reference::InvalidInput`).
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum InvalidInput {
    /// Nothing to work on: no rows, no gallery, no file.
    #[error("{what} is empty")]
    Empty {
        /// Name of the argument.
        what: &'static str,
    },
    /// Shapes or lengths that do not belong together.
    #[error("{what} must be {expected}, but is {found}")]
    Shape {
        /// Name of the argument.
        what: &'static str,
        /// The shape or length that the other arguments ask for.
        expected: String,
        /// The shape or length that was given.
        found: String,
    },
    /// NaN or infinite values.
    #[error("{what} holds NaN or infinite values in {rows} rows (the first is row {row})")]
    NotFinite {
        /// Name of the argument.
        what: &'static str,
        /// First row that holds such a value.
        row: usize,
        /// How many rows hold one.
        rows: usize,
    },
    /// A label outside `0..classes`.
    #[error("label {label} of row {row} is not one of 0..{classes}")]
    LabelOutOfRange {
        /// Row of the label.
        row: usize,
        /// The label.
        label: i64,
        /// Number of classes.
        classes: usize,
    },
    /// A parameter outside its allowed range.
    #[error("{what} is {value}, but must be {allowed}")]
    Parameter {
        /// Name of the parameter.
        what: &'static str,
        /// Its value.
        value: f64,
        /// The allowed values, in words.
        allowed: &'static str,
    },
    /// Fewer samples than the definition needs, such as k-means with more clusters than rows.
    #[error("{what}: {needed} needed, {found} given")]
    TooFewSamples {
        /// Name of what is too few.
        what: &'static str,
        /// The least number.
        needed: usize,
        /// The number given.
        found: usize,
    },
    /// No query has a valid match in the gallery: mAP and CMC are means over nothing.
    #[error("no query has a valid match in the gallery")]
    NoValidQuery,
}

impl InvalidInput {
    /// Refuses a count of 0.
    ///
    /// # Errors
    /// [`InvalidInput::Parameter`] that names `what`.
    pub fn at_least_one(what: &'static str, value: usize) -> std::result::Result<(), Self> {
        if value > 0 { Ok(()) } else { Err(Self::Parameter { what, value: 0.0, allowed: "at least 1" }) }
    }

    /// Refuses a number below 0, an infinite one, and NaN.
    ///
    /// # Errors
    /// [`InvalidInput::Parameter`] that names `what`.
    pub fn zero_or_more(what: &'static str, value: f64) -> std::result::Result<(), Self> {
        if value.is_finite() && value >= 0.0 {
            return Ok(());
        }
        Err(Self::Parameter { what, value, allowed: "0 or more" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_others_call_things_a_message_is_one_line() {
        let text = "a\nb\t\0\u{1b}[31m\r\n";
        let path = Path::new("x\ny");
        let system = || std::io::Error::other("refused");
        for error in [
            Error::file(path, text),
            Error::io("read", path)(system()),
            Error::Dataset(text.to_owned()),
            Error::Usage(text.to_owned()),
            Error::Training(text.to_owned()).in_stage(text),
            Error::Report { what: "a table".to_owned(), reason: text.to_owned() },
        ] {
            let message = error.to_string();
            assert!(!message.chars().any(char::is_control) && message.contains("\\n"), "{message}");
        }
        assert_eq!(Error::Usage("für 東京 \u{1f600}\n".to_owned()).to_string(), "für 東京 \u{1f600}");
    }

    #[test]
    fn misspelt_names_are_answered_with_the_nearest() {
        let known = ["market-to-duke", "duke-to-market", "market-to-msmt"];
        for (value, meant) in [
            ("market-to-duek", Some("market-to-duke")),
            ("marketto-duke", Some("market-to-duke")),
            ("Duke_to_Market", Some("duke-to-market")),
            ("market-2-msmt", Some("market-to-msmt")),
            ("cuhk", None),
            ("", None),
        ] {
            assert_eq!(nearest(value, &known), meant, "{value}");
            assert_eq!(
                Error::unknown("task", value, &known).to_string().contains("did you mean"),
                meant.is_some()
            );
        }
    }
}
