//! Group `clustering`: D10 … D15 and D18.

use mmt::cluster as fast;
use mmt::cluster::jaccard::SparseDistances;
use mmt::cluster::kmeans::kmeans_from;
use mmt_reference::cluster::jaccard::{self, Neighbourhood};
use mmt_reference::cluster::{centroids, dbscan, eps, k_reciprocal, kmeans as reference_kmeans};
use mmt_reference::distance::normalize_rows;
use mmt_reference::eval::re_ranking as reference_re_ranking;
use mmt_reference::{InvalidInput, Matrix};
use mmt_testkit::{Actual, Failure, Trial};
use tch::Tensor;

use crate::cluster::adapters::dense;

use super::run::{Run, Side};
use super::unknown_function;

/// Iterations of scikit-learn's k-means where the case does not say.
const MAX_ITERATIONS: usize = 300;

/// Runs a case of the group.
pub fn clustering(run: &mut Run) -> Trial {
    match run.case.function() {
        "sklearn.cluster.KMeans" => kmeans(run),
        "examples/mmt_train_kmeans.py main_worker (KMeans started from in.init)" => kmeans_script(run),
        "mmt.utils.rerank.compute_jaccard_dist" => jaccard(run),
        "mmt.utils.rerank.k_reciprocal_neigh" => neighbours(run),
        "mmt.utils.rerank.re_ranking" => re_ranking(run),
        "examples/mmt_train_dbscan.py (eps rule)" => eps_rule(run),
        "examples/mmt_train_dbscan.py main_worker" => dbscan_script(run),
        "sklearn.cluster.DBSCAN(metric='precomputed').fit_predict" => dbscan_alone(run),
        _ => unknown_function(run),
    }
}

fn kmeans(run: &mut Run) -> Trial {
    let (tolerance, iterations) = (run.case.number("tol")?, run.case.count("max_iter")?);
    let limits = reference_kmeans::Limits { tolerance, max_iterations: iterations };
    let found = reference_kmeans::from_centres(&run.case.matrix("x")?, &run.case.matrix("init")?, limits)?;
    run.compare(Side::Reference, "centers", &found.centroids)?;
    run.compare(Side::Reference, "inertia", found.inertia)?;
    run.compare(Side::Reference, "labels", found.labels.as_slice())?;
    run.compare(Side::Reference, "n_iter", found.iterations as f64)?;
    for side in Side::FAST {
        let (x, start) = (run.case.tensor("x", side.kind())?, run.case.tensor("init", side.kind())?);
        let found = kmeans_from(&x, &start, iterations, tolerance)?;
        run.compare(side, "centers", &found.centroids)?;
        run.compare(side, "inertia", found.inertia)?;
        run.compare(side, "labels", found.labels.as_slice())?;
        run.compare(side, "n_iter", found.iterations as f64)?;
    }
    Ok(())
}

fn kmeans_script(run: &mut Run) -> Trial {
    let tolerance = run.case.number("tol")?;
    let start = run.case.matrix("init")?;
    let features = [run.case.matrix("features_1")?, run.case.matrix("features_2")?];
    let average = centroids::average(&[&features[0], &features[1]])?;
    let limits = reference_kmeans::Limits { tolerance, max_iterations: MAX_ITERATIONS };
    let found = reference_kmeans::from_centres(&average, &start, limits)?;
    let classifier = Matrix::zeros(start.rows(), start.columns());
    run.compare(Side::Reference, "labels", found.labels.as_slice())?;
    run.compare(Side::Reference, "classifier", &centroids::classifier(&classifier, &found.centroids)?)?;
    for side in Side::FAST {
        let features =
            [run.case.tensor("features_1", side.kind())?, run.case.tensor("features_2", side.kind())?];
        let average = mmt::features::average(&features);
        let found = kmeans_from(&average, &run.case.tensor("init", side.kind())?, MAX_ITERATIONS, tolerance)?;
        run.compare(side, "labels", found.labels.as_slice())?;
        run.compare(side, "classifier", &mmt::distance::normalize_rows(&found.centroids))?;
    }
    Ok(())
}

fn neighbourhood(run: &Run) -> Trial<Neighbourhood> {
    Ok(Neighbourhood { k1: run.case.count("k1")?, k2: run.case.count("k2")? })
}

fn jaccard(run: &mut Run) -> Trial {
    let (features, lambda) = (run.case.matrix("features")?, run.case.number("lambda_value")?);
    let mut distances = jaccard::jaccard(&features, neighbourhood(run)?)?;
    if lambda > 0.0 {
        let source = run.case.matrix("source_features")?;
        distances = jaccard::with_source(&distances, &features, &source, lambda)?;
    }
    compare_distances(run, Side::Reference, &distances)?;
    for side in Side::FAST {
        let features = run.case.tensor("features", side.kind())?;
        let mut distances = fast::jaccard::jaccard(&features, fast_neighbourhood(run)?)?;
        if lambda > 0.0 {
            let source = run.case.tensor("source_features", side.kind())?;
            distances = fast::jaccard::with_source(distances, &features, &source, lambda)?;
        }
        compare_distances(run, side, &dense(&distances))?;
    }
    Ok(())
}

fn fast_neighbourhood(run: &Run) -> Trial<fast::jaccard::Neighbourhood> {
    Ok(fast::jaccard::Neighbourhood { k1: run.case.count("k1")?, k2: run.case.count("k2")? })
}

/// Small cases hold the whole matrix, larger ones some rows and the sums of all.
fn compare_distances(run: &mut Run, side: Side, distances: &Matrix) -> Trial {
    if run.case.output_name("dist", true).is_some() {
        return run.compare(side, "dist", distances);
    }
    let rows = run.case.labels("rows")?;
    let of_rows = Matrix::from_fn(rows.len(), distances.columns(), |i, j| distances[(rows[i], j)]);
    let sums: Vec<f64> = (0..distances.rows()).map(|i| distances.row(i).iter().sum()).collect();
    run.compare(side, "rows", &of_rows)?;
    run.compare(side, "row_sums", &sums)
}

fn neighbours(run: &mut Run) -> Trial {
    let (k, stored) = (run.case.count("k")?, run.case.input("rank")?);
    let count = stored.shape()[0];
    let ranking: Vec<Vec<usize>> = run.case.labels("rank")?.chunks(count).map(<[usize]>::to_vec).collect();
    let found = k_reciprocal::k_reciprocal(&ranking, k)?;
    run.compare(Side::Reference, "neighbours", padded(&found, k + 1))?;
    run.compare(Side::Double, "neighbours", padded(&fast::k_reciprocal::k_reciprocal(&ranking, k)?, k + 1))
}

/// Lists of unequal length as rows, filled up with -1.
fn padded(lists: &[Vec<usize>], columns: usize) -> Actual {
    let value = |list: &Vec<usize>, at: usize| list.get(at).map_or(-1.0, |&index| index as f64);
    let values = lists.iter().flat_map(|list| (0..columns).map(move |at| value(list, at)));
    Actual::new(&[lists.len(), columns], values.collect())
}

fn re_ranking(run: &mut Run) -> Trial {
    let distances =
        [run.case.matrix("q_g_dist")?, run.case.matrix("q_q_dist")?, run.case.matrix("g_g_dist")?];
    let [query_gallery, query_query, gallery_gallery] = &distances;
    let distances = reference_re_ranking::Distances { query_gallery, query_query, gallery_gallery };
    let lambda = run.case.number("lambda_value")?;
    let found = reference_re_ranking::re_ranking(distances, neighbourhood(run)?, lambda)?;
    run.compare(Side::Reference, "dist", &found)?;
    for side in Side::FAST {
        let tensors = [
            run.case.tensor("q_g_dist", side.kind())?,
            run.case.tensor("q_q_dist", side.kind())?,
            run.case.tensor("g_g_dist", side.kind())?,
        ];
        let [query_gallery, query_query, gallery_gallery] = &tensors;
        let distances = mmt::eval::re_ranking::Distances { query_gallery, query_query, gallery_gallery };
        let found = mmt::eval::re_ranking::re_ranking(distances, fast_neighbourhood(run)?, lambda)?;
        run.compare(side, "dist", &found)?;
    }
    Ok(())
}

fn eps_rule(run: &mut Run) -> Trial {
    let found = eps::eps(&run.case.matrix("dist")?, run.case.number("rho")?)?;
    run.compare(Side::Reference, "eps", found)?;
    let distances = SparseDistances::from_dense(run.case.matrix("dist")?.values())?;
    run.compare(Side::Double, "eps", fast::eps::eps(&distances, run.case.number("rho")?)?)
}

/// Labels as published writes them: noise is -1.
fn numbers(labels: &[Option<usize>]) -> Vec<i64> {
    labels.iter().map(|label| label.map_or(-1, |label| label as i64)).collect()
}

fn dbscan_alone(run: &mut Run) -> Trial {
    let (eps, least) = (run.case.number("eps")?, run.case.count("min_samples")?);
    let found = dbscan::dbscan(&run.case.matrix("dist")?, eps, least)?;
    let core: Vec<usize> = found.core.iter().map(|&core| usize::from(core)).collect();
    run.compare(Side::Reference, "labels", numbers(&found.labels).as_slice())?;
    run.compare(Side::Reference, "core", core.as_slice())?;
    let distances = SparseDistances::from_dense(run.case.matrix("dist")?.values())?;
    let found = fast::dbscan::dbscan(&distances, eps, least)?;
    let core: Vec<usize> = found.core.iter().map(|&core| usize::from(core)).collect();
    run.compare(Side::Double, "labels", numbers(&found.labels).as_slice())?;
    run.compare(Side::Double, "core", core.as_slice())
}

/// What an epoch of the script clusters and makes of it.
struct Epoch {
    labels: Vec<Option<usize>>,
    classifier: Matrix,
}

fn dbscan_script(run: &mut Run) -> Trial {
    reference_script(run)?;
    Side::FAST.into_iter().try_for_each(|side| fast_script(run, side))
}

fn fast_script(run: &mut Run, side: Side) -> Trial {
    let mut kept_eps = None;
    for epoch in 0.. {
        let names = ["1", "2"].map(|network| format!("features_{network}_epoch{epoch}"));
        if !run.case.inputs().any(|name| name == format!("in.{}", names[0])) {
            break;
        }
        let features = [run.case.tensor(&names[0], side.kind())?, run.case.tensor(&names[1], side.kind())?];
        let features = mmt::distance::normalize_rows(&mmt::features::average(&features));
        let result = fast_epoch(run, &features, &mut kept_eps);
        if run.case.raises().is_some() {
            return run.refuses(side, result);
        }
        let (labels, classifier) = result?;
        let kept: Vec<usize> = (0..labels.len()).filter(|&image| labels[image].is_some()).collect();
        run.compare(side, &format!("labels_epoch{epoch}"), numbers(&labels).as_slice())?;
        run.compare(side, &format!("kept_epoch{epoch}"), kept.as_slice())?;
        run.compare(side, &format!("classifier_epoch{epoch}"), &classifier)?;
    }
    let eps = kept_eps.ok_or_else(|| Failure::new("the case has no epoch"))?;
    run.compare(side, "eps", eps)
}

fn fast_epoch(
    run: &Run,
    features: &Tensor,
    kept_eps: &mut Option<f64>,
) -> Trial<(Vec<Option<usize>>, Tensor)> {
    let (rho, least) = (run.case.number("rho")?, run.case.count("min_samples")?);
    let distances = if run.case.inputs().any(|name| name == "in.dist") {
        SparseDistances::from_dense(run.case.matrix("dist")?.values())?
    } else {
        fast::jaccard::jaccard(features, fast_neighbourhood(run)?)?
    };
    let eps = match *kept_eps {
        Some(eps) => eps,
        None => *kept_eps.insert(fast::eps::eps(&distances, rho)?),
    };
    let clusters = fast::dbscan::dbscan(&distances, eps, least)?;
    let means = fast::centroids::centroids(features, &clusters.labels, clusters.count)?;
    Ok((clusters.labels, fast::centroids::classifier(&means)?))
}

fn reference_script(run: &mut Run) -> Trial {
    let mut kept_eps = None;
    for epoch in 0.. {
        let names = ["1", "2"].map(|network| format!("features_{network}_epoch{epoch}"));
        if !run.case.inputs().any(|name| name == format!("in.{}", names[0])) {
            break;
        }
        let features = [run.case.matrix(&names[0])?, run.case.matrix(&names[1])?];
        let features = normalize_rows(&centroids::average(&[&features[0], &features[1]])?)?;
        let distances = script_distances(run, &features)?;
        if run.case.raises().is_some() {
            let result = script_epoch(run, &features, &distances, &mut kept_eps)?;
            return run.refuses(Side::Reference, result);
        }
        let Epoch { labels, classifier } = script_epoch(run, &features, &distances, &mut kept_eps)??;
        let kept: Vec<usize> = (0..labels.len()).filter(|&image| labels[image].is_some()).collect();
        run.compare(Side::Reference, &format!("labels_epoch{epoch}"), numbers(&labels).as_slice())?;
        run.compare(Side::Reference, &format!("kept_epoch{epoch}"), kept.as_slice())?;
        run.compare(Side::Reference, &format!("classifier_epoch{epoch}"), &classifier)?;
    }
    let eps = kept_eps.ok_or_else(|| Failure::new("the case has no epoch"))?;
    run.compare(Side::Reference, "eps", eps)
}

/// Some cases hand the script a distance matrix in place of the Jaccard distances.
fn script_distances(run: &Run, features: &Matrix) -> Trial<Matrix> {
    if run.case.inputs().any(|name| name == "in.dist") {
        return run.case.matrix("dist");
    }
    if run.case.number("lambda_value")? != 0.0 {
        return Err(Failure::new("the script is known without source features only"));
    }
    Ok(jaccard::jaccard(features, neighbourhood(run)?)?)
}

/// The outer result is the test's, the inner one the reference's answer.
fn script_epoch(
    run: &Run,
    features: &Matrix,
    distances: &Matrix,
    kept_eps: &mut Option<f64>,
) -> Trial<Result<Epoch, InvalidInput>> {
    let (rho, least) = (run.case.number("rho")?, run.case.count("min_samples")?);
    let mut epoch = || {
        let eps = match *kept_eps {
            Some(eps) => eps,
            None => *kept_eps.insert(eps::eps(distances, rho)?),
        };
        let clusters = dbscan::dbscan(distances, eps, least)?;
        let means = centroids::centroids(features, &clusters.labels, clusters.count)?;
        // The script's classifiers have a row per image; the case holds the rows of the clusters.
        let before = Matrix::zeros(means.rows(), means.columns());
        Ok(Epoch { labels: clusters.labels, classifier: centroids::classifier(&before, &means)? })
    };
    Ok(epoch())
}
