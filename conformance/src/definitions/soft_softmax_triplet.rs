//! D7.

use mmt_reference::distance::euclidean;
use mmt_reference::loss::mining::{Pair, pairs as hardest_pairs};
use mmt_reference::loss::soft_softmax_triplet::soft_softmax_triplet;
use mmt_reference::{Matrix, Result};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::pairs;
use crate::definition::{Bench, Definition, Golden, Places, flag, gradient, reading, real, value, whole};
use crate::generate::Batch;
use crate::tolerance::Width;
use crate::value::{Inputs, Outputs};

pub(super) static DEFINITION: Definition = Definition {
    number: "D7",
    name: "softmax-triplet loss, soft",
    part: None,
    places: Places {
        reference: "loss/soft_softmax_triplet.rs",
        fast: &["loss/soft_softmax_triplet.rs"],
        properties: "loss/soft_softmax_triplet.rs",
        golden: Golden::Functions(&["mmt.loss.SoftTripletLoss"]),
        bench: Bench::Named("loss/soft_softmax_triplet"),
    },
    inputs: &[
        real("student", &["B", "D"], "features of the student"),
        real("teacher", &["B", "D"], "features of the teacher, a constant"),
        whole("labels", &["B"], "the identity of each row"),
        flag("normalize", "whether rows of both are brought to unit length first (D9)"),
    ],
    outputs: &[
        value("loss", &[], "D7", "mean over the rows"),
        gradient("gradient", &["B", "D"], "D7", "with respect to the student"),
    ],
    reference,
    generate: generated,
    units: |inputs| {
        let (normalize, student) = (inputs.flag("normalize").unwrap_or(false), inputs.matrix("student"));
        let batch = student.map(|features| Batch { features, labels: Vec::new() });
        batch.map_or([1.0, 1.0], |batch| {
            [8.0 * if normalize { 1.0 } else { batch.unit() }, 8.0 * batch.gradient_unit(normalize)]
        })
    },
    open,
    readings: &[
        reading("pairs are mined in the teacher's distances", teachers_pairs),
        reading("student and teacher each have their own hardest pairs", own_pairs),
        reading("student and teacher are exchanged", exchanged),
        reading("the teacher's softmax is over (n, p), not (p, n)", turned),
        reading("the loss is summed over the rows, not averaged", summed),
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
    let value = soft_softmax_triplet(
        &inputs.matrix("student")?,
        &inputs.matrix("teacher")?,
        &inputs.counts("labels")?,
        inputs.flag("normalize")?,
    )?;
    Ok(Outputs::default().with("loss", value.loss).with("gradient", &value.gradient))
}

/// Distances among the student's rows and among the teacher's.
fn distances(inputs: &Inputs) -> Result<[Matrix; 2]> {
    let among = |name| {
        let features = pairs::of(inputs, name)?.features;
        euclidean(&features, &features)
    };
    Ok([among("student")?, among("teacher")?])
}

/// The loss of rows whose student compares the distances (p, n) and whose teacher compares others.
fn loss(rows: impl ExactSizeIterator<Item = ([f64; 2], [f64; 2])>) -> Outputs {
    let count = rows.len() as f64;
    let softplus = |x: f64| x.max(0.0) + (-x.abs()).exp().ln_1p();
    let cost = |([p, n], [tp, tn]): ([f64; 2], [f64; 2])| {
        let share = 1.0 / (1.0 + (tp - tn).exp());
        share * softplus(p - n) + (1.0 - share) * softplus(n - p)
    };
    Outputs::default().with("loss", rows.map(cost).sum::<f64>() / count)
}

fn at(distances: &Matrix, (i, pair): (usize, &Pair)) -> [f64; 2] {
    [distances[(i, pair.positive)], distances[(i, pair.negative)]]
}

fn into_anchors(inputs: &Inputs) -> Result<Outputs> {
    let [_, teacher] = distances(inputs)?;
    let slopes = |i: usize, pair: &Pair| {
        let slope = pairs::share([pair.positive_distance, pair.negative_distance])
            - pairs::share(at(&teacher, (i, pair)));
        [slope, -slope]
    };
    Ok(Outputs::default().with("gradient", &pairs::into_anchors(inputs, "student", slopes)?))
}

fn teachers_pairs(inputs: &Inputs) -> Result<Outputs> {
    let [student, teacher] = distances(inputs)?;
    let pairs = hardest_pairs(&teacher, &inputs.counts("labels")?)?;
    Ok(loss(pairs.iter().enumerate().map(|pair| (at(&student, pair), at(&teacher, pair)))))
}

fn own_pairs(inputs: &Inputs) -> Result<Outputs> {
    let [student, teacher] = distances(inputs)?;
    let labels = inputs.counts("labels")?;
    let compared = |pair: Pair| [pair.positive_distance, pair.negative_distance];
    let (own, others) = (hardest_pairs(&student, &labels)?, hardest_pairs(&teacher, &labels)?);
    Ok(loss(own.into_iter().zip(others).map(|(own, other)| (compared(own), compared(other)))))
}

fn exchanged(inputs: &Inputs) -> Result<Outputs> {
    let (student, teacher) = (inputs.matrix("student")?, inputs.matrix("teacher")?);
    let turned = reference(&inputs.clone().with("student", &teacher).with("teacher", &student))?;
    Ok(Outputs::default().with("loss", turned["loss"].clone()))
}

fn turned(inputs: &Inputs) -> Result<Outputs> {
    let [student, teacher] = distances(inputs)?;
    let pairs = hardest_pairs(&student, &inputs.counts("labels")?)?;
    Ok(loss(pairs.iter().enumerate().map(|pair| {
        let [p, n] = at(&teacher, pair);
        (at(&student, pair), [n, p])
    })))
}

fn summed(inputs: &Inputs) -> Result<Outputs> {
    let rows = inputs.counts("labels")?.len() as f64;
    Ok(Outputs::default().with("loss", rows * reference(inputs)?["loss"].values[0]))
}

fn generated(rng: &mut ChaCha8Rng) -> Inputs {
    let batch = pairs::batch(rng);
    let teacher = pairs::teacher(&batch, rng);
    let continuous = batch.features.values().iter().any(|value| (4.0 * value).fract() != 0.0);
    Inputs::default()
        .with("student", &batch.features)
        .with("teacher", &teacher)
        .with("labels", batch.labels.as_slice())
        .with("normalize", continuous && rng.random_bool(0.4))
}

/// Of equally hard rows the teacher's distance may be any: value and gradient are open. In f32 the teacher's distance of a row from
/// itself is noise as well.
fn open(inputs: &Inputs, width: Width, _: &str) -> Option<&'static str> {
    pairs::open_case(inputs, "student", width, true)
}
