//! The answer of a reference function to input that does not fit. The fast code has the same variants
//! (`mmt::error::InvalidInput`), so that a test can ask both for the same refusal.

use std::fmt;

/// Input that a definition does not cover.
#[derive(Debug, Clone, PartialEq)]
pub enum InvalidInput {
    /// Nothing to work on: no rows, no gallery, no file.
    Empty {
        /// Name of the argument.
        what: &'static str,
    },
    /// Shapes or lengths that do not belong together.
    Shape {
        /// Name of the argument.
        what: &'static str,
        /// The shape or length that the other arguments ask for.
        expected: String,
        /// The shape or length that was given.
        found: String,
    },
    /// NaN or infinite values.
    NotFinite {
        /// Name of the argument.
        what: &'static str,
        /// First row that holds such a value.
        row: usize,
        /// How many rows hold one.
        rows: usize,
    },
    /// A label outside `0..classes`.
    LabelOutOfRange {
        /// Row of the label.
        row: usize,
        /// The label.
        label: i64,
        /// Number of classes.
        classes: usize,
    },
    /// A parameter outside its allowed range.
    Parameter {
        /// Name of the parameter.
        what: &'static str,
        /// Its value.
        value: f64,
        /// The allowed values, in words.
        allowed: &'static str,
    },
    /// Fewer samples than the definition needs, such as k-means with more clusters than rows.
    TooFewSamples {
        /// Name of what is too few.
        what: &'static str,
        /// The least number.
        needed: usize,
        /// The number given.
        found: usize,
    },
    /// No query has a valid match in the gallery: mAP and CMC are means over nothing.
    NoValidQuery,
}

impl fmt::Display for InvalidInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty { what } => write!(f, "{what} is empty"),
            Self::Shape { what, expected, found } => write!(f, "{what} must be {expected}, but is {found}"),
            Self::NotFinite { what, row, rows } => {
                write!(f, "{what} holds NaN or infinite values in {rows} rows (the first is row {row})")
            }
            Self::LabelOutOfRange { row, label, classes } => {
                write!(f, "label {label} of row {row} is not one of 0..{classes}")
            }
            Self::Parameter { what, value, allowed } => write!(f, "{what} is {value}, but must be {allowed}"),
            Self::TooFewSamples { what, needed, found } => {
                write!(f, "{what}: {needed} needed, {found} given")
            }
            Self::NoValidQuery => write!(f, "no query has a valid match in the gallery"),
        }
    }
}

impl std::error::Error for InvalidInput {}

/// Result of a reference function.
pub type Result<T> = std::result::Result<T, InvalidInput>;
