//! D32: epochs of source pre-training (the oracle's too, whose source is the target), and statistics of the target.

use mmt::random::stream;
use mmt::train::statistics::set_statistics;
use mmt::train::{
    BatchSettings, Pretraining, PretrainingSettings, Schedule, SourceImages, TargetStatistics, Unit, WarmUp,
};
use mmt_reference::Matrix;
use mmt_reference::model::Volume;
use mmt_reference::train::fused_adam::Adam;
use mmt_reference::train::pretrain as reference;
use mmt_reference::train::schedule as reference_schedule;
use mmt_testkit::tolerance::{Quantity, Width, check};
use mmt_testkit::{Trial, convert};
use rand::seq::SliceRandom;

use super::{BATCH, Pictures, SEED, TRANSFORM, counterpart, mask, network, somewhere};
use crate::ten_steps::same_state;

const EPOCHS: usize = 3;
const STEPS: usize = 3;
const GROUP: usize = 3;
const IDENTITIES: usize = 5;
/// Target images: fewer than an epoch's batches need, so that a second pass over them begins.
const TARGET_IDENTITIES: usize = 3;

/// Batch norm by groups of three images where target images pass too, over the whole batch elsewhere.
fn settings(target_statistics: TargetStatistics, unit: Unit) -> PretrainingSettings {
    let bn_group = if target_statistics == TargetStatistics::Off { 0 } else { GROUP };
    PretrainingSettings {
        epochs: EPOCHS,
        steps: STEPS,
        batch: BatchSettings { bn_group, ..BATCH },
        schedule: Schedule {
            unit,
            learning_rate: 3.5e-3,
            milestones: vec![2, 7],
            gamma: 0.5,
            warm_up: 2,
            warm_up_factor: 0.1,
            warm_up_kind: WarmUp::Linear,
        },
        weight_decay: 5e-4,
        epsilon: 0.1,
        transform: TRANSFORM,
        dropout: 0.0,
        target_statistics,
        statistics_passes: 3,
        statistics_batch: 6,
        evaluate_every: 1,
        keep_best: false,
    }
}

fn reference_settings(settings: &PretrainingSettings) -> reference::EpochSettings {
    let schedule = &settings.schedule;
    reference::EpochSettings {
        steps: settings.steps,
        epsilon: settings.epsilon,
        schedule: reference_schedule::Schedule {
            unit: match schedule.unit {
                Unit::Epoch => reference_schedule::Unit::Epoch,
                Unit::Step => reference_schedule::Unit::Step,
            },
            learning_rate: schedule.learning_rate,
            milestones: schedule.milestones.clone(),
            gamma: schedule.gamma,
            warm_up: schedule.warm_up,
            warm_up_factor: schedule.warm_up_factor,
            warm_up_kind: reference_schedule::WarmUp::Linear,
        },
        group: (settings.batch.bn_group > 0).then_some(settings.batch.bn_group),
    }
}

/// Batches of shuffled passes over all images, as the definition of the streams has it.
fn shuffled(images: usize, size: usize, count: usize, purpose: &str, epoch: usize) -> Vec<Vec<usize>> {
    let mut order = Vec::new();
    for pass in 0.. {
        if order.len() >= size * count {
            break;
        }
        let mut all: Vec<usize> = (0..images).collect();
        all.shuffle(&mut stream(SEED, purpose, epoch as u64, pass));
        order.extend(all);
    }
    order.chunks(size).take(count).map(<[usize]>::to_vec).collect()
}

struct Drawn<'a> {
    dropout: f64,
    source: &'a Pictures,
    target: Option<&'a Pictures>,
}

impl reference::Draws for Drawn<'_> {
    fn batches(&mut self, epoch: usize) -> Vec<Vec<usize>> {
        let labels: Vec<_> = self.source.identities.iter().copied().map(Some).collect();
        self.source.batches(&labels, STEPS, "pretrain/sampler", epoch)
    }

    fn view(&mut self, epoch: usize, first: usize, batch: &[usize]) -> mmt_reference::Result<Volume> {
        self.source.view("pretrain/augment", epoch, (first, batch), (0, 1))
    }

    fn target(&mut self, epoch: usize, step: usize) -> mmt_reference::Result<Option<Volume>> {
        let Some(target) = self.target else { return Ok(None) };
        let size = BATCH.size();
        let batches = shuffled(target.store.len(), size, STEPS, "pretrain/target", epoch);
        target.view("pretrain/augment-target", epoch, (step * size, &batches[step]), (0, 1)).map(Some)
    }

    fn mask(&mut self, epoch: usize, step: usize, images: usize) -> Option<Matrix> {
        mask("pretrain/dropout/network-1", self.dropout, (epoch, step), images)
    }
}

fn start(
    settings: &PretrainingSettings,
    source: &Pictures,
    target: Option<&Pictures>,
    number: u64,
) -> Trial<Pretraining> {
    let images = SourceImages {
        images: source.store.clone(),
        identities: source.identities.clone(),
        cameras: source.cameras.clone(),
    };
    let target = target.map(|target| target.store.clone());
    Ok(Pretraining::new(settings.clone(), SEED, network(number, IDENTITIES)?, images, target)?)
}

fn epochs_agree(settings: &PretrainingSettings, resumed: bool) -> Trial {
    let target_statistics = settings.target_statistics;
    let (source, target) = (Pictures::new(1, IDENTITIES)?, Pictures::new(2, TARGET_IDENTITIES)?);
    let target = (target_statistics == TargetStatistics::During).then_some(&target);
    let mut fast = start(settings, &source, target, 1)?;
    let mut expected = counterpart(fast.network())?;
    let mut adam = Adam::new(expected.state(), settings.weight_decay);
    for epoch in 0..EPOCHS {
        if resumed && epoch > 0 {
            let state = fast.state();
            fast = start(settings, &source, target, 3)?;
            fast.resume(&state, epoch, somewhere())?;
        }
        let losses = fast.next_epoch(&mut ())?.means()?;
        let mut draws = Drawn { dropout: settings.dropout, source: &source, target };
        let means = reference::epoch(
            (&mut expected, &mut adam),
            &source.identities,
            epoch,
            &reference_settings(settings),
            &mut draws,
        )?;
        for ((name, actual), expected) in losses.into_iter().zip(means) {
            check("D32", Quantity::Value, Width::Double, 1.0, actual, expected)
                .map_err(|failure| failure.at(name).at(format!("epoch {epoch}")))?;
        }
        same_state("D32", fast.network(), &expected)
            .map_err(|failure| failure.at(format!("epoch {epoch}")))?;
        same_moments(&fast, &adam)?;
    }
    Ok(())
}

fn same_moments(fast: &Pretraining, adam: &Adam) -> Trial {
    let state = fast.state();
    for (at, expected) in adam.moments().iter().enumerate() {
        assert_eq!(state[&format!("adam.step.{at}")].double_value(&[]), f64::from(expected.steps));
        for (name, expected) in [("first_moment", &expected.first), ("second_moment", &expected.second)] {
            let values = convert::matrix(&state[&format!("adam.{name}.{at}")].reshape([1, -1]))?;
            check("D32", Quantity::Value, Width::Double, 1.0, values.values(), expected.as_slice())
                .map_err(|failure| failure.at(name))?;
        }
    }
    Ok(())
}

#[test]
fn epochs_of_pre_training_alone() {
    for resumed in [false, true] {
        epochs_agree(&settings(TargetStatistics::Off, Unit::Epoch), resumed).unwrap();
    }
}

#[test]
fn epochs_of_pre_training_by_a_schedule_of_steps() {
    epochs_agree(&settings(TargetStatistics::Off, Unit::Step), false).unwrap();
}

#[test]
fn epochs_of_pre_training_with_the_targets_statistics_during_it() {
    for resumed in [false, true] {
        epochs_agree(&settings(TargetStatistics::During, Unit::Epoch), resumed).unwrap();
    }
}

#[test]
fn epochs_of_pre_training_in_which_units_are_dropped() {
    let settings = settings(TargetStatistics::During, Unit::Epoch);
    epochs_agree(&PretrainingSettings { dropout: 0.5, ..settings }, true).unwrap();
}

#[test]
fn the_statistics_of_both_domains_after_pre_training() {
    let run = || -> Trial {
        let settings = settings(TargetStatistics::After, Unit::Epoch);
        let (source, target) = (Pictures::new(1, IDENTITIES)?, Pictures::new(2, TARGET_IDENTITIES)?);
        let network = network(1, IDENTITIES)?;
        let mut expected = counterpart(&network)?;
        set_statistics(&network, &settings, SEED, &source.store, &target.store, &mut ())?;
        let views = |pictures: &Pictures, domain: &str| -> Trial<Vec<Volume>> {
            let purpose = format!("statistics/{domain}");
            let (size, count) = (settings.statistics_batch, settings.statistics_passes);
            let mut views = Vec::new();
            let batches = shuffled(pictures.store.len(), size, count, &purpose, 0);
            for (step, batch) in batches.iter().enumerate() {
                views.push(pictures.view(&format!("{purpose}/augment"), 0, (step * size, batch), (0, 1))?);
            }
            Ok(views)
        };
        let pairs = views(&source, "source")?.into_iter().zip(views(&target, "target")?);
        let pairs: Vec<[Volume; 2]> = pairs.map(|(source, target)| [source, target]).collect();
        reference::statistics_of_both(&mut expected, &pairs, Some(GROUP))?;
        same_state("D32", &network, &expected)
    };
    run().unwrap();
}
