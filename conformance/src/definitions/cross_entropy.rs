//! D1.

use mmt_reference::loss::cross_entropy::label_smoothed;
use mmt_reference::{Matrix, Result};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::definition::{Definition, Reading, gradient, nothing_open, real, value, whole};
use crate::generate;
use crate::value::{Inputs, Outputs};

pub(super) static DEFINITION: Definition = Definition {
    number: "D1",
    name: "label-smoothed cross-entropy",
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
        Reading { name: "the loss is summed over the rows, not averaged", compute: summed },
        Reading { name: "no label smoothing", compute: plain },
        Reading {
            name: "the smoothing goes to the other classes only: ε / (M − 1) each",
            compute: others_only,
        },
        Reading {
            name: "the right class keeps 1 − ε and gets no share of the smoothing",
            compute: right_without,
        },
    ],
};

fn reference(inputs: &Inputs) -> Result<Outputs> {
    by(inputs, |logits, labels, epsilon| {
        let value = label_smoothed(logits, labels, epsilon)?;
        Ok(Outputs::default().with("loss", value.loss).with("gradient", &value.gradient))
    })
}

fn by(inputs: &Inputs, of: impl Fn(&Matrix, &[usize], f64) -> Result<Outputs>) -> Result<Outputs> {
    of(&inputs.matrix("logits")?, &inputs.counts("labels")?, inputs.real("epsilon")?)
}

fn summed(inputs: &Inputs) -> Result<Outputs> {
    by(inputs, |logits, labels, epsilon| {
        let loss = label_smoothed(logits, labels, epsilon)?.loss;
        Ok(Outputs::default().with("loss", loss * labels.len() as f64))
    })
}

fn plain(inputs: &Inputs) -> Result<Outputs> {
    reference(&inputs.clone().with("epsilon", 0.0))
}

/// ε spread over the M − 1 others is smoothing by ε M / (M − 1), beyond 1 for large ε: the loss is linear in it.
fn others_only(inputs: &Inputs) -> Result<Outputs> {
    by(inputs, |logits, labels, epsilon| {
        let classes = logits.columns() as f64;
        let (hard, all) =
            (label_smoothed(logits, labels, 0.0)?.loss, label_smoothed(logits, labels, 1.0)?.loss);
        let share = if classes > 1.0 { epsilon * classes / (classes - 1.0) } else { 0.0 };
        Ok(Outputs::default().with("loss", hard + share * (all - hard)))
    })
}

fn right_without(inputs: &Inputs) -> Result<Outputs> {
    by(inputs, |logits, labels, epsilon| {
        let hard = label_smoothed(logits, labels, 0.0)?.loss;
        let smoothed = label_smoothed(logits, labels, epsilon)?.loss;
        Ok(Outputs::default().with("loss", smoothed - epsilon / logits.columns() as f64 * hard))
    })
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
