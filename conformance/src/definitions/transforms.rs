//! D27.

use mmt_reference::Result;
use mmt_reference::data::image::Pixels;
use mmt_reference::data::transforms::{flip, normalize, pad_and_crop};
use rand::Rng;

use super::resize;
use crate::definition::{Bench, Definition, Golden, Places, flag, nothing_open, reading, value, whole};
use crate::value::{Array, Inputs, Outputs};

pub(super) static DEFINITION: Definition = Definition {
    number: "D27",
    name: "flip, pad-and-crop, normalisation",
    part: None,
    places: Places {
        reference: "data/transforms.rs",
        fast: &["data/transforms.rs"],
        properties: "data/pixels.rs",
        golden: Golden::Functions(&[
            "torchvision RandomHorizontalFlip(p=1)",
            "torchvision Pad(10) + RandomCrop",
        ]),
        bench: Bench::Named("data/train_transform"),
    },
    inputs: &[
        whole("pixels", &["H", "W", "3"], "grey levels, 0 to 255"),
        flag("flip", "whether the image is flipped"),
        whole("pad", &[], "width of the black border"),
        whole("top", &[], "first row of the crop in the padded image"),
        whole("left", &[], "first column of the crop in the padded image"),
    ],
    outputs: &[
        value("cropped", &["H", "W", "3"], "D27", "grey levels after flip, padding and crop"),
        value(
            "normalized",
            &["3", "H", "W"],
            "D23",
            "the crop, scaled to [0, 1] and normalised by ImageNet's mean and deviation",
        ),
    ],
    reference: |inputs| transformed(inputs, true),
    generate: |rng| {
        let pad = rng.random_range(0..4_usize);
        resize::image(rng)
            .with("flip", rng.random_bool(0.5))
            .with("pad", pad)
            .with("top", rng.random_range(0..=2 * pad))
            .with("left", rng.random_range(0..=2 * pad))
    },
    units: |_| [8.0, 1.0],
    open: nothing_open,
    readings: &[
        reading("flipped after the crop", |inputs| transformed(inputs, false)),
        reading("never flipped", |inputs| transformed(&inputs.clone().with("flip", false), true)),
        reading("top and left are exchanged", |inputs| {
            let turned = inputs.clone().with("top", inputs.count("left")?).with("left", inputs.count("top")?);
            transformed(&turned, true)
        }),
        reading("not scaled to [0, 1]", |inputs| {
            let mut normalized = transformed(inputs, true)?["normalized"].clone();
            let plane = normalized.values.len() / 3;
            for (at, value) in normalized.values.iter_mut().enumerate() {
                let (mean, deviation) = mean_and_deviation(at / plane);
                *value = (255.0 * (*value * deviation + mean) - mean) / deviation;
            }
            Ok(Outputs::default().with("normalized", normalized))
        }),
    ],
};

fn mean_and_deviation(channel: usize) -> (f64, f64) {
    use mmt_reference::data::transforms::{IMAGENET_MEAN, IMAGENET_STD};
    (IMAGENET_MEAN[channel], IMAGENET_STD[channel])
}

fn transformed(inputs: &Inputs, flip_first: bool) -> Result<Outputs> {
    let image = resize::pixels(inputs)?;
    let flipped = inputs.flag("flip")?;
    let (pad, top, left) = (inputs.count("pad")?, inputs.count("top")?, inputs.count("left")?);
    let turned = |image: Pixels, now: bool| if flipped && now { flip(&image) } else { Ok(image) };
    let cropped = turned(pad_and_crop(&turned(image, flip_first)?, pad, top, left)?, !flip_first)?;
    let normalized = normalize(&cropped)?;
    let shape = vec![3, normalized.height(), normalized.width()];
    Ok(Outputs::default()
        .with("cropped", resize::array(&cropped))
        .with("normalized", Array { shape, values: normalized.values().to_vec() }))
}
