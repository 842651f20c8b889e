//! Group `trajectories`: whole training steps (D24, D32, D33) of the published trainers, in f64 step by step; in f32 the first.

use mmt::loss::objective::Weights;
use mmt::model::{Network, Spec};
use mmt::train::{FusedAdam, Learners, Passes, StepSettings, ema, methods, pretrain};
use mmt_testkit::golden::generator;
use mmt_testkit::{Trial, strategies};
use tch::{Kind, Tensor};

use super::models::generated_network;
use super::run::{Run, Side};
use super::{reference_network, unknown_function};
use crate::ten_steps;

/// Both trainers: Adam's settings of the published scripts, and the label smoothing.
pub const LEARNING_RATE: f64 = 3.5e-4;
pub const WEIGHT_DECAY: f64 = 5e-4;
pub const EPSILON: f64 = 0.1;
/// Entries whose norms the cases hold after each step.
pub const NORMS: [&str; 6] = [
    "base.0.weight",
    "base.1.weight",
    "base.5.1.conv2.weight",
    "base.6.2.bn3.weight",
    "feat_bn.weight",
    "classifier.weight",
];
pub const STATS: [&str; 5] = [
    "base.1.running_mean",
    "base.1.running_var",
    "base.6.2.bn3.running_var",
    "feat_bn.running_mean",
    "feat_bn.running_var",
];

/// Runs a case of the group.
pub fn trajectories(run: &mut Run) -> Trial {
    match run.case.function() {
        "mmt.trainers.PreTrainer.train" => {
            by_reference(run, reference_network::pretraining)?;
            for side in Side::FAST {
                pretraining(run, side)?;
            }
            Ok(())
        }
        "mmt.trainers.MMTTrainer.train" => {
            by_reference(run, reference_network::mutual_mean_teaching)?;
            for side in Side::FAST {
                mutual_mean_teaching(run, side)?;
            }
            Ok(())
        }
        _ => unknown_function(run),
    }
}

/// The reference takes these steps of four ResNet-50s in plain loops only where it is asked to.
fn by_reference(run: &mut Run, steps: fn(&mut Run) -> Trial) -> Trial {
    if strategies::extensive() {
        return steps(run);
    }
    run.skip(Side::Reference, "ResNet-50s in plain loops take minutes: MMT_EXTENSIVE=1 runs them");
    Ok(())
}

/// Rows of values, one per step.
#[derive(Default)]
pub struct Rows(pub Vec<Vec<f64>>);

impl Rows {
    /// All steps in f64, the first one alone in both widths.
    pub fn compare(&self, run: &mut Run, side: Side, stem: &str) -> Trial {
        run.compare(side, &format!("{stem}_step0"), self.0[0].as_slice())?;
        if side == Side::Single {
            run.skip_output(side, stem, "Adam turns f32 rounding into whole steps; f64 holds them all");
            return Ok(());
        }
        let (rows, columns) = (self.0.len(), self.0[0].len());
        run.compare(side, stem, &mmt_reference::Matrix::from_fn(rows, columns, |i, j| self.0[i][j]))
    }
}

fn norms(network: &Network, names: &[&str]) -> Vec<f64> {
    let norm = |name: &&str| {
        let entry = network.entries().iter().find(|entry| entry.name == **name).unwrap();
        entry.tensor.norm().double_value(&[])
    };
    names.iter().map(norm).collect()
}

/// f32 runs take the first step only.
fn steps(run: &Run, side: Side) -> Trial<usize> {
    if side == Side::Single { Ok(1) } else { run.case.count("steps") }
}

fn images(run: &Run, key: &str, side: Side) -> Trial<Tensor> {
    let shape = [run.case.count("batch")?, 3, run.case.count("height")?, run.case.count("width")?];
    Ok(generator::images(run.case.seed(), key, &shape, 4.0, side.kind()))
}

fn pretraining(run: &mut Run, side: Side) -> Trial {
    let (classes, prefix) = (run.case.count("num_classes")?, run.case.text("weights_prefix")?.to_owned());
    let network = generated_network(run, &Spec::resnet50(), classes, &prefix, side.kind())?;
    let mut adam = FusedAdam::new(network.trained(), WEIGHT_DECAY);
    let (mut losses, mut weights, mut stats) = (Rows::default(), Rows::default(), Rows::default());
    for step in 0..steps(run, side)? {
        let source = images(run, &format!("pretrain/source/{step}"), side)?;
        let target = images(run, &format!("pretrain/target/{step}"), side)?;
        let labels = run.case.tensor(&format!("labels_{step}"), Kind::Int64)?;
        let settings = pretrain::StepSettings {
            epsilon: EPSILON,
            passes: Passes::default(),
            learning_rate: LEARNING_RATE,
        };
        let values = pretrain::step((&network, &mut adam), &source, &labels, Some(&target), &settings)?;
        losses.0.push(Vec::<f64>::try_from(values.to_kind(Kind::Double))?);
        weights.0.push(norms(&network, &NORMS));
        stats.0.push(norms(&network, &STATS));
    }
    losses.compare(run, side, "losses")?;
    weights.compare(run, side, "norms")?;
    stats.compare(run, side, "stats")
}

fn mutual_mean_teaching(run: &mut Run, side: Side) -> Trial {
    let classes = run.case.count("num_classes")?;
    let weights = Weights {
        soft_ce: run.case.number("soft_ce_weight")?,
        soft_triplet: run.case.number("soft_tri_weight")?,
        epsilon: EPSILON,
        clusters: run.case.count("num_clusters")?,
    };
    let alpha = run.case.number("alpha")?;
    let network = |prefix: &str| generated_network(run, &Spec::resnet50(), classes, prefix, side.kind());
    let students = vec![network("mmt/1/")?, network("mmt/2/")?];
    let method = methods::of(&ten_steps::mutual_mean_teaching());
    let mut learners = Learners::new(method, students, WEIGHT_DECAY)?;
    let mut rows: [Rows; 5] = Default::default();
    for step in 0..steps(run, side)? {
        let views =
            [images(run, &format!("mmt/1/{step}"), side)?, images(run, &format!("mmt/2/{step}"), side)?];
        let labels = run.case.tensor(&format!("labels_{step}"), Kind::Int64)?;
        let settings = StepSettings {
            weights,
            passes: Passes::default(),
            learning_rate: LEARNING_RATE,
            decay: ema::decay(ema::Convention::Published, step, alpha)?,
        };
        let values = learners.step(&views, &labels, &settings)?.values;
        rows[0].0.push(Vec::<f64>::try_from(values.to_kind(Kind::Double))?);
        let both = |networks: &[Network], names: &[&str]| -> Vec<f64> {
            networks.iter().flat_map(|network| norms(network, names)).collect()
        };
        rows[1].0.push(both(learners.students(), &NORMS));
        rows[2].0.push(both(learners.mean_networks(), &NORMS));
        rows[3].0.push(both(learners.students(), &STATS));
        rows[4].0.push(both(learners.mean_networks(), &STATS));
    }
    for (rows, stem) in rows.iter().zip(["losses", "norms", "ema_norms", "stats", "ema_stats"]) {
        rows.compare(run, side, stem)?;
    }
    Ok(())
}
