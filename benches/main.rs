//! `cargo bench`: every step beside its reference at small sizes, alone at larger ones. Names are
//! `room/definition`, then size and implementation. One program, because each further one would link libtorch again.

// The functions that criterion's macros make have no documentation.
#![allow(missing_docs)]

mod cluster;
mod data;
mod distance;
mod eval;
mod loss;
mod model;
mod train;

use std::time::Duration;

use criterion::{BenchmarkGroup, Criterion, criterion_group, criterion_main, measurement::WallTime};

/// A group with few, short samples: the whole set should take minutes.
fn group<'a>(criterion: &'a mut Criterion, name: &str) -> BenchmarkGroup<'a, WallTime> {
    let mut group = criterion.benchmark_group(name);
    group.sample_size(10).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    group
}

criterion_group!(
    benches,
    distance::benches,
    loss::benches,
    cluster::benches,
    eval::benches,
    data::benches,
    model::benches,
    train::benches
);
criterion_main!(benches);
