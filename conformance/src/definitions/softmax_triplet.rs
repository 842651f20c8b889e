//! D6.

use mmt_reference::Result;
use mmt_reference::distance::euclidean;
use mmt_reference::loss::mining::pairs as hardest_pairs;
use mmt_reference::loss::softmax_triplet::softmax_triplet;
use rand::Rng;

use super::{pairs, triplet};
use crate::definition::{Bench, Definition, Golden, Places, flag, gradient, reading, real, value, whole};
use crate::value::{Inputs, Outputs};

pub(super) static DEFINITION: Definition = Definition {
    number: "D6",
    name: "softmax-triplet loss, hard",
    part: None,
    places: Places {
        reference: "loss/softmax_triplet.rs",
        fast: &["loss/softmax_triplet.rs"],
        properties: "loss/softmax_triplet.rs",
        golden: Golden::Functions(&["mmt.loss.SoftTripletLoss"]),
        bench: Bench::Named("loss/softmax_triplet"),
    },
    inputs: &[
        real("features", &["B", "D"], "features"),
        whole("labels", &["B"], "the identity of each row"),
        real("margin", &[], "margin, 0 to 1: the label is 1 − margin"),
        flag("normalize", "whether rows are brought to unit length first (D9)"),
    ],
    outputs: &[
        value("loss", &[], "D6", "mean over the rows"),
        gradient("gradient", &["B", "D"], "D6", "with respect to the features"),
    ],
    reference,
    generate: |rng| {
        let margin = [0.0, 0.0, 0.25, 0.5][rng.random_range(0..4)];
        triplet::generated(rng).with("margin", margin)
    },
    units: pairs::units,
    open: |inputs, width, output| pairs::open_case(inputs, "features", width, output == "gradient"),
    readings: &[
        reading("the loss is summed over the rows, not averaged", summed),
        reading("margin and 1 − margin are exchanged", exchanged),
        reading("the margin is left out", |inputs| reference(&inputs.clone().with("margin", 0.0))),
        reading("squared distances", squared),
        reading(
            "the other row of a pair is a constant: the gradient flows into the anchor only",
            into_anchors,
        ),
        reading("features are never normalised", |inputs| {
            reference(&inputs.clone().with("normalize", false))
        }),
    ],
};

fn reference(inputs: &Inputs) -> Result<Outputs> {
    let value = softmax_triplet(
        &inputs.matrix("features")?,
        &inputs.counts("labels")?,
        inputs.real("margin")?,
        inputs.flag("normalize")?,
    )?;
    Ok(Outputs::default().with("loss", value.loss).with("gradient", &value.gradient))
}

fn into_anchors(inputs: &Inputs) -> Result<Outputs> {
    let margin = inputs.real("margin")?;
    let slopes = |_, pair: &mmt_reference::loss::mining::Pair| {
        let slope = pairs::share([pair.positive_distance, pair.negative_distance]) - margin;
        [slope, -slope]
    };
    Ok(Outputs::default().with("gradient", &pairs::into_anchors(inputs, "features", slopes)?))
}

fn summed(inputs: &Inputs) -> Result<Outputs> {
    let rows = inputs.counts("labels")?.len() as f64;
    Ok(Outputs::default().with("loss", rows * reference(inputs)?["loss"].values[0]))
}

fn exchanged(inputs: &Inputs) -> Result<Outputs> {
    reference(&inputs.clone().with("margin", 1.0 - inputs.real("margin")?))
}

fn squared(inputs: &Inputs) -> Result<Outputs> {
    let batch = pairs::of(inputs, "features")?;
    let margin = inputs.real("margin")?;
    let pairs = hardest_pairs(&euclidean(&batch.features, &batch.features)?, &batch.labels)?;
    let cost = |pair: &mmt_reference::loss::mining::Pair| {
        let gap = pair.positive_distance.powi(2) - pair.negative_distance.powi(2);
        // −(1 − m) log σ(−gap) − m log σ(gap)
        let softplus = |x: f64| x.max(0.0) + (-x.abs()).exp().ln_1p();
        (1.0 - margin) * softplus(gap) + margin * softplus(-gap)
    };
    Ok(Outputs::default().with("loss", pairs.iter().map(cost).sum::<f64>() / pairs.len() as f64))
}
