//! D31: dropout. That whole steps with it are those of the reference is in [`ten_steps`](crate::ten_steps).

use std::path::Path;
use std::sync::Arc;

use mmt::cluster::Clustering;
use mmt::data::{ImageSize, ImageStore};
use mmt::experiment::Profile;
use mmt::model::{Named, Network, Spec, Stage};
use mmt::random::stream;
use mmt::train::{
    Adaptation, AdaptationSettings, Pretraining, SourceImages, TargetImages, TargetStatistics, Teachers,
    dropout, methods,
};
use mmt_testkit::strategies;
use proptest::prelude::*;
use tch::{Device, Kind, Tensor};

const IMAGES: usize = 12;
const SIZE: ImageSize = ImageSize { height: 16, width: 8 };

/// A network of one block.
fn spec() -> Spec {
    let stages = vec![Stage { blocks: 1, width: 4, stride: 2, ibn: false }];
    Spec { stages, projection: Some(6), ..Spec::small() }
}

fn network(classes: usize) -> Network {
    Network::new(&spec(), classes, &mut stream(1, "test", 0, 0), (Kind::Double, Device::Cpu)).unwrap()
}

fn images(count: i64) -> Tensor {
    Tensor::arange(count * 3 * 16 * 8, (Kind::Double, Device::Cpu)).sin().view([count, 3, 16, 8])
}

fn values(tensor: &Tensor) -> Vec<f64> {
    Vec::try_from(tensor.to_kind(Kind::Double).flatten(0, -1)).unwrap()
}

proptest! {
    #![proptest_config(strategies::config(64))]

    #[test]
    fn kept_units_are_scaled_so_that_the_mean_stays(seed: u64, probability in 0.0..0.95) {
        let mask = values(&dropout::mask(50, 60, probability, &mut stream(seed, "test", 0, 0)).unwrap());
        let kept = 1.0 / (1.0 - probability);
        prop_assert!(mask.iter().all(|value| *value == 0.0 || *value == kept));
        // Five standard deviations of the mean of 3,000 draws.
        let mean = mask.iter().sum::<f64>() / 3000.0;
        let deviation = (probability / (1.0 - probability) / 3000.0).sqrt();
        prop_assert!((mean - 1.0).abs() <= 5.0 * deviation + 1e-12, "{mean}");
    }

    #[test]
    fn a_probability_outside_its_range_is_refused(probability in prop_oneof![-10.0..-1e-9, 1.0..10.0, Just(f64::NAN)]) {
        let refused = dropout::mask(2, 2, probability, &mut stream(0, "test", 0, 0)).unwrap_err().to_string();
        prop_assert!(refused.contains("dropout is") && refused.contains("[0, 1)"), "{refused}");
    }

    #[test]
    fn the_classifier_takes_the_masked_neck_and_nothing_else_changes(seed: u64, probability in 0.0..0.9) {
        let mask = dropout::mask(4, 6, probability, &mut stream(seed, "test", 0, 0)).unwrap();
        let (plain, dropped) = (network(0), network(3));
        let neck = plain.train(&images(4), None).logits;
        let outputs = dropped.train_with_dropout(&images(4), None, Some(&mask));
        let classifier = dropped.entries().iter().find(|entry| entry.name == "classifier.weight").unwrap();
        let expected = (neck * &mask).matmul(&classifier.tensor.tr());
        prop_assert!((expected - &outputs.logits).abs().max().double_value(&[]) < 1e-12);
        let undropped = network(3);
        prop_assert_eq!(&outputs.features, &undropped.train(&images(4), None).features);
        // Statistics, and with them evaluation, see nothing of it.
        prop_assert_eq!(dropped.state(""), undropped.state(""));
        prop_assert_eq!(dropped.embed(&images(2)), undropped.embed(&images(2)));
    }
}

/// Images in a folder of their own.
pub(super) fn store() -> (tempfile::TempDir, Arc<ImageStore>) {
    let folder = tempfile::tempdir().unwrap();
    let paths = (0..IMAGES).map(|at| {
        let path = folder.path().join(format!("{at}.png"));
        let shade = |x: u32, y: u32| image::Rgb([(x * 20) as u8, (y * 10) as u8, (at * 20) as u8]);
        image::RgbImage::from_fn(8, 16, shade).save(&path).unwrap();
        path
    });
    let store = ImageStore::open(paths.collect(), SIZE, usize::MAX, &mut |_, _| Ok(())).unwrap();
    (folder, Arc::new(store))
}

pub(super) fn settings(teachers: Teachers, dropout: f64) -> AdaptationSettings {
    let mut settings = Profile::load("miniature").unwrap().rows[2].adaptation.clone();
    settings.clustering = Clustering::KMeans { clusters: 4, n_init: 1 };
    (settings.steps, settings.teachers, settings.dropout) = (2, teachers, dropout);
    settings
}

pub(super) fn adaptation(settings: &AdaptationSettings, images: &Arc<ImageStore>) -> mmt::Result<Adaptation> {
    let cameras = (0..IMAGES).map(|at| at % 2).collect();
    let target = TargetImages { images: images.clone(), cameras };
    let network =
        |seed: u64| Network::new(&spec(), 0, &mut stream(seed, "test", 0, 0), (Kind::Float, Device::Cpu));
    Adaptation::new(settings.clone(), 3, methods::of(settings), vec![network(1)?, network(2)?], target)
}

/// Two steps an epoch.
pub(super) fn pretraining(images: &Arc<ImageStore>, dropout: f64) -> mmt::Result<Pretraining> {
    let mut settings = Profile::load("miniature")?.pretraining;
    (settings.steps, settings.dropout) = (2, dropout);
    settings.target_statistics = TargetStatistics::Off;
    let identities = (0..IMAGES).map(|at| at / 3).collect();
    let cameras = (0..IMAGES).map(|at| at % 2).collect();
    let source = SourceImages { images: images.clone(), identities, cameras };
    let place = (Kind::Float, Device::Cpu);
    let network = Network::new(&spec(), 4, &mut stream(1, "test", 0, 0), place)?;
    Pretraining::new(settings, 3, network, source, None)
}

fn after(adaptation: &mut Adaptation, epochs: usize) -> Named {
    while adaptation.epoch() < epochs {
        adaptation.next_epoch(&mut ()).unwrap();
    }
    adaptation.state()
}

#[test]
fn an_adaptation_that_goes_on_drops_what_it_would_have_dropped() {
    let (_folder, images) = store();
    for teachers in [Teachers::MutualMean, Teachers::OwnMean, Teachers::MutualCurrent] {
        let settings = settings(teachers, 0.5);
        let mut undisturbed = adaptation(&settings, &images).unwrap();
        let first = after(&mut undisturbed, 1);
        let expected = after(&mut undisturbed, 2);
        let mut resumed = adaptation(&settings, &images).unwrap();
        resumed.resume(&first, 1, Path::new("state")).unwrap();
        assert_eq!(after(&mut resumed, 2), expected);
        // It has an effect at all, and every epoch has masks of its own.
        let without = AdaptationSettings { dropout: 0.0, ..settings.clone() };
        assert_ne!(after(&mut adaptation(&without, &images).unwrap(), 1), first);
        let mut stuck = adaptation(&settings, &images).unwrap();
        stuck.resume(&first, 0, Path::new("state")).unwrap();
        stuck.next_epoch(&mut ()).unwrap();
        assert_ne!(stuck.state(), expected);
    }
}

#[test]
fn a_pre_training_that_goes_on_drops_what_it_would_have_dropped() {
    let (_folder, images) = store();
    let training = |dropout: f64| pretraining(&images, dropout);
    let mut undisturbed = training(0.5).unwrap();
    undisturbed.next_epoch(&mut ()).unwrap();
    let first = undisturbed.state();
    undisturbed.next_epoch(&mut ()).unwrap();
    let mut resumed = training(0.5).unwrap();
    resumed.resume(&first, 1, Path::new("state")).unwrap();
    resumed.next_epoch(&mut ()).unwrap();
    assert_eq!(resumed.state(), undisturbed.state());
    let mut without = training(0.0).unwrap();
    without.next_epoch(&mut ()).unwrap();
    assert_ne!(without.state(), first);
    assert!(training(1.0).is_err());
}

#[test]
fn a_dropout_out_of_range_starts_nothing() {
    let (_folder, images) = store();
    for dropout in [-0.1, 1.0, f64::NAN] {
        let refused = adaptation(&settings(Teachers::MutualMean, dropout), &images).unwrap_err();
        assert!(matches!(refused, mmt::Error::Input(mmt::InvalidInput::Parameter { what: "dropout", .. })));
    }
}

#[test]
fn settings_without_dropout_are_written_as_before_it_came() {
    let text = |dropout: f64| toml::to_string(&settings(Teachers::MutualMean, dropout)).unwrap();
    assert!(!text(0.0).contains("dropout"));
    assert!(text(0.5).contains("dropout = 0.5"));
}
