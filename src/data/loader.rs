//! From indices to batches of tensors, prepared on other threads while the networks train.

use std::sync::Arc;

use rayon::prelude::*;
use tch::Tensor;

use super::decode::ImageSize;
use super::image_store::ImageStore;
use super::prefetch::{Prefetch, StopFlag};
use super::transforms::{TrainTransform, normalize};
use crate::random::stream;
use crate::{Error, InvalidInput, Result};

/// Names the random streams of one epoch's augmentation: each view of each position in the epoch has one of its own.
#[derive(Debug, Clone)]
pub struct StreamName {
    /// The run's seed.
    pub seed: u64,
    /// What the images are for, such as `"augment/source"`.
    pub purpose: String,
    /// The epoch.
    pub epoch: u64,
}

/// A batch of training images.
#[derive(Debug)]
pub struct TrainBatch {
    /// The same images, transformed independently: f32 `[B, 3, H, W]` on the CPU each.
    pub views: Vec<Tensor>,
    /// Index of each image in the store, `[B]`.
    pub indices: Vec<usize>,
}

/// A batch of images as evaluation sees them.
#[derive(Debug)]
pub struct EvaluationBatch {
    /// f32 `[B, 3, H, W]` on the CPU.
    pub images: Tensor,
    /// Index of each image in the store, `[B]`.
    pub indices: Vec<usize>,
}

/// Values of all views of a batch, before they become tensors. libtorch is left to the thread that trains.
#[derive(Debug)]
struct RawBatch {
    views: Vec<Vec<f32>>,
    indices: Vec<usize>,
}

/// Iterates over the training batches of one epoch, prepared in advance. It ends after the first error. Dropping it
/// stops its thread.
#[derive(Debug)]
pub struct TrainLoader {
    batches: Prefetch<RawBatch>,
    size: ImageSize,
}

impl TrainLoader {
    /// Loads `batches` (lists of indices into `store`, in order), each image in `views` independently drawn views.
    ///
    /// Position `p` of the epoch (counted over all batches) draws view `v` from the stream of item `p * views + v`, so
    /// neither the threads nor an image that comes twice change any number.
    ///
    /// # Errors
    /// No views, or a transform whose size is not that of the store.
    pub fn new(
        store: Arc<ImageStore>,
        transform: TrainTransform,
        batches: Vec<Vec<usize>>,
        streams: StreamName,
        views: usize,
    ) -> Result<Self> {
        if views == 0 {
            return Err(InvalidInput::Empty { what: "the list of views" }.into());
        }
        let size = store.size();
        check_size(&transform, size)?;
        let mut position = 0;
        let tasks: Vec<(usize, Vec<usize>)> = batches
            .into_iter()
            .map(|indices| {
                let first = position;
                position += indices.len();
                (first, indices)
            })
            .collect();
        let StreamName { seed, purpose, epoch } = streams;
        let make = move |(first, indices): (usize, Vec<usize>), stop: &StopFlag| {
            fill(&store, indices, views, stop, |at, view, pixels, out| {
                let item = (first + at) * views + view;
                let draws = transform.draw(&mut stream(seed, &purpose, epoch, item as u64));
                transform.apply(pixels, &draws, out);
            })
        };
        Ok(Self { batches: Prefetch::start(tasks, make)?, size })
    }
}

impl Iterator for TrainLoader {
    type Item = Result<TrainBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        let size = self.size;
        Some(self.batches.next()?.and_then(|RawBatch { views, indices }| {
            let views = views.iter().map(|view| tensor(view, size)).collect::<Result<_>>()?;
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
}

impl EvaluationLoader {
    /// Loads the images of `store` in batches of `batch_size`, the last one as short as it must be.
    ///
    /// # Errors
    /// A batch size of 0.
    pub fn new(store: Arc<ImageStore>, batch_size: usize) -> Result<Self> {
        InvalidInput::at_least_one("batch size", batch_size)?;
        let size = store.size();
        let all: Vec<usize> = (0..store.len()).collect();
        let tasks: Vec<Vec<usize>> = all.chunks(batch_size).map(<[usize]>::to_vec).collect();
        let make = move |indices: Vec<usize>, stop: &StopFlag| {
            fill(&store, indices, 1, stop, |_, _, pixels, out| normalize(pixels, out))
        };
        Ok(Self { batches: Prefetch::start(tasks, make)?, size })
    }
}

impl Iterator for EvaluationLoader {
    type Item = Result<EvaluationBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        let size = self.size;
        Some(self.batches.next()?.and_then(|RawBatch { views, indices }| {
            Ok(EvaluationBatch { images: tensor(&views[0], size)?, indices })
        }))
    }
}

/// Gets the images at `indices` and lets `write(position, view, pixels, out)` fill their place in each view.
fn fill(
    store: &ImageStore,
    indices: Vec<usize>,
    views: usize,
    stop: &StopFlag,
    write: impl Fn(usize, usize, &[u8], &mut [f32]) + Sync,
) -> Result<RawBatch> {
    let values = store.size().values();
    let mut buffers = vec![vec![0.0; indices.len() * values]; views];
    // Turned round, from views of images to images of views: an image is decoded once for all its views.
    let mut slots: Vec<Vec<&mut [f32]>> = indices.iter().map(|_| Vec::with_capacity(views)).collect();
    for buffer in &mut buffers {
        slots.iter_mut().zip(buffer.chunks_exact_mut(values)).for_each(|(slot, part)| slot.push(part));
    }
    let results: Vec<Result<()>> = slots
        .into_par_iter()
        .zip(&indices)
        .enumerate()
        .map(|(position, (slot, index))| {
            stop.check()?;
            let pixels = store.get(*index)?;
            slot.into_iter().enumerate().for_each(|(view, out)| write(position, view, &pixels, out));
            Ok(())
        })
        .collect();
    // In order, so that the file named is the same every time.
    results.into_iter().collect::<Result<()>>()?;
    Ok(RawBatch { views: buffers, indices })
}

fn tensor(values: &[f32], size: ImageSize) -> Result<Tensor> {
    Tensor::f_from_slice(values)
        .and_then(|tensor| tensor.f_view([-1, 3, size.height as i64, size.width as i64]))
        .map_err(Error::torch("cannot make a batch of images"))
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
        TrainLoader::new(store.clone(), transform(), batches, streams, views).unwrap()
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
    fn evaluation_sees_every_image_once_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(paths(folder.path()), usize::MAX);
        let batches: Vec<EvaluationBatch> =
            EvaluationLoader::new(store.clone(), 4).unwrap().collect::<Result<_>>().unwrap();
        assert_eq!(batches.iter().map(|batch| batch.images.size()[0]).collect::<Vec<_>>(), [4, 4, 2]);
        assert_eq!(
            batches.iter().flat_map(|batch| batch.indices.clone()).collect::<Vec<_>>(),
            (0..10).collect::<Vec<_>>()
        );
        let mut expected = vec![0.0; SIZE.values()];
        normalize(&store.get(9).unwrap(), &mut expected);
        assert_eq!(Vec::<f32>::try_from(batches[2].images.get(1).flatten(0, -1)).unwrap(), expected);
        assert!(EvaluationLoader::new(store, 0).is_err());
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
        assert!(TrainLoader::new(store.clone(), wrong, vec![vec![0]], streams.clone(), 1).is_err());
        assert!(TrainLoader::new(store, transform(), vec![vec![0]], streams, 0).is_err());
    }
}
