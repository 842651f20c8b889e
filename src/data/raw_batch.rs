//! The work of a loader's threads: the images of a batch as plain memory, and how it becomes tensors.

use rayon::prelude::*;
use tch::Tensor;

use super::decode::ImageSize;
use super::image_store::ImageStore;
use super::on_device::DeviceTransform;
use super::prefetch::StopFlag;
use super::transforms::TrainDraws;
use crate::{Error, InvalidInput, Result};

/// A batch before it becomes tensors. libtorch is left to the thread that trains.
#[derive(Debug)]
pub(super) struct RawBatch {
    pub content: Content,
    /// Index of each image in the store, `[B]`.
    pub indices: Vec<usize>,
}

#[derive(Debug)]
pub(super) enum Content {
    /// f32 `[B, 3, H, W]` of each view.
    Values(Vec<Vec<f32>>),
    /// u8 `[B, H, W, 3]`, and what is drawn for each view of each image.
    Pixels(Vec<u8>, Vec<Vec<TrainDraws>>),
}

impl Content {
    /// f32 `[B, 3, H, W]` of each view; pixels without draws are one view, only normalised.
    pub fn tensors(&self, size: ImageSize, on_device: Option<&DeviceTransform>) -> Result<Vec<Tensor>> {
        match (self, on_device) {
            (Self::Values(views), _) => views.iter().map(|view| tensor(view, size)).collect(),
            (Self::Pixels(pixels, draws), Some(transform)) => {
                let pixels = transform.upload(pixels)?;
                match draws.is_empty() {
                    true => Ok(vec![transform.normalize(&pixels)?]),
                    false => draws.iter().map(|draws| transform.apply(&pixels, draws)).collect(),
                }
            }
            (Self::Pixels(..), None) => Err(InvalidInput::Empty { what: "the transform of a device" }.into()),
        }
    }
}

/// The images at `indices`, u8 `[B, H, W, 3]`.
pub(super) fn pixels(store: &ImageStore, indices: &[usize], stop: &StopFlag) -> Result<Vec<u8>> {
    let mut buffer = vec![0; indices.len() * store.size().values()];
    let slots = buffer.chunks_exact_mut(store.size().values()).collect();
    read_each(store, indices, slots, stop, |_, slot, pixels| slot.copy_from_slice(pixels))?;
    Ok(buffer)
}

/// Views of the images at `indices`: `write(position, view, pixels, out)` fills the place of an image in a view.
pub(super) fn values(
    store: &ImageStore,
    indices: &[usize],
    views: usize,
    stop: &StopFlag,
    write: impl Fn(usize, usize, &[u8], &mut [f32]) + Sync,
) -> Result<Vec<Vec<f32>>> {
    let values = store.size().values();
    let mut buffers = vec![vec![0.0; indices.len() * values]; views];
    // Turned round, from views of images to images of views: an image is decoded once for all its views.
    let mut slots: Vec<Vec<&mut [f32]>> = indices.iter().map(|_| Vec::with_capacity(views)).collect();
    for buffer in &mut buffers {
        slots.iter_mut().zip(buffer.chunks_exact_mut(values)).for_each(|(slot, part)| slot.push(part));
    }
    read_each(store, indices, slots, stop, |position, slot, pixels| {
        slot.into_iter().enumerate().for_each(|(view, out)| write(position, view, pixels, out));
    })?;
    Ok(buffers)
}

/// Gets the images at `indices` on all threads of rayon and lets `write(position, slot, pixels)` fill the slot of each.
fn read_each<S: Send>(
    store: &ImageStore,
    indices: &[usize],
    slots: Vec<S>,
    stop: &StopFlag,
    write: impl Fn(usize, S, &[u8]) + Sync,
) -> Result<()> {
    let results: Vec<Result<()>> = slots
        .into_par_iter()
        .zip(indices)
        .enumerate()
        .map(|(position, (slot, index))| {
            stop.check()?;
            write(position, slot, &store.get(*index)?);
            Ok(())
        })
        .collect();
    // In order, so that the file named is the same every time.
    results.into_iter().collect()
}

fn tensor(values: &[f32], size: ImageSize) -> Result<Tensor> {
    Tensor::f_from_slice(values)
        .and_then(|tensor| tensor.f_view([-1, 3, size.height as i64, size.width as i64]))
        .map_err(Error::torch("cannot make a batch of images"))
}
