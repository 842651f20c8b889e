//! D30.

use mmt_reference::model::batch_norm::{EPSILON, MOMENTUM, normalize};
use mmt_reference::model::{Gradients, Role, State, Statistics, Volume, batch_norm};
use mmt_reference::{InvalidInput, Result};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::definition::{Bench, Definition, Golden, Places, flag, nothing_open, reading, real, value};
use crate::generate;
use crate::value::{Array, Inputs, Outputs};

/// Networks of the published code.
pub(super) const PUBLISHED_NETWORKS: &[&str] = &[
    "mmt.models.create('resnet50', num_features=0, num_classes=10, dropout=0)",
    "mmt.models.create('resnet50', ...)",
];

pub(super) static DEFINITION: Definition = Definition {
    number: "D30",
    name: "batch normalisation",
    part: None,
    places: Places {
        reference: "model/batch_norm.rs",
        fast: &["model/norm.rs"],
        properties: "ten_steps.rs",
        golden: Golden::Functions(PUBLISHED_NETWORKS),
        bench: Bench::Named("model/network"),
    },
    inputs: &[
        real("x", &["B", "C", "P"], "images, channels, pixels"),
        real("weight", &["C"], "γ"),
        real("bias", &["C"], "β"),
        real("running_mean", &["C"], "running mean before the pass"),
        real("running_var", &["C"], "running variance before the pass"),
        flag("training", "whether the statistics are the batch's"),
        real("upstream", &["B", "C", "P"], "gradient of a loss with respect to y"),
    ],
    outputs: &[
        value("y", &["B", "C", "P"], "D30", "the normalised images"),
        value("running_mean", &["C"], "D30", "running mean after the pass"),
        value("running_var", &["C"], "D30", "running variance after the pass"),
        value("gradient", &["B", "C", "P"], "D30", "of that loss, with respect to x"),
    ],
    reference,
    generate: generated,
    units: |inputs| {
        let largest =
            inputs.array("x").map_or(1.0, |x| x.values.iter().fold(1.0, |most: f64, x| x.abs().max(most)));
        [64.0 * largest * largest, 1.0]
    },
    open: nothing_open,
    readings: &[
        reading("the running variance takes the biased variance", biased_running),
        reading("the batch is divided by the unbiased variance", unbiased_batch),
        reading("momentum 0.9, not 0.1", other_momentum),
        reading("the batch's statistics in evaluation, too", |inputs| {
            let outputs = reference(&inputs.clone().with("training", true))?;
            Ok(Outputs::default().with("y", outputs["y"].clone()))
        }),
        reading("running statistics are left as they are", |inputs| {
            Ok(Outputs::default()
                .with("running_mean", inputs.array("running_mean")?.clone())
                .with("running_var", inputs.array("running_var")?.clone()))
        }),
    ],
};

/// `[B, C, P]` as `[B, C, P, 1]`.
fn volume(inputs: &Inputs, name: &'static str) -> Result<Volume> {
    let array = inputs.array(name)?;
    match array.shape[..] {
        [images, channels, pixels] => Volume::new([images, channels, pixels, 1], array.values.clone()),
        _ => Err(InvalidInput::Shape {
            what: name,
            expected: "[B, C, P]".to_owned(),
            found: format!("{:?}", array.shape),
        }),
    }
}

fn array(volume: &Volume) -> Array {
    Array { shape: volume.shape()[..3].to_vec(), values: volume.values().to_vec() }
}

/// A batch norm of those weights and statistics.
fn state(inputs: &Inputs, channels: usize) -> Result<State> {
    let mut state = State::default();
    batch_norm::declare(&mut state, "norm", channels, Role::Trained);
    for name in ["weight", "bias", "running_mean", "running_var"] {
        state.set(&format!("norm.{name}"), &inputs.array(name)?.values)?;
    }
    Ok(state)
}

fn reference(inputs: &Inputs) -> Result<Outputs> {
    let (x, upstream) = (volume(inputs, "x")?, volume(inputs, "upstream")?);
    let mut state = state(inputs, x.shape()[1])?;
    if state.values("norm.running_var")?.iter().any(|&variance| variance < 0.0) {
        return Err(InvalidInput::Parameter { what: "running_var", value: -1.0, allowed: "0 or more" });
    }
    let statistics =
        if inputs.flag("training")? { Statistics::Batch { group: None } } else { Statistics::Running };
    let (y, normalized) = batch_norm::forward(&mut state, "norm", &x, statistics)?;
    let mut gradients = Gradients::new();
    let gradient = batch_norm::backward(&state, "norm", &normalized, &upstream, &mut gradients)?;
    Ok(Outputs::default()
        .with("y", array(&y))
        .with("running_mean", state.values("norm.running_mean")?.to_vec())
        .with("running_var", state.values("norm.running_var")?.to_vec())
        .with("gradient", array(&gradient)))
}

/// The batch's biased variance of each channel, and the number of its values.
fn variances(inputs: &Inputs) -> Result<(Vec<f64>, f64)> {
    let x = volume(inputs, "x")?;
    let (_, moments) = normalize(&x, x.shape()[0])?;
    let count = moments[0][0].count as f64;
    Ok((moments[0].iter().map(|moments| moments.variance).collect(), count))
}

fn biased_running(inputs: &Inputs) -> Result<Outputs> {
    if !inputs.flag("training")? {
        return reference(inputs);
    }
    let (variances, _) = variances(inputs)?;
    let before = &inputs.array("running_var")?.values;
    let after = before.iter().zip(variances).map(|(old, new)| (1.0 - MOMENTUM) * old + MOMENTUM * new);
    Ok(Outputs::default().with("running_var", after.collect::<Vec<_>>()))
}

/// y is stretched by √((σ² + ε) / (σ² n/(n − 1) + ε)).
fn unbiased_batch(inputs: &Inputs) -> Result<Outputs> {
    let outputs = reference(inputs)?;
    if !inputs.flag("training")? {
        return Ok(outputs);
    }
    let (variances, count) = variances(inputs)?;
    let bias = &inputs.array("bias")?.values;
    let mut y = outputs["y"].clone();
    let pixels = y.shape[2];
    for (at, value) in y.values.iter_mut().enumerate() {
        let channel = at / pixels % bias.len();
        let variance = variances[channel];
        let factor = ((variance + EPSILON) / (variance * count / (count - 1.0) + EPSILON)).sqrt();
        *value = bias[channel] + factor * (*value - bias[channel]);
    }
    Ok(Outputs::default().with("y", y))
}

/// From r' = 0.9 r + 0.1 μ to 0.1 r + 0.9 μ.
fn other_momentum(inputs: &Inputs) -> Result<Outputs> {
    let outputs = reference(inputs)?;
    let training = inputs.flag("training")?;
    let turned = |name: &'static str| -> Result<Vec<f64>> {
        let before = &inputs.array(name)?.values;
        let after = before.iter().zip(&outputs[name].values).map(|(old, new)| {
            let own = (new - (1.0 - MOMENTUM) * old) / MOMENTUM;
            if training { MOMENTUM * old + (1.0 - MOMENTUM) * own } else { *old }
        });
        Ok(after.collect())
    };
    Ok(Outputs::default()
        .with("running_mean", turned("running_mean")?)
        .with("running_var", turned("running_var")?))
}

fn generated(rng: &mut ChaCha8Rng) -> Inputs {
    let (images, channels, pixels) = (rng.random_range(1..5), rng.random_range(1..4), rng.random_range(1..5));
    let scale = [0.25, 1.0, 4.0][rng.random_range(0..3)];
    let volume = |scale: f64, rng: &mut ChaCha8Rng| Array {
        shape: vec![images, channels, pixels],
        values: generate::normal(1, images * channels * pixels, scale, rng).values().to_vec(),
    };
    let (x, upstream) = (volume(scale, rng), volume(1.0, rng));
    let row = |rng: &mut ChaCha8Rng| generate::normal(1, channels, 1.0, rng).values().to_vec();
    let (weight, bias, running_mean, running_var) = (row(rng), row(rng), row(rng), row(rng));
    Inputs::default()
        .with("x", x)
        .with("weight", weight)
        .with("bias", bias)
        .with("running_mean", running_mean)
        .with("running_var", running_var.into_iter().map(f64::abs).collect::<Vec<_>>())
        .with("training", rng.random_bool(0.7))
        .with("upstream", upstream)
}
