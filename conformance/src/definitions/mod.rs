//! The definitions of `docs/method.md` that are functions: a file each, and a line in [`ALL`].

mod adam;
mod average_precision;
mod batch_norm;
mod centroids;
mod cmc;
mod cross_entropy;
mod dbscan;
mod distance;
mod ema;
mod eps;
mod erasing;
mod jaccard;
mod k_reciprocal;
mod kmeans;
mod label_quality;
mod mining;
mod objective;
mod pair_errors;
mod pairs;
mod re_ranking;
mod resize;
mod sampler;
mod schedule;
mod soft_cross_entropy;
mod soft_softmax_triplet;
mod softmax_triplet;
mod split;
mod transforms;
mod triplet;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::definition::Definition;
use crate::value::Inputs;

/// All of them, by their numbers.
pub static ALL: &[&Definition] = &[
    &cross_entropy::DEFINITION,
    &soft_cross_entropy::DEFINITION,
    &distance::EUCLIDEAN,
    &mining::DEFINITION,
    &triplet::DEFINITION,
    &softmax_triplet::DEFINITION,
    &soft_softmax_triplet::DEFINITION,
    &objective::DEFINITION,
    &distance::NORMALISATION,
    &kmeans::DEFINITION,
    &k_reciprocal::DEFINITION,
    &jaccard::DEFINITION,
    &eps::DEFINITION,
    &dbscan::DEFINITION,
    &centroids::DEFINITION,
    &average_precision::DEFINITION,
    &cmc::DEFINITION,
    &re_ranking::DEFINITION,
    &label_quality::ADJUSTED_RAND,
    &label_quality::MUTUAL_INFORMATION,
    &label_quality::PURITY,
    &schedule::DEFINITION,
    &ema::DEFINITION,
    &adam::DEFINITION,
    &sampler::DEFINITION,
    &resize::DEFINITION,
    &transforms::DEFINITION,
    &erasing::DEFINITION,
    &batch_norm::DEFINITION,
    &pair_errors::DEFINITION,
];

/// Definitions that are not registered, and why.
pub static NOT_OFFERED: &[(&str, &str)] = &[
    (
        "D29",
        "a network is weights under names, not a function of a few arrays: compare checkpoints by `reproduce evaluate`",
    ),
    ("D31", "as D29; what it adds to D9 and D30 is which output goes where"),
    ("D32", "a whole training step: its parts are D1, D6, D22, D24 and D30"),
    ("D33", "a whole training step: its parts are D8, D10 to D15, D23 and D24"),
    ("D35", "a measure of this project's own records: the probabilities in it are D6 and D7"),
];

/// The definition of that number.
pub fn find(number: &str) -> Option<&'static Definition> {
    ALL.iter().copied().find(|definition| definition.number == number)
}

/// How often a case is drawn until it is one that the reference takes.
const DRAWS: u64 = 1000;

impl Definition {
    /// Case `index` of a seed. The same arguments give the same case.
    pub fn case(&self, seed: u64, index: u64) -> Inputs {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let number: u64 = self.number.bytes().fold(0, |sum, byte| 256 * sum + u64::from(byte));
        rng.set_stream((number << 32) + index);
        let drawn = (0..DRAWS).map(|_| (self.generate)(&mut rng));
        let taken = drawn.into_iter().find(|inputs| (self.reference)(inputs).is_ok());
        // A generator that never fits fails the test of all registrations.
        taken.unwrap_or_default()
    }
}
