//! D25 … D28, per epoch and per image.

use std::path::Path;
use std::sync::Arc;

use criterion::{Criterion, Throughput};
use mmt::data::{
    self, DatasetName, DecodedImage, GallerySampler, ImageSize, ImageStore, RandomErasing, StreamName,
    TrainLoader, TrainTransform, resize,
};
use mmt::random::stream;
use mmt::synthetic::{DomainSettings, prepare};
use mmt_reference::data as reference;

use super::group;

const FROM: ImageSize = ImageSize { height: 128, width: 64 };
const TO: ImageSize = ImageSize { height: 256, width: 128 };

fn pixels(size: ImageSize) -> Vec<u8> {
    (0..size.values()).map(|at| (at * at % 251) as u8).collect()
}

pub fn benches(criterion: &mut Criterion) {
    let image = DecodedImage { size: FROM, pixels: pixels(FROM) };
    let slow = reference::image::Pixels::new(FROM.height, FROM.width, pixels(FROM));
    let mut group_resize = group(criterion, "data/resize");
    if let Ok(slow) = slow {
        group_resize.bench_function("128x64 to 256x128/reference", |b| {
            b.iter(|| reference::resize::resize(&slow, TO.height, TO.width));
        });
    }
    group_resize.bench_function("128x64 to 256x128/fast", |b| b.iter(|| resize::resize(&image, TO).is_ok()));
    group_resize.finish();

    let transform =
        TrainTransform { size: TO, flip_probability: 0.5, pad: 10, erasing: Some(RandomErasing::default()) };
    let (source, mut out) = (pixels(TO), vec![0.0; TO.values()]);
    let mut rng = stream(1, "bench", 0, 0);
    let mut group_transform = group(criterion, "data/train_transform");
    group_transform.bench_function("256x128/fast", |b| {
        b.iter(|| {
            let draws = transform.draw(&mut rng);
            transform.apply(&source, &draws, &mut out);
        });
    });
    group_transform.finish();

    let labels: Vec<Option<usize>> = (0..12_936).map(|image| Some(image / 17)).collect();
    let cameras: Vec<usize> = (0..12_936).map(|image| image % 6).collect();
    let mut group_sampler = group(criterion, "data/sampler");
    if let Ok(sampler) = GallerySampler::new(&labels, &cameras, 4) {
        group_sampler.bench_function("12936/fast", |b| b.iter(|| sampler.order(&mut rng)));
    }
    group_sampler.finish();
    for size in [ImageSize { height: 64, width: 32 }, TO] {
        if let Err(error) = loader(criterion, size) {
            eprintln!("data/loader: {error}");
        }
    }
}

/// Images per second of the training set of a built-in domain: read, decoded and resized once, and in every epoch after that, in
/// batches of 32 with two views of each image. `peer_loader.py` takes the same images the way PyTorch does.
fn loader(criterion: &mut Criterion, size: ImageSize) -> mmt::Result<()> {
    let root = prepare(
        DatasetName::Market1501,
        &DomainSettings::default(),
        Path::new("target/domains"),
        &mut |_, _| Ok(()),
    )?;
    let train = data::read(DatasetName::Market1501, &root)?.train;
    let paths: Vec<_> = train.into_iter().map(|item| item.path).collect();
    let images = paths.len();
    let open = || ImageStore::open(paths.clone(), size, usize::MAX, &mut |_, _| Ok(())).map(Arc::new);
    let store = open()?;
    let transform =
        TrainTransform { size, flip_probability: 0.5, pad: 10, erasing: Some(RandomErasing::default()) };
    let batches: Vec<Vec<usize>> =
        (0..images).collect::<Vec<_>>().chunks(32).map(<[usize]>::to_vec).collect();
    let epoch = || -> mmt::Result<usize> {
        let streams = StreamName { seed: 1, purpose: "bench".to_owned(), epoch: 0 };
        let loader = TrainLoader::new(
            store.clone(),
            transform.clone(),
            batches.clone(),
            streams,
            2,
            tch::Device::Cpu,
        )?;
        loader.map(|batch| batch.map(|batch| batch.indices.len())).sum()
    };
    let mut group = group(criterion, "data/loader");
    group.throughput(Throughput::Elements(images as u64));
    let name = format!("{}x{}", size.height, size.width);
    group.bench_function(format!("{name}/decode"), |b| b.iter(|| open().is_ok()));
    group.bench_function(format!("{name}/fast"), |b| b.iter(|| epoch().is_ok()));
    group.finish();
    Ok(())
}
