//! D3 and D9, with the bare matrix product of the same size as the limit.

use criterion::Criterion;
use mmt_testkit::{convert, generate};
use tch::Kind;

use super::group;

pub fn benches(criterion: &mut Criterion) {
    let small = generate::normal(64, 512, 1.0, &mut generate::rng(1));
    let large = generate::normal(2000, 512, 1.0, &mut generate::rng(2));
    let mut euclidean = group(criterion, "distance/euclidean");
    euclidean.bench_function("64x512/reference", |b| {
        b.iter(|| mmt_reference::distance::euclidean(&small, &small))
    });
    for (name, matrix) in [("64x512", &small), ("2000x512", &large)] {
        let x = convert::tensor(matrix, Kind::Float);
        euclidean.bench_function(format!("{name}/fast"), |b| b.iter(|| mmt::distance::euclidean(&x, &x)));
        euclidean.bench_function(format!("{name}/product alone"), |b| b.iter(|| x.matmul(&x.tr())));
    }
    euclidean.finish();
    let mut normalize = group(criterion, "distance/normalize_rows");
    normalize
        .bench_function("64x512/reference", |b| b.iter(|| mmt_reference::distance::normalize_rows(&small)));
    for (name, matrix) in [("64x512", &small), ("2000x512", &large)] {
        let x = convert::tensor(matrix, Kind::Float);
        normalize.bench_function(format!("{name}/fast"), |b| b.iter(|| mmt::distance::normalize_rows(&x)));
    }
    normalize.finish();
}
