//! D33, the published single-network baseline: one network on hard losses alone.

use crate::error::Result;
use crate::loss::objective::hard_only;
use crate::train::method::{Batch, Losses, Method, Networks, VIEWS_OF_ONE, exactly};

#[derive(Debug)]
pub(super) struct Single;

impl Method for Single {
    fn students(&self) -> usize {
        1
    }

    fn has_mean_networks(&self) -> bool {
        false
    }

    fn views(&self) -> usize {
        VIEWS_OF_ONE
    }

    fn names(&self) -> &'static [&'static str] {
        &["ce_1", "tri_1", "total"]
    }

    /// The soft weights have no part. Source: published `ClusterBaseTrainer`.
    fn forward(&self, networks: &Networks, batch: &Batch<'_>) -> Result<Losses> {
        let students = networks.student_outputs(batch);
        let ([student], weights) = (exactly(&students)?, batch.weights);
        let terms = hard_only(student, batch.labels, weights.epsilon, weights.clusters)?;
        Ok(Losses::new(&[&terms.ce, &terms.tri], terms.total))
    }
}
