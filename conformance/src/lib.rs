//! Every definition of Mutual Mean-Teaching that is a function, registered once ([`definitions`]), and put to any implementation of it:
//! the fast one of this project in its tests, and programs of others over the protocol of `docs/conformance.md`.
//!
//! A registration holds the inputs and outputs by name, the reference, a generator of cases, what the definition leaves open, and
//! known other readings. [`check`](check::check) puts cases to an [`Implementation`](implementation::Implementation), shrinks what
//! disagrees, and says which reading explains it.

pub mod case_file;
pub mod catalogue;
pub mod check;
pub mod compare;
pub mod definition;
pub mod definitions;
pub mod error;
pub mod generate;
pub mod golden;
pub mod implementation;
pub mod judge;
pub mod offline;
pub mod own;
pub mod program;
pub mod protocol;
pub mod report;
pub mod serve;
pub mod shrink;
pub mod tolerance;
pub mod value;

pub use definition::Definition;
pub use error::Error;
pub use tolerance::Width;
pub use value::{Array, Inputs, Outputs, Value};
