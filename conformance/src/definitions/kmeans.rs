//! D10.

use mmt_reference::cluster::kmeans::{KMeans, Limits, from_centres};
use mmt_reference::distance::squared_euclidean;
use mmt_reference::{Matrix, Result};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::definition::{Bench, Definition, Golden, Places, reading, real, value, whole};
use crate::generate;
use crate::tolerance::Width;
use crate::value::{Inputs, Outputs};

pub(super) static DEFINITION: Definition = Definition {
    number: "D10",
    name: "k-means",
    part: Some("from given centres"),
    places: Places {
        reference: "cluster/kmeans.rs",
        fast: &["cluster/kmeans.rs"],
        properties: "cluster/kmeans.rs",
        golden: Golden::Functions(&[
            "sklearn.cluster.KMeans",
            "examples/mmt_train_kmeans.py main_worker (KMeans started from in.init)",
        ]),
        bench: Bench::Named("cluster/kmeans"),
    },
    inputs: &[
        real("points", &["N", "D"], "rows to cluster"),
        real("centres", &["K", "D"], "the centres to begin with"),
        real(
            "tolerance",
            &[],
            "the squared shift of all centres that ends it, as a share of the mean variance of the columns",
        ),
        whole("max_iterations", &[], "iterations at most"),
    ],
    outputs: &[
        value("labels", &["N"], "D10", "cluster of each row"),
        value("centroids", &["K", "D"], "D15", "centres at the end"),
        value("inertia", &[], "D15", "summed squared distance of the rows from their centres"),
        value("iterations", &[], "D10", "iterations made"),
    ],
    reference: |inputs| Ok(outputs(&run(inputs, inputs.count("max_iterations")?)?)),
    generate: generated,
    units: |inputs| {
        let points = inputs.matrix("points").map(|points| points.values().to_vec()).unwrap_or_default();
        let square: f64 = points.iter().map(|x| x * x).sum();
        [8.0 * square.max(1.0), 1.0]
    },
    open,
    readings: &[
        reading("an empty cluster stays where it is", empty_stays),
        reading("labels are not assigned once more to the final centres", not_reassigned),
        reading("one iteration only", |inputs| Ok(outputs(&run(inputs, 1)?))),
        reading("it goes on until the labels repeat, whatever the tolerance", |inputs| {
            Ok(outputs(&run(&inputs.clone().with("tolerance", 0.0), inputs.count("max_iterations")?)?))
        }),
    ],
};

fn run(inputs: &Inputs, max_iterations: usize) -> Result<KMeans> {
    let limits = Limits { tolerance: inputs.real("tolerance")?, max_iterations };
    from_centres(&inputs.matrix("points")?, &inputs.matrix("centres")?, limits)
}

fn outputs(found: &KMeans) -> Outputs {
    Outputs::default()
        .with("labels", found.labels.as_slice())
        .with("centroids", &found.centroids)
        .with("inertia", found.inertia)
        .with("iterations", found.iterations)
}

fn nearest(points: &Matrix, centres: &Matrix) -> Result<Vec<usize>> {
    let squares = squared_euclidean(points, centres)?;
    let of_row = |i: usize| {
        (0..centres.rows()).fold(0, |best, c| if squares[(i, c)] < squares[(i, best)] { c } else { best })
    };
    Ok((0..points.rows()).map(of_row).collect())
}

/// Lloyd's iteration in which a centre without points does not move.
fn empty_stays(inputs: &Inputs) -> Result<Outputs> {
    let (points, mut centres) = (inputs.matrix("points")?, inputs.matrix("centres")?);
    for _ in 0..inputs.count("max_iterations")? {
        let labels = nearest(&points, &centres)?;
        let moved = Matrix::from_fn(centres.rows(), centres.columns(), |c, j| {
            let members: Vec<usize> = (0..points.rows()).filter(|&i| labels[i] == c).collect();
            if members.is_empty() {
                return centres[(c, j)];
            }
            members.iter().map(|&i| points[(i, j)]).sum::<f64>() / members.len() as f64
        });
        let still = moved == centres;
        centres = moved;
        if still {
            break;
        }
    }
    Ok(Outputs::default().with("labels", nearest(&points, &centres)?.as_slice()).with("centroids", &centres))
}

/// The labels by the centres before the last.
fn not_reassigned(inputs: &Inputs) -> Result<Outputs> {
    let points = inputs.matrix("points")?;
    let iterations = run(inputs, inputs.count("max_iterations")?)?.iterations;
    let before = if iterations > 1 {
        run(&inputs.clone().with("tolerance", 0.0), iterations - 1)?.centroids
    } else {
        inputs.matrix("centres")?
    };
    Ok(Outputs::default().with("labels", nearest(&points, &before)?.as_slice()))
}

fn generated(rng: &mut ChaCha8Rng) -> Inputs {
    let (rows, columns) = (rng.random_range(3..16), rng.random_range(1..4));
    let clusters = rng.random_range(1..5).min(rows);
    let (points, _) = generate::blobs(rows, columns, clusters, 0.5, rng);
    let mut centres = generate::centres_among(&points, clusters, rng);
    // A centre far away from everything is nearest to no point.
    if clusters > 1 && rng.random_bool(0.25) {
        centres.row_mut(0).fill(50.0);
    }
    Inputs::default()
        .with("points", &points)
        .with("centres", &centres)
        .with("tolerance", [0.0, 1e-4, 0.25][rng.random_range(0..3)])
        .with("max_iterations", [1, 2, 300][rng.random_range(0..3)])
}

/// Every iteration is looked at for points that are equally far from two centres, and for empty clusters that stay empty.
fn open(inputs: &Inputs, _: Width, _: &str) -> Option<&'static str> {
    let points = inputs.matrix("points").ok()?;
    let limits = Limits { tolerance: 0.0, max_iterations: 1 };
    let mut centres = inputs.matrix("centres").ok()?;
    for _ in 0..=run(inputs, inputs.count("max_iterations").ok()?).ok()?.iterations {
        let squares = squared_euclidean(&points, &centres).ok()?;
        let mut own: Vec<f64> = Vec::new();
        for i in 0..points.rows() {
            let mut sorted = squares.row(i).to_vec();
            sorted.sort_by(f64::total_cmp);
            if sorted.len() > 1 && sorted[1] - sorted[0] <= 1e-9 * sorted[0].max(1.0) {
                return Some("a point is equally far from two centres");
            }
            own.push(sorted[0]);
        }
        let labels = nearest(&points, &centres).ok()?;
        let empty: Vec<usize> = (0..centres.rows()).filter(|c| !labels.contains(c)).collect();
        if !empty.is_empty() {
            own.sort_by(|a, b| b.total_cmp(a));
            let alone = (0..centres.rows()).any(|c| labels.iter().filter(|&&label| label == c).count() == 1);
            if alone || own.windows(2).take(empty.len()).any(|pair| pair[0] - pair[1] <= 1e-9) {
                return Some("which point an empty cluster takes, or what it leaves behind");
            }
        }
        centres = from_centres(&points, &centres, limits).ok()?.centroids;
    }
    None
}
