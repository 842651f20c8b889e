//! D28.

use mmt_reference::data::random_erasing::{Erasing, rectangle};
use mmt_reference::{InvalidInput, Result};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::definition::{
    Bench, Definition, Golden, Places, no_units, nothing_open, reading, real, value, whole,
};
use crate::value::{Inputs, Outputs};

/// Enough for the attempts of almost every image; a case that wants more is not one.
const DRAWS: usize = 16;

pub(super) static DEFINITION: Definition = Definition {
    number: "D28",
    name: "random erasing",
    part: Some("its rectangle"),
    places: Places {
        reference: "data/random_erasing.rs",
        fast: &["data/random_erasing.rs"],
        properties: "data/erasing.rs",
        golden: Golden::Functions(&["mmt.utils.data.transforms.RandomErasing"]),
        bench: Bench::Named("data/train_transform"),
    },
    inputs: &[
        whole("height", &[], "height of the image"),
        whole("width", &[], "width of the image"),
        real("probability", &[], "probability that anything is erased"),
        real("min_area", &[], "least share of the area"),
        real("max_area", &[], "largest share of the area"),
        real("min_ratio", &[], "least ratio of height to width; the largest is its inverse"),
        real("draws", &["U"], "the numbers of [0, 1) that are drawn, in this order"),
    ],
    outputs: &[
        value("erased", &[], "D28", "1 where anything is erased, else 0"),
        value("rectangle", &["4"], "D28", "top, left, height and width; zeros where nothing is erased"),
    ],
    reference: |inputs| by(inputs, false),
    generate: generated,
    units: no_units,
    open: nothing_open,
    readings: &[
        reading("height and width are exchanged", |inputs| by(inputs, true)),
        reading("always erased", |inputs| by(&inputs.clone().with("probability", 1.0), false)),
    ],
};

fn by(inputs: &Inputs, exchanged: bool) -> Result<Outputs> {
    let erasing = Erasing {
        probability: inputs.real("probability")?,
        min_area: inputs.real("min_area")?,
        max_area: inputs.real("max_area")?,
        min_ratio: inputs.real("min_ratio")?,
    };
    let mut draws = inputs.array("draws")?.values.clone().into_iter();
    let mut short = false;
    let uniform = || {
        draws.next().unwrap_or_else(|| {
            short = true;
            0.0
        })
    };
    let (height, width) = (inputs.count("height")?, inputs.count("width")?);
    let (height, width) = if exchanged { (width, height) } else { (height, width) };
    let found = rectangle(height, width, &erasing, uniform)?;
    if short {
        return Err(InvalidInput::TooFewSamples { what: "draws", needed: DRAWS + 1, found: DRAWS });
    }
    let sides = found.map_or([0; 4], |found| [found.top, found.left, found.height, found.width]);
    Ok(Outputs::default().with("erased", usize::from(found.is_some())).with("rectangle", sides.as_slice()))
}

fn generated(rng: &mut ChaCha8Rng) -> Inputs {
    let draws: Vec<f64> =
        (0..DRAWS).map(|_| f64::from(rng.random_range(0..1 << 20)) / f64::from(1 << 20)).collect();
    let side = |rng: &mut ChaCha8Rng| rng.random_range(4..64_usize);
    Inputs::default()
        .with("height", side(rng))
        .with("width", side(rng))
        .with("probability", [0.5, 0.75, 1.0][rng.random_range(0..3)])
        .with("min_area", 0.03125)
        .with("max_area", [0.125, 0.4375][rng.random_range(0..2)])
        .with("min_ratio", [0.25, 0.5, 1.0][rng.random_range(0..3)])
        .with("draws", draws)
}
