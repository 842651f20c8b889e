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
//!
//! From a folder to a batch of training images in two views:
//! ```
//! use std::sync::Arc;
//! use mmt::data::{DatasetName, GallerySampler, ImageSize, ImageStore, StreamName, TrainLoader, TrainTransform, read};
//!
//! # fn main() -> mmt::Result<()> {
//! # let folder = tempfile::tempdir().map_err(mmt::Error::io("write", &std::env::temp_dir()))?;
//! # let domain = mmt::synthetic::DomainSettings { train_identities: 4, train_images: 4, test_identities: 2, ..Default::default() };
//! # let root = mmt::synthetic::prepare(DatasetName::Market1501, &domain, folder.path(), &mut |_, _| Ok(()))?;
//! // `root` is the folder that holds Market-1501-v15.09.15 or market1501.
//! let train = read(DatasetName::Market1501, &root)?.train;
//! let paths = train.iter().map(|item| item.path.clone()).collect();
//! let size = ImageSize { height: 64, width: 32 };
//! let images = Arc::new(ImageStore::open(paths, size, usize::MAX, &mut |_, _| Ok(()))?);
//!
//! // One batch of two people with two images each; noise would have no label.
//! let labels: Vec<_> = train.iter().map(|item| Some(item.identity as usize)).collect();
//! let cameras: Vec<_> = train.iter().map(|item| item.camera).collect();
//! let batches = GallerySampler::new(&labels, &cameras, 2)?.batches(2, 1, 1, "example/sampler", 0)?;
//! let transform = TrainTransform { size, flip_probability: 0.5, pad: 3, erasing: None };
//! let streams = StreamName { seed: 1, purpose: "example/augment".to_owned(), epoch: 0 };
//! for batch in TrainLoader::new(images, transform, batches, streams, 2, tch::Device::Cpu)? {
//!     let views = batch?.views;
//!     assert_eq!((views.len(), views[0].size()), (2, vec![4, 3, 64, 32]));
//! }
//! # Ok(())
//! # }
//! ```

mod archive;
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
pub mod random_erasing;
mod raw_batch;
mod read;
pub mod resize;
pub mod sampler;
mod statistics;
pub mod transforms;

pub use archive::Bounds;
pub use archive::PublishedCounts;
pub use dataset::{Dataset, LabelledItem, Skipped};
pub use decode::{DecodedImage, ImageLook, ImageSize, decode, look_at};
pub use image_store::ImageStore;
pub use loader::{EvaluationBatch, EvaluationLoader, StreamName, TrainBatch, TrainLoader};
pub use locate::{check_root, is_present};
pub use matches::{Matches, Unmatched};
pub use mmt_vocabulary::DatasetName;
pub use on_device::DeviceTransform;
pub use plain::images_below;
pub use random_erasing::{RandomErasing, Rectangle};
pub use read::{read, read_own, read_with_bounds};
pub use sampler::GallerySampler;
pub use statistics::{Statistics, SubsetStatistics};
pub use transforms::{TrainDraws, TrainTransform};

use archive::Archive;

/// The archive of a dataset.
fn archive_of(name: DatasetName) -> &'static Archive {
    match name {
        DatasetName::Market1501 => &market1501::ARCHIVE,
        DatasetName::DukeMtmc => &dukemtmc::ARCHIVE,
        DatasetName::Msmt17 => &msmt17::ARCHIVE,
        DatasetName::Msmt17V2 => &msmt17::ARCHIVE_V2,
        DatasetName::Own => &own::ARCHIVE,
    }
}

/// Counts of train, query and gallery as the published readers print them; none for data of one's own.
pub fn published_counts(name: DatasetName) -> Option<[PublishedCounts; 3]> {
    let (rows, cameras) = archive_of(name).published?;
    Some(rows.map(|(identities, images)| PublishedCounts { identities, images, cameras }))
}
