//! The distributions under the report's intervals, by numerical integration.

pub mod student;
