//! D34.

use mmt_reference::eval::pair_errors::pair_errors;
use mmt_reference::{InvalidInput, Result};
use rand::Rng;

use super::label_quality;
use crate::definition::{Bench, Definition, Golden, Places, no_units, nothing_open, reading, value, whole};
use crate::value::{Inputs, Outputs};

pub(super) static DEFINITION: Definition = Definition {
    number: "D34",
    name: "wrong merges and splits",
    part: None,
    places: Places {
        reference: "eval/pair_errors.rs",
        fast: &["eval/pair_errors.rs"],
        properties: "eval/pair_errors.rs",
        golden: Golden::None("the published code does not measure its pseudo labels"),
        bench: Bench::Named("eval/pair_errors"),
    },
    inputs: &[
        whole("pseudo_labels", &["N"], "cluster of each image, −1 for noise, which is left out"),
        whole("identities", &["N"], "true identity of each image"),
        whole("cameras", &["N"], "camera of each image"),
    ],
    outputs: &[
        value("wrong_merges", &[], "D34", "of the pairs in one cluster, those of two identities"),
        value("wrong_splits", &[], "D34", "of the pairs of one identity, those in two clusters"),
        value("one_camera", &[], "D34", "of the wrong merges, those under one camera"),
        value("one_camera_by_chance", &[], "D34", "the same of all pairs of two identities"),
    ],
    reference,
    generate: |rng| {
        let inputs = label_quality::generated(rng);
        let images = inputs.counts("identities").map_or(0, |identities| identities.len());
        let cameras: Vec<usize> = (0..images).map(|_| rng.random_range(0..3)).collect();
        inputs.with("cameras", cameras.as_slice())
    },
    units: no_units,
    open: nothing_open,
    readings: &[
        reading(label_quality::NOISE_COUNTS, |inputs| reference(&label_quality::with_noise(inputs)?)),
        reading("wrong merges are a share of the pairs of two identities", of_all_others),
    ],
};

/// A share of no pairs is not a number: such a case is none.
fn reference(inputs: &Inputs) -> Result<Outputs> {
    let (labels, identities) = (inputs.labels("pseudo_labels")?, inputs.counts("identities")?);
    let found = pair_errors(&labels, &identities, &inputs.counts("cameras")?)?;
    let share = |share: Option<f64>| share.ok_or(InvalidInput::Empty { what: "the list of pairs" });
    Ok(Outputs::default()
        .with("wrong_merges", share(found.wrong_merges)?)
        .with("wrong_splits", share(found.wrong_splits)?)
        .with("one_camera", share(found.one_camera)?)
        .with("one_camera_by_chance", share(found.one_camera_by_chance)?))
}

fn of_all_others(inputs: &Inputs) -> Result<Outputs> {
    let images = label_quality::images(inputs)?;
    let pairs = (0..images.len()).flat_map(|i| (0..i).map(move |j| (i, j)));
    let others: Vec<bool> =
        pairs.filter(|&(i, j)| images[i].1 != images[j].1).map(|(i, j)| images[i].0 == images[j].0).collect();
    let joined = others.iter().filter(|&&joined| joined).count();
    Ok(Outputs::default().with("wrong_merges", joined as f64 / others.len().max(1) as f64))
}
