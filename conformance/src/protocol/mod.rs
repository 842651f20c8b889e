//! The protocol of `docs/conformance.md`: a line of JSON for each question, a line of JSON for each answer.

mod answer;
mod call;
mod tensors;

pub use answer::{answer_line, offer_answer_line, parse_answer, parse_offer, written_outputs};
pub use call::{Question, call_line, offer_line, parse_call, read_inputs, written_inputs};
pub(crate) use tensors::numbers;
pub use tensors::{Folder, INLINE, inline};

/// Version of the protocol. It rises when a program of the old one would misunderstand the new one.
pub const VERSION: u64 = 1;

/// The longest line that is read, in bytes.
pub const LONGEST_LINE: usize = 64 << 20;
