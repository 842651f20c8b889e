//! Intervals and verdicts: Student's t over independent units, corrected for many claims by Holm's procedure.
//! `docs/claims.md` has the rule in words.

mod components;
mod estimate;
mod holm;
mod student;

pub(super) use components::{Components, of_persons};
#[cfg(test)]
pub(super) use estimate::tests::estimate;
pub(super) use estimate::{ByRun, ENOUGH, Estimate, LEVEL, Unit, unit_means};
pub(super) use holm::holm;
