//! D1 to D9.

use mmt_conformance::{Inputs, Outputs};
use tch::Tensor;

use super::tensors::{Failed, Place, array, gradients, labels, tensor, variable};
use crate::loss::objective::{Terms, Weights, mutual_mean_teaching};
use crate::{distance, loss, model};

/// A loss and its gradient with respect to `of`.
fn differentiated(loss: &Tensor, of: &Tensor) -> Outputs {
    let gradient = gradients(loss, &[of]).remove(0);
    Outputs::default().with("loss", array(loss)).with("gradient", gradient)
}

pub(super) fn cross_entropy(inputs: &Inputs, place: Place) -> Result<Outputs, Failed> {
    let logits = variable(inputs, "logits", place)?;
    let loss =
        loss::cross_entropy::label_smoothed(&logits, &labels(inputs, place)?, inputs.real("epsilon")?)?;
    Ok(differentiated(&loss, &logits))
}

pub(super) fn soft_cross_entropy(inputs: &Inputs, place: Place) -> Result<Outputs, Failed> {
    let student = variable(inputs, "student", place)?;
    let loss = loss::soft_cross_entropy::soft_cross_entropy(&student, &tensor(inputs, "teacher", place)?)?;
    Ok(differentiated(&loss, &student))
}

pub(super) fn distances(inputs: &Inputs, place: Place) -> Result<Outputs, Failed> {
    let (x, y) = (tensor(inputs, "x", place)?, tensor(inputs, "y", place)?);
    Ok(Outputs::default()
        .with("distances", array(&distance::euclidean(&x, &y)))
        .with("squares", array(&distance::squared_euclidean(&x, &y))))
}

pub(super) fn mining(inputs: &Inputs, place: Place) -> Result<Outputs, Failed> {
    let found = loss::mining::hardest(&tensor(inputs, "distances", place)?, &labels(inputs, place)?)?;
    Ok(Outputs::default()
        .with("positive_distance", array(&found.positive))
        .with("negative_distance", array(&found.negative))
        .with("positive", array(&found.positive_index))
        .with("negative", array(&found.negative_index)))
}

pub(super) fn triplet(inputs: &Inputs, place: Place) -> Result<Outputs, Failed> {
    let features = variable(inputs, "features", place)?;
    let (margin, normalize) = (inputs.real("margin")?, inputs.flag("normalize")?);
    let found = loss::triplet::triplet(&features, &labels(inputs, place)?, margin, normalize)?;
    Ok(differentiated(&found.loss, &features).with("precision", array(&found.precision)))
}

pub(super) fn softmax_triplet(inputs: &Inputs, place: Place) -> Result<Outputs, Failed> {
    let features = variable(inputs, "features", place)?;
    let (margin, normalize) = (inputs.real("margin")?, inputs.flag("normalize")?);
    let loss = loss::softmax_triplet::softmax_triplet(&features, &labels(inputs, place)?, margin, normalize)?;
    Ok(differentiated(&loss, &features))
}

pub(super) fn soft_softmax_triplet(inputs: &Inputs, place: Place) -> Result<Outputs, Failed> {
    let student = variable(inputs, "student", place)?;
    let (teacher, labels) = (tensor(inputs, "teacher", place)?, labels(inputs, place)?);
    let normalize = inputs.flag("normalize")?;
    let loss = loss::soft_softmax_triplet::soft_softmax_triplet(&student, &teacher, &labels, normalize)?;
    Ok(differentiated(&loss, &student))
}

pub(super) fn objective(inputs: &Inputs, place: Place) -> Result<Outputs, Failed> {
    let student = |features, logits| -> Result<model::Outputs, Failed> {
        let (features, logits) = (variable(inputs, features, place)?, variable(inputs, logits, place)?);
        Ok(model::Outputs { features, logits })
    };
    let mean = |features, logits| -> Result<model::Outputs, Failed> {
        Ok(model::Outputs {
            features: tensor(inputs, features, place)?,
            logits: tensor(inputs, logits, place)?,
        })
    };
    let [one, two] = [student("features_1", "logits_1")?, student("features_2", "logits_2")?];
    let [mean_1, mean_2] =
        [mean("mean_features_1", "mean_logits_1")?, mean("mean_features_2", "mean_logits_2")?];
    let weights = Weights {
        soft_ce: inputs.real("soft_ce_weight")?,
        soft_triplet: inputs.real("soft_tri_weight")?,
        epsilon: inputs.real("epsilon")?,
        clusters: inputs.count("clusters")?,
    };
    let terms = mutual_mean_teaching([&one, &two], [&mean_1, &mean_2], &labels(inputs, place)?, &weights)?;
    let named = Terms::NAMES.iter().zip(array(&terms.values()).values);
    let outputs = named.fold(Outputs::default(), |outputs, (name, value)| outputs.with(name, value));
    let of = [&one.features, &one.logits, &two.features, &two.logits];
    let names = ["features_gradient_1", "logits_gradient_1", "features_gradient_2", "logits_gradient_2"];
    let found = names.into_iter().zip(gradients(&terms.total, &of));
    Ok(found.fold(outputs, |outputs, (name, gradient)| outputs.with(name, gradient)))
}

pub(super) fn normalisation(inputs: &Inputs, place: Place) -> Result<Outputs, Failed> {
    let unit = distance::normalize_rows(&tensor(inputs, "features", place)?);
    Ok(Outputs::default().with("unit", array(&unit)))
}
