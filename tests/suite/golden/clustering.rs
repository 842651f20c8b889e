//! Group `clustering`: D10 … D15 and D18.

use mmt::cluster as fast;
use mmt::cluster::jaccard::SparseDistances;
use mmt::cluster::kmeans::kmeans_from;
use mmt::train::PseudoLabels;
use mmt_reference::Matrix;
use mmt_reference::cluster::jaccard::{self, Neighbourhood};
use mmt_reference::cluster::{centroids, dbscan, eps, k_reciprocal, kmeans as reference_kmeans};
use mmt_reference::eval::re_ranking as reference_re_ranking;
use mmt_testkit::{Actual, Trial};

use super::run::{Run, Side};
use super::{dbscan_script, unknown_function};

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
        "examples/mmt_train_dbscan.py main_worker" => dbscan_script::dbscan_script(run),
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
        let found = PseudoLabels::of(&average, found.into())?;
        run.compare(side, "labels", numbers(&found.labels).as_slice())?;
        run.compare(side, "classifier", &found.centroids)?;
    }
    Ok(())
}

pub fn neighbourhood(run: &Run) -> Trial<Neighbourhood> {
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
        compare_distances(run, side, &whole(&distances)?)?;
    }
    Ok(())
}

pub fn fast_neighbourhood(run: &Run) -> Trial<fast::jaccard::Neighbourhood> {
    Ok(fast::jaccard::Neighbourhood { k1: run.case.count("k1")?, k2: run.case.count("k2")? })
}

fn whole(distances: &SparseDistances) -> Trial<Matrix> {
    Ok(Matrix::new(distances.rows(), distances.rows(), distances.to_dense())?)
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
    let found = fast::k_reciprocal::k_reciprocal(&ranking, k)?;
    run.compare(Side::Double, "neighbours", padded(&found, k + 1))
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
        let all = ["q_g_dist", "q_q_dist", "g_g_dist"].map(|name| run.case.tensor(name, side.kind()));
        let [query_gallery, query_query, gallery_gallery] = all;
        let (query_gallery, query_query, gallery_gallery) =
            (&query_gallery?, &query_query?, &gallery_gallery?);
        let distances = mmt::eval::re_ranking::Distances { query_gallery, query_query, gallery_gallery };
        let found = mmt::eval::re_ranking::re_ranking(distances, fast_neighbourhood(run)?, lambda)?;
        run.compare(side, "dist", &found)?;
    }
    Ok(())
}

fn eps_rule(run: &mut Run) -> Trial {
    let found = eps::eps(&run.case.matrix("dist")?, run.case.number("rho")?)?;
    run.compare(Side::Reference, "eps", found)?;
    let found = fast::eps::eps(&dense(run)?, run.case.number("rho")?)?;
    run.compare(Side::Double, "eps", found)
}

/// The case's own matrix of distances.
pub fn dense(run: &Run) -> Trial<SparseDistances> {
    Ok(SparseDistances::from_dense(&run.case.input("dist")?.floats())?)
}

/// Labels as published writes them: noise is -1.
pub fn numbers(labels: &[Option<usize>]) -> Vec<i64> {
    labels.iter().map(|label| label.map_or(-1, |label| label as i64)).collect()
}

fn dbscan_alone(run: &mut Run) -> Trial {
    let (eps, least) = (run.case.number("eps")?, run.case.count("min_samples")?);
    let slow = dbscan::dbscan(&run.case.matrix("dist")?, eps, least)?;
    let fast = fast::dbscan::dbscan(&dense(run)?, eps, least)?;
    let both = [(Side::Reference, slow.labels, slow.core), (Side::Double, fast.labels, fast.core)];
    for (side, labels, core) in both {
        let core: Vec<usize> = core.into_iter().map(usize::from).collect();
        run.compare(side, "labels", numbers(&labels).as_slice())?;
        run.compare(side, "core", core.as_slice())?;
    }
    Ok(())
}
