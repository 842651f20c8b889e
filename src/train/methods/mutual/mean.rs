//! D33: mutual mean-teaching. Two students, each taught by the mean network of the other.

use crate::error::Result;
use crate::loss::objective::{Terms, mutual_mean_teaching};
use crate::train::method::{Batch, Losses, Method, Networks, exactly};

#[derive(Debug)]
pub(in crate::train::methods) struct MutualMean;

impl Method for MutualMean {
    fn students(&self) -> usize {
        2
    }

    fn names(&self) -> &'static [&'static str] {
        &Terms::NAMES
    }

    /// Students 1 and 2, then mean networks 1 and 2, each on its own view. Source: published `MMTTrainer`.
    fn forward(&self, networks: &Networks, batch: &Batch<'_>) -> Result<Losses> {
        let (students, teachers) = (networks.student_outputs(batch), networks.mean_outputs(batch));
        let [student_1, student_2] = exactly(&students)?;
        let [mean_1, mean_2] = exactly(&teachers)?;
        let terms =
            mutual_mean_teaching([student_1, student_2], [mean_1, mean_2], batch.labels, batch.weights)?;
        Ok(Losses { values: terms.values(), total: terms.total, lessons: terms.lessons.into() })
    }
}
