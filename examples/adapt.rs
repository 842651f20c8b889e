//! From a labelled source to an unlabelled target: two networks are pre-trained, then taught by mutual mean-teaching.
//!
//! `cargo run --example adapt` draws two small domains and takes seconds; its numbers mean nothing. `reproduce` does the same with records,
//! checkpoints and reports.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use mmt::data::{Dataset, DatasetName, ImageStore, read};
use mmt::experiment::Profile;
use mmt::model::Network;
use mmt::random::stream;
use mmt::synthetic::prepare;
use mmt::tools::evaluation::{EvaluationRequest, evaluate_network};
use mmt::train::{Adaptation, Pretraining, SourceImages, TargetImages, methods};
use mmt::{Error, Result};
use tch::{Device, Kind};

const SOURCE: DatasetName = DatasetName::Market1501;
const TARGET: DatasetName = DatasetName::DukeMtmc;

/// A domain, drawn below `folder`: its data root, and what is read from there as the real one would be.
fn domain(name: DatasetName, profile: &Profile, folder: &Path) -> Result<(PathBuf, Dataset)> {
    let root = prepare(name, &profile.domains.settings(1), folder, &mut |_, _| Ok(()))?;
    let dataset = read(name, &root)?;
    Ok((root, dataset))
}

/// The training images, in memory.
fn images(dataset: &Dataset, profile: &Profile) -> Result<Arc<ImageStore>> {
    let paths = dataset.train.iter().map(|item| item.path.clone()).collect();
    Ok(Arc::new(ImageStore::open(paths, profile.image_size, usize::MAX, &mut |_, _| Ok(()))?))
}

fn cameras(dataset: &Dataset) -> Vec<usize> {
    dataset.train.iter().map(|item| item.camera).collect()
}

/// A network that knows the source.
fn pretrained(seed: u64, source: &Dataset, profile: &Profile) -> Result<Network> {
    let (spec, place) = (profile.backbone.spec(), (Kind::Float, Device::Cpu));
    let people = source.train_identity_count();
    let network = Network::new(&spec, people, &mut stream(seed, "adapt", 0, 0), place)?;
    let images = SourceImages {
        images: images(source, profile)?,
        identities: source.train_identities(),
        cameras: cameras(source),
    };
    let mut training = Pretraining::new(profile.pretraining.clone(), seed, network, images, None)?;
    while training.epoch() < profile.pretraining.epochs {
        training.next_epoch(&mut ())?;
    }
    training.network().duplicate()
}

/// mAP on the target's test set before the first epoch and after each.
pub fn run() -> Result<Vec<f64>> {
    let folder = tempfile::tempdir().map_err(Error::io("write", &std::env::temp_dir()))?;
    let profile = Profile::load("miniature")?;
    let (_, source) = domain(SOURCE, &profile, folder.path())?;
    let (root, target) = domain(TARGET, &profile, folder.path())?;
    let networks = vec![pretrained(1, &source, &profile)?, pretrained(2, &source, &profile)?];

    let size = profile.image_size;
    let request =
        EvaluationRequest { dataset: TARGET, data_root: &root, size, batch: 128, re_ranking: false };
    let map = |network: &Network| -> Result<f64> {
        Ok(evaluate_network(network, &request, &mut |_, _, _| Ok(()))?.rows[0].map)
    };
    let mut course = vec![map(&networks[0])?];

    // Images and cameras: no identity of the target goes into its adaptation.
    let unlabelled = TargetImages { images: images(&target, &profile)?, cameras: cameras(&target) };
    let settings = profile.rows[0].adaptation.clone();
    let (epochs, method) = (settings.epochs, methods::of(&settings));
    let mut adaptation = Adaptation::new(settings, 1, method, networks, unlabelled)?;
    while adaptation.epoch() < epochs {
        adaptation.next_epoch(&mut ())?;
        course.push(map(&adaptation.answering()[0])?);
    }
    Ok(course)
}

fn main() -> Result<()> {
    for (epoch, map) in run()?.into_iter().enumerate() {
        println!("epoch {epoch}: mAP {:.1} %", 100.0 * map);
    }
    Ok(())
}
