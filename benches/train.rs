//! D23, D24, D32 and D33: Adam beside tch's own, the mean network, whole steps on the quick profile's batch.

use criterion::Criterion;
use mmt::experiment::Profile;
use mmt::loss::objective::Weights;
use mmt::model::{Network, Spec};
use mmt::random::stream;
use mmt::train::{FusedAdam, Learners, Passes, StepSettings, ema, methods, pretrain};
use tch::nn::OptimizerConfig;
use tch::{Device, Kind, Tensor, nn};

use super::group;

fn network(at: u64) -> Option<Network> {
    Network::new(&Spec::small(), 100, &mut stream(at, "bench", 0, 0), (Kind::Float, Device::Cpu)).ok()
}

pub fn benches(criterion: &mut Criterion) {
    let (Some(one), Some(two), Some(three)) = (network(1), network(2), network(3)) else { return };
    adam(criterion, &one);
    let (students, mut mean) = ([one, two], three);
    let mut group_ema = group(criterion, "train/ema");
    group_ema.bench_function("small/fast", |b| b.iter(|| ema::update(&mut mean, &students[0], 0.99)));
    group_ema.finish();
    steps(criterion, students);
}

fn adam(criterion: &mut Criterion, network: &Network) {
    let parameters = network.trained();
    for parameter in &parameters {
        parameter.square().sum(Kind::Float).backward();
    }
    let mut fused = FusedAdam::new(parameters, 5e-4);
    let store = nn::VarStore::new(Device::Cpu);
    for (at, parameter) in network.trained().iter().enumerate() {
        store.root().var_copy(&format!("{at}"), parameter).square().sum(Kind::Float).backward();
    }
    let mut group = group(criterion, "train/adam");
    group.bench_function("small/fast", |b| b.iter(|| fused.step(1e-6)));
    if let Ok(mut other) = nn::Adam::default().build(&store, 1e-6) {
        group.bench_function("small/tch", |b| b.iter(|| other.step()));
    }
    group.finish();
}

fn steps(criterion: &mut Criterion, students: [Network; 2]) {
    let [view_1, view_2] = [(); 2].map(|()| Tensor::randn([32, 3, 64, 32], (Kind::Float, Device::Cpu)));
    let identities: Vec<i64> = (0..32).map(|image| image / 4).collect();
    let labels = Tensor::from_slice(&identities);
    let mut group = group(criterion, "train/step");
    let mut adam = FusedAdam::new(students[0].trained(), 5e-4);
    group.bench_function("small 32/pre-training", |b| {
        b.iter(|| {
            let settings =
                pretrain::StepSettings { epsilon: 0.1, passes: Passes::default(), learning_rate: 1e-6 };
            pretrain::step((&students[0], &mut adam), &view_1, &labels, None, &settings)
        });
    });
    let Ok(profile) = Profile::load("quick") else { return };
    let Some(mmt) = profile.rows.iter().find(|row| row.name == "mmt-k") else { return };
    let method = methods::of(&mmt.adaptation);
    let Ok(mut learners) = Learners::new(method, students.into(), mmt.adaptation.weight_decay) else {
        return;
    };
    let views = [view_1, view_2];
    group.bench_function("small 32/mutual mean-teaching", |b| {
        b.iter(|| {
            let weights = Weights { soft_ce: 0.5, soft_triplet: 0.8, epsilon: 0.1, clusters: 100 };
            let passes = Passes::default();
            let settings = StepSettings { weights, passes, learning_rate: 1e-6, decay: 0.99 };
            learners.step(&views, &labels, &settings)
        });
    });
    group.finish();
}
