//! The methods of adaptation: their networks and a step of each (D33).

pub mod mutual;
pub mod own_mean;
pub mod single;
