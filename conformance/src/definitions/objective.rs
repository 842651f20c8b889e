//! D8.

use mmt_reference::loss::objective::{Outputs as NetworkOutputs, Terms, Weights, mutual_mean_teaching};
use mmt_reference::{Matrix, Result};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::pairs;
use crate::definition::{Bench, Definition, Golden, Places, gradient, reading, real, value, whole};
use crate::generate::{self, Batch, BatchKind};
use crate::tolerance::Width;
use crate::value::{Array, Inputs, Outputs};

pub(super) static DEFINITION: Definition = Definition {
    number: "D8",
    name: "objective of mutual mean-teaching",
    part: None,
    places: Places {
        reference: "loss/objective.rs",
        fast: &["loss/objective.rs"],
        properties: "loss/objective.rs",
        golden: Golden::Functions(&[
            "mmt.trainers.MMTTrainer.train (one step)",
            "mmt.trainers.ClusterBaseTrainer.train (one step)",
        ]),
        bench: Bench::Named("loss/objective"),
    },
    inputs: &[
        real("features_1", &["B", "D"], "features of student 1"),
        real("logits_1", &["B", "M"], "logits of student 1"),
        real("features_2", &["B", "D"], "features of student 2"),
        real("logits_2", &["B", "M"], "logits of student 2"),
        real("mean_features_1", &["B", "D"], "features of mean network 1, a constant"),
        real("mean_logits_1", &["B", "M"], "logits of mean network 1, a constant"),
        real("mean_features_2", &["B", "D"], "features of mean network 2, a constant"),
        real("mean_logits_2", &["B", "M"], "logits of mean network 2, a constant"),
        whole("labels", &["B"], "the pseudo label of each row, below `clusters`"),
        real("soft_ce_weight", &[], "λ_id, 0 to 1"),
        real("soft_tri_weight", &[], "λ_tri, 0 to 1"),
        real("epsilon", &[], "share of the label smoothing"),
        whole("clusters", &[], "logits are cut to this many columns"),
    ],
    outputs: &[
        value("ce_1", &[], "D8", "D1 of student 1"),
        value("ce_2", &[], "D8", "D1 of student 2"),
        value("tri_1", &[], "D8", "D6 of student 1, margin 0"),
        value("tri_2", &[], "D8", "D6 of student 2, margin 0"),
        value("soft_ce_1", &[], "D8", "D2 of student 1 against mean network 2"),
        value("soft_ce_2", &[], "D8", "D2 of student 2 against mean network 1"),
        value("soft_tri_1", &[], "D8", "D7 of student 1 against mean network 2"),
        value("soft_tri_2", &[], "D8", "D7 of student 2 against mean network 1"),
        value("total", &[], "D8", "the weighted sum"),
        gradient("features_gradient_1", &["B", "D"], "D8", "of the total"),
        gradient("logits_gradient_1", &["B", "M"], "D8", "of the total, 0 in the columns that are cut"),
        gradient("features_gradient_2", &["B", "D"], "D8", "of the total"),
        gradient("logits_gradient_2", &["B", "M"], "D8", "of the total, 0 in the columns that are cut"),
    ],
    reference,
    generate: generated,
    units: |inputs| {
        let features = inputs.matrix("features_1").map(|features| Batch { features, labels: Vec::new() });
        let unit = features.map_or(1.0, |batch| batch.unit());
        [32.0 * unit, 8.0 * unit]
    },
    open,
    readings: &[
        reading("each student is taught by its own mean network", own_means),
        reading("the hard losses keep their full weight", full_hard),
        reading("λ and 1 − λ are exchanged", exchanged),
        reading("the logits are not cut", not_cut),
        reading("the sum is halved: a mean over both students", halved),
    ],
};

fn network(inputs: &Inputs, features: &'static str, logits: &'static str) -> Result<NetworkOutputs> {
    Ok(NetworkOutputs { features: inputs.matrix(features)?, logits: inputs.matrix(logits)? })
}

fn weights(inputs: &Inputs) -> Result<Weights> {
    Ok(Weights {
        soft_ce: inputs.real("soft_ce_weight")?,
        soft_triplet: inputs.real("soft_tri_weight")?,
        epsilon: inputs.real("epsilon")?,
        clusters: inputs.count("clusters")?,
    })
}

fn terms(inputs: &Inputs, weights: &Weights) -> Result<Terms> {
    let students = [network(inputs, "features_1", "logits_1")?, network(inputs, "features_2", "logits_2")?];
    let means = [
        network(inputs, "mean_features_1", "mean_logits_1")?,
        network(inputs, "mean_features_2", "mean_logits_2")?,
    ];
    let labels = inputs.counts("labels")?;
    mutual_mean_teaching([&students[0], &students[1]], [&means[0], &means[1]], &labels, weights)
}

fn outputs(terms: &Terms) -> Outputs {
    let named = Terms::NAMES.iter().zip(terms.values());
    let outputs = named.fold(Outputs::default(), |outputs, (name, value)| outputs.with(name, value));
    let [one, two] = &terms.gradients;
    outputs
        .with("features_gradient_1", &one.features)
        .with("logits_gradient_1", &one.logits)
        .with("features_gradient_2", &two.features)
        .with("logits_gradient_2", &two.logits)
}

fn reference(inputs: &Inputs) -> Result<Outputs> {
    Ok(outputs(&terms(inputs, &weights(inputs)?)?))
}

fn own_means(inputs: &Inputs) -> Result<Outputs> {
    let mut turned = inputs.clone();
    for [one, two] in [["mean_features_1", "mean_features_2"], ["mean_logits_1", "mean_logits_2"]] {
        turned = turned.with(one, inputs.array(two)?.clone()).with(two, inputs.array(one)?.clone());
    }
    reference(&turned)
}

fn total(total: f64) -> Outputs {
    Outputs::default().with("total", total)
}

fn full_hard(inputs: &Inputs) -> Result<Outputs> {
    let weights = weights(inputs)?;
    let terms = terms(inputs, &weights)?;
    let hard =
        weights.soft_ce * (terms.ce_1 + terms.ce_2) + weights.soft_triplet * (terms.tri_1 + terms.tri_2);
    Ok(total(terms.total + hard))
}

fn exchanged(inputs: &Inputs) -> Result<Outputs> {
    let weights = weights(inputs)?;
    let turned =
        Weights { soft_ce: 1.0 - weights.soft_ce, soft_triplet: 1.0 - weights.soft_triplet, ..weights };
    Ok(total(terms(inputs, &turned)?.total))
}

fn not_cut(inputs: &Inputs) -> Result<Outputs> {
    let columns = inputs.matrix("logits_1")?.columns();
    reference(&inputs.clone().with("clusters", columns))
}

fn halved(inputs: &Inputs) -> Result<Outputs> {
    Ok(total(terms(inputs, &weights(inputs)?)?.total / 2.0))
}

fn generated(rng: &mut ChaCha8Rng) -> Inputs {
    let sizes = (rng.random_range(2..4), rng.random_range(2..4), rng.random_range(4..7));
    let batch = if rng.random_bool(0.7) {
        Batch::continuous(BatchKind::Shuffled, sizes, 1.0, rng)
    } else {
        Batch::dyadic(BatchKind::Shuffled, sizes, rng)
    };
    let clusters = sizes.0 + rng.random_range(0..2);
    let columns = clusters + rng.random_range(0..3);
    let mut inputs = Inputs::default().with("features_1", &batch.features);
    for name in ["features_2", "mean_features_1", "mean_features_2"] {
        inputs = inputs.with(name, &pairs::teacher(&batch, rng));
    }
    for name in ["logits_1", "logits_2", "mean_logits_1", "mean_logits_2"] {
        inputs = inputs.with(name, &generate::logits(batch.labels.len(), columns, 4.0, rng));
    }
    inputs
        .with("labels", batch.labels.as_slice())
        .with("soft_ce_weight", [0.0, 0.25, 0.5, 1.0][rng.random_range(0..4)])
        .with("soft_tri_weight", [0.0, 0.25, 0.75, 1.0][rng.random_range(0..4)])
        .with("epsilon", [0.0, 0.1][rng.random_range(0..2)])
        .with("clusters", clusters)
}

/// As D6 and D7, for either student.
fn open(inputs: &Inputs, width: Width, output: &str) -> Option<&'static str> {
    if output.starts_with("ce") || output.starts_with("soft_ce") || output.starts_with("logits") {
        return None;
    }
    let of = |features: Array| {
        let batch = pairs::of(&inputs.clone().with("features", features), "features").ok()?;
        pairs::open(&batch, width, !output.starts_with("tri"))
    };
    let features: Vec<Matrix> =
        ["features_1", "features_2"].into_iter().filter_map(|name| inputs.matrix(name).ok()).collect();
    features.iter().find_map(|features| of(features.into()))
}
