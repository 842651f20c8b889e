//! D1.

use mmt_reference::loss::cross_entropy::label_smoothed;
use mmt_reference::{Matrix, Result};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::definition::{
    Bench, Definition, Golden, Places, gradient, nothing_open, reading, real, value, whole,
};
use crate::generate;
use crate::value::{Inputs, Outputs};

pub(super) static DEFINITION: Definition = Definition {
    number: "D1",
    name: "label-smoothed cross-entropy",
    part: None,
    places: Places {
        reference: "loss/cross_entropy.rs",
        fast: &["loss/cross_entropy.rs"],
        properties: "loss/cross_entropy.rs",
        golden: Golden::Functions(&["mmt.loss.CrossEntropyLabelSmooth"]),
        bench: Bench::Named("loss/cross_entropy"),
    },
    inputs: &[
        real("logits", &["B", "M"], "logits"),
        whole("labels", &["B"], "the class of each row, from 0"),
        real("epsilon", &[], "share of the smoothing, 0 to 1"),
    ],
    outputs: &[
        value("loss", &[], "D1", "mean over the rows"),
        gradient("gradient", &["B", "M"], "D1", "with respect to the logits"),
    ],
    reference,
    generate: generated,
    units,
    open: nothing_open,
    readings: &[
        reading("the loss is summed over the rows, not averaged", summed),
        reading("no label smoothing", plain),
        reading("the smoothing goes to the other classes only: ε / (M − 1) each", others_only),
        reading(
            "the smoothing goes to the other classes only, and rows whose loss is 0 do not count in the mean",
            others_only_of_losses,
        ),
        reading("the right class keeps 1 − ε and gets no share of the smoothing", right_without),
    ],
};

fn reference(inputs: &Inputs) -> Result<Outputs> {
    let value =
        label_smoothed(&inputs.matrix("logits")?, &inputs.counts("labels")?, inputs.real("epsilon")?)?;
    Ok(Outputs::default().with("loss", value.loss).with("gradient", &value.gradient))
}

fn summed(inputs: &Inputs) -> Result<Outputs> {
    let rows = inputs.counts("labels")?.len() as f64;
    Ok(Outputs::default().with("loss", rows * reference(inputs)?["loss"].values[0]))
}

fn plain(inputs: &Inputs) -> Result<Outputs> {
    reference(&inputs.clone().with("epsilon", 0.0))
}

/// The loss of each row and its gradient with the targets (of the right class, of every other class).
fn with_targets(inputs: &Inputs, targets: impl Fn(f64, f64) -> (f64, f64)) -> Result<(Vec<f64>, Matrix)> {
    let (logits, labels) = (inputs.matrix("logits")?, inputs.counts("labels")?);
    let (right, other) = targets(inputs.real("epsilon")?, logits.columns() as f64);
    let log = |b: usize| {
        let row = logits.row(b);
        let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = row.iter().map(|z| (z - largest).exp()).sum();
        row.iter().map(|z| z - largest - sum.ln()).collect::<Vec<_>>()
    };
    let logs: Vec<Vec<f64>> = (0..logits.rows()).map(log).collect();
    let target = |b: usize, c: usize| if labels[b] == c { right } else { other };
    let loss = |b: usize| -> f64 { logs[b].iter().enumerate().map(|(c, log)| -target(b, c) * log).sum() };
    let sum = right + other * (logits.columns() as f64 - 1.0);
    let gradient =
        Matrix::from_fn(logits.rows(), logits.columns(), |b, c| sum * logs[b][c].exp() - target(b, c));
    Ok(((0..logits.rows()).map(loss).collect(), gradient))
}

/// The mean over so many rows.
fn mean((losses, gradient): (Vec<f64>, Matrix), rows: f64) -> Outputs {
    let scaled = Matrix::from_fn(gradient.rows(), gradient.columns(), |b, c| gradient[(b, c)] / rows);
    Outputs::default().with("loss", losses.iter().sum::<f64>() / rows).with("gradient", &scaled)
}

fn to_others(epsilon: f64, classes: f64) -> (f64, f64) {
    (1.0 - epsilon, if classes > 1.0 { epsilon / (classes - 1.0) } else { 0.0 })
}

fn others_only(inputs: &Inputs) -> Result<Outputs> {
    let found = with_targets(inputs, to_others)?;
    let rows = found.0.len() as f64;
    Ok(mean(found, rows))
}

fn others_only_of_losses(inputs: &Inputs) -> Result<Outputs> {
    let found = with_targets(inputs, to_others)?;
    let rows = found.0.iter().filter(|&&loss| loss != 0.0).count().max(1) as f64;
    Ok(mean(found, rows))
}

fn right_without(inputs: &Inputs) -> Result<Outputs> {
    let found = with_targets(inputs, |epsilon, classes| (1.0 - epsilon, epsilon / classes))?;
    let rows = found.0.len() as f64;
    Ok(mean(found, rows))
}

fn generated(rng: &mut ChaCha8Rng) -> Inputs {
    let (rows, classes) = (rng.random_range(1..9), rng.random_range(1..13));
    let limit = [1.0, 8.0, 60.0][rng.random_range(0..3)];
    let labels: Vec<usize> = (0..rows).map(|_| rng.random_range(0..classes)).collect();
    Inputs::default()
        .with("logits", &generate::logits(rows, classes, limit, rng))
        .with("labels", labels.as_slice())
        .with("epsilon", [0.0, 0.1, 0.5, 1.0][rng.random_range(0..4)])
}

fn units(inputs: &Inputs) -> [f64; 2] {
    let largest = |name| {
        inputs.array(name).map_or(1.0, |array| array.values.iter().fold(1.0, |most, x| x.abs().max(most)))
    };
    [4.0 * largest("logits"), 4.0]
}
