//! D25 to D28.

use mmt_conformance::{Array, Inputs, Outputs};

use super::tensors::{Failed, Place};
use crate::data::{self, DecodedImage, GallerySampler, ImageSize, RandomErasing};

pub(super) fn sampler(inputs: &Inputs, _: Place) -> Result<Outputs, Failed> {
    let labels = inputs.labels("labels")?;
    let sampler = GallerySampler::new(&labels, &inputs.counts("cameras")?, inputs.count("instances")?)?;
    let pick = sampler.pick(inputs.count("first")?);
    let pick = pick.ok_or_else(|| Failed("the first image has no label".to_owned()))?;
    let pool: Vec<usize> = (0..labels.len()).map(|image| usize::from(pick.pool.contains(&image))).collect();
    Ok(Outputs::default()
        .with("pool", pool.as_slice())
        .with("drawn", pick.drawn)
        .with("with_replacement", usize::from(pick.with_replacement)))
}

/// An image of `[H, W, 3]` grey levels.
fn image(inputs: &Inputs) -> Result<DecodedImage, Failed> {
    let array = inputs.array("pixels")?;
    let size = ImageSize { height: array.shape[0], width: array.shape[1] };
    Ok(DecodedImage { pixels: array.values.iter().map(|&level| level as u8).collect(), size })
}

fn levels(pixels: &[u8], size: ImageSize) -> Array {
    Array {
        shape: vec![size.height, size.width, 3],
        values: pixels.iter().map(|&level| f64::from(level)).collect(),
    }
}

pub(super) fn resize(inputs: &Inputs, _: Place) -> Result<Outputs, Failed> {
    let size = ImageSize { height: inputs.count("height")?, width: inputs.count("width")? };
    let image = image(inputs)?;
    let resized = data::resize::resize(&image, size)?;
    Ok(Outputs::default().with("resized", levels(&resized, size)))
}

pub(super) fn transforms(inputs: &Inputs, _: Place) -> Result<Outputs, Failed> {
    use data::transforms::{flip, normalize, pad_and_crop};

    let DecodedImage { pixels, size } = image(inputs)?;
    let turned = if inputs.flag("flip")? { flip(&pixels, size) } else { pixels };
    let cropped =
        pad_and_crop(&turned, size, inputs.count("pad")?, inputs.count("top")?, inputs.count("left")?);
    let mut normalized = vec![0.0_f32; cropped.len()];
    normalize(&cropped, &mut normalized);
    let values = normalized.into_iter().map(f64::from).collect();
    Ok(Outputs::default()
        .with("cropped", levels(&cropped, size))
        .with("normalized", Array { shape: vec![3, size.height, size.width], values }))
}

pub(super) fn erasing(inputs: &Inputs, _: Place) -> Result<Outputs, Failed> {
    let erasing = RandomErasing {
        probability: inputs.real("probability")?,
        min_area: inputs.real("min_area")?,
        max_area: inputs.real("max_area")?,
        min_ratio: inputs.real("min_ratio")?,
        ..RandomErasing::default()
    };
    let size = ImageSize { height: inputs.count("height")?, width: inputs.count("width")? };
    let mut draws = inputs.array("draws")?.values.iter();
    let found = erasing.draw(size, || draws.next().copied().unwrap_or(0.0));
    let sides = found.map_or([0; 4], |found| [found.top, found.left, found.height, found.width]);
    Ok(Outputs::default().with("erased", usize::from(found.is_some())).with("rectangle", sides.as_slice()))
}
