//! D26.

use mmt_reference::InvalidInput;
use mmt_reference::Result;
use mmt_reference::data::image::Pixels;
use mmt_reference::data::resize::{Passes, resize_by};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::definition::{Bench, Definition, Golden, Places, no_units, reading, value, whole};
use crate::value::{Array, Inputs, Outputs};

pub(super) static DEFINITION: Definition = Definition {
    number: "D26",
    name: "bicubic resize",
    part: None,
    places: Places {
        reference: "data/resize.rs",
        fast: &["data/resize.rs"],
        properties: "data/pixels.rs",
        golden: Golden::Functions(&["torchvision Resize(interpolation=3) on a PIL image"]),
        bench: Bench::Named("data/resize"),
    },
    inputs: &[
        whole("pixels", &["H", "W", "3"], "grey levels, 0 to 255"),
        whole("height", &[], "height to resize to"),
        whole("width", &[], "width to resize to"),
    ],
    outputs: &[value("resized", &["h", "w", "3"], "D26", "grey levels")],
    reference: |inputs| resized(inputs, Passes::Pillow13),
    generate: |rng| {
        let (height, width) = (rng.random_range(1..12_usize), rng.random_range(1..12_usize));
        image(rng).with("height", height).with("width", width)
    },
    units: no_units,
    open: |inputs, _, _| {
        let differs = resized(inputs, Passes::Pillow13).ok()? != resized(inputs, Passes::AcrossFirst).ok()?;
        differs.then_some("which direction goes first depends on the version of Pillow")
    },
    readings: &[
        reading("nearest neighbour", nearest),
        reading("height and width are exchanged", |inputs| {
            let turned =
                inputs.clone().with("height", inputs.count("width")?).with("width", inputs.count("height")?);
            resized(&turned, Passes::Pillow13)
        }),
    ],
};

/// The pixels of a case.
pub(super) fn pixels(inputs: &Inputs) -> Result<Pixels> {
    let array = inputs.array("pixels")?;
    match array.shape[..] {
        [height, width, 3] => {
            Pixels::new(height, width, array.values.iter().map(|&level| level as u8).collect())
        }
        _ => Err(InvalidInput::Shape {
            what: "pixels",
            expected: "[H, W, 3]".to_owned(),
            found: format!("{:?}", array.shape),
        }),
    }
}

/// Pixels as an array `[H, W, 3]`.
pub(super) fn array(pixels: &Pixels) -> Array {
    let values = pixels.values().iter().map(|&level| f64::from(level)).collect();
    Array { shape: vec![pixels.height(), pixels.width(), 3], values }
}

/// A case with an image: noise, or hard edges.
pub(super) fn image(rng: &mut ChaCha8Rng) -> Inputs {
    let (height, width) = (rng.random_range(1..9), rng.random_range(1..9));
    let hard = rng.random_bool(0.3);
    let level = |rng: &mut ChaCha8Rng| match rng.random_range(0..=255_u8) {
        level if hard => f64::from(u8::from(level > 127)) * 255.0,
        level => f64::from(level),
    };
    let values = (0..height * width * 3).map(|_| level(rng)).collect();
    Inputs::default().with("pixels", Array { shape: vec![height, width, 3], values })
}

fn resized(inputs: &Inputs, passes: Passes) -> Result<Outputs> {
    let resized = resize_by(passes, &pixels(inputs)?, inputs.count("height")?, inputs.count("width")?)?;
    Ok(Outputs::default().with("resized", array(&resized)))
}

fn nearest(inputs: &Inputs) -> Result<Outputs> {
    let (image, height, width) = (pixels(inputs)?, inputs.count("height")?, inputs.count("width")?);
    let place = |at: usize, from: usize, to: usize| (2 * at + 1) * from / (2 * to);
    let resized = Pixels::from_fn(height, width, |row, column, channel| {
        image.at(place(row, image.height(), height), place(column, image.width(), width), channel)
    })?;
    Ok(Outputs::default().with("resized", array(&resized)))
}
