//! Implementations that are functions of this program: a reading of one definition, or all references.

use crate::definition::{Compute, Definition};
use crate::definitions::ALL;
use crate::implementation::{Answer, Call, Fault, Implementation, Offer};

/// The references, as an implementation that is right.
#[derive(Debug, Clone, Copy, Default)]
pub struct References;

impl Implementation for References {
    fn offer(&mut self) -> Result<Offer, Fault> {
        Ok(Offer::of_all("the reference", ALL.iter().copied()))
    }

    fn answer(&mut self, call: Call<'_>) -> Result<Answer, Fault> {
        computed(call.definition.reference, call)
    }
}

/// One definition by another function.
#[derive(Debug, Clone, Copy)]
pub struct Alternative {
    /// The definition.
    pub definition: &'static Definition,
    /// The function that answers. Outputs that it leaves out are the reference's.
    pub compute: Compute,
}

impl Implementation for Alternative {
    fn offer(&mut self) -> Result<Offer, Fault> {
        Ok(Offer::of_all("an alternative", [self.definition]))
    }

    fn answer(&mut self, call: Call<'_>) -> Result<Answer, Fault> {
        let right = computed(call.definition.reference, call)?;
        let (Answer::Outputs(mut right), Ok(other)) = (right.clone(), (self.compute)(call.inputs)) else {
            return Ok(right);
        };
        right.0.extend(other.0);
        Ok(Answer::Outputs(right))
    }
}

fn computed(compute: Compute, call: Call<'_>) -> Result<Answer, Fault> {
    compute(call.inputs).map(Answer::Outputs).map_err(|error| Fault::Error(error.to_string()))
}
