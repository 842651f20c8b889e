//! The experiment room: profiles, the job graph, run directories, and the loop: epoch → record → checkpoint → interrupt?
//!
//! ```text
//! Profile ── Plan ──▶ pretrain (source, network, seeds) ──▶ start (task, seeds) ──▶ adapt (task, row, seeds)
//!                     pretrain (target, network, seeds) ──▶ oracle (task, seeds)
//! ```
//!
//! ```
//! use mmt::experiment::{Method, Plan, Profile, Seeds};
//!
//! # fn main() -> mmt::Result<()> {
//! let profile = Profile::load("quick")?;
//! let seeds = Seeds::crossed(&[Some(101)], &[1]);
//! // Two networks of each source and of each target that is no source, and per task a start, two rows that adapt, and the oracle.
//! let plan = Plan::new(&profile, &Method::ALL, &seeds);
//! assert_eq!(plan.nodes.len(), 2 * 3 + 4 * 4);
//! # Ok(())
//! # }
//! ```

mod adapt_job;
mod config;
mod data_identity;
mod domains;
mod evaluation;
mod experiments;
mod forecast;
mod initial_weights;
mod job_checkpoint;
#[cfg(test)]
mod job_values;
mod jobs;
mod layers;
mod layout;
mod memory;
mod monitor;
mod options;
mod pretrain_job;
mod profile;
mod provenance;
mod ranked_lists;
mod records;
mod row_settings;
mod run;
mod schedule;
mod seeds;
mod shard;
mod stopwatch;

pub use data_identity::HashedData;
pub use domains::Origin;
pub use experiments::Experiment;
pub use forecast::{Forecast, JobForecast, State};
pub use initial_weights::InitialWeights;
pub use jobs::{Job, Node, Plan, PretrainJob, Purpose, TaskJob};
pub use mmt_vocabulary::{Method, Task};
pub use monitor::{Monitor, Stop};
pub use options::{LeftOut, RunOptions};
pub use profile::{Domains, Profile, Row};
pub use run::Run;
pub use schedule::WORKER;
pub use seeds::Seeds;
pub use shard::Shard;
