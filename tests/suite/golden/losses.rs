//! Groups `losses` and `objective`: D1 … D8.

use mmt::loss::objective as fast_objective;
use mmt_reference::Matrix;
use mmt_reference::loss::objective as reference_objective;
use mmt_testkit::Trial;
use mmt_testkit::convert::gradient;
use tch::{Kind, Tensor};

use super::run::{Run, Side};
use super::unknown_function;

/// Runs a case of the group `losses`.
pub fn losses(run: &mut Run) -> Trial {
    match run.case.function() {
        "mmt.loss.CrossEntropyLabelSmooth" => cross_entropy(run),
        "mmt.loss.SoftEntropy" => soft_cross_entropy(run),
        "mmt.loss.TripletLoss" => triplet(run),
        "mmt.loss.SoftTripletLoss" => match run.case.optional_number("margin")? {
            Some(margin) => softmax_triplet(run, margin),
            None => soft_softmax_triplet(run),
        },
        "mmt.loss.triplet.euclidean_dist" => euclidean(run),
        _ => unknown_function(run),
    }
}

/// An input as a tensor that can be differentiated.
fn variable(run: &Run, name: &str, side: Side) -> Trial<Tensor> {
    Ok(run.case.tensor(name, side.kind())?.set_requires_grad(true))
}

fn zeros_like(matrix: &Matrix) -> Matrix {
    Matrix::zeros(matrix.rows(), matrix.columns())
}

fn cross_entropy(run: &mut Run) -> Trial {
    let epsilon = run.case.number("epsilon")?;
    let (logits, labels) = (run.case.matrix("logits")?, run.case.labels("labels")?);
    run.equal(Side::Reference, "num_classes", logits.columns(), run.case.count("num_classes")?)?;
    let value = mmt_reference::loss::cross_entropy::label_smoothed(&logits, &labels, epsilon)?;
    run.compare(Side::Reference, "loss", value.loss)?;
    run.compare(Side::Reference, "grad_logits", &value.gradient)?;
    for side in Side::FAST {
        let (logits, labels) = (variable(run, "logits", side)?, run.case.tensor("labels", Kind::Int64)?);
        let loss = mmt::loss::cross_entropy::label_smoothed(&logits, &labels, epsilon)?;
        run.compare(side, "loss", &loss)?;
        run.compare(side, "grad_logits", &gradient(&loss, &logits))?;
    }
    Ok(())
}

fn soft_cross_entropy(run: &mut Run) -> Trial {
    let (student, teacher) = (run.case.matrix("student")?, run.case.matrix("teacher")?);
    let value = mmt_reference::loss::soft_cross_entropy::soft_cross_entropy(&student, &teacher)?;
    run.compare(Side::Reference, "loss", value.loss)?;
    run.compare(Side::Reference, "grad_student", &value.gradient)?;
    // The reference has no gradient for a teacher: by definition it is a constant.
    run.compare(Side::Reference, "grad_teacher", &zeros_like(&teacher))?;
    for side in Side::FAST {
        let (student, teacher) = (variable(run, "student", side)?, variable(run, "teacher", side)?);
        let loss = mmt::loss::soft_cross_entropy::soft_cross_entropy(&student, &teacher)?;
        run.compare(side, "loss", &loss)?;
        run.compare(side, "grad_student", &gradient(&loss, &student))?;
        run.compare(side, "grad_teacher", &gradient(&loss, &teacher))?;
    }
    Ok(())
}

fn triplet(run: &mut Run) -> Trial {
    let (margin, normalize) = (run.case.number("margin")?, run.case.flag("normalize_feature")?);
    let (features, labels) = (run.case.matrix("emb")?, run.case.labels("labels")?);
    let value = mmt_reference::loss::triplet::triplet(&features, &labels, margin, normalize)?;
    run.compare(Side::Reference, "loss", value.loss)?;
    run.compare(Side::Reference, "prec", value.precision)?;
    run.compare(Side::Reference, "grad_emb", &value.gradient)?;
    for side in Side::FAST {
        let (features, labels) = (variable(run, "emb", side)?, run.case.tensor("labels", Kind::Int64)?);
        let value = mmt::loss::triplet::triplet(&features, &labels, margin, normalize)?;
        run.compare(side, "loss", &value.loss)?;
        run.compare(side, "prec", &value.precision)?;
        run.compare(side, "grad_emb", &gradient(&value.loss, &features))?;
    }
    Ok(())
}

fn softmax_triplet(run: &mut Run, margin: f64) -> Trial {
    let normalize = run.case.flag("normalize_feature")?;
    let (features, labels) = (run.case.matrix("emb1")?, run.case.labels("labels")?);
    let value = mmt_reference::loss::softmax_triplet::softmax_triplet(&features, &labels, margin, normalize)?;
    run.compare(Side::Reference, "loss", value.loss)?;
    run.compare(Side::Reference, "grad_emb1", &value.gradient)?;
    // With a number as margin published ignores its second input; ours has none.
    run.compare(Side::Reference, "grad_emb2", &zeros_like(&features))?;
    for side in Side::FAST {
        let (features, labels) = (variable(run, "emb1", side)?, run.case.tensor("labels", Kind::Int64)?);
        let loss = mmt::loss::softmax_triplet::softmax_triplet(&features, &labels, margin, normalize)?;
        run.compare(side, "loss", &loss)?;
        run.compare(side, "grad_emb1", &gradient(&loss, &features))?;
        run.compare(side, "grad_emb2", &features.zeros_like())?;
    }
    Ok(())
}

fn soft_softmax_triplet(run: &mut Run) -> Trial {
    use mmt_reference::loss::soft_softmax_triplet::soft_softmax_triplet as reference;

    let normalize = run.case.flag("normalize_feature")?;
    let (student, teacher) = (run.case.matrix("emb1")?, run.case.matrix("emb2")?);
    let value = reference(&student, &teacher, &run.case.labels("labels")?, normalize)?;
    run.compare(Side::Reference, "loss", value.loss)?;
    run.compare(Side::Reference, "grad_emb1", &value.gradient)?;
    run.compare(Side::Reference, "grad_emb2", &zeros_like(&teacher))?;
    for side in Side::FAST {
        let (student, teacher) = (variable(run, "emb1", side)?, variable(run, "emb2", side)?);
        let labels = run.case.tensor("labels", Kind::Int64)?;
        let loss =
            mmt::loss::soft_softmax_triplet::soft_softmax_triplet(&student, &teacher, &labels, normalize)?;
        run.compare(side, "loss", &loss)?;
        run.compare(side, "grad_emb1", &gradient(&loss, &student))?;
        run.compare(side, "grad_emb2", &gradient(&loss, &teacher))?;
    }
    Ok(())
}

fn euclidean(run: &mut Run) -> Trial {
    let distances = mmt_reference::distance::euclidean(&run.case.matrix("x")?, &run.case.matrix("y")?)?;
    // The first two columns are (nearly) equal rows, compared with a wide tolerance as part of `dist` only.
    let far = Matrix::from_fn(distances.rows(), distances.columns() - 2, |i, j| distances[(i, j + 2)]);
    run.compare(Side::Reference, "dist", &distances)?;
    run.compare(Side::Reference, "far", &far)?;
    for side in Side::FAST {
        let (x, y) = (run.case.tensor("x", side.kind())?, run.case.tensor("y", side.kind())?);
        let distances = mmt::distance::euclidean(&x, &y);
        run.compare(side, "dist", &distances)?;
        run.compare(side, "far", &distances.narrow(1, 2, distances.size()[1] - 2))?;
    }
    Ok(())
}

/// Runs a case of the group `objective`.
pub fn objective(run: &mut Run) -> Trial {
    match run.case.function() {
        "mmt.trainers.MMTTrainer.train (one step)" => mutual_mean_teaching(run),
        "mmt.trainers.ClusterBaseTrainer.train (one step)" => hard_only(run),
        _ => unknown_function(run),
    }
}

fn mutual_mean_teaching(run: &mut Run) -> Trial {
    let [soft_ce, soft_triplet] = [run.case.number("soft_ce_weight")?, run.case.number("soft_tri_weight")?];
    let [epsilon, clusters] = [run.case.number("epsilon")?, run.case.number("num_clusters")?];
    let clusters = clusters as usize;
    reference_mutual(run, &reference_objective::Weights { soft_ce, soft_triplet, epsilon, clusters })?;
    let weights = fast_objective::Weights { soft_ce, soft_triplet, epsilon, clusters };
    for side in Side::FAST {
        fast_mutual(run, side, &weights)?;
    }
    Ok(())
}

fn reference_mutual(run: &mut Run, weights: &reference_objective::Weights) -> Trial {
    let outputs = |run: &Run, suffix: &str| -> Trial<reference_objective::Outputs> {
        Ok(reference_objective::Outputs {
            features: run.case.matrix(&format!("features_{suffix}"))?,
            logits: run.case.matrix(&format!("logits_{suffix}"))?,
        })
    };
    let students = [outputs(run, "1")?, outputs(run, "2")?];
    let means = [outputs(run, "1_ema")?, outputs(run, "2_ema")?];
    let terms = reference_objective::mutual_mean_teaching(
        [&students[0], &students[1]],
        [&means[0], &means[1]],
        &run.case.labels("labels")?,
        weights,
    )?;
    for (name, value) in reference_objective::Terms::NAMES.iter().zip(terms.values()) {
        run.compare(Side::Reference, name, value)?;
    }
    for (network, gradient) in ["1", "2"].iter().zip(&terms.gradients) {
        run.compare(Side::Reference, &format!("grad_features_{network}"), &gradient.features)?;
        run.compare(Side::Reference, &format!("grad_logits_{network}"), &gradient.logits)?;
    }
    Ok(())
}

fn fast_mutual(run: &mut Run, side: Side, weights: &fast_objective::Weights) -> Trial {
    let outputs = |run: &Run, suffix: &str| -> Trial<fast_objective::Outputs> {
        Ok(fast_objective::Outputs {
            features: variable(run, &format!("features_{suffix}"), side)?,
            logits: variable(run, &format!("logits_{suffix}"), side)?,
        })
    };
    let students = [outputs(run, "1")?, outputs(run, "2")?];
    let means = [outputs(run, "1_ema")?, outputs(run, "2_ema")?];
    let terms = fast_objective::mutual_mean_teaching(
        [&students[0], &students[1]],
        [&means[0], &means[1]],
        &run.case.tensor("labels", Kind::Int64)?,
        weights,
    )?;
    let values = Vec::<f64>::try_from(terms.values().to_kind(Kind::Double))?;
    for (name, value) in fast_objective::Terms::NAMES.iter().zip(values) {
        run.compare(side, name, value)?;
    }
    for (network, student) in ["1", "2"].iter().zip(&students) {
        run.compare(side, &format!("grad_features_{network}"), &gradient(&terms.total, &student.features))?;
        run.compare(side, &format!("grad_logits_{network}"), &gradient(&terms.total, &student.logits))?;
    }
    for mean in &means {
        // Nothing flows into a teacher.
        run.equal(
            side,
            "gradient of a teacher",
            gradient(&terms.total, &mean.logits).abs().max().double_value(&[]),
            0.0,
        )?;
    }
    Ok(())
}

fn hard_only(run: &mut Run) -> Trial {
    let (epsilon, clusters) = (run.case.number("epsilon")?, run.case.count("num_clusters")?);
    let outputs = reference_objective::Outputs {
        features: run.case.matrix("features")?,
        logits: run.case.matrix("logits")?,
    };
    let terms = reference_objective::hard_only(&outputs, &run.case.labels("labels")?, epsilon, clusters)?;
    run.compare(Side::Reference, "total", terms.total)?;
    run.compare(Side::Reference, "grad_features", &terms.gradient.features)?;
    run.compare(Side::Reference, "grad_logits", &terms.gradient.logits)?;
    for side in Side::FAST {
        let outputs = fast_objective::Outputs {
            features: variable(run, "features", side)?,
            logits: variable(run, "logits", side)?,
        };
        let labels = run.case.tensor("labels", Kind::Int64)?;
        let terms = fast_objective::hard_only(&outputs, &labels, epsilon, clusters)?;
        run.compare(side, "total", &terms.total)?;
        run.compare(side, "grad_features", &gradient(&terms.total, &outputs.features))?;
        run.compare(side, "grad_logits", &gradient(&terms.total, &outputs.logits))?;
    }
    Ok(())
}
