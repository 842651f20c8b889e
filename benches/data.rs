//! D25 … D28, per epoch and per image.

use criterion::Criterion;
use mmt::data::{DecodedImage, GallerySampler, ImageSize, RandomErasing, TrainTransform, resize};
use mmt::random::stream;
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
}
