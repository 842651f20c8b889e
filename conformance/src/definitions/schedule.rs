//! D22.

use mmt_reference::Result;
use mmt_reference::train::schedule::{Schedule, Unit, WarmUp};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::definition::{
    Bench, Definition, Golden, Places, no_units, nothing_open, reading, real, value, whole, word,
};
use crate::value::{Inputs, Outputs};

pub(super) static DEFINITION: Definition = Definition {
    number: "D22",
    name: "learning-rate schedule",
    part: None,
    places: Places {
        reference: "train/schedule.rs",
        fast: &["train/schedule.rs"],
        properties: "train/schedule.rs",
        golden: Golden::Functions(&["mmt.utils.lr_scheduler.WarmupMultiStepLR"]),
        bench: Bench::None("a few arithmetic operations a step: nothing to measure"),
    },
    inputs: &[
        real("learning_rate", &[], "base rate"),
        whole(
            "milestones",
            &["S"],
            "indices from which the rate is multiplied by gamma once more, ascending",
        ),
        real("gamma", &[], "factor at each milestone"),
        whole("warm_up", &[], "index at which the warm-up ends"),
        real("warm_up_factor", &[], "factor at index 0"),
        word("warm_up_kind", &["linear", "constant"], "shape of the warm-up"),
        whole("index", &[], "t"),
    ],
    outputs: &[value("rate", &[], "D22", "r(t)")],
    reference: |inputs| rate(inputs, inputs.count("index")?),
    generate: generated,
    units: no_units,
    open: nothing_open,
    readings: &[
        reading("one index late", |inputs| rate(inputs, inputs.count("index")?.saturating_sub(1))),
        reading("one index early", |inputs| rate(inputs, inputs.count("index")? + 1)),
        reading("a milestone counts from the index after it", |inputs| {
            let later: Vec<usize> =
                inputs.counts("milestones")?.iter().map(|milestone| milestone + 1).collect();
            rate(&inputs.clone().with("milestones", later.as_slice()), inputs.count("index")?)
        }),
        reading("no warm-up", |inputs| {
            rate(&inputs.clone().with("warm_up", 0_usize), inputs.count("index")?)
        }),
        reading("the warm-up is always linear", |inputs| {
            rate(&inputs.clone().with("warm_up_kind", "linear"), inputs.count("index")?)
        }),
    ],
};

fn rate(inputs: &Inputs, index: usize) -> Result<Outputs> {
    let schedule = Schedule {
        unit: Unit::Epoch,
        learning_rate: inputs.real("learning_rate")?,
        milestones: inputs.counts("milestones")?,
        gamma: inputs.real("gamma")?,
        warm_up: inputs.count("warm_up")?,
        warm_up_factor: inputs.real("warm_up_factor")?,
        warm_up_kind: if inputs.word("warm_up_kind")? == "linear" {
            WarmUp::Linear
        } else {
            WarmUp::Constant
        },
    };
    Ok(Outputs::default().with("rate", schedule.rate(index)?))
}

fn generated(rng: &mut ChaCha8Rng) -> Inputs {
    let mut milestones: Vec<usize> = (0..rng.random_range(0..4)).map(|_| rng.random_range(1..40)).collect();
    milestones.sort_unstable();
    milestones.dedup();
    // Milestones and the end of the warm-up are where implementations differ.
    let warm_up = rng.random_range(0..12_usize);
    let near = milestones.iter().copied().chain([warm_up]).collect::<Vec<_>>();
    let index = if rng.random_bool(0.5) {
        near[rng.random_range(0..near.len())].saturating_sub(1) + rng.random_range(0..3)
    } else {
        rng.random_range(0..45)
    };
    Inputs::default()
        .with("learning_rate", [1.0, 0.25, 0.0078125][rng.random_range(0..3)])
        .with("milestones", milestones.as_slice())
        .with("gamma", [0.5, 0.125][rng.random_range(0..2)])
        .with("warm_up", warm_up)
        .with("warm_up_factor", [0.0, 0.125, 0.5][rng.random_range(0..3)])
        .with("warm_up_kind", ["linear", "constant"][rng.random_range(0..2)])
        .with("index", index)
}
