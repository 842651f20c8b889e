//! D1, D2, D4 … D8 on the published batch: 64 images of 16 identities, 2048 features, 500 classes. Fast: forward and backward.

use criterion::Criterion;
use mmt::loss as fast;
use mmt_reference::Matrix;
use mmt_reference::loss as reference;
use mmt_testkit::{convert, generate};
use tch::{Kind, Tensor};

use super::group;

fn pair(
    criterion: &mut Criterion,
    name: &str,
    slow: impl Fn(),
    input: &Matrix,
    fast: impl Fn(&Tensor) -> mmt::Result<Tensor>,
) {
    let input = convert::tensor(input, Kind::Float).set_requires_grad(true);
    let mut group = group(criterion, name);
    group.bench_function("64/reference", |b| b.iter(&slow));
    group.bench_function("64/fast", |b| b.iter(|| fast(&input).map(|loss| loss.backward())));
    group.finish();
}

pub fn benches(criterion: &mut Criterion) {
    let mut rng = generate::rng(3);
    let [features, teacher] = [(); 2].map(|()| generate::normal(64, 2048, 1.0, &mut rng));
    let [logits, teacher_logits] = [(); 2].map(|()| generate::normal(64, 500, 3.0, &mut rng));
    let identities: Vec<usize> = (0..64).map(|image| image / 4).collect();
    let labels = convert::label_tensor(&identities);
    let [mean, mean_logits] = [&teacher, &teacher_logits].map(|matrix| convert::tensor(matrix, Kind::Float));
    pair(
        criterion,
        "loss/cross_entropy",
        || drop(reference::cross_entropy::label_smoothed(&logits, &identities, 0.1)),
        &logits,
        |x| fast::cross_entropy::label_smoothed(x, &labels, 0.1),
    );
    pair(
        criterion,
        "loss/soft_cross_entropy",
        || drop(reference::soft_cross_entropy::soft_cross_entropy(&logits, &teacher_logits)),
        &logits,
        |x| fast::soft_cross_entropy::soft_cross_entropy(x, &mean_logits),
    );
    pair(
        criterion,
        "loss/triplet",
        || drop(reference::triplet::triplet(&features, &identities, 0.5, false)),
        &features,
        |x| fast::triplet::triplet(x, &labels, 0.5, false).map(|found| found.loss),
    );
    pair(
        criterion,
        "loss/softmax_triplet",
        || drop(reference::softmax_triplet::softmax_triplet(&features, &identities, 0.0, false)),
        &features,
        |x| fast::softmax_triplet::softmax_triplet(x, &labels, 0.0, false),
    );
    pair(
        criterion,
        "loss/soft_softmax_triplet",
        || {
            drop(reference::soft_softmax_triplet::soft_softmax_triplet(
                &features,
                &teacher,
                &identities,
                false,
            ))
        },
        &features,
        |x| fast::soft_softmax_triplet::soft_softmax_triplet(x, &mean, &labels, false),
    );
    mining(criterion, &features, &identities);
    objective(criterion, [&features, &teacher], [&logits, &teacher_logits], &identities);
}

fn mining(criterion: &mut Criterion, features: &Matrix, identities: &[usize]) {
    let Ok(distances) = mmt_reference::distance::euclidean(features, features) else { return };
    let (tensor, labels) = (convert::tensor(&distances, Kind::Float), convert::label_tensor(identities));
    let mut group = group(criterion, "loss/mining");
    group.bench_function("64/reference", |b| b.iter(|| reference::mining::hardest(&distances, identities)));
    group.bench_function("64/fast", |b| b.iter(|| fast::mining::hardest(&tensor, &labels)));
    group.finish();
}

fn objective(criterion: &mut Criterion, features: [&Matrix; 2], logits: [&Matrix; 2], identities: &[usize]) {
    use fast::objective::{Outputs, Weights, mutual_mean_teaching};

    let outputs = |at: usize| reference::objective::Outputs {
        features: features[at].clone(),
        logits: logits[at].clone(),
    };
    let slow = [outputs(0), outputs(1)];
    let slow_weights =
        reference::objective::Weights { soft_ce: 0.5, soft_triplet: 0.8, epsilon: 0.1, clusters: 500 };
    let tensors = [0, 1].map(|at: usize| {
        let variable = |matrix| convert::tensor(matrix, Kind::Float).set_requires_grad(true);
        Outputs { features: variable(features[at]), logits: variable(logits[at]) }
    });
    let weights = Weights { soft_ce: 0.5, soft_triplet: 0.8, epsilon: 0.1, clusters: 500 };
    let labels = convert::label_tensor(identities);
    let mut group = group(criterion, "loss/objective");
    group.bench_function("64/reference", |b| {
        b.iter(|| {
            let (one, two) = (&slow[0], &slow[1]);
            reference::objective::mutual_mean_teaching([one, two], [two, one], identities, &slow_weights)
        });
    });
    group.bench_function("64/fast", |b| {
        b.iter(|| {
            let (one, two) = (&tensors[0], &tensors[1]);
            mutual_mean_teaching([one, two], [two, one], &labels, &weights)
                .map(|terms| terms.total.backward())
        });
    });
    group.finish();
}
