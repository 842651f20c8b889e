//! The ground of this project, without libtorch: the words of a run, its records and its folder, errors, named
//! random streams, and files that are written whole.
//!
//! Who writes a run, goes on with it, plans it or reports it uses the same types, each with one spelling:
//!
//! - [`DatasetName`], [`Task`], [`Method`], [`Stage`], [`Teachers`], [`ClusterFeatures`] and [`ClusteringKind`] name what a run is made of;
//! - [`record`] is what a job writes, [`run_directory`] the folder that it stands in;
//! - [`error`] is what can go wrong, [`whole_file`] how files are written, [`random`] where every draw comes from.
//!
//! ```
//! use mmt_vocabulary::{DatasetName, Task};
//!
//! # fn main() -> mmt_vocabulary::error::Result<()> {
//! let task: Task = "market-to-duke".parse()?;
//! assert_eq!(task.target, DatasetName::DukeMtmc);
//! assert!("market-to-duek".parse::<Task>().unwrap_err().to_string().contains("did you mean `market-to-duke`?"));
//! # Ok(())
//! # }
//! ```

mod clustering_kind;
mod dataset_name;
pub mod error;
mod method;
pub mod random;
pub mod record;
pub mod run_directory;
mod stage;
mod task;
mod teaching;
pub mod whole_file;

pub use clustering_kind::ClusteringKind;
pub use dataset_name::DatasetName;
pub use method::Method;
pub use stage::Stage;
pub use task::Task;
pub use teaching::{ClusterFeatures, Teachers};
