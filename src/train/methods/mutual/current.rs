//! D33 without `E[θ]`, an ablation of the paper: two students, each taught by the other.

use crate::error::Result;
use crate::loss::objective::{Terms, mutual_mean_teaching};
use crate::train::method::{Batch, Losses, Method, Networks, exactly};

#[derive(Debug)]
pub(in crate::train::methods) struct MutualCurrent;

impl Method for MutualCurrent {
    fn students(&self) -> usize {
        2
    }

    fn has_mean_networks(&self) -> bool {
        false
    }

    fn names(&self) -> &'static [&'static str] {
        &Terms::NAMES
    }

    /// Both students, each on its own view; each is taught by what the other gives in this very step.
    fn forward(&self, networks: &Networks, batch: &Batch<'_>) -> Result<Losses> {
        let students = networks.student_outputs(batch);
        let outputs = exactly::<2>(&students)?.each_ref();
        // The objective takes no gradient from its teachers.
        let terms = mutual_mean_teaching(outputs, outputs, batch.labels, batch.weights)?;
        Ok(Losses { values: terms.values(), total: terms.total, lessons: terms.lessons.into() })
    }
}
