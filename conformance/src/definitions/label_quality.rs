//! D19 to D21: one function, three definitions.

use std::collections::BTreeMap;

use mmt_reference::Result;
use mmt_reference::eval::label_quality::label_quality;
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::definition::{
    Bench, Definition, Golden, Input, Places, no_units, nothing_open, reading, value, whole,
};
use crate::value::{Array, Inputs, Outputs};

const INPUTS: &[Input] = &[
    whole("pseudo_labels", &["N"], "cluster of each image, −1 for noise, which is left out"),
    whole("identities", &["N"], "true identity of each image"),
];

/// All three are measured together.
const PLACES: Places = Places {
    reference: "eval/label_quality.rs",
    fast: &["eval/label_quality.rs"],
    properties: "eval/label_quality.rs",
    golden: Golden::None("the published code does not measure its pseudo labels"),
    bench: Bench::Named("eval/label_quality"),
};

/// Noise as a cluster of its own.
pub(super) const NOISE_COUNTS: &str = "noise is a cluster of its own";

pub(super) static ADJUSTED_RAND: Definition = Definition {
    number: "D19",
    name: "adjusted Rand index",
    part: None,
    places: PLACES,
    inputs: INPUTS,
    outputs: &[value("ari", &[], "D19", "adjusted Rand index")],
    reference: |inputs| measured(inputs, "ari"),
    generate: generated,
    units: no_units,
    open: nothing_open,
    readings: &[
        reading("the Rand index, not adjusted for chance", rand_index),
        reading(NOISE_COUNTS, |inputs| measured(&with_noise(inputs)?, "ari")),
    ],
};

pub(super) static MUTUAL_INFORMATION: Definition = Definition {
    number: "D20",
    name: "normalised mutual information",
    part: None,
    places: PLACES,
    inputs: INPUTS,
    outputs: &[value("nmi", &[], "D20", "mutual information over the arithmetic mean of both entropies")],
    reference: |inputs| measured(inputs, "nmi"),
    generate: generated,
    units: no_units,
    open: nothing_open,
    readings: &[
        reading("over the geometric mean of both entropies", |inputs| {
            information(inputs, |a, b| (a * b).sqrt())
        }),
        reading("over the larger entropy", |inputs| information(inputs, f64::max)),
        reading("over the smaller entropy", |inputs| information(inputs, f64::min)),
        reading("mutual information itself", |inputs| information(inputs, |_, _| 1.0)),
        reading(NOISE_COUNTS, |inputs| measured(&with_noise(inputs)?, "nmi")),
    ],
};

pub(super) static PURITY: Definition = Definition {
    number: "D21",
    name: "purity",
    part: None,
    places: PLACES,
    inputs: INPUTS,
    outputs: &[value("purity", &[], "D21", "share of the images of their cluster's commonest identity")],
    reference: |inputs| measured(inputs, "purity"),
    generate: generated,
    units: no_units,
    open: nothing_open,
    readings: &[
        reading("share of the images of their identity's commonest cluster", turned),
        reading("mean of the purities of the clusters", mean_of_clusters),
        reading(NOISE_COUNTS, |inputs| measured(&with_noise(inputs)?, "purity")),
    ],
};

fn measured(inputs: &Inputs, name: &'static str) -> Result<Outputs> {
    let quality = label_quality(&inputs.labels("pseudo_labels")?, &inputs.counts("identities")?)?;
    let value = match name {
        "ari" => quality.ari,
        "nmi" => quality.nmi,
        _ => quality.purity,
    };
    Ok(Outputs::default().with(name, value))
}

/// Noise under a label of its own.
pub(super) fn with_noise(inputs: &Inputs) -> Result<Inputs> {
    let labels = inputs.labels("pseudo_labels")?;
    let own = labels.iter().flatten().max().map_or(0, |most| most + 1);
    let all: Vec<usize> = labels.into_iter().map(|label| label.unwrap_or(own)).collect();
    Ok(inputs.clone().with("pseudo_labels", all.as_slice()))
}

/// (cluster, identity) of the images that have a cluster.
pub(super) fn images(inputs: &Inputs) -> Result<Vec<(usize, usize)>> {
    let labels = inputs.labels("pseudo_labels")?;
    let images = labels.into_iter().zip(inputs.counts("identities")?);
    Ok(images.filter_map(|(label, identity)| Some((label?, identity))).collect())
}

fn rand_index(inputs: &Inputs) -> Result<Outputs> {
    let images = images(inputs)?;
    let pairs = (0..images.len()).flat_map(|i| (0..i).map(move |j| (i, j)));
    let agree =
        pairs.map(|(i, j)| (images[i].0 == images[j].0) == (images[i].1 == images[j].1)).collect::<Vec<_>>();
    let share = agree.iter().filter(|&&agree| agree).count() as f64 / agree.len().max(1) as f64;
    Ok(Outputs::default().with("ari", if agree.is_empty() { 1.0 } else { share }))
}

/// Sizes of the groups.
fn sizes<K: Ord>(of: impl Iterator<Item = K>) -> BTreeMap<K, f64> {
    let mut sizes = BTreeMap::new();
    of.for_each(|key| *sizes.entry(key).or_insert(0.0) += 1.0);
    sizes
}

fn information(inputs: &Inputs, over: fn(f64, f64) -> f64) -> Result<Outputs> {
    let images = images(inputs)?;
    let total = images.len() as f64;
    let entropy = |sizes: &BTreeMap<usize, f64>| -> f64 {
        sizes.values().map(|size| -size / total * (size / total).ln()).sum()
    };
    let clusters = sizes(images.iter().map(|image| image.0));
    let identities = sizes(images.iter().map(|image| image.1));
    let cells = sizes(images.iter().copied());
    let information: f64 = cells
        .iter()
        .map(|((a, b), both)| both / total * (total * both / (clusters[a] * identities[b])).ln())
        .sum();
    let divisor = over(entropy(&clusters), entropy(&identities));
    Ok(Outputs::default().with("nmi", if divisor == 0.0 { 1.0 } else { information / divisor }))
}

fn turned(inputs: &Inputs) -> Result<Outputs> {
    let images = images(inputs)?;
    let (clusters, identities): (Vec<usize>, Vec<usize>) = images.into_iter().unzip();
    let turned = inputs
        .clone()
        .with("pseudo_labels", Array::from(identities.as_slice()))
        .with("identities", Array::from(clusters.as_slice()));
    measured(&turned, "purity")
}

fn mean_of_clusters(inputs: &Inputs) -> Result<Outputs> {
    let images = images(inputs)?;
    let purity = |cluster: &usize| {
        let members = images.iter().filter(|image| image.0 == *cluster);
        let counts = sizes(members.map(|image| image.1));
        counts.values().copied().fold(0.0, f64::max) / counts.values().sum::<f64>()
    };
    let clusters = sizes(images.iter().map(|image| image.0));
    let sum: f64 = clusters.keys().map(purity).sum();
    Ok(Outputs::default().with("purity", sum / clusters.len() as f64))
}

pub(super) fn generated(rng: &mut ChaCha8Rng) -> Inputs {
    let images = rng.random_range(1..20);
    let (clusters, identities) = (rng.random_range(1..6_usize), rng.random_range(1..6_usize));
    let noise = if rng.random_bool(0.3) { 0.2 } else { 0.0 };
    let right = rng.random_range(0.0..1.0);
    let truth: Vec<usize> = (0..images).map(|_| rng.random_range(0..identities)).collect();
    let found = truth.iter().map(|&identity| match () {
        () if rng.random_bool(noise) => None,
        () if rng.random_bool(right) => Some(identity % clusters),
        () => Some(rng.random_range(0..clusters)),
    });
    let found: Vec<Option<usize>> = found.collect();
    Inputs::default().with("pseudo_labels", found.as_slice()).with("identities", truth.as_slice())
}
