//! The published networks and trainers by the reference: a ResNet-50 in plain loops.

use mmt_reference::loss::objective::{Weights, hard_only};
use mmt_reference::model::{Embedding, Network, Spec, State, Statistics, Volume};
use mmt_reference::train::fused_adam::Adam;
use mmt_reference::train::methods::mutual;
use mmt_reference::train::{ema, pretrain};
use mmt_testkit::golden::generator;
use mmt_testkit::{Actual, Failure, Trial};

use super::models::{kept_entries, named_in_meaning};
use super::run::{Run, Side};
use super::trajectories::{EPSILON, LEARNING_RATE, NORMS, Rows, STATS, WEIGHT_DECAY};

/// The published network a case names.
pub fn spec(run: &Run) -> Spec {
    if run.case.function().contains("ibn") { Spec::resnet_ibn50a() } else { Spec::resnet50() }
}

/// A network with the generator's weights under `prefix`.
fn generated(run: &Run, spec: &Spec, classes: usize, prefix: &str) -> Trial<Network> {
    let mut network = Network::new(spec, classes)?;
    let entries: Vec<_> =
        network.state().entries().iter().map(|entry| (entry.name.clone(), entry.shape.clone())).collect();
    for (name, shape) in entries {
        if let Some(values) = generator::weight(run.case.seed(), prefix, &name, &shape) {
            network.set(&name, &values.into_iter().map(f64::from).collect::<Vec<_>>())?;
        }
    }
    Ok(network)
}

fn volume(run: &Run, key: &str, shape: [usize; 4], scale: f64) -> Trial<Volume> {
    let values = generator::values(run.case.seed(), key, 0.0, scale, shape.iter().product());
    Ok(Volume::new(shape, values.into_iter().map(f64::from).collect())?)
}

/// The images of a case of the group `models`.
fn case_images(run: &Run) -> Trial<Volume> {
    let (key, shape, scale) = generator::image_params(run.case)?;
    let shape = shape.try_into().map_err(|_| Failure::new("images have four dimensions"))?;
    volume(run, &key, shape, scale)
}

/// One training pass with its gradients, then an evaluation pass.
pub fn network(run: &mut Run, embedding: Option<usize>, classes: usize, prefix: &str) -> Trial {
    let embedding = embedding.map(|features| Embedding { features, unit_length: false });
    let mut network = generated(run, &Spec { embedding, ..spec(run) }, classes, prefix)?;
    let (images, labels) = (case_images(run)?, run.case.labels("labels")?);
    run.compare(Side::Reference, "stages", stages(&network, &images)?)?;
    let (outputs, trace) = network.train(&images, None)?;
    run.compare(Side::Reference, "pooled", &outputs.features)?;
    run.compare(Side::Reference, "logits", &outputs.logits)?;
    let terms = hard_only(&outputs, &labels, EPSILON, classes)?;
    run.compare(Side::Reference, "loss", terms.total)?;
    let gradients = network.backward(&trace, &terms.gradient)?;
    let norms: Vec<f64> = named_in_meaning(run, "out.grad_norms")
        .iter()
        .map(|name| gradients.get(name).map(|values| norm(values)).ok_or_else(|| unknown(name)))
        .collect::<Trial<_>>()?;
    run.compare(Side::Reference, "grad_norms", norms.as_slice())?;
    for (stem, kept) in kept_entries(run) {
        let values = &network.state().values(&stem)?[..kept];
        run.compare(Side::Reference, &format!("state.{stem}"), values)?;
    }
    let batches = network.state().values("base.1.num_batches_tracked")?[0];
    run.compare(Side::Reference, "num_batches_tracked", batches)?;
    run.compare(Side::Reference, "evaluated", &network.embed(&images)?)
}

/// Mean and mean magnitude of the output of each element of the published sequence.
fn stages(network: &Network, images: &Volume) -> Trial<Actual> {
    let outputs = network.base_outputs(images, Statistics::Batch { group: None })?;
    let mean = |values: &[f64], f: fn(f64) -> f64| {
        values.iter().map(|value| f(*value)).sum::<f64>() / values.len() as f64
    };
    let rows = outputs.iter().flat_map(|x| [mean(x.values(), |value| value), mean(x.values(), f64::abs)]);
    Ok(Actual::new(&[outputs.len(), 2], rows.collect()))
}

/// Switches of the published constructor.
pub fn variants(run: &mut Run, classes: usize, prefix: &str) -> Trial {
    let images = case_images(run)?;
    let neck = generated(run, &Spec::resnet50(), 0, prefix)?.train(&images, None)?.0.logits;
    let columns = run.case.stored("out.no_classes_second")?.shape()[1];
    let first = mmt_reference::Matrix::from_fn(neck.rows(), columns, |i, j| neck[(i, j)]);
    run.compare(Side::Reference, "no_classes_second", &first)?;
    let unit = Spec { embedding: Some(Embedding { features: 64, unit_length: true }), ..Spec::resnet50() };
    let logits = generated(run, &unit, classes, prefix)?.train(&images, None)?.0.logits;
    run.compare(Side::Reference, "norm_logits", &logits)
}

fn batch(run: &Run, key: &str) -> Trial<Volume> {
    let count = |name: &str| run.case.count(name);
    volume(run, key, [count("batch")?, 3, count("height")?, count("width")?], 4.0)
}

/// Whole steps of the published pre-trainer.
pub fn pretraining(run: &mut Run) -> Trial {
    let (classes, prefix) = (run.case.count("num_classes")?, run.case.text("weights_prefix")?.to_owned());
    let mut network = generated(run, &Spec::resnet50(), classes, &prefix)?;
    let mut adam = Adam::new(network.state(), WEIGHT_DECAY);
    let settings =
        pretrain::StepSettings { epsilon: EPSILON, learning_rate: LEARNING_RATE, group: None, mask: None };
    let (mut losses, mut weights, mut stats) = (Rows::default(), Rows::default(), Rows::default());
    for step in 0..run.case.count("steps")? {
        let source = batch(run, &format!("pretrain/source/{step}"))?;
        let target = batch(run, &format!("pretrain/target/{step}"))?;
        let labels = run.case.labels(&format!("labels_{step}"))?;
        let terms = pretrain::step(&mut network, &mut adam, &source, &labels, Some(&target), &settings)?;
        losses.0.push(vec![terms.ce, terms.tri, terms.total]);
        weights.0.push(norms(network.state(), &NORMS)?);
        stats.0.push(norms(network.state(), &STATS)?);
    }
    losses.compare(run, Side::Reference, "losses")?;
    weights.compare(run, Side::Reference, "norms")?;
    stats.compare(run, Side::Reference, "stats")
}

/// Whole steps of published mutual mean-teaching.
pub fn mutual_mean_teaching(run: &mut Run) -> Trial {
    let classes = run.case.count("num_classes")?;
    let weights = Weights {
        soft_ce: run.case.number("soft_ce_weight")?,
        soft_triplet: run.case.number("soft_tri_weight")?,
        epsilon: EPSILON,
        clusters: run.case.count("num_clusters")?,
    };
    let alpha = run.case.number("alpha")?;
    let network = |prefix: &str| generated(run, &Spec::resnet50(), classes, prefix);
    let mut networks = mutual::Networks::new([network("mmt/1/")?, network("mmt/2/")?], WEIGHT_DECAY);
    let mut rows: [Rows; 5] = Default::default();
    for step in 0..run.case.count("steps")? {
        let views = [batch(run, &format!("mmt/1/{step}"))?, batch(run, &format!("mmt/2/{step}"))?];
        let labels = run.case.labels(&format!("labels_{step}"))?;
        let settings = mutual::StepSettings {
            weights,
            learning_rate: LEARNING_RATE,
            decay: ema::decay(ema::Convention::Published, step, alpha)?,
            group: None,
            masks: mutual::Masks::NONE,
            feature_scale: 1.0,
        };
        let terms = networks.step([&views[0], &views[1]], &labels, &settings)?;
        rows[0].0.push(terms.values().to_vec());
        let both = |networks: &[Network; 2], names: &[&str]| -> Trial<Vec<f64>> {
            Ok([norms(networks[0].state(), names)?, norms(networks[1].state(), names)?].concat())
        };
        rows[1].0.push(both(&networks.students, &NORMS)?);
        rows[2].0.push(both(&networks.mean_networks, &NORMS)?);
        rows[3].0.push(both(&networks.students, &STATS)?);
        rows[4].0.push(both(&networks.mean_networks, &STATS)?);
    }
    for (rows, stem) in rows.iter().zip(["losses", "norms", "ema_norms", "stats", "ema_stats"]) {
        rows.compare(run, Side::Reference, stem)?;
    }
    Ok(())
}

fn norms(state: &State, names: &[&str]) -> Trial<Vec<f64>> {
    names.iter().map(|name| Ok(norm(state.values(name)?))).collect()
}

fn norm(values: &[f64]) -> f64 {
    values.iter().map(|value| value * value).sum::<f64>().sqrt()
}

fn unknown(name: &str) -> Failure {
    Failure::new(format!("there is no gradient of {name}"))
}
