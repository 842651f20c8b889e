//! D2.

use mmt_reference::Result;
use mmt_reference::loss::soft_cross_entropy::soft_cross_entropy;
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::definition::{Bench, Definition, Golden, Places, gradient, nothing_open, reading, real, value};
use crate::generate;
use crate::value::{Inputs, Outputs};

pub(super) static DEFINITION: Definition = Definition {
    number: "D2",
    name: "soft cross-entropy",
    part: None,
    places: Places {
        reference: "loss/soft_cross_entropy.rs",
        fast: &["loss/soft_cross_entropy.rs"],
        properties: "loss/soft_cross_entropy.rs",
        golden: Golden::Functions(&["mmt.loss.SoftEntropy"]),
        bench: Bench::Named("loss/soft_cross_entropy"),
    },
    inputs: &[
        real("student", &["B", "M"], "logits of the student"),
        real("teacher", &["B", "M"], "logits of the teacher, a constant"),
    ],
    outputs: &[
        value("loss", &[], "D2", "mean over the rows"),
        gradient("gradient", &["B", "M"], "D2", "with respect to the student"),
    ],
    reference,
    generate: generated,
    units,
    open: nothing_open,
    readings: &[
        reading("the loss is summed over the rows, not averaged", summed),
        reading("the mean is over classes, too", mean_of_all),
        reading("student and teacher are exchanged", exchanged),
        reading("Kullback-Leibler divergence: the teacher's entropy is taken off", divergence),
    ],
};

fn loss(inputs: &Inputs, student: &'static str, teacher: &'static str) -> Result<f64> {
    Ok(soft_cross_entropy(&inputs.matrix(student)?, &inputs.matrix(teacher)?)?.loss)
}

fn reference(inputs: &Inputs) -> Result<Outputs> {
    let value = soft_cross_entropy(&inputs.matrix("student")?, &inputs.matrix("teacher")?)?;
    Ok(Outputs::default().with("loss", value.loss).with("gradient", &value.gradient))
}

fn summed(inputs: &Inputs) -> Result<Outputs> {
    let rows = inputs.matrix("student")?.rows() as f64;
    Ok(Outputs::default().with("loss", rows * loss(inputs, "student", "teacher")?))
}

fn mean_of_all(inputs: &Inputs) -> Result<Outputs> {
    let classes = inputs.matrix("student")?.columns() as f64;
    Ok(Outputs::default().with("loss", loss(inputs, "student", "teacher")? / classes))
}

fn exchanged(inputs: &Inputs) -> Result<Outputs> {
    Ok(Outputs::default().with("loss", loss(inputs, "teacher", "student")?))
}

fn divergence(inputs: &Inputs) -> Result<Outputs> {
    let entropy = loss(inputs, "teacher", "teacher")?;
    Ok(Outputs::default().with("loss", loss(inputs, "student", "teacher")? - entropy))
}

fn generated(rng: &mut ChaCha8Rng) -> Inputs {
    let (rows, classes) = (rng.random_range(1..9), rng.random_range(1..13));
    let limit = [1.0, 8.0, 60.0][rng.random_range(0..3)];
    Inputs::default()
        .with("student", &generate::logits(rows, classes, limit, rng))
        .with("teacher", &generate::logits(rows, classes, limit, rng))
}

fn units(inputs: &Inputs) -> [f64; 2] {
    let largest = inputs.0.values().map(|value| match value {
        crate::value::Value::Array(array) => array.values.iter().fold(1.0, |most: f64, x| x.abs().max(most)),
        _ => 1.0,
    });
    [4.0 * largest.fold(1.0, f64::max), 4.0]
}
