//! D29, D30, D31, D32 and D33 at once: whole steps of pre-training and of mutual mean-teaching on a tiny network, reference against fast wing in
//! f64, every number of every network asserted after every step: losses, parameters after Adam, mean networks, batch-norm
//! statistics. Images, labels and weights come from the golden generator.

use std::path::Path;

use mmt::loss::objective::{self as fast_objective, Weights};
use mmt::model as fast;
use mmt::random::stream;
use mmt::train::{FusedAdam, Passes, dropout, ema, mutual, own_mean, pretrain, single};
use mmt_reference::Matrix;
use mmt_reference::loss::objective::{Terms, Weights as ReferenceWeights, hard_only};
use mmt_reference::model as reference;
use mmt_reference::train as reference_train;
use mmt_reference::train::mutual::{Masks, StepSettings};
use mmt_testkit::golden::generator;
use mmt_testkit::tolerance::{Quantity, Width, check};
use mmt_testkit::{Trial, convert, devices};
use tch::{Kind, Tensor};

use crate::wing::both_refuse;

const STEPS: usize = 10;
const CLASSES: usize = 6;
const CLUSTERS: usize = 4;
const FEATURES: usize = 8;
const LABELS: [usize; 8] = [0, 0, 1, 1, 2, 2, 3, 3];
const IMAGES: [usize; 4] = [8, 3, 12, 8];
const LEARNING_RATE: f64 = 3.5e-3;
const WEIGHT_DECAY: f64 = 5e-4;

/// One network in both wings.
struct Twins {
    fast: fast::Network,
    reference: reference::Network,
}

/// All kinds of layers on few channels: IBN, a downsampling block, pooling, a projection.
pub(crate) fn fast_spec(block: fast::BlockKind) -> fast::Spec {
    let stage = |width, stride, ibn| fast::Stage { blocks: 1, width, stride, ibn };
    fast::Spec {
        block,
        stem: fast::Stem { kernel: 3, stride: 1, channels: 4, relu: true, max_pool: true },
        stages: vec![stage(4, 1, true), stage(6, 2, false)],
        projection: Some(FEATURES as i64),
        embedding: None,
    }
}

pub(crate) fn reference_spec(spec: &fast::Spec) -> reference::Spec {
    let size = |value: i64| value as usize;
    let stem = spec.stem;
    let stages = spec.stages.iter().map(|stage| reference::Stage {
        blocks: stage.blocks,
        width: size(stage.width),
        stride: size(stage.stride),
        ibn: stage.ibn,
    });
    reference::Spec {
        block: match spec.block {
            fast::BlockKind::Basic => reference::BlockKind::Basic,
            fast::BlockKind::Bottleneck => reference::BlockKind::Bottleneck,
        },
        stem: reference::Stem {
            kernel: size(stem.kernel),
            stride: size(stem.stride),
            channels: size(stem.channels),
            relu: stem.relu,
            max_pool: stem.max_pool,
        },
        stages: stages.collect(),
        projection: spec.projection.map(size),
        embedding: None,
    }
}

impl Twins {
    fn new(block: fast::BlockKind, prefix: &str) -> Trial<Self> {
        let spec = fast_spec(block);
        let place = (Kind::Double, devices::current());
        let mut fast = fast::Network::new(&spec, CLASSES, &mut stream(0, "ten-steps", 0, 0), place)?;
        let mut reference = reference::Network::new(&reference_spec(&spec), CLASSES)?;
        let mut state = fast::Named::new();
        for entry in reference.state().entries().to_vec() {
            let values = generator::weight(1, prefix, &entry.name, &entry.shape).unwrap_or_default();
            state.insert(
                entry.name.clone(),
                generator::weight_tensor(1, prefix, &entry.name, &entry.shape, Kind::Double),
            );
            if !values.is_empty() {
                reference.set(&entry.name, &values.into_iter().map(f64::from).collect::<Vec<_>>())?;
            }
        }
        fast.load_state(&state, "", Path::new("generated"))?;
        Ok(Self { fast, reference })
    }
}

/// Two students with one optimizer, and the same in the reference.
fn two_students(
    block: fast::BlockKind,
) -> Trial<([fast::Network; 2], FusedAdam, reference_train::mutual::Networks)> {
    let [one, two] = [Twins::new(block, "one/")?, Twins::new(block, "two/")?];
    let students = [one.fast, two.fast];
    let adam = FusedAdam::new(students.iter().flat_map(fast::Network::trained).collect(), WEIGHT_DECAY);
    let networks = reference_train::mutual::Networks::new([one.reference, two.reference], WEIGHT_DECAY);
    Ok((students, adam, networks))
}

/// Every entry of a network's state in both wings.
pub(crate) fn same_state(definition: &str, fast: &fast::Network, reference: &reference::Network) -> Trial {
    assert_eq!(fast.entries().len(), reference.state().entries().len());
    for (ours, theirs) in fast.entries().iter().zip(reference.state().entries()) {
        assert_eq!(ours.name, theirs.name);
        let values = convert::matrix(&ours.tensor.detach().to_kind(Kind::Double).reshape([1, -1]))?;
        check(definition, Quantity::Value, Width::Double, 1.0, values.values(), theirs.values.as_slice())
            .map_err(|failure| failure.at(&ours.name))?;
    }
    Ok(())
}

/// Adam's moments of both students, which hold the gradients of all steps so far.
fn same_moments(adam: &FusedAdam, reference: &[reference_train::fused_adam::Adam]) -> Trial {
    let state = adam.state("");
    let all = reference.iter().flat_map(|adam| adam.moments());
    for (at, moments) in all.enumerate() {
        for (name, expected) in [("first_moment", &moments.first), ("second_moment", &moments.second)] {
            let name = format!("{name}.{at}");
            let values = convert::matrix(&state[&name].view([1, -1]))?;
            check("D33", Quantity::Value, Width::Double, 1.0, values.values(), expected.as_slice())
                .map_err(|failure| failure.at(&name))?;
        }
        assert_eq!(state[&format!("step.{at}")].double_value(&[]), f64::from(moments.steps));
    }
    Ok(())
}

fn images(key: &str) -> Trial<(Tensor, reference::Volume)> {
    let values = generator::values(1, key, 0.0, 4.0, IMAGES.iter().product());
    let volume = reference::Volume::new(IMAGES, values.iter().map(|value| f64::from(*value)).collect())?;
    Ok((generator::images(1, key, &IMAGES, 4.0, Kind::Double), volume))
}

/// How the networks of a step pass their batch, in both wings.
struct BothPasses {
    group: Option<usize>,
    fast: Passes,
    /// Of students 1 and 2 and of mean networks 1 and 2; none without dropout.
    masks: Vec<Matrix>,
}

impl BothPasses {
    fn new(group: Option<usize>, dropped: f64, step: usize) -> Trial<Self> {
        let mut fast = Passes::grouped(group.map(|group| group as i64));
        let mut masks = Vec::new();
        for at in (0..4).filter(|_| dropped > 0.0) {
            let mut rng = stream(at, "ten-steps/dropout", 0, step as u64);
            let mask = dropout::mask(LABELS.len(), FEATURES, dropped, &mut rng)?;
            masks.push(convert::matrix(&mask)?);
            let whose = if at < 2 { &mut fast.students } else { &mut fast.mean_networks };
            whose.push(mask.to_device(devices::current()));
        }
        Ok(Self { group, fast, masks })
    }

    fn masks(&self) -> Masks<'_> {
        let [one, two, three, four] = [0, 1, 2, 3].map(|at| self.masks.get(at));
        Masks { students: [one, two], mean_networks: [three, four] }
    }

    /// A step of the reference with these passes.
    fn settings(&self, weights: ReferenceWeights, decay: f64) -> StepSettings<'_> {
        let (group, masks) = (self.group, self.masks());
        StepSettings { weights, learning_rate: LEARNING_RATE, decay, group, masks }
    }
}

fn same(definition: &str, actual: f64, expected: f64) -> Trial {
    check(definition, Quantity::Value, Width::Double, 1.0, actual, expected).map(|_| ())
}

fn mutual_steps(
    block: fast::BlockKind,
    group: Option<usize>,
    [soft_ce, soft_triplet]: [f64; 2],
    dropped: f64,
) -> Trial {
    let (students, mut adam, mut networks) = two_students(block)?;
    let mut means = [students[0].duplicate()?, students[1].duplicate()?];
    let (epsilon, alpha) = (0.1, 0.7);
    let weights = Weights { soft_ce, soft_triplet, epsilon, clusters: CLUSTERS };
    let labels = convert::label_tensor(&LABELS);
    for step in 0..STEPS {
        let [(view_1, volume_1), (view_2, volume_2)] =
            [images(&format!("view-1/{step}"))?, images(&format!("view-2/{step}"))?];
        let passes = BothPasses::new(group, dropped, step)?;
        let terms = mutual::terms(&students, &means, [&view_1, &view_2], &labels, &weights, &passes.fast)?;
        adam.zero_grad();
        terms.total.backward();
        adam.step(LEARNING_RATE)?;
        let decay = ema::decay(ema::Convention::Published, step, alpha)?;
        mutual::update_mean_networks(&mut means, &students, decay)?;
        let settings = passes.settings(
            ReferenceWeights { soft_ce, soft_triplet, epsilon, clusters: CLUSTERS },
            reference_train::ema::decay(reference_train::ema::Convention::Published, step, alpha)?,
        );
        let expected = networks.step([&volume_1, &volume_2], &LABELS, &settings)?;
        let values = Vec::<f64>::try_from(terms.values())?;
        for ((name, actual), expected) in Terms::NAMES.iter().zip(values).zip(expected.values()) {
            same("D33", actual, expected).map_err(|failure| failure.at(name).at(step))?;
        }
        same_moments(&adam, &networks.optimizers).map_err(|failure| failure.at(step))?;
        for at in 0..2 {
            same_state("D33", &students[at], &networks.students[at]).map_err(|failure| failure.at(step))?;
            same_state("D33", &means[at], &networks.mean_networks[at]).map_err(|failure| failure.at(step))?;
        }
    }
    Ok(())
}

#[test]
fn ten_steps_of_mutual_mean_teaching_agree_in_every_number_with_the_published_weights() {
    devices::each(|| mutual_steps(fast::BlockKind::Basic, None, [0.5, 0.8], 0.0)).unwrap();
}

#[test]
fn so_they_do_with_hard_losses_only() {
    devices::each(|| mutual_steps(fast::BlockKind::Basic, None, [0.0, 0.0], 0.0)).unwrap();
}

#[test]
fn so_they_do_with_soft_losses_only() {
    devices::each(|| mutual_steps(fast::BlockKind::Basic, None, [1.0, 1.0], 0.0)).unwrap();
}

#[test]
fn so_they_do_with_bottlenecks_and_grouped_batch_norm() {
    devices::each(|| mutual_steps(fast::BlockKind::Bottleneck, Some(4), [0.5, 0.8], 0.0)).unwrap();
}

#[test]
fn so_they_do_where_units_are_dropped() {
    devices::each(|| mutual_steps(fast::BlockKind::Basic, None, [0.5, 0.8], 0.5)).unwrap();
    devices::each(|| mutual_steps(fast::BlockKind::Basic, Some(4), [0.5, 0.8], 0.2)).unwrap();
}

#[test]
fn ten_steps_of_the_clustering_baseline_agree_in_every_number() {
    let run = |dropped: f64| -> Trial {
        let (students, mut adam, mut networks) = two_students(fast::BlockKind::Basic)?;
        let labels = convert::label_tensor(&LABELS);
        for step in 0..STEPS {
            let [(view_1, volume_1), (view_2, volume_2)] =
                [images(&format!("view-1/{step}"))?, images(&format!("view-2/{step}"))?];
            let weights = Weights { soft_ce: 0.0, soft_triplet: 0.0, epsilon: 0.1, clusters: CLUSTERS };
            let passes = BothPasses::new(None, dropped, step)?;
            let views = [&view_1, &view_2];
            let (values, total) = mutual::hard_terms(&students, views, &labels, &weights, &passes.fast)?;
            adam.zero_grad();
            total.backward();
            adam.step(LEARNING_RATE)?;
            let settings = passes.settings(
                ReferenceWeights { soft_ce: 0.0, soft_triplet: 0.0, epsilon: 0.1, clusters: CLUSTERS },
                0.0,
            );
            let [one, two] = networks.hard_step([&volume_1, &volume_2], &LABELS, &settings)?;
            let expected = [one.ce, two.ce, one.tri, two.tri, one.total + two.total];
            for (actual, expected) in Vec::<f64>::try_from(values)?.into_iter().zip(expected) {
                same("D33", actual, expected).map_err(|failure| failure.at(step))?;
            }
            same_moments(&adam, &networks.optimizers).map_err(|failure| failure.at(step))?;
            for (student, expected) in students.iter().zip(&networks.students) {
                same_state("D33", student, expected).map_err(|failure| failure.at(step))?;
            }
        }
        Ok(())
    };
    devices::each(|| run(0.0)).unwrap();
    devices::each(|| run(0.5)).unwrap();
}

fn weights() -> (Weights, ReferenceWeights) {
    let (soft_ce, soft_triplet, epsilon, clusters) = (0.5, 0.8, 0.1, CLUSTERS);
    (
        Weights { soft_ce, soft_triplet, epsilon, clusters },
        ReferenceWeights { soft_ce, soft_triplet, epsilon, clusters },
    )
}

#[test]
fn ten_steps_without_mean_networks_agree_in_every_number() {
    let run = |dropped: f64| -> Trial {
        let (students, mut adam, mut networks) = two_students(fast::BlockKind::Basic)?;
        let (labels, (weights, reference_weights)) = (convert::label_tensor(&LABELS), weights());
        for step in 0..STEPS {
            let [(view_1, volume_1), (view_2, volume_2)] =
                [images(&format!("view-1/{step}"))?, images(&format!("view-2/{step}"))?];
            let passes = BothPasses::new(Some(4), dropped, step)?;
            let views = [&view_1, &view_2];
            let terms = mutual::current_terms(&students, views, &labels, &weights, &passes.fast)?;
            adam.zero_grad();
            terms.total.backward();
            adam.step(LEARNING_RATE)?;
            let settings = passes.settings(reference_weights, 0.0);
            let expected = networks.current_step([&volume_1, &volume_2], &LABELS, &settings)?;
            let values = Vec::<f64>::try_from(terms.values())?;
            for ((name, actual), expected) in Terms::NAMES.iter().zip(values).zip(expected.values()) {
                same("D33", actual, expected).map_err(|failure| failure.at(name).at(step))?;
            }
            same_moments(&adam, &networks.optimizers).map_err(|failure| failure.at(step))?;
            for (student, expected) in students.iter().zip(&networks.students) {
                same_state("D33", student, expected).map_err(|failure| failure.at(step))?;
            }
        }
        Ok(())
    };
    devices::each(|| run(0.0)).unwrap();
    devices::each(|| run(0.5)).unwrap();
}

#[test]
fn ten_steps_of_one_network_and_its_own_mean_agree_in_every_number() {
    let run = |dropped: f64| -> Trial {
        let Twins { fast: student, reference } = Twins::new(fast::BlockKind::Bottleneck, "one/")?;
        let mut means = [student.duplicate()?];
        let mut adam = FusedAdam::new(student.trained(), WEIGHT_DECAY);
        let mut twin = reference_train::own_mean::OwnMean::new(reference, WEIGHT_DECAY);
        let (labels, alpha, (weights, reference_weights)) = (convert::label_tensor(&LABELS), 0.7, weights());
        for step in 0..STEPS {
            let (view, volume) = images(&format!("view-1/{step}"))?;
            let passes = BothPasses::new(None, dropped, step)?;
            let terms = own_mean::terms(&student, &means[0], &view, &labels, &weights, &passes.fast)?;
            adam.zero_grad();
            terms.total.backward();
            adam.step(LEARNING_RATE)?;
            let decay = ema::decay(ema::Convention::Published, step, alpha)?;
            mutual::update_mean_networks(&mut means, std::slice::from_ref(&student), decay)?;
            let settings = passes.settings(
                reference_weights,
                reference_train::ema::decay(reference_train::ema::Convention::Published, step, alpha)?,
            );
            let expected = twin.step(&volume, &LABELS, &settings)?;
            let expected = [expected.ce, expected.tri, expected.soft_ce, expected.soft_tri, expected.total];
            let values = Vec::<f64>::try_from(own_mean::values(&terms))?;
            for ((name, actual), expected) in own_mean::NAMES.iter().zip(values).zip(expected) {
                same("D33", actual, expected).map_err(|failure| failure.at(name).at(step))?;
            }
            let optimizers = std::slice::from_ref(&twin.optimizer);
            same_moments(&adam, optimizers).map_err(|failure| failure.at(step))?;
            same_state("D33", &student, &twin.student).map_err(|failure| failure.at(step))?;
            same_state("D33", &means[0], &twin.mean_network).map_err(|failure| failure.at(step))?;
        }
        Ok(())
    };
    devices::each(|| run(0.0)).unwrap();
    devices::each(|| run(0.5)).unwrap();
}

#[test]
fn ten_steps_of_the_single_network_baseline_agree_in_every_number() {
    let run = |dropped: f64| -> Trial {
        let Twins { fast: network, reference } = Twins::new(fast::BlockKind::Bottleneck, "one/")?;
        let mut adam = FusedAdam::new(network.trained(), WEIGHT_DECAY);
        let mut twin = reference_train::single::Single::new(reference, WEIGHT_DECAY);
        // The soft weights must have no part.
        let (labels, (weights, reference_weights)) = (convert::label_tensor(&LABELS), weights());
        for step in 0..STEPS {
            let (view, volume) = images(&format!("view-1/{step}"))?;
            let passes = BothPasses::new(Some(4), dropped, step)?;
            let terms = single::terms(&network, &view, &labels, &weights, &passes.fast)?;
            adam.zero_grad();
            terms.total.backward();
            adam.step(LEARNING_RATE)?;
            let settings = passes.settings(reference_weights, 0.0);
            let expected = twin.step(&volume, &LABELS, &settings)?;
            let expected = [expected.ce, expected.tri, expected.total];
            let values = Vec::<f64>::try_from(single::values(&terms))?;
            for ((name, actual), expected) in single::NAMES.iter().zip(values).zip(expected) {
                same("D33", actual, expected).map_err(|failure| failure.at(name).at(step))?;
            }
            same_moments(&adam, std::slice::from_ref(&twin.optimizer)).map_err(|failure| failure.at(step))?;
            same_state("D33", &network, &twin.network).map_err(|failure| failure.at(step))?;
        }
        Ok(())
    };
    devices::each(|| run(0.0)).unwrap();
    devices::each(|| run(0.5)).unwrap();
}

#[test]
fn ten_steps_of_pre_training_agree_in_every_number() {
    let run = |dropped: f64| -> Trial {
        let Twins { fast: network, mut reference } = Twins::new(fast::BlockKind::Basic, "one/")?;
        let mut adam = FusedAdam::new(network.trained(), WEIGHT_DECAY);
        let mut reference_adam = reference_train::fused_adam::Adam::new(reference.state(), WEIGHT_DECAY);
        for step in 0..STEPS {
            let (source, source_volume) = images(&format!("source/{step}"))?;
            let (target, target_volume) = images(&format!("target/{step}"))?;
            let labels = convert::label_tensor(&LABELS);
            let passes = BothPasses::new(None, dropped, step)?;
            let terms = pretrain::terms(&network, &source, &labels, Some(&target), 0.1, &passes.fast)?;
            adam.zero_grad();
            terms.total.backward();
            adam.step(LEARNING_RATE)?;
            let settings = reference_train::pretrain::StepSettings {
                epsilon: 0.1,
                learning_rate: LEARNING_RATE,
                group: None,
                mask: passes.masks().students[0],
            };
            let expected = reference_train::pretrain::step(
                &mut reference,
                &mut reference_adam,
                &source_volume,
                &LABELS,
                Some(&target_volume),
                &settings,
            )?;
            same("D32", terms.ce.double_value(&[]), expected.ce)?;
            same("D32", terms.tri.double_value(&[]), expected.tri)?;
            same_state("D32", &network, &reference).map_err(|failure| failure.at(step))?;
        }
        Ok(())
    };
    devices::each(|| run(0.0)).unwrap();
    devices::each(|| run(0.5)).unwrap();
}

#[test]
fn views_of_different_batches_networks_of_other_layers_and_decays_that_are_no_shares_are_refused() {
    let run = || -> Trial {
        let (students, _, mut networks) = two_students(fast::BlockKind::Basic)?;
        let mut means = [students[0].duplicate()?, students[1].duplicate()?];
        let (labels, (weights, reference_weights)) = (convert::label_tensor(&LABELS), weights());
        let (decay, group) = (0.5, None);
        let settings = StepSettings {
            weights: reference_weights,
            learning_rate: LEARNING_RATE,
            decay,
            group,
            masks: Masks::NONE,
        };
        let (passes, (view, volume)) = (Passes::default(), images("view-1/0")?);
        let [_, channels, height, width] = IMAGES;
        let values = Vec::<f64>::try_from(view.narrow(0, 0, 4).contiguous().view(-1))?;
        let fewer = reference::Volume::new([4, channels, height, width], values)?;
        let (volumes, views) = ([&volume, &fewer], [&view, &view.narrow(0, 0, 4)]);
        let found = mutual::terms(&students, &means, views, &labels, &weights, &passes);
        both_refuse("Shape", networks.step(volumes, &LABELS, &settings), found)?;
        let found = mutual::current_terms(&students, views, &labels, &weights, &passes);
        both_refuse("Shape", networks.current_step(volumes, &LABELS, &settings), found)?;
        let found = mutual::hard_terms(&students, views, &labels, &weights, &passes);
        both_refuse("Shape", networks.hard_step(volumes, &LABELS, &settings), found)?;
        for decay in [-0.1, 1.1, f64::NAN] {
            let found = mutual::update_mean_networks(&mut means, &students, decay);
            both_refuse("Parameter", networks.update_mean_networks(decay), found)?;
        }
        let mut other = Twins::new(fast::BlockKind::Bottleneck, "one/")?;
        let (mean, student) = (other.reference.state_mut(), networks.students[0].state());
        let expected = reference_train::ema::update(mean, student, decay);
        both_refuse("Shape", expected, ema::update(&mut other.fast, &students[0], decay))
    };
    run().unwrap();
}

#[test]
fn one_pass_agrees_in_features_logits_statistics_and_every_gradient() {
    let run = |block, group: Option<usize>| -> Trial {
        let Twins { fast: network, mut reference } = Twins::new(block, "one/")?;
        let (view, volume) = images("view-1/0")?;
        let outputs = network.train(&view, group.map(|group| group as i64));
        let (expected, trace) = reference.train(&volume, group)?;
        check("D29", Quantity::Value, Width::Double, 1.0, &outputs.features, &expected.features)?;
        check("D31", Quantity::Value, Width::Double, 1.0, &outputs.logits, &expected.logits)?;
        let ours = fast_objective::hard_only(&outputs, &convert::label_tensor(&LABELS), 0.1, CLASSES)?;
        let theirs = hard_only(&expected, &LABELS, 0.1, CLASSES)?;
        ours.total.backward();
        let gradients = reference.backward(&trace, &theirs.gradient)?;
        for entry in network.entries() {
            let values = entry.tensor.detach().to_kind(Kind::Double).reshape([-1]);
            if let Some(expected) = gradients.get(&entry.name) {
                let gradient = entry.tensor.grad().reshape([-1]);
                check("D29", Quantity::Gradient, Width::Double, 1.0, &gradient, expected)
            } else {
                let expected = reference.state().values(&entry.name)?;
                check("D30", Quantity::Value, Width::Double, 1.0, &values, expected)
            }
            .map_err(|failure| failure.at(&entry.name))?;
        }
        Ok(())
    };
    for block in [fast::BlockKind::Basic, fast::BlockKind::Bottleneck] {
        devices::each(|| run(block, None)).unwrap();
        devices::each(|| run(block, Some(4))).unwrap();
    }
}

#[test]
fn evaluation_mode_agrees_after_training() {
    let run = || -> Trial {
        let Twins { fast: network, mut reference } = Twins::new(fast::BlockKind::Bottleneck, "one/")?;
        let (view, volume) = images("view-1/0")?;
        network.observe(&view, None);
        reference.observe(&volume, None)?;
        check("D31", Quantity::Value, Width::Double, 1.0, &network.embed(&view), &reference.embed(&volume)?)?;
        Ok(())
    };
    devices::each(run).unwrap();
}
