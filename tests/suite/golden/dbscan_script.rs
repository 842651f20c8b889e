//! The published DBSCAN script, epoch by epoch (D9, D12 … D15): features of both mean networks averaged and normalised,
//! Jaccard distances, eps of the first epoch, DBSCAN, centroids as classifier rows.

use mmt::cluster as fast;
use mmt::cluster::{Clustering, ClusteringState};
use mmt::random::stream;
use mmt::train::PseudoLabels;
use mmt_reference::Matrix;
use mmt_reference::cluster::{centroids, dbscan, eps, jaccard};
use mmt_reference::distance::normalize_rows;
use mmt_testkit::{Actual, Failure, Trial};
use tch::Tensor;

use super::clustering::{dense, fast_neighbourhood, neighbourhood, numbers};
use super::run::{Run, Side};

/// The labels and the classifier that an epoch makes of its features.
struct Epoch {
    labels: Vec<Option<usize>>,
    classifier: Actual,
}

/// The state that the script hands from epoch to epoch.
#[derive(Default)]
struct Kept {
    eps: Option<f64>,
}

/// Settings of the script that both implementations take.
struct Settings {
    rho: f64,
    min_samples: usize,
}

/// Runs a case of the script.
pub fn dbscan_script(run: &mut Run) -> Trial {
    if run.case.number("lambda_value")? != 0.0 {
        return Err(Failure::new("the script is known without source features only"));
    }
    let settings = Settings { rho: run.case.number("rho")?, min_samples: run.case.count("min_samples")? };
    by_side(run, Side::Reference, &settings)?;
    for side in Side::FAST {
        by_side(run, side, &settings)?;
    }
    Ok(())
}

fn by_side(run: &mut Run, side: Side, settings: &Settings) -> Trial {
    let mut kept = Kept::default();
    for epoch in 0.. {
        let names = ["1", "2"].map(|network| format!("features_{network}_epoch{epoch}"));
        if !run.case.inputs().any(|name| name == format!("in.{}", names[0])) {
            break;
        }
        let result = match side {
            Side::Reference => reference_epoch(run, &names, settings, &mut kept),
            Side::Double | Side::Single => fast_epoch(run, side, &names, settings, &mut kept),
        };
        if run.case.raises().is_some() {
            return run.refuses(side, result);
        }
        let Epoch { labels, classifier } = result?;
        let noiseless: Vec<usize> = (0..labels.len()).filter(|&image| labels[image].is_some()).collect();
        run.compare(side, &format!("labels_epoch{epoch}"), numbers(&labels).as_slice())?;
        run.compare(side, &format!("kept_epoch{epoch}"), noiseless.as_slice())?;
        run.compare(side, &format!("classifier_epoch{epoch}"), classifier)?;
    }
    let eps = kept.eps.ok_or_else(|| Failure::new("the case has no epoch"))?;
    run.compare(side, "eps", eps)
}

/// Some cases hand the script a distance matrix in place of the Jaccard distances.
fn gives_distances(run: &Run) -> bool {
    run.case.inputs().any(|name| name == "in.dist")
}

fn reference_epoch(run: &Run, names: &[String; 2], settings: &Settings, kept: &mut Kept) -> Trial<Epoch> {
    let features = [run.case.matrix(&names[0])?, run.case.matrix(&names[1])?];
    let features = normalize_rows(&centroids::average(&[&features[0], &features[1]])?)?;
    let distances = if gives_distances(run) {
        run.case.matrix("dist")?
    } else {
        jaccard::jaccard(&features, neighbourhood(run)?)?
    };
    let eps = match kept.eps {
        Some(eps) => eps,
        None => *kept.eps.insert(eps::eps(&distances, settings.rho)?),
    };
    let clusters = dbscan::dbscan(&distances, eps, settings.min_samples)?;
    let means = centroids::centroids(&features, &clusters.labels, clusters.count)?;
    // The script's classifiers have a row per image; the case holds the rows of the clusters.
    let before = Matrix::zeros(means.rows(), means.columns());
    let classifier = Actual::from(&centroids::classifier(&before, &means)?);
    Ok(Epoch { labels: clusters.labels, classifier })
}

fn fast_epoch(
    run: &Run,
    side: Side,
    names: &[String; 2],
    settings: &Settings,
    kept: &mut Kept,
) -> Trial<Epoch> {
    let features: [Tensor; 2] =
        [run.case.tensor(&names[0], side.kind())?, run.case.tensor(&names[1], side.kind())?];
    let features = mmt::features::average(&features);
    if gives_distances(run) {
        return fast_epoch_of_distances(run, &features, settings, kept);
    }
    let fast::jaccard::Neighbourhood { k1, k2 } = fast_neighbourhood(run)?;
    let Settings { rho, min_samples } = *settings;
    let clustering = Clustering::Dbscan { k1, k2, rho, min_samples };
    let mut state = ClusteringState { eps: kept.eps };
    let mut nothing = stream(0, "DBSCAN draws nothing", 0, 0);
    let found = PseudoLabels::find(&clustering, &features, &mut state, &mut nothing)?;
    kept.eps = state.eps;
    Ok(Epoch { labels: found.labels, classifier: Actual::from(&found.centroids) })
}

/// A case without features to speak of has no place in the run's clustering, which makes its distances itself.
fn fast_epoch_of_distances(
    run: &Run,
    features: &Tensor,
    settings: &Settings,
    kept: &mut Kept,
) -> Trial<Epoch> {
    let (features, distances) = (mmt::distance::normalize_rows(features), dense(run)?);
    let eps = match kept.eps {
        Some(eps) => eps,
        None => *kept.eps.insert(fast::eps::eps(&distances, settings.rho)?),
    };
    let clusters = fast::dbscan::dbscan(&distances, eps, settings.min_samples)?;
    let means = fast::centroids::centroids(&features, &clusters.labels, clusters.count)?;
    Ok(Epoch { labels: clusters.labels, classifier: Actual::from(&fast::centroids::classifier(&means)?) })
}
