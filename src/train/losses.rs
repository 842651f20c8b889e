//! Means of the named losses over an epoch, and where they broke down.

use std::sync::Arc;

use tch::{Kind, Tensor};

use crate::data::ImageStore;
use crate::device::transfer;
use crate::error::{Error, Result};

/// Stands for a step that has not come: more than any count of steps.
const NEVER: f64 = 1e18;
/// Images of a broken batch that a message names.
const NAMED: usize = 3;

/// Mean of each loss over the steps so far. Sum and first broken step stay where the losses are: reading them makes the processor wait.
#[derive(Debug)]
pub struct MeanLosses {
    names: &'static [&'static str],
    images: Arc<ImageStore>,
    sum: Option<Tensor>,
    /// First step in which each loss was not finite, f64 `[names]`.
    broken: Option<Tensor>,
    /// Images of each step's batch.
    batches: Vec<Vec<usize>>,
}

impl MeanLosses {
    /// No step yet. Batches are of `images`.
    pub fn new(names: &'static [&'static str], images: Arc<ImageStore>) -> Self {
        Self { names, images, sum: None, broken: None, batches: Vec::new() }
    }

    /// Adds the losses of a step, `[names]`, and the images it was taken on.
    pub fn add(&mut self, values: &Tensor, batch: &[usize]) {
        let values = values.to_kind(Kind::Double);
        let step = self.batches.len() as f64;
        let now = values.isfinite().to_kind(Kind::Double) * (NEVER - step) + step;
        self.broken = Some(match self.broken.take() {
            Some(first) => first.minimum(&now),
            None => now,
        });
        self.sum = Some(match self.sum.take() {
            Some(sum) => sum + values,
            None => values,
        });
        self.batches.push(batch.to_vec());
    }

    /// (name, mean) of each loss, 0 before the first step. Waits for the device once.
    ///
    /// # Errors
    /// A loss was NaN or infinite: training broke down. The first such step, its losses and its images are named.
    pub fn means(&self) -> Result<Vec<(&'static str, f64)>> {
        let (Some(sum), Some(broken)) = (&self.sum, &self.broken) else {
            return Ok(self.names.iter().map(|name| (*name, 0.0)).collect());
        };
        let mean = sum / self.batches.len() as f64;
        let values = transfer::read(&Tensor::cat(&[&mean, broken], 0), "the losses")?;
        let (means, broken) = values.split_at(self.names.len());
        let first = broken.iter().copied().fold(f64::INFINITY, f64::min);
        if first < NEVER || means.iter().any(|mean| !mean.is_finite()) {
            return Err(self.breakdown(broken, first));
        }
        Ok(self.names.iter().copied().zip(means.iter().copied()).collect())
    }

    fn breakdown(&self, broken: &[f64], first: f64) -> Error {
        let losses = self.names.iter().zip(broken).filter(|(_, step)| **step == first);
        let losses: Vec<&str> = losses.map(|(name, _)| *name).collect();
        // A sum of finite losses may overflow; then no step is at fault.
        let batch = self.batches.get(first as usize).map_or(&[][..], Vec::as_slice);
        let names = batch.iter().filter_map(|at| self.images.path(*at)?.file_name()?.to_str());
        let more = if batch.len() > NAMED { ", …" } else { "" };
        let images: Vec<&str> = names.take(NAMED).collect();
        Error::Training(format!(
            "the losses {} became NaN or infinite in step {} of {}, on {} images ({}{more}): training broke down (a smaller learning rate \
             may help)",
            losses.join(", "),
            first as usize + 1,
            self.batches.len(),
            batch.len(),
            images.join(", ")
        ))
    }
}

#[cfg(test)]
mod tests {
    use image::{ImageBuffer, Rgb};

    use super::*;
    use crate::data::ImageSize;

    const NAMES: [&str; 3] = ["ce", "tri", "total"];

    fn losses(folder: &std::path::Path, steps: &[[f64; 3]]) -> MeanLosses {
        let paths: Vec<_> = (0..5).map(|at| folder.join(format!("image-{at}.png"))).collect();
        paths.iter().for_each(|path| ImageBuffer::from_pixel(4, 4, Rgb([0_u8; 3])).save(path).unwrap());
        let size = ImageSize { height: 4, width: 4 };
        let store = ImageStore::open(paths, size, usize::MAX, &mut |_, _| Ok(())).unwrap();
        let mut losses = MeanLosses::new(&NAMES, Arc::new(store));
        for (step, values) in steps.iter().enumerate() {
            losses.add(&Tensor::from_slice(values), &[step, step + 1, step + 1, step]);
        }
        losses
    }

    #[test]
    fn c33_the_first_broken_step_is_named_with_its_losses_and_images() {
        let folder = tempfile::tempdir().unwrap();
        let good = [1.0, 2.0, 3.0];
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let steps = [good, good, [1.0, bad, bad], [bad, bad, bad]];
            let text = losses(folder.path(), &steps).means().unwrap_err().to_string();
            for part in ["losses tri, total ", "step 3 of 4", "on 4 images (image-2.png, image-3.png"] {
                assert!(text.contains(part), "`{part}` is not in {text}");
            }
        }
    }

    #[test]
    fn means_are_over_the_steps() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(losses(folder.path(), &[]).means().unwrap(), NAMES.map(|name| (name, 0.0)));
        let means = losses(folder.path(), &[[1.0, 2.0, 3.0], [3.0, 2.0, 7.0]]).means().unwrap();
        assert_eq!(means, [("ce", 2.0), ("tri", 2.0), ("total", 5.0)]);
    }
}
