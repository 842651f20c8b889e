//! `cargo bench --bench clustering`: clustering and evaluation at the sizes of the real datasets, beside the bare matrix product of
//! the same size, and `reports/benchmarks.md` with the ratios.
//!
//! N = 2,000, 4,000 and 12,936 (Market-1501) by criterion; with `MMT_EXTENSIVE=1` also N = 32,621 (MSMT17) and N = 100,000, once
//! each. `--quick` leaves out 12,936 and writes nothing.

mod inputs;
mod steps;
mod table;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use criterion::{BenchmarkGroup, Criterion, SamplingMode, measurement::WallTime};
use inputs::Inputs;
use steps::Step;
use table::{Line, Table};

/// Images and dimension of what criterion measures.
const SIZES: [(usize, usize); 3] = [(2_000, 2048), (4_000, 2048), (12_936, 2048)];
/// Those that are measured once.
const LARGE: [(usize, usize); 2] = [(32_621, 2048), (100_000, 256)];

fn main() -> ExitCode {
    // Cargo runs benches with `--bench`; `cargo test --benches` without, and wants no measurement.
    let arguments: Vec<String> = std::env::args().collect();
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    if !has("--bench") {
        return ExitCode::SUCCESS;
    }
    let quick = has("--quick");
    let mut table = Table::default();
    let mut criterion = Criterion::default();
    for (images, dimension) in SIZES.into_iter().filter(|size| !quick || size.0 < 10_000) {
        let inputs = Inputs::new(images, dimension);
        for step in Step::ALL {
            let peak = steps::peak_above(|| step.run(&inputs));
            let seconds = measured(&mut criterion, step, &inputs);
            table.add(Line { step, images, dimension, seconds, peak });
        }
    }
    if std::env::var_os("MMT_EXTENSIVE").is_some_and(|value| value == "1") {
        for (images, dimension) in LARGE {
            let inputs = Inputs::new(images, dimension);
            for step in [Step::Product, Step::Dbscan] {
                let start = Instant::now();
                let peak = steps::peak_above(|| step.run(&inputs));
                table.add(Line { step, images, dimension, seconds: start.elapsed().as_secs_f64(), peak });
            }
        }
    }
    print!("{}", table.text());
    if quick {
        return ExitCode::SUCCESS;
    }
    match table.write() {
        Ok(path) => println!("{}", path.display()),
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// Criterion's median of a step in seconds.
fn measured(criterion: &mut Criterion, step: Step, inputs: &Inputs) -> f64 {
    let mut group = group(criterion, &format!("clustering/n{}", inputs.images()));
    let mut seconds = Vec::new();
    group.bench_function(step.name(), |bencher| {
        bencher.iter_custom(|times| {
            let start = Instant::now();
            (0..times).for_each(|_| step.run(inputs));
            let taken = start.elapsed();
            seconds.push(taken.as_secs_f64() / times as f64);
            taken
        });
    });
    group.finish();
    seconds.sort_by(f64::total_cmp);
    seconds.get(seconds.len() / 2).copied().unwrap_or(f64::NAN)
}

fn group<'a>(criterion: &'a mut Criterion, name: &str) -> BenchmarkGroup<'a, WallTime> {
    let mut group = criterion.benchmark_group(name);
    group
        .sample_size(10)
        .sampling_mode(SamplingMode::Flat)
        .warm_up_time(Duration::from_millis(1))
        .measurement_time(Duration::from_secs(1));
    group
}
