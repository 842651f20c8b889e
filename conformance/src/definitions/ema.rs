//! D23.

use mmt_reference::Result;
use mmt_reference::train::ema::{Convention, average, decay};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::definition::{Bench, Definition, Golden, Places, nothing_open, reading, real, value, whole, word};
use crate::generate;
use crate::value::{Inputs, Outputs};

pub(super) static DEFINITION: Definition = Definition {
    number: "D23",
    name: "temporal average of the parameters",
    part: None,
    places: Places {
        reference: "train/ema.rs",
        fast: &["train/ema.rs"],
        properties: "train/ema.rs",
        golden: Golden::Functions(&["mmt.trainers.MMTTrainer._update_ema_variables"]),
        bench: Bench::Named("train/ema"),
    },
    inputs: &[
        real("mean", &["N"], "parameters of the mean network"),
        real("student", &["N"], "parameters of the student, after the optimizer's step"),
        whole("step", &[], "number of the step, from 0 over all epochs"),
        real("alpha", &[], "α, 0 to 1"),
        word("convention", &["published", "paper"], "α_t = min(1 − 1/(t + 1), α), or α throughout"),
    ],
    outputs: &[value("mean", &["N"], "D23", "parameters of the mean network after the step")],
    reference: |inputs| with(inputs, inputs.count("step")?, "mean", "student"),
    generate: generated,
    units: |inputs| {
        let largest = |name| {
            inputs.array(name).map_or(1.0, |x| x.values.iter().fold(1.0, |most: f64, x| x.abs().max(most)))
        };
        [4.0 * f64::max(largest("mean"), largest("student")), 1.0]
    },
    open: nothing_open,
    readings: &[
        reading("α throughout, from the first step on", |inputs| {
            let inputs = inputs.clone().with("convention", "paper");
            with(&inputs, 0, "mean", "student")
        }),
        reading("steps count from 1: the first one does not copy", |inputs| {
            with(inputs, inputs.count("step")? + 1, "mean", "student")
        }),
        reading("α weighs the student", |inputs| with(inputs, inputs.count("step")?, "student", "mean")),
    ],
};

fn with(inputs: &Inputs, step: usize, mean: &'static str, student: &'static str) -> Result<Outputs> {
    let published = inputs.word("convention")? == "published";
    let convention = if published { Convention::Published } else { Convention::Paper };
    let mut result = inputs.array(mean)?.values.clone();
    average(&mut result, &inputs.array(student)?.values, decay(convention, step, inputs.real("alpha")?)?)?;
    Ok(Outputs::default().with("mean", result))
}

fn generated(rng: &mut ChaCha8Rng) -> Inputs {
    let count = rng.random_range(1..8);
    let scale = [0.25, 1.0, 16.0][rng.random_range(0..3)];
    let row = |rng: &mut ChaCha8Rng| generate::normal(1, count, scale, rng).values().to_vec();
    let (mean, student) = (row(rng), row(rng));
    Inputs::default()
        .with("mean", mean)
        .with("student", student)
        .with("step", [0, 1, 2, 7, 5000][rng.random_range(0..5)])
        .with("alpha", [0.0, 0.75, 0.999, 1.0][rng.random_range(0..4)])
        .with("convention", ["published", "published", "paper"][rng.random_range(0..3)])
}
