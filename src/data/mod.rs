//! The data room: datasets on disk, and the way from an image file to a batch.
//!
//! ```text
//! folder ── read ──▶ Dataset ──▶ items ── ImageStore (decode, resize) ──▶ u8 pixels
//!                                  │                                        │
//!                     labels ── sampler ──▶ indices of a batch ── loader (TrainTransform) ──▶ Tensor [B, 3, H, W]
//! ```
//!
//! What adapts gets the target's images and cameras (`TargetImages` of the train room), which have no field for identities: it cannot
//! see a true label.

mod dataset;
mod decode;
mod dukemtmc;
mod folder;
mod image_store;
mod listing;
mod lists;
mod loader;
mod locate;
mod market1501;
mod matches;
mod msmt17;
mod on_device;
mod own;
mod plain;
mod prefetch;
mod published;
pub mod random_erasing;
mod raw_batch;
mod read;
pub mod resize;
pub mod sampler;
mod statistics;
pub mod transforms;

pub use dataset::{Dataset, DatasetName, LabelledItem, Skipped};
pub use decode::{DecodedImage, ImageLook, ImageSize, decode, look_at};
pub use image_store::ImageStore;
pub use loader::{EvaluationBatch, EvaluationLoader, StreamName, TrainBatch, TrainLoader};
pub use locate::{check_root, is_present};
pub use matches::{Matches, Unmatched};
pub use on_device::DeviceTransform;
pub use plain::images_below;
pub use published::{PublishedCounts, published_counts};
pub use random_erasing::{RandomErasing, Rectangle};
pub use read::{Bounds, read, read_own, read_with_bounds};
pub use sampler::GallerySampler;
pub use statistics::{Statistics, SubsetStatistics};
pub use transforms::{TrainDraws, TrainTransform};
