//! D15.

use mmt_reference::cluster::centroids::{centroids, classifier};
use mmt_reference::distance::normalize_rows;
use mmt_reference::{Matrix, Result};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::definition::{Bench, Definition, Golden, Places, nothing_open, reading, real, value, whole};
use crate::generate::{self, Batch};
use crate::value::{Inputs, Outputs};

pub(super) static DEFINITION: Definition = Definition {
    number: "D15",
    name: "centroids as classifier",
    part: None,
    places: Places {
        reference: "cluster/centroids.rs",
        fast: &["cluster/centroids.rs"],
        properties: "cluster/centroids.rs",
        golden: Golden::Functions(&[
            "examples/mmt_train_dbscan.py main_worker",
            "examples/mmt_train_kmeans.py main_worker (KMeans started from in.init)",
        ]),
        bench: Bench::None("a few arithmetic operations a step: nothing to measure"),
    },
    inputs: &[
        real("features", &["N", "D"], "features"),
        whole("labels", &["N"], "pseudo label of each row, −1 for noise"),
        whole("clusters", &[], "number of clusters; each has a row"),
    ],
    outputs: &[
        value("centroids", &["C", "D"], "D15", "mean of the rows of each cluster"),
        value("classifier", &["C", "D"], "D15", "the centroids at unit length"),
    ],
    reference: |inputs| outputs(&inputs.matrix("features")?, inputs),
    generate: generated,
    units: |inputs| {
        let batch = inputs.matrix("features").map(|features| Batch { features, labels: Vec::new() });
        [8.0 * batch.map_or(1.0, |batch| batch.unit()), 1.0]
    },
    open: nothing_open,
    readings: &[
        reading("rows are brought to unit length before they are averaged", |inputs| {
            outputs(&normalize_rows(&inputs.matrix("features")?)?, inputs)
        }),
        reading("sums, not means", sums),
        reading("the classifier's rows are not brought to unit length", |inputs| {
            let found = outputs(&inputs.matrix("features")?, inputs)?;
            Ok(Outputs::default().with("classifier", found["centroids"].clone()))
        }),
    ],
};

fn outputs(features: &Matrix, inputs: &Inputs) -> Result<Outputs> {
    let clusters = inputs.count("clusters")?;
    let means = centroids(features, &inputs.labels("labels")?, clusters)?;
    let rows = classifier(&Matrix::zeros(clusters, features.columns()), &means)?;
    Ok(Outputs::default().with("centroids", &means).with("classifier", &rows))
}

fn sums(inputs: &Inputs) -> Result<Outputs> {
    let labels = inputs.labels("labels")?;
    let means = centroids(&inputs.matrix("features")?, &labels, inputs.count("clusters")?)?;
    let size = |c: usize| labels.iter().filter(|&&label| label == Some(c)).count() as f64;
    let sums = Matrix::from_fn(means.rows(), means.columns(), |c, j| size(c) * means[(c, j)]);
    Ok(Outputs::default().with("centroids", &sums))
}

fn generated(rng: &mut ChaCha8Rng) -> Inputs {
    let clusters = rng.random_range(1..5_usize);
    let rows = clusters + rng.random_range(0..10);
    let scale = [0.25, 1.0, 4.0][rng.random_range(0..3)];
    let columns = rng.random_range(1..6);
    let noise = rng.random_bool(0.5);
    let label = |row: usize| match row {
        row if row < clusters => Some(row),
        _ if noise && rng.random_bool(0.3) => None,
        _ => Some(rng.random_range(0..clusters)),
    };
    let labels: Vec<Option<usize>> = (0..rows).map(label).collect();
    Inputs::default()
        .with("features", &generate::normal(rows, columns, scale, rng))
        .with("labels", labels.as_slice())
        .with("clusters", clusters)
}
