//! D29, D30, D31, D32 and D33 at once: whole steps of pre-training and of mutual mean-teaching on a tiny network, reference against fast
//! code in f64, every number of every network asserted after every step: losses, parameters after Adam, mean networks, batch-norm
//! statistics. Images, labels and weights come from the golden generator.

use std::path::Path;

use mmt::cluster::Clustering;
use mmt::loss::objective::{self as fast_objective, Weights};
use mmt::model as fast;
use mmt::random::stream;
use mmt::train::{
    AdaptationSettings, BatchSettings, ClusterFeatures, FusedAdam, Learners, Passes, StepSettings, Teachers,
    TransformSettings, dropout, ema, methods, pretrain,
};
use mmt_reference::Matrix;
use mmt_reference::loss::objective::{Weights as ReferenceWeights, hard_only};
use mmt_reference::model as reference;
use mmt_reference::train as reference_train;
use mmt_reference::train::adaptation::Method;
use mmt_reference::train::methods::mutual::{self, Masks, Networks};
use mmt_reference::train::methods::own_mean::OwnMean;
use mmt_reference::train::methods::single::Single;
use mmt_testkit::golden::generator;
use mmt_testkit::tolerance::{Quantity, Width, check};
use mmt_testkit::{Failure, Trial, convert, devices};
use tch::{Kind, Tensor};

use crate::side::both_refuse;

const STEPS: usize = 10;
const CLASSES: usize = 6;
const CLUSTERS: usize = 4;
pub(crate) const FEATURES: usize = 8;
const LABELS: [usize; 8] = [0, 0, 1, 1, 2, 2, 3, 3];
const IMAGES: [usize; 4] = [8, 3, 12, 8];
const LEARNING_RATE: f64 = 3.5e-3;
const WEIGHT_DECAY: f64 = 5e-4;

/// One network in both implementations.
struct Pair {
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

impl Pair {
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

/// Mutual mean-teaching; a step reads no more of it than who teaches whom and the weight decay.
pub(crate) fn mutual_mean_teaching() -> AdaptationSettings {
    AdaptationSettings {
        epochs: 1,
        steps: STEPS,
        batch: BatchSettings { identities: 4, instances: 2, bn_group: 0 },
        learning_rate: LEARNING_RATE,
        weight_decay: WEIGHT_DECAY,
        epsilon: 0.1,
        alpha: 0.7,
        ema: ema::Convention::Published,
        teachers: Teachers::MutualMean,
        cluster_features: ClusterFeatures::MeanNetworks,
        reset_classifier: true,
        reset_optimizer: true,
        soft_ce_weight: 0.5,
        soft_tri_weight: 0.8,
        dropout: 0.0,
        feature_scale: 1.0,
        clustering: Clustering::KMeans { clusters: CLUSTERS, n_init: 1 },
        transform: TransformSettings { flip_probability: 0.5, pad: 0, erasing_probability: 0.0 },
    }
}

/// The method of `settings` in the reference, its mean networks equal to their students.
pub(crate) fn reference_method(
    settings: &AdaptationSettings,
    students: Vec<reference::Network>,
) -> Trial<Method> {
    let mut students = students.into_iter();
    let mut student = || students.next().ok_or_else(|| Failure::new("a student is missing"));
    let decay = settings.weight_decay;
    Ok(match settings.teachers {
        Teachers::MutualMean if settings.is_hard_only() => {
            Method::HardOnly(Networks::new([student()?, student()?], decay))
        }
        Teachers::MutualMean => Method::MutualMean(Networks::new([student()?, student()?], decay)),
        Teachers::MutualCurrent => Method::MutualCurrent(Networks::new([student()?, student()?], decay)),
        Teachers::OwnMean if settings.is_hard_only() => Method::Single(Single::new(student()?, decay)),
        Teachers::OwnMean => Method::OwnMean(OwnMean::new(student()?, decay)),
    })
}

/// Two students with one optimizer, and the same in the reference.
fn two_students(block: fast::BlockKind) -> Trial<([fast::Network; 2], [reference::Network; 2])> {
    let [one, two] = [Pair::new(block, "one/")?, Pair::new(block, "two/")?];
    Ok(([one.fast, two.fast], [one.reference, two.reference]))
}

/// The method of `settings`, ready for its steps.
fn learners(settings: &AdaptationSettings, students: [fast::Network; 2]) -> mmt::Result<Learners> {
    Learners::new(methods::of(settings), students.into(), settings.weight_decay)
}

/// Every entry of a network's state in both implementations.
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
fn same_moments(adam: &FusedAdam, reference: &[&reference_train::fused_adam::Adam]) -> Trial {
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

/// How the networks of a step pass their batch, in both implementations.
struct BothPasses {
    fast: Passes,
    /// Of students and of mean networks; none without dropout.
    masks: [Vec<Matrix>; 2],
}

impl BothPasses {
    /// `networks`: how many students and mean networks there are.
    fn new(group: Option<usize>, dropped: f64, step: usize, networks: [usize; 2]) -> Trial<Self> {
        let mut fast = Passes::grouped(group.map(|group| group as i64));
        let mut masks = [Vec::new(), Vec::new()];
        let kinds = [&mut fast.students, &mut fast.mean_networks];
        for (kind, (whose, of_kind)) in kinds.into_iter().zip(&mut masks).enumerate() {
            for at in (0..networks[kind]).filter(|_| dropped > 0.0) {
                let mut rng = stream((2 * kind + at) as u64, "ten-steps/dropout", 0, step as u64);
                let mask = dropout::mask(LABELS.len(), FEATURES, dropped, &mut rng)?;
                of_kind.push(convert::matrix(&mask)?);
                whose.push(mask.to_device(devices::current()));
            }
        }
        Ok(Self { fast, masks })
    }
}

fn masks_of([students, means]: &[Vec<Matrix>; 2]) -> Masks<'_> {
    Masks { students: [students.first(), students.get(1)], mean_networks: [means.first(), means.get(1)] }
}

fn same(definition: &str, actual: f64, expected: f64) -> Trial {
    check(definition, Quantity::Value, Width::Double, 1.0, actual, expected).map(|_| ())
}

/// Ten steps of the method of `settings` by [`Learners::step`], which an epoch calls, and by the reference.
fn steps_agree(settings: &AdaptationSettings, block: fast::BlockKind) -> Trial {
    let (students, references) = two_students(block)?;
    let mut learners = learners(settings, students)?;
    let mut method = reference_method(settings, references.to_vec())?;
    let group = (settings.batch.bn_group > 0).then_some(settings.batch.bn_group);
    let (soft_ce, soft_triplet) = (settings.soft_ce_weight, settings.soft_tri_weight);
    let (labels, epsilon, alpha) = (convert::label_tensor(&LABELS), settings.epsilon, settings.alpha);
    for step in 0..STEPS {
        let [(view_1, volume_1), (view_2, volume_2)] =
            [images(&format!("view-1/{step}"))?, images(&format!("view-2/{step}"))?];
        let networks = [learners.students().len(), learners.mean_networks().len()];
        let BothPasses { fast: passes, masks } = BothPasses::new(group, settings.dropout, step, networks)?;
        let found = learners.step(
            &[view_1, view_2],
            &labels,
            &StepSettings {
                weights: Weights { soft_ce, soft_triplet, epsilon, clusters: CLUSTERS },
                passes,
                learning_rate: LEARNING_RATE,
                decay: ema::decay(ema::Convention::Published, step, alpha)?,
            },
        )?;
        let expected = method.step(
            [&volume_1, &volume_2],
            &LABELS,
            &mutual::StepSettings {
                weights: ReferenceWeights { soft_ce, soft_triplet, epsilon, clusters: CLUSTERS },
                learning_rate: LEARNING_RATE,
                decay: reference_train::ema::decay(reference_train::ema::Convention::Published, step, alpha)?,
                group,
                masks: masks_of(&masks),
                feature_scale: 1.0,
            },
        )?;
        same_step(&learners, &Vec::<f64>::try_from(found.values)?, &method, &expected.losses)
            .map_err(|failure| failure.at(step))?;
    }
    Ok(())
}

/// Losses, Adam's moments and every network.
fn same_step(learners: &Learners, found: &[f64], method: &Method, expected: &[f64]) -> Trial {
    assert_eq!((learners.names().len(), found.len()), (expected.len(), expected.len()));
    for ((name, actual), expected) in learners.names().iter().zip(found).zip(expected) {
        same("D33", *actual, *expected).map_err(|failure| failure.at(name))?;
    }
    same_moments(learners.optimizer(), &method.optimizers())?;
    let (students, means) = (method.students(), method.mean_networks());
    assert_eq!(learners.students().len(), students.len());
    assert_eq!(learners.mean_networks().len(), means.len());
    for (fast, slow) in learners.students().iter().zip(students) {
        same_state("D33", fast, slow).map_err(|failure| failure.at("a student"))?;
    }
    for (fast, slow) in learners.mean_networks().iter().zip(means) {
        same_state("D33", fast, slow).map_err(|failure| failure.at("a mean network"))?;
    }
    Ok(())
}

/// With basic blocks and a whole batch, with bottlenecks and groups of it, and with units dropped.
fn all_agree(settings: &AdaptationSettings) {
    let grouped = BatchSettings { bn_group: 4, ..settings.batch };
    for (block, batch, dropout) in [
        (fast::BlockKind::Basic, settings.batch, 0.0),
        (fast::BlockKind::Bottleneck, grouped, 0.0),
        (fast::BlockKind::Basic, settings.batch, 0.5),
        (fast::BlockKind::Basic, grouped, 0.2),
    ] {
        let settings = AdaptationSettings { batch, dropout, ..settings.clone() };
        devices::each(|| steps_agree(&settings, block)).unwrap();
    }
}

#[test]
fn ten_steps_of_mutual_mean_teaching_agree_in_every_number() {
    all_agree(&mutual_mean_teaching());
}

#[test]
fn so_they_do_with_hard_losses_only_and_with_soft_losses_only() {
    for weight in [0.0, 1.0] {
        let settings = mutual_mean_teaching();
        let settings = AdaptationSettings { soft_ce_weight: weight, soft_tri_weight: weight, ..settings };
        devices::each(|| steps_agree(&settings, fast::BlockKind::Basic)).unwrap();
    }
}

/// Without mean networks and soft losses.
fn baseline() -> AdaptationSettings {
    AdaptationSettings { alpha: 0.0, soft_ce_weight: 0.0, soft_tri_weight: 0.0, ..mutual_mean_teaching() }
}

#[test]
fn ten_steps_of_the_clustering_baseline_agree_in_every_number() {
    all_agree(&baseline());
}

#[test]
fn ten_steps_without_mean_networks_agree_in_every_number() {
    all_agree(&AdaptationSettings { teachers: Teachers::MutualCurrent, ..mutual_mean_teaching() });
}

#[test]
fn ten_steps_of_one_network_and_its_own_mean_agree_in_every_number() {
    all_agree(&AdaptationSettings { teachers: Teachers::OwnMean, ..mutual_mean_teaching() });
}

#[test]
fn ten_steps_of_the_single_network_baseline_agree_in_every_number() {
    all_agree(&AdaptationSettings { teachers: Teachers::OwnMean, ..baseline() });
}

#[test]
fn ten_steps_of_pre_training_agree_in_every_number() {
    let run = |dropped: f64| -> Trial {
        let Pair { fast: network, mut reference } = Pair::new(fast::BlockKind::Basic, "one/")?;
        let mut adam = FusedAdam::new(network.trained(), WEIGHT_DECAY);
        let mut reference_adam = reference_train::fused_adam::Adam::new(reference.state(), WEIGHT_DECAY);
        for step in 0..STEPS {
            let (source, source_volume) = images(&format!("source/{step}"))?;
            let (target, target_volume) = images(&format!("target/{step}"))?;
            let labels = convert::label_tensor(&LABELS);
            let BothPasses { fast: passes, masks } = BothPasses::new(None, dropped, step, [1, 0])?;
            let settings = pretrain::StepSettings { epsilon: 0.1, passes, learning_rate: LEARNING_RATE };
            let pair = (&network, &mut adam);
            let found = pretrain::step(pair, &source, &labels, Some(&target), &settings)?;
            let settings = reference_train::pretrain::StepSettings {
                epsilon: 0.1,
                learning_rate: LEARNING_RATE,
                group: None,
                mask: masks[0].first(),
            };
            let expected = reference_train::pretrain::step(
                &mut reference,
                &mut reference_adam,
                &source_volume,
                &LABELS,
                Some(&target_volume),
                &settings,
            )?;
            let expected_losses = [expected.ce, expected.tri, expected.total];
            for (actual, expected) in Vec::<f64>::try_from(found)?.into_iter().zip(expected_losses) {
                same("D32", actual, expected).map_err(|failure| failure.at(step))?;
            }
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
        let (view, volume) = images("view-1/0")?;
        let [_, channels, height, width] = IMAGES;
        let values = Vec::<f64>::try_from(view.narrow(0, 0, 4).contiguous().view(-1))?;
        let fewer = reference::Volume::new([4, channels, height, width], values)?;
        let uneven = ([view.shallow_clone(), view.narrow(0, 0, 4)], [&volume, &fewer]);
        let even = ([view.shallow_clone(), view.shallow_clone()], [&volume, &volume]);
        let without_means =
            AdaptationSettings { teachers: Teachers::MutualCurrent, ..mutual_mean_teaching() };
        for settings in [mutual_mean_teaching(), without_means, baseline()] {
            both_refuse_step("Shape", &settings, &uneven, 0.5)?;
        }
        for decay in [-0.1, 1.1, f64::NAN] {
            both_refuse_step("Parameter", &mutual_mean_teaching(), &even, decay)?;
        }
        let (students, references) = two_students(fast::BlockKind::Basic)?;
        let mut other = Pair::new(fast::BlockKind::Bottleneck, "one/")?;
        let (mean, student) = (other.reference.state_mut(), references[0].state());
        let expected = reference_train::ema::update(mean, student, 0.5);
        both_refuse("Shape", expected, ema::update(&mut other.fast, &students[0], 0.5))
    };
    run().unwrap();
}

#[test]
fn a_method_without_all_of_its_networks_or_views_is_refused() {
    let refused = |found: mmt::Result<()>, part: &str| {
        let text = found.unwrap_err().to_string();
        assert!(text.contains(part), "{text}");
    };
    let settings = mutual_mean_teaching();
    let ([one, _], _) = two_students(fast::BlockKind::Basic).unwrap();
    let found = Learners::new(methods::of(&settings), vec![one], WEIGHT_DECAY);
    refused(found.map(|_| ()), "networks: 2 needed, 1 given");
    let (students, _) = two_students(fast::BlockKind::Basic).unwrap();
    let mut learners = learners(&settings, students).unwrap();
    let weights = Weights { soft_ce: 0.5, soft_triplet: 0.8, epsilon: 0.1, clusters: CLUSTERS };
    let step = StepSettings { weights, passes: Passes::default(), learning_rate: LEARNING_RATE, decay: 0.5 };
    let (view, _) = images("view-1/0").unwrap();
    let found = learners.step(&[view], &convert::label_tensor(&LABELS), &step);
    refused(found.map(|_| ()), "views of a batch: 2 needed, 1 given");
}

/// A step on these views by both implementations, with the same kind of error from both.
fn both_refuse_step(
    kind: &str,
    settings: &AdaptationSettings,
    (views, volumes): &([Tensor; 2], [&reference::Volume; 2]),
    decay: f64,
) -> Trial {
    let (students, references) = two_students(fast::BlockKind::Basic)?;
    let weights = Weights { soft_ce: 0.5, soft_triplet: 0.8, epsilon: 0.1, clusters: CLUSTERS };
    let passes = Passes::default();
    let of_fast = StepSettings { weights, passes, learning_rate: LEARNING_RATE, decay };
    let labels = convert::label_tensor(&LABELS);
    let found = learners(settings, students)?.step(views, &labels, &of_fast);
    let of_reference = mutual::StepSettings {
        weights: ReferenceWeights { soft_ce: 0.5, soft_triplet: 0.8, epsilon: 0.1, clusters: CLUSTERS },
        learning_rate: LEARNING_RATE,
        decay,
        group: None,
        masks: Masks::NONE,
        feature_scale: 1.0,
    };
    let expected = reference_method(settings, references.to_vec())?.step(*volumes, &LABELS, &of_reference);
    both_refuse(kind, expected, found)
}

#[test]
fn one_pass_agrees_in_features_logits_statistics_and_every_gradient() {
    let run = |block, group: Option<usize>| -> Trial {
        let Pair { fast: network, mut reference } = Pair::new(block, "one/")?;
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
        let Pair { fast: network, mut reference } = Pair::new(fast::BlockKind::Bottleneck, "one/")?;
        let (view, volume) = images("view-1/0")?;
        network.observe(&view, None);
        reference.observe(&volume, None)?;
        check("D31", Quantity::Value, Width::Double, 1.0, &network.embed(&view), &reference.embed(&volume)?)?;
        Ok(())
    };
    devices::each(run).unwrap();
}
