//! From indices to batches of tensors, prepared on other threads while the networks train.
//!
//! For networks on the processor those threads do everything. For networks on a card they decode and draw, pixels go up as bytes, and the
//! card transforms them ([`DeviceTransform`]). Nobody waits for it: the processor hands in the next batch while the card is at work.

use std::sync::Arc;

use tch::{Device, Tensor};

use super::decode::ImageSize;
use super::image_store::ImageStore;
use super::on_device::DeviceTransform;
use super::prefetch::{Prefetch, StopFlag};
use super::raw_batch::{Content, RawBatch, pixels, values};
use super::transforms::{TrainTransform, normalize};
use crate::random::stream;
use crate::{InvalidInput, Result};

/// Names the random streams of one epoch's augmentation: each view of each position in the epoch has one of its own.
#[derive(Debug, Clone)]
pub struct StreamName {
    /// The run's seed.
    pub seed: u64,
    /// The purpose of the images, such as `"augment/source"`.
    pub purpose: String,
    /// The epoch.
    pub epoch: u64,
}

/// A batch of training images.
#[derive(Debug)]
pub struct TrainBatch {
    /// The same images, transformed independently: f32 `[B, 3, H, W]` each, on the loader's device.
    pub views: Vec<Tensor>,
    /// Index of each image in the store, `[B]`.
    pub indices: Vec<usize>,
}

/// A batch of images as evaluation sees them.
#[derive(Debug)]
pub struct EvaluationBatch {
    /// f32 `[B, 3, H, W]` on the loader's device.
    pub images: Tensor,
    /// Index of each image in the store, `[B]`.
    pub indices: Vec<usize>,
}

/// Iterates over the training batches of one epoch, prepared in advance. It ends after the first error. Dropping it
/// stops its thread.
#[derive(Debug)]
pub struct TrainLoader {
    batches: Prefetch<RawBatch>,
    size: ImageSize,
    on_device: Option<DeviceTransform>,
}

impl TrainLoader {
    /// Loads `batches` (lists of indices into `store`, in order) onto `device`, each image in `views` independently drawn views.
    ///
    /// Position `p` of the epoch (counted over all batches) draws view `v` from the stream of item `p * views + v`, so
    /// neither the threads nor an image that comes twice nor the device change any number.
    ///
    /// # Errors
    /// No views, a transform whose size is not that of the store, or a device that refuses.
    pub fn new(
        store: Arc<ImageStore>,
        transform: TrainTransform,
        batches: Vec<Vec<usize>>,
        streams: StreamName,
        views: usize,
        device: Device,
    ) -> Result<Self> {
        let on_device = match device {
            Device::Cpu => None,
            device => Some(DeviceTransform::of_training(&transform, device)?),
        };
        Self::start(store, transform, batches, streams, views, on_device)
    }

    fn start(
        store: Arc<ImageStore>,
        transform: TrainTransform,
        batches: Vec<Vec<usize>>,
        streams: StreamName,
        views: usize,
        on_device: Option<DeviceTransform>,
    ) -> Result<Self> {
        if views == 0 {
            return Err(InvalidInput::Empty { what: "the list of views" }.into());
        }
        let size = store.size();
        check_size(&transform, size)?;
        let tasks = with_positions(batches);
        let leave_pixels = on_device.is_some();
        let StreamName { seed, purpose, epoch } = streams;
        let make = move |(first, indices): (usize, Vec<usize>), stop: &StopFlag| {
            let draw = |at: usize, view: usize| {
                let item = (first + at) * views + view;
                transform.draw(&mut stream(seed, &purpose, epoch, item as u64))
            };
            let content = if leave_pixels {
                let draws = |view| (0..indices.len()).map(|at| draw(at, view)).collect();
                Content::Pixels(pixels(&store, &indices, stop)?, (0..views).map(draws).collect())
            } else {
                Content::Values(values(&store, &indices, views, stop, |at, view, pixels, out| {
                    transform.apply(pixels, &draw(at, view), out);
                })?)
            };
            Ok(RawBatch { content, indices })
        };
        Ok(Self { batches: Prefetch::start(tasks, make)?, size, on_device })
    }
}

impl Iterator for TrainLoader {
    type Item = Result<TrainBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.batches.next()?.and_then(|RawBatch { content, indices }| {
            let views = content.tensors(self.size, self.on_device.as_ref())?;
            Ok(TrainBatch { views, indices })
        }))
    }
}

/// Iterates over all images of a store in order, only normalised. It ends after the first error. Dropping it stops its
/// thread.
#[derive(Debug)]
pub struct EvaluationLoader {
    batches: Prefetch<RawBatch>,
    size: ImageSize,
    on_device: Option<DeviceTransform>,
}

impl EvaluationLoader {
    /// Loads the images of `store` onto `device` in batches of `batch_size`, the last one as short as it must be.
    ///
    /// # Errors
    /// A batch size of 0, or a device that refuses.
    pub fn new(store: Arc<ImageStore>, batch_size: usize, device: Device) -> Result<Self> {
        let on_device = match device {
            Device::Cpu => None,
            device => Some(DeviceTransform::of_test(store.size(), device)?),
        };
        Self::start(store, batch_size, on_device)
    }

    fn start(store: Arc<ImageStore>, batch_size: usize, on_device: Option<DeviceTransform>) -> Result<Self> {
        InvalidInput::at_least_one("batch size", batch_size)?;
        let size = store.size();
        let all: Vec<usize> = (0..store.len()).collect();
        let tasks: Vec<Vec<usize>> = all.chunks(batch_size).map(<[usize]>::to_vec).collect();
        let leave_pixels = on_device.is_some();
        let make = move |indices: Vec<usize>, stop: &StopFlag| {
            let content = if leave_pixels {
                Content::Pixels(pixels(&store, &indices, stop)?, Vec::new())
            } else {
                Content::Values(values(&store, &indices, 1, stop, |_, _, pixels, out| {
                    normalize(pixels, out)
                })?)
            };
            Ok(RawBatch { content, indices })
        };
        Ok(Self { batches: Prefetch::start(tasks, make)?, size, on_device })
    }
}

impl Iterator for EvaluationLoader {
    type Item = Result<EvaluationBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.batches.next()?.and_then(|RawBatch { content, indices }| {
            let images = content.tensors(self.size, self.on_device.as_ref())?.swap_remove(0);
            Ok(EvaluationBatch { images, indices })
        }))
    }
}

/// Each batch with its first position in the epoch.
fn with_positions(batches: Vec<Vec<usize>>) -> Vec<(usize, Vec<usize>)> {
    let mut position = 0;
    let with_position = |indices: Vec<usize>| {
        let first = position;
        position += indices.len();
        (first, indices)
    };
    batches.into_iter().map(with_position).collect()
}

fn check_size(transform: &TrainTransform, size: ImageSize) -> Result<()> {
    if transform.size == size {
        return Ok(());
    }
    let text = |size: ImageSize| format!("{} x {}", size.height, size.width);
    let (expected, found) = (text(size), text(transform.size));
    Err(InvalidInput::Shape { what: "the size of the training transform", expected, found }.into())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use image::{ImageBuffer, Rgb};

    use super::*;
    use crate::data::RandomErasing;

    const SIZE: ImageSize = ImageSize { height: 8, width: 4 };

    fn paths(folder: &Path) -> Vec<PathBuf> {
        let paths: Vec<_> = (0..10).map(|i| folder.join(format!("{i}.png"))).collect();
        for (i, path) in paths.iter().enumerate() {
            ImageBuffer::from_fn(4, 8, |x, y| Rgb([20 * i as u8, (x * 9) as u8, (y * 9) as u8]))
                .save(path)
                .unwrap();
        }
        paths
    }

    fn store(paths: Vec<PathBuf>, memory_limit: usize) -> Arc<ImageStore> {
        Arc::new(ImageStore::open(paths, SIZE, memory_limit, &mut |_, _| Ok(())).unwrap())
    }

    fn transform() -> TrainTransform {
        TrainTransform { size: SIZE, flip_probability: 0.5, pad: 2, erasing: Some(RandomErasing::default()) }
    }

    fn train(store: &Arc<ImageStore>, batches: &[&[usize]], views: usize) -> TrainLoader {
        let streams = StreamName { seed: 5, purpose: "augment".to_owned(), epoch: 1 };
        let batches = batches.iter().map(|batch| batch.to_vec()).collect();
        TrainLoader::new(store.clone(), transform(), batches, streams, views, Device::Cpu).unwrap()
    }

    /// The way of the cards, on the processor.
    fn train_on_device(store: &Arc<ImageStore>, batches: &[&[usize]], views: usize) -> TrainLoader {
        let streams = StreamName { seed: 5, purpose: "augment".to_owned(), epoch: 1 };
        let batches = batches.iter().map(|batch| batch.to_vec()).collect();
        let on_device = DeviceTransform::of_training(&transform(), Device::Cpu).unwrap();
        TrainLoader::start(store.clone(), transform(), batches, streams, views, Some(on_device)).unwrap()
    }

    #[test]
    fn batches_hold_independent_views_named_by_their_position() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(paths(folder.path()), usize::MAX);
        let batches: Vec<TrainBatch> = train(&store, &[&[3, 1, 3], &[7]], 2).collect::<Result<_>>().unwrap();
        assert_eq!(
            batches.iter().map(|batch| batch.indices.clone()).collect::<Vec<_>>(),
            [vec![3, 1, 3], vec![7]]
        );
        assert_eq!(batches[0].views[1].size(), [3, 3, 8, 4]);
        for (position, index, view) in [(0, 3, 0), (1, 1, 1), (2, 3, 1), (3, 7, 0)] {
            let mut expected = vec![0.0; SIZE.values()];
            let draws = transform().draw(&mut stream(5, "augment", 1, position * 2 + view));
            transform().apply(&store.get(index).unwrap(), &draws, &mut expected);
            let batch = &batches[position as usize / 3];
            let found = batch.views[view as usize].get(position as i64 % 3).flatten(0, -1);
            assert_eq!(Vec::<f32>::try_from(found).unwrap(), expected);
        }
    }

    #[test]
    fn memory_limit_and_threads_change_no_value() {
        let folder = tempfile::tempdir().unwrap();
        let paths = paths(folder.path());
        let batches: [&[usize]; 2] = [&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], &[9, 2, 2]];
        let kept = train(&store(paths.clone(), usize::MAX), &batches, 2);
        let lazy = train(&store(paths, 0), &batches, 2);
        for (a, b) in kept.zip(lazy) {
            let (a, b) = (a.unwrap(), b.unwrap());
            assert!(a.views.iter().zip(&b.views).all(|(a, b)| a == b));
        }
    }

    #[test]
    fn batches_that_a_device_transforms_are_those_of_the_threads() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(paths(folder.path()), usize::MAX);
        let batches: [&[usize]; 3] = [&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], &[9, 2, 2], &[7]];
        let (mut threads, mut device) = (train(&store, &batches, 2), train_on_device(&store, &batches, 2));
        for _ in batches {
            let (a, b) = (threads.next().unwrap().unwrap(), device.next().unwrap().unwrap());
            assert_eq!((a.indices, a.views), (b.indices, b.views));
        }
        assert!(threads.next().is_none() && device.next().is_none());
        let on_device = DeviceTransform::of_test(SIZE, Device::Cpu).unwrap();
        let device = EvaluationLoader::start(store.clone(), 4, Some(on_device)).unwrap();
        for (a, b) in EvaluationLoader::new(store, 4, Device::Cpu).unwrap().zip(device) {
            let (a, b) = (a.unwrap(), b.unwrap());
            assert_eq!((a.indices, a.images), (b.indices, b.images));
        }
    }

    #[test]
    fn evaluation_sees_every_image_once_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(paths(folder.path()), usize::MAX);
        let batches: Vec<EvaluationBatch> =
            EvaluationLoader::new(store.clone(), 4, Device::Cpu).unwrap().collect::<Result<_>>().unwrap();
        assert_eq!(batches.iter().map(|batch| batch.images.size()[0]).collect::<Vec<_>>(), [4, 4, 2]);
        assert_eq!(
            batches.iter().flat_map(|batch| batch.indices.clone()).collect::<Vec<_>>(),
            (0..10).collect::<Vec<_>>()
        );
        let mut expected = vec![0.0; SIZE.values()];
        normalize(&store.get(9).unwrap(), &mut expected);
        assert_eq!(Vec::<f32>::try_from(batches[2].images.get(1).flatten(0, -1)).unwrap(), expected);
        assert!(EvaluationLoader::new(store, 0, Device::Cpu).is_err());
    }

    #[test]
    fn an_image_that_broke_meanwhile_is_named_and_ends_the_epoch() {
        let folder = tempfile::tempdir().unwrap();
        let paths = paths(folder.path());
        let store = store(paths.clone(), 0);
        fs::write(&paths[4], b"").unwrap();
        let results: Vec<_> = train(&store, &[&[0, 1], &[3, 4, 5], &[6]], 1).collect();
        assert_eq!(results.len(), 2);
        assert!(results[1].as_ref().unwrap_err().to_string().contains("4.png"));
    }

    #[test]
    fn an_index_out_of_range_and_a_wrong_size_are_errors() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(paths(folder.path()), usize::MAX);
        assert!(train(&store, &[&[10]], 1).next().unwrap().is_err());
        let wrong = TrainTransform { size: ImageSize { height: 4, width: 8 }, ..transform() };
        let streams = StreamName { seed: 5, purpose: String::new(), epoch: 1 };
        assert!(
            TrainLoader::new(store.clone(), wrong, vec![vec![0]], streams.clone(), 1, Device::Cpu).is_err()
        );
        assert!(TrainLoader::new(store, transform(), vec![vec![0]], streams, 0, Device::Cpu).is_err());
    }
}
