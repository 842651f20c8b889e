//! D10 to D15.

use mmt_conformance::{Array, Inputs, Outputs};

use super::tensors::{Failed, Place, array, tensor};
use crate::cluster::jaccard::{Neighbourhood, SparseDistances};
use crate::cluster::k_reciprocal::Nearest;
use crate::cluster::{self, centroids};

pub(super) fn kmeans(inputs: &Inputs, place: Place) -> Result<Outputs, Failed> {
    let found = cluster::kmeans::kmeans_from(
        &tensor(inputs, "points", place)?,
        &tensor(inputs, "centres", place)?,
        inputs.count("max_iterations")?,
        inputs.real("tolerance")?,
    )?;
    Ok(Outputs::default()
        .with("labels", found.labels.as_slice())
        .with("centroids", array(&found.centroids))
        .with("inertia", found.inertia)
        .with("iterations", found.iterations))
}

/// 1 where column j is in the set of row i.
fn members<T: Copy>(sets: &[Vec<T>], at: impl Fn(T) -> usize) -> Array {
    let count = sets.len();
    let mut values = vec![0.0; count * count];
    for (i, set) in sets.iter().enumerate() {
        set.iter().for_each(|&j| values[i * count + at(j)] = 1.0);
    }
    Array { shape: vec![count, count], values }
}

pub(super) fn k_reciprocal(inputs: &Inputs, _: Place) -> Result<Outputs, Failed> {
    let (distances, k) = (inputs.array("distances")?, inputs.count("k")?);
    let ranked = |row: &[f64]| {
        let mut order: Vec<usize> = (0..row.len()).collect();
        order.sort_by(|&a, &b| row[a].total_cmp(&row[b]));
        order
    };
    let rankings: Vec<Vec<usize>> = distances.values.chunks(distances.shape[1].max(1)).map(ranked).collect();
    let own = cluster::k_reciprocal::k_reciprocal(&rankings, k)?;
    let expanded = cluster::k_reciprocal::expanded(&Nearest::from_rankings(&rankings)?, k)?;
    Ok(Outputs::default()
        .with("reciprocal", members(&own, |j| j))
        .with("expanded", members(&expanded, |j| j as usize)))
}

pub(super) fn jaccard(inputs: &Inputs, place: Place) -> Result<Outputs, Failed> {
    let neighbourhood = Neighbourhood { k1: inputs.count("k1")?, k2: inputs.count("k2")? };
    let found = cluster::jaccard::jaccard(&tensor(inputs, "features", place)?, neighbourhood)?;
    let jaccard = Array { shape: vec![found.rows(); 2], values: found.to_dense() };
    Ok(Outputs::default().with("jaccard", jaccard))
}

fn distances(inputs: &Inputs) -> Result<SparseDistances, Failed> {
    Ok(SparseDistances::from_dense(&inputs.array("distances")?.values)?)
}

pub(super) fn eps(inputs: &Inputs, _: Place) -> Result<Outputs, Failed> {
    Ok(Outputs::default().with("eps", cluster::eps::eps(&distances(inputs)?, inputs.real("rho")?)?))
}

pub(super) fn dbscan(inputs: &Inputs, _: Place) -> Result<Outputs, Failed> {
    let found =
        cluster::dbscan::dbscan(&distances(inputs)?, inputs.real("eps")?, inputs.count("min_samples")?)?;
    let core: Vec<usize> = found.core.iter().map(|&core| usize::from(core)).collect();
    Ok(Outputs::default().with("labels", found.labels.as_slice()).with("core", core.as_slice()))
}

pub(super) fn centroids(inputs: &Inputs, place: Place) -> Result<Outputs, Failed> {
    let features = tensor(inputs, "features", place)?;
    let means = centroids::centroids(&features, &inputs.labels("labels")?, inputs.count("clusters")?)?;
    let classifier = centroids::classifier(&means)?;
    Ok(Outputs::default().with("centroids", array(&means)).with("classifier", array(&classifier)))
}
