//! The methods that come with the program, and which of them settings ask for. A method is a file here and an arm of [`of`].

mod mutual;
mod own_mean;
mod single;

use mmt_vocabulary::Teachers;

use super::method::Method;
use super::settings::AdaptationSettings;

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
