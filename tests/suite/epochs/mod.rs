//! D32 and D33 by whole epochs: [`Adaptation::next_epoch`](mmt::train::Adaptation::next_epoch) and
//! [`Pretraining::next_epoch`](mmt::train::Pretraining::next_epoch), which `reproduce` calls, against the loops of the reference, in f64 on
//! a tiny network. Compared after every epoch: pseudo labels exactly; centroids, losses, every parameter, mean networks, batch-norm
//! statistics and Adam's moments to rounding.
//!
//! The reference is given what was drawn. The tests draw it anew, by the names of the streams (docs/method.md), so an epoch that draws
//! from another stream, or the same one twice, gives other numbers.

mod adaptation;
mod pretraining;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use image::{ImageBuffer, Rgb};
use mmt::data::{
    GallerySampler, ImageSize, ImageStore, RandomErasing, TrainDraws, TrainTransform, transforms,
};
use mmt::model as fast;
use mmt::random::stream;
use mmt::train::{BatchSettings, TransformSettings};
use mmt_reference::Matrix;
use mmt_reference::model as reference;
use mmt_testkit::Trial;
use rand::Rng;
use tch::{Device, Kind};

use crate::ten_steps::{FEATURES, fast_spec, reference_spec};

const SIZE: ImageSize = ImageSize { height: 12, width: 8 };
const SEED: u64 = 7;
/// Images per identity, each under another of the cameras 0, 1, 2 but for the last.
const PER_IDENTITY: usize = 4;
/// Flips, crops and erases about half of the images.
const TRANSFORM: TransformSettings =
    TransformSettings { flip_probability: 0.5, pad: 2, erasing_probability: 0.5 };
const BATCH: BatchSettings = BatchSettings { identities: 3, instances: 2, bn_group: 0 };

/// Images of people of one colour each, with noise; `who` makes another set.
struct Pictures {
    store: Arc<ImageStore>,
    identities: Vec<usize>,
    cameras: Vec<usize>,
}

impl Pictures {
    fn new(who: u64, identities: usize) -> Trial<Self> {
        let folder = tempfile::tempdir()?;
        let count = identities * PER_IDENTITY;
        let paths = (0..count).map(|i| folder.path().join(format!("{i}.png"))).collect::<Vec<_>>();
        for (i, path) in paths.iter().enumerate() {
            let colour: [u8; 3] = stream(who, "epochs/colour", 0, (i / PER_IDENTITY) as u64).random();
            let mut noise = stream(who, "epochs/noise", 0, i as u64);
            let image = ImageBuffer::from_fn(SIZE.width as u32, SIZE.height as u32, |_, _| {
                Rgb(colour.map(|level| level / 2 + noise.random_range(0..96)))
            });
            image.save(path)?;
        }
        let store = ImageStore::open(paths, SIZE, usize::MAX, &mut |_, _| Ok(()))?;
        fs::remove_dir_all(folder.path())?;
        Ok(Self {
            store: Arc::new(store),
            identities: (0..count).map(|i| i / PER_IDENTITY).collect(),
            cameras: (0..count).map(|i| i % PER_IDENTITY % 3).collect(),
        })
    }

    /// All images as evaluation sees them.
    fn normalized(&self) -> Trial<reference::Volume> {
        let mut values = Vec::new();
        for i in 0..self.store.len() {
            let mut image = vec![0.0; SIZE.values()];
            transforms::normalize(&self.store.get(i)?, &mut image);
            values.extend(image.into_iter().map(f64::from));
        }
        Ok(volume(self.store.len(), values)?)
    }

    /// View `view` of `views` of a batch whose first image is number `first` of its epoch.
    fn view(
        &self,
        purpose: &str,
        epoch: usize,
        (first, batch): (usize, &[usize]),
        (view, views): (usize, usize),
    ) -> mmt_reference::Result<reference::Volume> {
        let erasing =
            RandomErasing { probability: TRANSFORM.erasing_probability, ..RandomErasing::default() };
        let (flip_probability, pad) = (TRANSFORM.flip_probability, TRANSFORM.pad);
        let transform = TrainTransform { size: SIZE, flip_probability, pad, erasing: Some(erasing.clone()) };
        let mut values = Vec::new();
        for (i, index) in batch.iter().enumerate() {
            let item = ((first + i) * views + view) as u64;
            let mut rng = stream(SEED, purpose, epoch as u64, item);
            let flip = rng.random::<f64>() < flip_probability;
            let (top, left) = (rng.random_range(0..=2 * pad), rng.random_range(0..=2 * pad));
            let erased = erasing.draw(SIZE, || rng.random());
            let draws = TrainDraws { flip, top, left, erased };
            let mut image = vec![0.0; SIZE.values()];
            let pixels = self.store.get(*index).expect("the images are in memory");
            transform.apply(&pixels, &draws, &mut image);
            values.extend(image.into_iter().map(f64::from));
        }
        volume(batch.len(), values)
    }

    /// Batches of an epoch by the sampler, which `data::sampler` holds.
    fn batches(
        &self,
        labels: &[Option<usize>],
        steps: usize,
        purpose: &str,
        epoch: usize,
    ) -> Vec<Vec<usize>> {
        let sampler = GallerySampler::new(labels, &self.cameras, BATCH.instances).expect("there are labels");
        sampler.batches(BATCH.identities, steps, SEED, purpose, epoch as u64).expect("P is not 0")
    }
}

/// The dropout mask of a network by the name of its stream: a unit is dropped with probability `dropped`, the others are scaled so that
/// the mean stays. None without dropout.
fn mask(purpose: &str, dropped: f64, (epoch, step): (usize, usize), images: usize) -> Option<Matrix> {
    let mut rng = stream(SEED, purpose, epoch as u64, step as u64);
    let mut unit = |_, _| if rng.random_bool(dropped) { 0.0 } else { 1.0 / (1.0 - dropped) };
    (dropped > 0.0).then(|| Matrix::from_fn(images, FEATURES, &mut unit))
}

fn volume(images: usize, values: Vec<f64>) -> mmt_reference::Result<reference::Volume> {
    reference::Volume::new([images, 3, SIZE.height, SIZE.width], values)
}

/// A network with weights of its own by number, in f64.
fn network(number: u64, classes: usize) -> Trial<fast::Network> {
    let place = (Kind::Double, Device::Cpu);
    Ok(fast::Network::new(
        &fast_spec(fast::BlockKind::Basic),
        classes,
        &mut stream(number, "epochs/network", 0, 0),
        place,
    )?)
}

/// The same network in the reference.
fn counterpart(network: &fast::Network) -> Trial<reference::Network> {
    let mut counterpart = reference::Network::new(&reference_spec(network.spec()), network.classes())?;
    for entry in network.entries() {
        let values = Vec::<f64>::try_from(entry.tensor.detach().to_kind(Kind::Double).reshape(-1))?;
        counterpart.set(&entry.name, &values)?;
    }
    Ok(counterpart)
}

fn somewhere() -> &'static Path {
    Path::new("a state in memory")
}
