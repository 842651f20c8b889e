//! D24.

use mmt_reference::train::fused_adam::{BETA_1, BETA_2, EPSILON, Moments};
use mmt_reference::{Matrix, Result};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::definition::{Bench, Definition, Golden, Places, nothing_open, reading, real, value};
use crate::generate;
use crate::value::{Inputs, Outputs};

pub(super) static DEFINITION: Definition = Definition {
    number: "D24",
    name: "Adam with L2 weight decay",
    part: None,
    places: Places {
        reference: "train/fused_adam.rs",
        fast: &["train/fused_adam/mod.rs"],
        properties: "train/adam.rs",
        golden: Golden::Functions(&["mmt.trainers.PreTrainer.train", "mmt.trainers.MMTTrainer.train"]),
        bench: Bench::Named("train/adam"),
    },
    inputs: &[
        real("parameter", &["N"], "θ before the first step"),
        real("gradients", &["T", "N"], "the gradient of each step"),
        real("learning_rate", &[], "r"),
        real("weight_decay", &[], "w"),
    ],
    outputs: &[value("parameter", &["N"], "D24", "θ after the last step")],
    reference: |inputs| {
        let mut parameter = inputs.array("parameter")?.values.clone();
        let mut moments = Moments::new(parameter.len());
        let gradients = inputs.matrix("gradients")?;
        for step in 0..gradients.rows() {
            let (rate, decay) = (inputs.real("learning_rate")?, inputs.real("weight_decay")?);
            moments.step(&mut parameter, gradients.row(step), rate, decay)?;
        }
        Ok(Outputs::default().with("parameter", parameter))
    },
    generate: generated,
    units: |inputs| {
        let parameter = inputs.array("parameter").map(|x| x.values.clone()).unwrap_or_default();
        [8.0 * parameter.iter().fold(1.0, |most: f64, x| x.abs().max(most)), 1.0]
    },
    open: nothing_open,
    readings: &[
        reading("decoupled weight decay (AdamW)", |inputs| {
            by(inputs, &Rule { decoupled: true, ..Rule::OURS })
        }),
        reading("no weight decay", |inputs| by(&inputs.clone().with("weight_decay", 0.0), &Rule::OURS)),
        reading("no bias correction", |inputs| by(inputs, &Rule { correction: false, ..Rule::OURS })),
        reading("ε under the root", |inputs| by(inputs, &Rule { epsilon_inside: true, ..Rule::OURS })),
        reading("AMSGrad", |inputs| by(inputs, &Rule { largest: true, ..Rule::OURS })),
    ],
};

/// The points in which other readings differ.
struct Rule {
    decoupled: bool,
    correction: bool,
    epsilon_inside: bool,
    largest: bool,
}

impl Rule {
    const OURS: Self = Self { decoupled: false, correction: true, epsilon_inside: false, largest: false };
}

fn by(inputs: &Inputs, rule: &Rule) -> Result<Outputs> {
    let (rate, decay) = (inputs.real("learning_rate")?, inputs.real("weight_decay")?);
    let gradients = inputs.matrix("gradients")?;
    let parameter = &inputs.array("parameter")?.values;
    let last = |(i, &start): (usize, &f64)| one(start, &gradients, i, (rate, decay), rule);
    Ok(Outputs::default().with("parameter", parameter.iter().enumerate().map(last).collect::<Vec<_>>()))
}

/// One parameter through all steps.
fn one(start: f64, gradients: &Matrix, column: usize, (rate, decay): (f64, f64), rule: &Rule) -> f64 {
    let (mut parameter, mut first, mut second, mut most) = (start, 0.0, 0.0, 0.0_f64);
    for step in 0..gradients.rows() {
        let mut gradient = gradients[(step, column)];
        if rule.decoupled {
            parameter -= rate * decay * parameter;
        } else {
            gradient += decay * parameter;
        }
        first = BETA_1 * first + (1.0 - BETA_1) * gradient;
        second = BETA_2 * second + (1.0 - BETA_2) * gradient * gradient;
        most = most.max(second);
        let power = step as i32 + 1;
        let corrections = (1.0 - BETA_1.powi(power), 1.0 - BETA_2.powi(power));
        let (one, two) = if rule.correction { corrections } else { (1.0, 1.0) };
        let variance = if rule.largest { most } else { second } / two;
        let root = if rule.epsilon_inside { (variance + EPSILON).sqrt() } else { variance.sqrt() + EPSILON };
        parameter -= rate * (first / one) / root;
    }
    parameter
}

fn generated(rng: &mut ChaCha8Rng) -> Inputs {
    let (count, steps) = (rng.random_range(1..6), rng.random_range(1..8));
    let scale = [1e-3, 1.0][rng.random_range(0..2)];
    Inputs::default()
        .with("parameter", generate::normal(1, count, 1.0, rng).values().to_vec())
        .with("gradients", &generate::normal(steps, count, scale, rng))
        .with("learning_rate", [0.0078125, 0.125][rng.random_range(0..2)])
        .with("weight_decay", [0.0, 0.0078125, 0.25][rng.random_range(0..3)])
}
