//! proptest strategies on top of the seeded generators: what shrinks is the kind, the sizes and the seed.

use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

use mmt_reference::Matrix;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};
use rand::Rng;

use crate::devices::say;
use crate::generate::{self, Batch, BatchKind, Split};

/// How many cases a property sees: `quick`, or sixteen times as many with `MMT_EXTENSIVE=1`. Failures are reported
/// with their shrunk inputs and promoted to named tests, so no regression files are written; the seed of all draws is said once, and
/// `PROPTEST_RNG_SEED` draws the same again.
pub fn config(quick: u32) -> Config {
    let cases = if extensive() { quick * 16 } else { quick };
    let rng_seed = RngSeed::Fixed(seed());
    Config { cases, failure_persistence: None, max_shrink_iters: 512, rng_seed, ..Config::default() }
}

/// The seed of this process: `PROPTEST_RNG_SEED`, or one of the clock.
fn seed() -> u64 {
    static SEED: OnceLock<u64> = OnceLock::new();
    *SEED.get_or_init(|| {
        let seed = match Config::default().rng_seed {
            RngSeed::Fixed(seed) => seed,
            RngSeed::Random => {
                SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_nanos() as u64)
            }
        };
        say(&format!("properties draw from the seed {seed}: PROPTEST_RNG_SEED={seed} draws the same again"));
        seed
    })
}

/// True where minutes may be spent: with `MMT_EXTENSIVE=1`.
pub fn extensive() -> bool {
    std::env::var_os("MMT_EXTENSIVE").is_some_and(|value| value == "1")
}

/// Sizes (P, K, D) of a batch.
fn sizes() -> impl Strategy<Value = (usize, usize, usize)> {
    (2..6_usize, 2..5_usize, 1..9_usize)
}

/// Batches of continuous features in which every row has another positive and a negative; scales 1e-6 … 1e6.
pub fn smooth_batches() -> impl Strategy<Value = Batch> {
    scaled_batches(-6..=6)
}

/// The same with scales `10^exponent`.
pub fn scaled_batches(exponents: std::ops::RangeInclusive<i32>) -> impl Strategy<Value = Batch> {
    (proptest::sample::select(BatchKind::SMOOTH.to_vec()), sizes(), exponents, any::<u64>()).prop_map(
        |(kind, (p, k, d), exponent, seed)| {
            // One or two columns put many distances close to each other; a loss is smooth away from ties only.
            Batch::continuous(kind, (p, k, d + 3), 10_f64.powi(exponent), &mut generate::rng(seed))
        },
    )
}

/// Batches of every kind with dyadic features: ties, duplicates, singletons, one identity, one row.
pub fn dyadic_batches() -> impl Strategy<Value = Batch> {
    dyadic_batches_of(BatchKind::ALL.to_vec())
}

/// The same, of some kinds only.
pub fn dyadic_batches_of(kinds: Vec<BatchKind>) -> impl Strategy<Value = Batch> {
    (proptest::sample::select(kinds), sizes(), any::<u64>())
        .prop_map(|(kind, sizes, seed)| Batch::dyadic(kind, sizes, &mut generate::rng(seed)))
}

/// Logits `[B, M]` of 1 to 12 rows and 1 to 20 classes, with values to ±`limit`, and labels below M.
pub fn labelled_logits(limit: f64) -> impl Strategy<Value = (Matrix, Vec<usize>)> {
    (1..13_usize, 1..21_usize, 0.1..=limit, any::<u64>()).prop_map(|(rows, classes, limit, seed)| {
        let mut rng = generate::rng(seed);
        let logits = generate::logits(rows, classes, limit, &mut rng);
        let labels = (0..rows).map(|_| rng.random_range(0..classes)).collect();
        (logits, labels)
    })
}

/// Student and teacher logits of one shape, values to ±`limit`.
pub fn logit_pairs(limit: f64) -> impl Strategy<Value = (Matrix, Matrix)> {
    (1..13_usize, 1..21_usize, 0.1..=limit, any::<u64>()).prop_map(|(rows, classes, limit, seed)| {
        let mut rng = generate::rng(seed);
        let student = generate::logits(rows, classes, limit, &mut rng);
        (student, generate::logits(rows, classes, limit, &mut rng))
    })
}

/// Symmetric distance matrices of 64ths with a zero diagonal.
pub fn distance_matrices(sizes: std::ops::Range<usize>) -> impl Strategy<Value = Matrix> {
    (sizes, 1..6_usize, any::<u64>())
        .prop_map(|(count, groups, seed)| generate::distances(count, groups, &mut generate::rng(seed)))
}

/// Query and gallery with at least one valid query.
pub fn splits(ties: bool) -> impl Strategy<Value = Split> {
    (1..9_usize, 2..40_usize, 1..4_i64, any::<u64>())
        .prop_map(move |(queries, gallery, cameras, seed)| {
            Split::new(queries, gallery, cameras + 1, ties, &mut generate::rng(seed))
        })
        .prop_filter("a query needs a match", Split::has_valid_query)
}
