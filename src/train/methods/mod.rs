//! The methods that come with the program, and which of them settings ask for. A method is a file here and an arm of [`of`].

mod mutual;
mod own_mean;
mod single;

use mmt_vocabulary::Teachers;

use super::method::Method;
use super::settings::AdaptationSettings;
use crate::error::{InvalidInput, Result};
use crate::model::Outputs;

/// The method that `settings` ask for.
pub fn of(settings: &AdaptationSettings) -> Box<dyn Method> {
    match settings.teachers {
        Teachers::MutualMean if settings.is_hard_only() => Box::new(mutual::HardOnly),
        Teachers::MutualMean => Box::new(mutual::MutualMean),
        Teachers::MutualCurrent => Box::new(mutual::MutualCurrent),
        Teachers::OwnMean if settings.is_hard_only() => Box::new(single::Single),
        Teachers::OwnMean => Box::new(own_mean::OwnMean),
    }
}

/// Views that a method of one network loads. It sees the first, and so draws what the first of two networks draws.
const VIEWS_OF_ONE: usize = 2;

/// Outputs of exactly so many networks.
///
/// # Errors
/// There are more or fewer.
fn exactly<const COUNT: usize>(outputs: &[Outputs]) -> Result<&[Outputs; COUNT]> {
    outputs.try_into().map_err(|_| {
        let (expected, found) = (COUNT.to_string(), outputs.len().to_string());
        InvalidInput::Shape { what: "networks with a view each", expected, found }.into()
    })
}
