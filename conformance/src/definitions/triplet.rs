//! D5.

use mmt_reference::Result;
use mmt_reference::distance::euclidean;
use mmt_reference::loss::mining::{Pair, pairs as hardest_pairs};
use mmt_reference::loss::triplet::triplet;
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::pairs;
use crate::definition::{Bench, Definition, Golden, Places, flag, gradient, reading, real, value, whole};
use crate::tolerance::Width;
use crate::value::{Inputs, Outputs};

pub(super) static DEFINITION: Definition = Definition {
    number: "D5",
    name: "triplet loss with a margin",
    part: None,
    places: Places {
        reference: "loss/triplet.rs",
        fast: &["loss/triplet.rs"],
        properties: "loss/triplet.rs",
        golden: Golden::Functions(&["mmt.loss.TripletLoss"]),
        bench: Bench::Named("loss/triplet"),
    },
    inputs: &[
        real("features", &["B", "D"], "features"),
        whole("labels", &["B"], "the identity of each row"),
        real("margin", &[], "margin, 0 or more"),
        flag("normalize", "whether rows are brought to unit length first (D9)"),
    ],
    outputs: &[
        value("loss", &[], "D5", "mean over the rows"),
        value(
            "precision",
            &[],
            "D5",
            "share of the rows whose hardest negative is farther than their hardest positive",
        ),
        gradient("gradient", &["B", "D"], "D5", "of the loss, with respect to the features"),
    ],
    reference,
    generate: |rng| {
        let margin = [0.0, 0.25, 0.5, 2.0][rng.random_range(0..4)];
        generated(rng).with("margin", margin)
    },
    units: pairs::units,
    open,
    readings: &[
        reading("the loss is summed over the rows, not averaged", summed),
        reading("the mean is over the rows inside the margin only", active_only),
        reading("squared distances", squared),
        reading("a softplus instead of the margin", soft_margin),
        reading("rows at the same distance count for the precision", lenient),
        reading("features are never normalised", never_normalised),
        reading("normalised features are compared by squared distances", squared_if_normalised),
        reading(
            "the other row of a pair is a constant: the gradient flows into the anchor only",
            into_anchors,
        ),
    ],
};

fn reference(inputs: &Inputs) -> Result<Outputs> {
    let value = triplet(
        &inputs.matrix("features")?,
        &inputs.counts("labels")?,
        inputs.real("margin")?,
        inputs.flag("normalize")?,
    )?;
    Ok(Outputs::default()
        .with("loss", value.loss)
        .with("precision", value.precision)
        .with("gradient", &value.gradient))
}

/// The hardest pairs of a case, and its margin.
fn mined(inputs: &Inputs) -> Result<(Vec<Pair>, f64)> {
    let batch = pairs::of(inputs, "features")?;
    let pairs = hardest_pairs(&euclidean(&batch.features, &batch.features)?, &batch.labels)?;
    Ok((pairs, inputs.real("margin")?))
}

fn costs(inputs: &Inputs, cost: impl Fn(&Pair, f64) -> f64) -> Result<Vec<f64>> {
    let (pairs, margin) = mined(inputs)?;
    Ok(pairs.iter().map(|pair| cost(pair, margin)).collect())
}

fn hinge(pair: &Pair, margin: f64) -> f64 {
    (pair.positive_distance - pair.negative_distance + margin).max(0.0)
}

fn mean(costs: &[f64]) -> f64 {
    costs.iter().sum::<f64>() / costs.len() as f64
}

fn summed(inputs: &Inputs) -> Result<Outputs> {
    Ok(Outputs::default().with("loss", costs(inputs, hinge)?.iter().sum::<f64>()))
}

fn active_only(inputs: &Inputs) -> Result<Outputs> {
    let active: Vec<f64> = costs(inputs, hinge)?.into_iter().filter(|&cost| cost > 0.0).collect();
    Ok(Outputs::default().with("loss", if active.is_empty() { 0.0 } else { mean(&active) }))
}

fn squared(inputs: &Inputs) -> Result<Outputs> {
    let costs = costs(inputs, |pair, margin| {
        (pair.positive_distance.powi(2) - pair.negative_distance.powi(2) + margin).max(0.0)
    })?;
    Ok(Outputs::default().with("loss", mean(&costs)))
}

fn soft_margin(inputs: &Inputs) -> Result<Outputs> {
    let costs = costs(inputs, |pair, _| (pair.positive_distance - pair.negative_distance).exp().ln_1p())?;
    Ok(Outputs::default().with("loss", mean(&costs)))
}

fn lenient(inputs: &Inputs) -> Result<Outputs> {
    let counted =
        costs(inputs, |pair, _| f64::from(u8::from(pair.negative_distance >= pair.positive_distance)))?;
    Ok(Outputs::default().with("precision", mean(&counted)))
}

fn never_normalised(inputs: &Inputs) -> Result<Outputs> {
    reference(&inputs.clone().with("normalize", false))
}

fn squared_if_normalised(inputs: &Inputs) -> Result<Outputs> {
    let of = if inputs.flag("normalize")? { squared(inputs)? } else { reference(inputs)? };
    Ok(Outputs::default().with("loss", of["loss"].clone()))
}

fn into_anchors(inputs: &Inputs) -> Result<Outputs> {
    let margin = inputs.real("margin")?;
    let active = |_, pair: &Pair| if hinge(pair, margin) > 0.0 { [1.0, -1.0] } else { [0.0, 0.0] };
    Ok(Outputs::default().with("gradient", &pairs::into_anchors(inputs, "features", active)?))
}

/// A batch, and whether it is normalised: only where distances are not exact anyway.
pub(super) fn generated(rng: &mut ChaCha8Rng) -> Inputs {
    let batch = pairs::batch(rng);
    let continuous = batch.features.values().iter().any(|value| (4.0 * value).fract() != 0.0);
    let normalize = continuous && rng.random_bool(0.4);
    Inputs::default()
        .with("features", &batch.features)
        .with("labels", batch.labels.as_slice())
        .with("normalize", normalize)
}

fn open(inputs: &Inputs, width: Width, output: &str) -> Option<&'static str> {
    let batch = pairs::of(inputs, "features").ok()?;
    if output == "gradient" {
        let (pairs, margin) = mined(inputs).ok()?;
        let near = if width == Width::Double { 1e-9 } else { 1e-4 } * batch.unit();
        let kink = |pair: &Pair| (pair.positive_distance - pair.negative_distance + margin).abs() <= near;
        if pairs.iter().any(kink) {
            return Some("exactly at the margin the hinge has no derivative");
        }
    }
    if output == "precision" && width == Width::Single {
        let (pairs, _) = mined(inputs).ok()?;
        let near = |pair: &Pair| {
            let gap = (pair.positive_distance - pair.negative_distance).abs();
            gap > 0.0 && gap <= 1e-4 * batch.unit()
        };
        if pairs.iter().any(near) {
            return Some("f32 may not tell the two distances apart");
        }
    }
    pairs::open_case(inputs, "features", width, output == "gradient")
}
