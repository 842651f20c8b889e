//! D16 … D21, D34, D35.

use criterion::Criterion;
use mmt::eval as fast;
use mmt_reference::eval as reference;
use mmt_testkit::convert;
use mmt_testkit::generate::{self, Split};
use tch::Kind;

use super::group;

pub fn benches(criterion: &mut Criterion) {
    ranking(criterion);
    label_quality(criterion);
    pair_errors(criterion);
    teaching(criterion);
    re_ranking(criterion);
}

fn ranking(criterion: &mut Criterion) {
    let mut group = group(criterion, "eval/ranking");
    for (queries, gallery) in [(50, 400), (500, 4000)] {
        let split = Split::new(queries, gallery, 6, false, &mut generate::rng(6));
        let name = format!("{queries}x{gallery}");
        if queries == 50 {
            use reference::ranking::Labels;
            let query = Labels { identities: &split.query_identities, cameras: &split.query_cameras };
            let gallery = Labels { identities: &split.gallery_identities, cameras: &split.gallery_cameras };
            group.bench_function(format!("{name}/reference"), |b| {
                b.iter(|| {
                    reference::average_precision::mean_average_precision(&split.distances, query, gallery)
                });
            });
        }
        let query = fast::Labels { identities: &split.query_identities, cameras: &split.query_cameras };
        let gallery = fast::Labels { identities: &split.gallery_identities, cameras: &split.gallery_cameras };
        group.bench_function(format!("{name}/fast"), |b| {
            b.iter(|| {
                let rankings = fast::rank_all(split.distances.values(), query, gallery, false);
                rankings.and_then(|rankings| fast::summarise(&rankings))
            });
        });
    }
    group.finish();
}

fn label_quality(criterion: &mut Criterion) {
    let identities: Vec<usize> = (0..2000).map(|image| image / 17).collect();
    let pseudo_labels: Vec<Option<usize>> =
        (0..2000).map(|image| (image % 9 > 0).then_some(image / 15)).collect();
    let mut group = group(criterion, "eval/label_quality");
    group.bench_function("2000/reference", |b| {
        b.iter(|| reference::label_quality::label_quality(&pseudo_labels, &identities));
    });
    group.bench_function("2000/fast", |b| {
        b.iter(|| fast::label_quality::label_quality(&pseudo_labels, &identities));
    });
    group.finish();
}

fn pair_errors(criterion: &mut Criterion) {
    let identities: Vec<usize> = (0..2000).map(|image| image / 17).collect();
    let cameras: Vec<usize> = (0..2000).map(|image| image % 6).collect();
    let pseudo_labels: Vec<Option<usize>> =
        (0..2000).map(|image| (image % 9 > 0).then_some(image / 15)).collect();
    let mut group = group(criterion, "eval/pair_errors");
    group.bench_function("2000/reference", |b| {
        b.iter(|| reference::pair_errors::pair_errors(&pseudo_labels, &identities, &cameras));
    });
    group.bench_function("2000/fast", |b| {
        b.iter(|| fast::pair_errors::pair_errors(&pseudo_labels, &identities, &cameras));
    });
    group.finish();
}

fn teaching(criterion: &mut Criterion) {
    use fast::teaching::Anchor;
    let identities: Vec<usize> = (0..400).map(|image| image / 17).collect();
    let pseudo_labels: Vec<Option<usize>> = (0..400).map(|image| Some(image / 15)).collect();
    let probability = |at: usize| (at % 97) as f64 / 96.0;
    let anchor = |at: usize| Anchor {
        image: at % 400,
        positive: (at + 1) % 400,
        negative: (at + 20) % 400,
        student: probability(at),
        teacher: probability(3 * at),
        soft_label: at % 400 / 16,
    };
    let anchors: Vec<Anchor> = (0..800).map(anchor).collect();
    let counterpart = |&Anchor { image, positive, negative, student, teacher, soft_label }: &Anchor| {
        reference::teaching::Anchor { image, positive, negative, student, teacher, soft_label }
    };
    let counterparts: Vec<_> = anchors.iter().map(counterpart).collect();
    let mut group = group(criterion, "eval/teaching");
    group.bench_function("800/reference", |b| {
        b.iter(|| reference::teaching::teaching(&counterparts, &pseudo_labels, &identities));
    });
    group.bench_function("800/fast", |b| {
        b.iter(|| fast::teaching::teaching(&anchors, &pseudo_labels, &identities));
    });
    group.finish();
}

fn re_ranking(criterion: &mut Criterion) {
    let (points, _) = generate::blobs(150, 32, 10, 0.5, &mut generate::rng(7));
    let Ok(all) = mmt_reference::distance::euclidean(&points, &points) else { return };
    let part = |rows: std::ops::Range<usize>, columns: std::ops::Range<usize>| {
        mmt_reference::Matrix::from_fn(rows.len(), columns.len(), |i, j| {
            all[(rows.start + i, columns.start + j)]
        })
    };
    let parts = [part(0..30, 30..150), part(0..30, 0..30), part(30..150, 30..150)];
    let mut group = group(criterion, "eval/re_ranking");
    group.bench_function("30x120/reference", |b| {
        let [query_gallery, query_query, gallery_gallery] = &parts;
        let distances = reference::re_ranking::Distances { query_gallery, query_query, gallery_gallery };
        let neighbourhood = mmt_reference::cluster::jaccard::Neighbourhood { k1: 20, k2: 6 };
        b.iter(|| reference::re_ranking::re_ranking(distances, neighbourhood, 0.3));
    });
    let tensors = parts.each_ref().map(|matrix| convert::tensor(matrix, Kind::Float));
    group.bench_function("30x120/fast", |b| {
        let [query_gallery, query_query, gallery_gallery] = &tensors;
        let distances = fast::re_ranking::Distances { query_gallery, query_query, gallery_gallery };
        let neighbourhood = mmt::cluster::jaccard::Neighbourhood { k1: 20, k2: 6 };
        b.iter(|| fast::re_ranking::re_ranking(distances, neighbourhood, 0.3));
    });
    group.finish();
}
