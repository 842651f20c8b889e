//! D33, the clustering baseline of the paper: two students on hard losses alone, which share their pseudo labels. With α = 0 and no soft
//! loss mean networks would be copies of the students, so the students stand for them.

use crate::error::Result;
use crate::loss::objective::hard_only;
use crate::train::method::{Batch, Losses, Method, Networks, exactly};

#[derive(Debug)]
pub(in crate::train::methods) struct HardOnly;

impl Method for HardOnly {
    fn students(&self) -> usize {
        2
    }

    fn has_mean_networks(&self) -> bool {
        false
    }

    fn names(&self) -> &'static [&'static str] {
        &["ce_1", "ce_2", "tri_1", "tri_2", "total"]
    }

    fn forward(&self, networks: &Networks, batch: &Batch<'_>) -> Result<Losses> {
        let (labels, weights) = (batch.labels, batch.weights);
        let students = networks.student_outputs(batch);
        let [one, two] = exactly(&students)?;
        let one = hard_only(one, labels, weights.epsilon, weights.clusters)?;
        let two = hard_only(two, labels, weights.epsilon, weights.clusters)?;
        let total = &one.total + &two.total;
        Ok(Losses::new(&[&one.ce, &two.ce, &one.tri, &two.tri], total))
    }
}
