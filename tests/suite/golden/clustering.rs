//! Group `clustering`: D10 … D15 and D18.

use mmt::cluster::kmeans::kmeans_from;
use mmt_testkit::Trial;

use super::run::{Run, Side};
use super::unknown_function;

/// Iterations of scikit-learn's k-means where the case does not say.
const MAX_ITERATIONS: usize = 300;

/// Runs a case of the group.
pub fn clustering(run: &mut Run) -> Trial {
    match run.case.function() {
        "sklearn.cluster.KMeans" => kmeans(run),
        "examples/mmt_train_kmeans.py main_worker (KMeans started from in.init)" => kmeans_script(run),
        _ => unknown_function(run),
    }
}

fn kmeans(run: &mut Run) -> Trial {
    let (tolerance, iterations) = (run.case.number("tol")?, run.case.count("max_iter")?);
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
