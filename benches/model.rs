//! D29 … D31: forward, and forward with backward, of the small network on the quick profile's batch.

use criterion::Criterion;
use mmt::model::{Network, Spec};
use mmt::random::stream;
use tch::{Device, Kind, Tensor};

use super::group;

pub fn benches(criterion: &mut Criterion) {
    let mut rng = stream(1, "bench", 0, 0);
    let Ok(network) = Network::new(&Spec::small(), 100, &mut rng, (Kind::Float, Device::Cpu)) else { return };
    let images = Tensor::randn([32, 3, 64, 32], (Kind::Float, Device::Cpu));
    let mut group = group(criterion, "model/network");
    group.bench_function("small 32/evaluation", |b| b.iter(|| network.embed(&images)));
    group.bench_function("small 32/training, forward", |b| {
        b.iter(|| tch::no_grad(|| network.train(&images, None)))
    });
    group.bench_function("small 32/training, forward and backward", |b| {
        b.iter(|| {
            let outputs = network.train(&images, None);
            (outputs.features.mean(Kind::Float) + outputs.logits.mean(Kind::Float)).backward();
        });
    });
    group.finish();
}
