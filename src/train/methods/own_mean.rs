//! D33 without θ2, an ablation of the paper: one student that is taught by its own mean network.

use crate::error::Result;
use crate::loss::objective::mean_teaching;
use crate::train::method::{Batch, Losses, Method, Networks, VIEWS_OF_ONE, exactly};

#[derive(Debug)]
pub(super) struct OwnMean;

impl Method for OwnMean {
    fn students(&self) -> usize {
        1
    }

    fn views(&self) -> usize {
        VIEWS_OF_ONE
    }

    fn names(&self) -> &'static [&'static str] {
        &["ce_1", "tri_1", "soft_ce_1", "soft_tri_1", "total"]
    }

    /// The student, then its mean network, on the same view.
    fn forward(&self, networks: &Networks, batch: &Batch<'_>) -> Result<Losses> {
        let (students, teachers) = (networks.student_outputs(batch), networks.mean_outputs(batch));
        let ([student], [teacher]) = (exactly(&students)?, exactly(&teachers)?);
        let terms = mean_teaching(student, teacher, batch.labels, batch.weights)?;
        let losses = Losses::new(&[&terms.ce, &terms.tri, &terms.soft_ce, &terms.soft_tri], terms.total);
        Ok(losses.with_lessons([terms.lesson]))
    }
}
