//! The transforms of D27 and D28 on the device of the networks. Pixels go up as bytes, once for all views, and become values there: by
//! indices into the padded images and by the very table that the processor reads, so that no number differs.

use tch::{Device, Kind, TchError, Tensor};

use super::decode::ImageSize;
use super::random_erasing::Rectangle;
use super::transforms::{NORMALIZED, TrainDraws, TrainTransform};
use crate::device::transfer;
use crate::{Error, Result};

type Torch<T> = std::result::Result<T, TchError>;

/// A transform whose tables lie on a device.
#[derive(Debug)]
pub struct DeviceTransform {
    device: Device,
    size: ImageSize,
    pad: i64,
    /// f32 `[3 · 256]`: every grey level of every channel, normalised.
    levels: Tensor,
    /// i64 `[3, 1, 1]`: where a channel begins in `levels`.
    channels: Tensor,
    /// f32 `[3, 1, 1]`: what erasing writes.
    erasing: Option<Tensor>,
}

impl DeviceTransform {
    /// The test transform (after the resize) on images of `size`: [`Self::normalize`] alone.
    ///
    /// # Errors
    /// A device that refuses.
    pub fn of_test(size: ImageSize, device: Device) -> Result<Self> {
        let transform = TrainTransform { size, flip_probability: 0.0, pad: 0, erasing: None };
        Self::of_training(&transform, device)
    }

    /// A training transform.
    ///
    /// # Errors
    /// A device that refuses.
    pub fn of_training(transform: &TrainTransform, device: Device) -> Result<Self> {
        let per_channel =
            |values: Tensor, kind| transfer::upload(&values.view([3, 1, 1]), (kind, device), "a transform");
        let levels = Tensor::from_slice(NORMALIZED.as_flattened());
        let erasing = transform.erasing.as_ref();
        Ok(Self {
            device,
            size: transform.size,
            pad: transform.pad as i64,
            levels: transfer::upload(&levels, (Kind::Float, device), "grey levels")?,
            channels: per_channel(Tensor::from_slice(&[0_i64, 256, 512]), Kind::Int64)?,
            erasing: erasing
                .map(|erasing| per_channel(Tensor::from_slice(&erasing.value), Kind::Float))
                .transpose()?,
        })
    }

    /// Brings the pixels of images up, u8 `[B, H, W, 3]`, as they lie in memory.
    ///
    /// # Errors
    /// A device that refuses.
    pub fn upload(&self, pixels: &[u8]) -> Result<Tensor> {
        let shape = [-1, self.size.height as i64, self.size.width as i64, 3];
        let pixels = Tensor::f_from_slice(pixels).and_then(|pixels| pixels.f_view(shape));
        let pixels = pixels.map_err(Error::torch("cannot make a batch of images"))?;
        transfer::upload(&pixels, (Kind::Uint8, self.device), "images")
    }

    /// [`super::transforms::normalize`] of uploaded images: f32 `[B, 3, H, W]`.
    ///
    /// # Errors
    /// A device that refuses.
    pub fn normalize(&self, pixels: &Tensor) -> Result<Tensor> {
        self.values(pixels).map_err(Error::torch("cannot normalise images"))
    }

    /// [`TrainTransform::apply`] of uploaded images: f32 `[B, 3, H, W]`. `draws`: one for each image.
    ///
    /// # Errors
    /// A device that refuses.
    pub fn apply(&self, pixels: &Tensor, draws: &[TrainDraws]) -> Result<Tensor> {
        let draws = transfer::upload(&numbers_of(draws), (Kind::Int64, self.device), "draws")?;
        let image = self.transformed(pixels, &draws.unbind(0));
        image.map_err(Error::torch("cannot transform images"))
    }

    /// `draws`: as [`numbers_of`] has them.
    fn transformed(&self, pixels: &Tensor, draws: &[Tensor]) -> Torch<Tensor> {
        let values = self.values(&self.cropped(pixels, &draws[0], &draws[1], &draws[2])?)?;
        let Some(erasing) = &self.erasing else { return Ok(values) };
        let rows = self.between(self.size.height, &draws[3], &draws[4])?;
        let columns = self.between(self.size.width, &draws[5], &draws[6])?;
        let erased = rows.f_unsqueeze(2)?.f_logical_and(&columns.f_unsqueeze(1)?)?;
        erasing.f_where_self(&erased.f_unsqueeze(1)?, &values)
    }

    /// Flip, pad and crop of u8 `[B, H, W, 3]`.
    fn cropped(&self, pixels: &Tensor, flip: &Tensor, top: &Tensor, left: &Tensor) -> Torch<Tensor> {
        let pad = self.pad;
        let padded = pixels.f_constant_pad_nd([0, 0, pad, pad, pad, pad])?;
        let (images, height, width) = (padded.size()[0], padded.size()[1], padded.size()[2]);
        let columns = self.count_to(self.size.width)?.f_add(left)?;
        // Where the image is flipped, columns count from the right: c becomes width − 1 − c.
        let mirrored = columns.f_mul_scalar(-2)?.f_add_scalar(width - 1)?.f_mul(flip)?;
        let columns = columns.f_add(&mirrored)?;
        let first = self.count_to(images as usize)?.f_mul_scalar(height)?.f_unsqueeze(1)?;
        let rows = self.count_to(self.size.height)?.f_add(top)?.f_add(&first)?.f_mul_scalar(width)?;
        let places = rows.f_unsqueeze(2)?.f_add(&columns.f_unsqueeze(1)?)?;
        padded.f_view([-1, 3])?.f_index_select(0, &places.f_view(-1)?)?.f_view(pixels.size().as_slice())
    }

    /// u8 `[B, H, W, 3]` to f32 `[B, 3, H, W]`.
    fn values(&self, pixels: &Tensor) -> Torch<Tensor> {
        let levels = pixels.f_permute([0, 3, 1, 2])?.f_to_kind(Kind::Int64)?.f_add(&self.channels)?;
        self.levels.f_take(&levels)?.f_contiguous()
    }

    /// bool `[B, count]`: which of `0..count` lie in `first..end`, `[B, 1]` each.
    fn between(&self, count: usize, first: &Tensor, end: &Tensor) -> Torch<Tensor> {
        let numbers = self.count_to(count)?;
        numbers.f_ge_tensor(first)?.f_logical_and(&numbers.f_lt_tensor(end)?)
    }

    /// i64 `[count]`: `0..count`.
    fn count_to(&self, count: usize) -> Torch<Tensor> {
        Tensor::f_arange(count as i64, (Kind::Int64, self.device))
    }
}

/// i64 `[7, B, 1]`: whether to flip; top and left of the crop; first row and the one behind the last, first column and the one behind
/// the last of what is erased, all 0 where nothing is.
fn numbers_of(draws: &[TrainDraws]) -> Tensor {
    let numbers: Vec<i64> = draws
        .iter()
        .flat_map(|draw| {
            let whole = Rectangle { top: 0, left: 0, height: 0, width: 0 };
            let Rectangle { top, left, height, width } = draw.erased.unwrap_or(whole);
            [usize::from(draw.flip), draw.top, draw.left, top, top + height, left, left + width]
        })
        .map(|number| number as i64)
        .collect();
    Tensor::from_slice(&numbers).view([-1, 7]).tr().contiguous().unsqueeze(2)
}
