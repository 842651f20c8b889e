//! D4.

use mmt_reference::distance::euclidean;
use mmt_reference::loss::mining::pairs as hardest_pairs;
use mmt_reference::{Matrix, Result};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::pairs;
use crate::definition::{Bench, Definition, Golden, Places, no_units, reading, real, value, whole};
use crate::tolerance::Width;
use crate::value::{Inputs, Outputs};

pub(super) static DEFINITION: Definition = Definition {
    number: "D4",
    name: "batch-hard mining",
    part: None,
    places: Places {
        reference: "loss/mining.rs",
        fast: &["loss/mining.rs"],
        properties: "loss/mining.rs",
        golden: Golden::Functions(&["mmt.loss.TripletLoss", "mmt.loss.SoftTripletLoss"]),
        bench: Bench::Named("loss/mining"),
    },
    inputs: &[
        real("distances", &["B", "B"], "distances among the rows of a batch"),
        whole("labels", &["B"], "the identity of each row"),
    ],
    outputs: &[
        value("positive_distance", &["B"], "D4", "distance of the hardest positive"),
        value("negative_distance", &["B"], "D4", "distance of the hardest negative"),
        value("positive", &["B"], "D4", "row of the hardest positive, from 0"),
        value("negative", &["B"], "D4", "row of the hardest negative, from 0"),
    ],
    reference,
    generate: generated,
    units: no_units,
    open,
    readings: &[
        reading("the nearest positive is taken", nearest_positive),
        reading("the farthest negative is taken", farthest_negative),
    ],
};

fn reference(inputs: &Inputs) -> Result<Outputs> {
    let pairs = hardest_pairs(&inputs.matrix("distances")?, &inputs.counts("labels")?)?;
    let column = |of: fn(&mmt_reference::loss::mining::Pair) -> f64| pairs.iter().map(of).collect::<Vec<_>>();
    Ok(Outputs::default()
        .with("positive_distance", column(|pair| pair.positive_distance))
        .with("negative_distance", column(|pair| pair.negative_distance))
        .with("positive", column(|pair| pair.positive as f64))
        .with("negative", column(|pair| pair.negative as f64)))
}

/// The extreme distance of each row among the rows of its own identity, or of others.
fn extremes(inputs: &Inputs, own: bool, pick: fn(f64, f64) -> f64) -> Result<Vec<f64>> {
    let (distances, labels) = (inputs.matrix("distances")?, inputs.counts("labels")?);
    let of_row = |i: usize| {
        let rows = (0..labels.len()).filter(|&j| (labels[j] == labels[i]) == own);
        rows.map(|j| distances[(i, j)]).reduce(pick).unwrap_or(f64::NAN)
    };
    Ok((0..labels.len()).map(of_row).collect())
}

fn nearest_positive(inputs: &Inputs) -> Result<Outputs> {
    Ok(Outputs::default().with("positive_distance", extremes(inputs, true, f64::min)?))
}

fn farthest_negative(inputs: &Inputs) -> Result<Outputs> {
    Ok(Outputs::default().with("negative_distance", extremes(inputs, false, f64::max)?))
}

fn generated(rng: &mut ChaCha8Rng) -> Inputs {
    let batch = pairs::batch(rng);
    // The reference takes every finite batch.
    let distances = euclidean(&batch.features, &batch.features).unwrap_or_else(|_| Matrix::zeros(1, 1));
    let single = Matrix::from_fn(distances.rows(), distances.columns(), |i, j| {
        let noise = if rng.random_bool(0.02) { 0.25 } else { 0.0 };
        f64::from((distances[(i.max(j), i.min(j))] + noise) as f32)
    });
    Inputs::default().with("distances", &single).with("labels", batch.labels.as_slice())
}

fn open(inputs: &Inputs, _: Width, output: &str) -> Option<&'static str> {
    let by_index = ["positive", "negative"].contains(&output);
    let (distances, labels) = (inputs.matrix("distances").ok()?, inputs.counts("labels").ok()?);
    pairs::open_distances(&distances, &labels, 0.0, 0.0, by_index)
}
