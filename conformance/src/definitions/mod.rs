//! The definitions of `docs/method.md`: those that are functions have a file each and a line in [`ALL`], the others stand in
//! [`NOT_OFFERED`].

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

use crate::definition::{Apart, Bench, Definition, Golden, Places};
use crate::value::Inputs;

/// All that are functions, by their numbers.
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

/// Definitions that no function of a few arrays is, and why.
pub static NOT_OFFERED: &[Apart] = &[
    Apart {
        number: "D29",
        name: "residual network",
        why: "a network is weights under names, not a function of a few arrays: compare checkpoints by `reproduce evaluate`",
        places: Places {
            reference: "model/resnet.rs",
            fast: &["model/spec.rs"],
            properties: "ten_steps.rs",
            golden: Golden::Functions(batch_norm::PUBLISHED_NETWORKS),
            bench: Bench::Named("model/network"),
        },
    },
    Apart {
        number: "D31",
        name: "neck and the two forward modes",
        why: "as D29; what it adds to D9 and D30 is which output goes where",
        places: Places {
            reference: "model/neck.rs",
            fast: &["model/network.rs"],
            properties: "ten_steps.rs",
            golden: Golden::Functions(batch_norm::PUBLISHED_NETWORKS),
            bench: Bench::Named("model/network"),
        },
    },
    Apart {
        number: "D32",
        name: "pre-training step",
        why: "a whole training step: its parts are D1, D6, D22, D24 and D30",
        places: Places {
            reference: "train/pretrain.rs",
            fast: &["train/pretrain.rs"],
            properties: "ten_steps.rs",
            golden: Golden::Functions(&["mmt.trainers.PreTrainer.train"]),
            bench: Bench::Named("train/step"),
        },
    },
    Apart {
        number: "D33",
        name: "step of mutual mean-teaching",
        why: "a whole training step: its parts are D8, D10 to D15, D23 and D24",
        places: Places {
            reference: "train/methods/mutual.rs",
            fast: &["train/methods/mutual/mean.rs", "train/methods/own_mean.rs", "train/methods/single.rs"],
            properties: "ten_steps.rs",
            golden: Golden::Functions(&["mmt.trainers.MMTTrainer.train"]),
            bench: Bench::Named("train/step"),
        },
    },
    Apart {
        number: "D35",
        name: "what a teacher knows",
        why: "a measure of this project's own records: the probabilities in it are D6 and D7",
        places: Places {
            reference: "eval/teaching.rs",
            fast: &["eval/teaching.rs"],
            properties: "eval/teaching.rs",
            golden: Golden::None("the published code does not measure its teachers"),
            bench: Bench::Named("eval/teaching"),
        },
    },
];

/// Number, name and places of every definition, by their numbers.
pub fn everything() -> Vec<(&'static str, &'static str, &'static Places)> {
    let functions = ALL.iter().map(|each| (each.number, each.name, &each.places));
    let others = NOT_OFFERED.iter().map(|each| (each.number, each.name, &each.places));
    let mut all: Vec<_> = functions.chain(others).collect();
    all.sort_by_key(|(number, ..)| number[1..].parse::<usize>().unwrap_or(usize::MAX));
    all
}

/// Numbers of the definitions that a published function belongs to.
pub fn of_function(function: &str) -> impl Iterator<Item = &'static str> {
    let has = move |places: &Places| match places.golden {
        Golden::Functions(functions) => functions.contains(&function),
        Golden::None(_) => false,
    };
    everything().into_iter().filter(move |(.., places)| has(places)).map(|(number, ..)| number)
}

/// The function of that number.
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
