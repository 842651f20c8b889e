//! D14.

use mmt_reference::cluster::dbscan::{Clusters, dbscan};
use mmt_reference::{Matrix, Result};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::definition::{
    Bench, Definition, Golden, Places, no_units, nothing_open, reading, real, value, whole,
};
use crate::generate;
use crate::value::{Inputs, Outputs};

pub(super) static DEFINITION: Definition = Definition {
    number: "D14",
    name: "DBSCAN",
    part: None,
    places: Places {
        reference: "cluster/dbscan.rs",
        fast: &["cluster/dbscan.rs"],
        properties: "cluster/dbscan.rs",
        golden: Golden::Functions(&[
            "sklearn.cluster.DBSCAN(metric='precomputed').fit_predict",
            "examples/mmt_train_dbscan.py main_worker",
        ]),
        bench: Bench::Named("cluster/dbscan"),
    },
    inputs: &[
        real("distances", &["N", "N"], "symmetric distances"),
        real("eps", &[], "neighbours are at most this far"),
        whole(
            "min_samples",
            &[],
            "neighbours of a core point at least, itself counted where it is at most eps from itself",
        ),
    ],
    outputs: &[
        value("labels", &["N"], "D14", "cluster of each point by the lowest core point, −1 for noise"),
        value("core", &["N"], "D14", "1 for core points, else 0"),
    ],
    reference: |inputs| with(inputs, inputs.matrix("distances")?),
    generate: generated,
    units: no_units,
    open: nothing_open,
    readings: &[
        reading("neighbours are nearer than eps, not at most eps away", strictly),
        reading("the point itself is not counted", |inputs| own_distance(inputs, f64::MAX)),
        reading("the point itself always counts", |inputs| own_distance(inputs, 0.0)),
        reading("border points are noise", no_borders),
        reading("min_samples is the least that is not enough", |inputs| {
            let more = inputs.count("min_samples")? + 1;
            with(&inputs.clone().with("min_samples", more), inputs.matrix("distances")?)
        }),
    ],
};

fn outputs(found: &Clusters) -> Outputs {
    let core: Vec<usize> = found.core.iter().map(|&core| usize::from(core)).collect();
    Outputs::default().with("labels", found.labels.as_slice()).with("core", core.as_slice())
}

fn with(inputs: &Inputs, distances: Matrix) -> Result<Outputs> {
    Ok(outputs(&dbscan(&distances, inputs.real("eps")?, inputs.count("min_samples")?)?))
}

fn strictly(inputs: &Inputs) -> Result<Outputs> {
    let (distances, eps) = (inputs.matrix("distances")?, inputs.real("eps")?);
    let farther = |i: usize, j: usize| {
        if distances[(i, j)] == eps { eps.next_up() } else { distances[(i, j)] }
    };
    with(inputs, Matrix::from_fn(distances.rows(), distances.rows(), farther))
}

/// With another distance of every point from itself.
fn own_distance(inputs: &Inputs, distance: f64) -> Result<Outputs> {
    let mut distances = inputs.matrix("distances")?;
    (0..distances.rows()).for_each(|i| distances[(i, i)] = distance);
    with(inputs, distances)
}

fn no_borders(inputs: &Inputs) -> Result<Outputs> {
    let mut found = dbscan(&inputs.matrix("distances")?, inputs.real("eps")?, inputs.count("min_samples")?)?;
    for (label, core) in found.labels.iter_mut().zip(&found.core) {
        *label = label.filter(|_| *core);
    }
    Ok(outputs(&found))
}

fn generated(rng: &mut ChaCha8Rng) -> Inputs {
    let rows = rng.random_range(1..16);
    let diagonal = if rng.random_bool(0.25) { 40 } else { 0 };
    let distances = generate::distances_with_diagonal(rows, rng.random_range(1..5), diagonal, rng);
    // A 64th, so that some distances are exactly eps.
    let eps = f64::from(rng.random_range(4..32)) / 64.0;
    let min_samples: usize = rng.random_range(1..6);
    Inputs::default().with("distances", &distances).with("eps", eps).with("min_samples", min_samples)
}
