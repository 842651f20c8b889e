//! D25, its rule; the draws are a random stream, which nobody shares.

use mmt_reference::Result;
use mmt_reference::data::sampler::pick;
use mmt_reference::{InvalidInput, data::sampler::Pick};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::definition::{Bench, Definition, Golden, Places, no_units, nothing_open, reading, value, whole};
use crate::value::{Inputs, Outputs};

pub(super) static DEFINITION: Definition = Definition {
    number: "D25",
    name: "random multiple gallery sampler",
    part: Some("its rule for one identity"),
    places: Places {
        reference: "data/sampler.rs",
        fast: &["data/sampler.rs"],
        properties: "data/sampler.rs",
        golden: Golden::Functions(&["mmt.utils.data.sampler.RandomMultipleGallerySampler"]),
        bench: Bench::Named("data/sampler"),
    },
    inputs: &[
        whole("labels", &["N"], "label of each image, −1 for noise"),
        whole("cameras", &["N"], "camera of each image"),
        whole("instances", &[], "K"),
        whole("first", &[], "the image drawn first; it has a label"),
    ],
    outputs: &[
        value("pool", &["N"], "D25", "1 for images that the others are drawn from, else 0"),
        value("drawn", &[], "D25", "how many are drawn"),
        value("with_replacement", &[], "D25", "1 where an image may be drawn again, else 0"),
    ],
    reference: |inputs| outputs(inputs, &picked(inputs)?),
    generate: generated,
    units: no_units,
    open: nothing_open,
    readings: &[
        reading("images of the same camera are drawn as well", any_camera),
        reading("without replacement from K − 1 images on", |inputs| {
            let pick = picked(inputs)?;
            let few = !pick.pool.is_empty() && pick.pool.len() + 1 < inputs.count("instances")?;
            outputs(inputs, &Pick { with_replacement: few, ..pick })
        }),
    ],
};

fn picked(inputs: &Inputs) -> Result<Pick> {
    let (labels, cameras) = (inputs.labels("labels")?, inputs.counts("cameras")?);
    let pick = pick(&labels, &cameras, inputs.count("instances")?, inputs.count("first")?)?;
    pick.ok_or(InvalidInput::Empty { what: "the list of images of the first one's label" })
}

fn outputs(inputs: &Inputs, pick: &Pick) -> Result<Outputs> {
    let images = inputs.labels("labels")?.len();
    let pool: Vec<usize> = (0..images).map(|image| usize::from(pick.pool.contains(&image))).collect();
    Ok(Outputs::default()
        .with("pool", pool.as_slice())
        .with("drawn", pick.drawn)
        .with("with_replacement", usize::from(pick.with_replacement)))
}

/// All on one camera.
fn any_camera(inputs: &Inputs) -> Result<Outputs> {
    let cameras = vec![0_usize; inputs.labels("labels")?.len()];
    outputs(inputs, &picked(&inputs.clone().with("cameras", cameras.as_slice()))?)
}

fn generated(rng: &mut ChaCha8Rng) -> Inputs {
    let images = rng.random_range(1..12);
    let identities = rng.random_range(1..4);
    let label = |rng: &mut ChaCha8Rng| {
        if rng.random_bool(0.1) { None } else { Some(rng.random_range(0..identities)) }
    };
    let labels: Vec<Option<usize>> = (0..images).map(|_| label(rng)).collect();
    let cameras: Vec<usize> = (0..images).map(|_| rng.random_range(0..3)).collect();
    Inputs::default()
        .with("labels", labels.as_slice())
        .with("cameras", cameras.as_slice())
        .with("instances", rng.random_range(1..6_usize))
        .with("first", rng.random_range(0..images))
}
