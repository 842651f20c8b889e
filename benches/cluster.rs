//! D10 … D14 on clustered features, 17 images per identity, with the bare matrix product of the same size in the group.

use criterion::Criterion;
use mmt::cluster as fast;
use mmt_reference::Matrix;
use mmt_reference::cluster as reference;
use mmt_testkit::{convert, generate};
use tch::Kind;

use super::group;

/// Images of the pairs with the reference, and of the fast code alone.
const SIZES: [usize; 2] = [170, 2006];

fn features(images: usize) -> Matrix {
    let (points, _) = generate::blobs(images, 256, images / 17, 0.5, &mut generate::rng(4));
    generate::unit_rows(&points)
}

pub fn benches(criterion: &mut Criterion) {
    kmeans(criterion);
    jaccard(criterion);
    after_jaccard(criterion);
}

fn kmeans(criterion: &mut Criterion) {
    let mut group = group(criterion, "cluster/kmeans");
    for images in SIZES {
        let points = features(images);
        let start = generate::centres_among(&points, images / 17, &mut generate::rng(5));
        if images == SIZES[0] {
            let limits = reference::kmeans::Limits { tolerance: 1e-4, max_iterations: 300 };
            group.bench_function(format!("{images}/reference"), |b| {
                b.iter(|| reference::kmeans::from_centres(&points, &start, limits));
            });
        }
        let [x, centres] = [&points, &start].map(|matrix| convert::tensor(matrix, Kind::Float));
        group.bench_function(format!("{images}/fast"), |b| {
            b.iter(|| fast::kmeans::kmeans_from(&x, &centres, 300, 1e-4));
        });
    }
    group.finish();
}

fn jaccard(criterion: &mut Criterion) {
    let mut group = group(criterion, "cluster/jaccard");
    for images in SIZES {
        let points = features(images);
        if images == SIZES[0] {
            let neighbourhood = reference::jaccard::Neighbourhood { k1: 20, k2: 6 };
            group.bench_function(format!("{images}/reference"), |b| {
                b.iter(|| reference::jaccard::jaccard(&points, neighbourhood));
            });
        }
        let x = convert::tensor(&points, Kind::Float);
        let neighbourhood = fast::jaccard::Neighbourhood { k1: 20, k2: 6 };
        group.bench_function(format!("{images}/fast"), |b| {
            b.iter(|| fast::jaccard::jaccard(&x, neighbourhood))
        });
        group.bench_function(format!("{images}/product alone"), |b| b.iter(|| x.matmul(&x.tr())));
    }
    group.finish();
    let points = features(SIZES[0]);
    let scaled = reference::jaccard::scaled_distances(&points);
    let Ok(ranking) = scaled.and_then(|scaled| reference::k_reciprocal::ranking(&scaled)) else { return };
    let mut group = super::group(criterion, "cluster/k_reciprocal");
    group.bench_function("170/reference", |b| b.iter(|| reference::k_reciprocal::k_reciprocal(&ranking, 20)));
    group.bench_function("170/fast", |b| b.iter(|| fast::k_reciprocal::k_reciprocal(&ranking, 20)));
    group.finish();
}

fn after_jaccard(criterion: &mut Criterion) {
    let points = features(SIZES[0]);
    let neighbourhood = reference::jaccard::Neighbourhood { k1: 20, k2: 6 };
    let x = convert::tensor(&points, Kind::Float);
    let sparse = fast::jaccard::jaccard(&x, fast::jaccard::Neighbourhood { k1: 20, k2: 6 });
    let (Ok(dense), Ok(sparse)) = (reference::jaccard::jaccard(&points, neighbourhood), sparse) else {
        return;
    };
    let mut eps = group(criterion, "cluster/eps");
    eps.bench_function("170/reference", |b| b.iter(|| reference::eps::eps(&dense, 1.6e-3)));
    eps.bench_function("170/fast", |b| b.iter(|| fast::eps::eps(&sparse, 1.6e-3)));
    eps.finish();
    let mut dbscan = group(criterion, "cluster/dbscan");
    dbscan.bench_function("170/reference", |b| b.iter(|| reference::dbscan::dbscan(&dense, 0.4, 4)));
    dbscan.bench_function("170/fast", |b| b.iter(|| fast::dbscan::dbscan(&sparse, 0.4, 4)));
    dbscan.finish();
}
