//! D3 and D9.

use mmt_reference::distance::{euclidean, normalize_rows, squared_euclidean};
use mmt_reference::{Matrix, Result};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::pairs;
use crate::definition::{Bench, Definition, Golden, Places, no_units, nothing_open, reading, real, value};
use crate::generate;
use crate::tolerance::Width;
use crate::value::{Inputs, Outputs};

pub(super) static EUCLIDEAN: Definition = Definition {
    number: "D3",
    name: "Euclidean distance",
    part: None,
    places: Places {
        reference: "distance.rs",
        fast: &["distance.rs"],
        properties: "distance.rs",
        golden: Golden::Functions(&["mmt.loss.triplet.euclidean_dist", "mmt.evaluators.pairwise_distance"]),
        bench: Bench::Named("distance/euclidean"),
    },
    inputs: &[real("x", &["N", "D"], "rows"), real("y", &["M", "D"], "other rows")],
    outputs: &[
        value("distances", &["N", "M"], "D3", "d(i, j), of training"),
        value("squares", &["N", "M"], "D3", "squared distances, of the evaluation: without clamp and root"),
    ],
    reference: distances,
    generate: two_sets,
    units: |inputs| {
        let largest = ["x", "y"].map(|name| inputs.matrix(name).map_or(1.0, |x| largest_norm(&x)));
        let norm = largest[0].max(largest[1]);
        [8.0 * norm.max(norm * norm), 1.0]
    },
    open: noise,
    readings: &[
        reading("distances are not rooted", not_rooted),
        reading("squares are rooted", rooted),
        reading("no clamp: equal rows are at distance 0", not_clamped),
    ],
};

fn of(inputs: &Inputs) -> Result<[Matrix; 2]> {
    Ok([inputs.matrix("x")?, inputs.matrix("y")?])
}

fn distances(inputs: &Inputs) -> Result<Outputs> {
    let [x, y] = of(inputs)?;
    Ok(Outputs::default().with("distances", &euclidean(&x, &y)?).with("squares", &squared_euclidean(&x, &y)?))
}

fn not_rooted(inputs: &Inputs) -> Result<Outputs> {
    let [x, y] = of(inputs)?;
    Ok(Outputs::default().with("distances", &squared_euclidean(&x, &y)?))
}

fn rooted(inputs: &Inputs) -> Result<Outputs> {
    let [x, y] = of(inputs)?;
    let squares = squared_euclidean(&x, &y)?;
    let roots = Matrix::from_fn(squares.rows(), squares.columns(), |i, j| squares[(i, j)].sqrt());
    Ok(Outputs::default().with("squares", &roots))
}

fn not_clamped(inputs: &Inputs) -> Result<Outputs> {
    let [x, y] = of(inputs)?;
    let squares = squared_euclidean(&x, &y)?;
    let roots = Matrix::from_fn(squares.rows(), squares.columns(), |i, j| squares[(i, j)].sqrt());
    Ok(Outputs::default().with("distances", &roots))
}

fn two_sets(rng: &mut ChaCha8Rng) -> Inputs {
    let (rows, others, columns) = (rng.random_range(1..7), rng.random_range(1..7), rng.random_range(1..7));
    let dyadic = rng.random_bool(0.5);
    let scale = [0.25, 1.0, 4.0][rng.random_range(0..3)];
    let x = if dyadic {
        generate::dyadic(rows, columns, 2, rng)
    } else {
        generate::normal(rows, columns, scale, rng)
    };
    let mut y = if dyadic {
        generate::dyadic(others, columns, 2, rng)
    } else {
        generate::normal(others, columns, scale, rng)
    };
    // Equal rows show the clamp.
    if rng.random_bool(0.3) {
        y.row_mut(0).copy_from_slice(x.row(rows - 1));
    }
    Inputs::default().with("x", &x).with("y", &y)
}

fn largest_norm(x: &Matrix) -> f64 {
    (0..x.rows()).map(|i| x.row(i).iter().map(|x| x * x).sum::<f64>().sqrt()).fold(1.0, f64::max)
}

/// The root of what cancels is noise unless all squares are exact.
fn noise(inputs: &Inputs, width: Width, output: &str) -> Option<&'static str> {
    let [x, y] = of(inputs).ok()?;
    let exact = |x: &Matrix| x.values().iter().all(|value| (4.0 * value).fract() == 0.0);
    let near = match width {
        Width::Double => 1e-4,
        Width::Single => 0.02 * largest_norm(&x),
    };
    let nearest = euclidean(&x, &y).ok()?.values().iter().copied().fold(f64::INFINITY, f64::min);
    let noisy = output == "distances" && nearest < near && !(exact(&x) && exact(&y));
    noisy.then_some("the distance of equal rows is rounding noise where it is made of |x|² + |y|² − 2xy")
}

pub(super) static NORMALISATION: Definition = Definition {
    number: "D9",
    name: "feature normalisation",
    part: None,
    places: Places {
        reference: "distance.rs",
        fast: &["distance.rs"],
        properties: "distance.rs",
        golden: Golden::Functions(&["mmt.loss.TripletLoss", "mmt.loss.SoftTripletLoss"]),
        bench: Bench::Named("distance/normalize_rows"),
    },
    inputs: &[real("features", &["N", "D"], "rows")],
    outputs: &[value("unit", &["N", "D"], "D9", "rows of length 1; a row of zeros stays")],
    reference: |inputs| Ok(Outputs::default().with("unit", &normalize_rows(&inputs.matrix("features")?)?)),
    generate: |rng| {
        let mut features = pairs::batch(rng).features;
        if rng.random_bool(0.2) {
            features.row_mut(0).fill(0.0);
        }
        Inputs::default().with("features", &features)
    },
    units: no_units,
    open: nothing_open,
    readings: &[
        reading("columns are normalised, not rows", columns),
        reading("divided by the sum of the magnitudes", by_sum),
        reading("1e-12 is added to the length of a row, not its least value", added),
    ],
};

fn columns(inputs: &Inputs) -> Result<Outputs> {
    let x = inputs.matrix("features")?;
    let turned = normalize_rows(&Matrix::from_fn(x.columns(), x.rows(), |i, j| x[(j, i)]))?;
    Ok(Outputs::default().with("unit", &Matrix::from_fn(x.rows(), x.columns(), |i, j| turned[(j, i)])))
}

fn by_sum(inputs: &Inputs) -> Result<Outputs> {
    let x = inputs.matrix("features")?;
    let sum = |i: usize| x.row(i).iter().map(|x| x.abs()).sum::<f64>().max(1e-12);
    Ok(Outputs::default().with("unit", &Matrix::from_fn(x.rows(), x.columns(), |i, j| x[(i, j)] / sum(i))))
}

fn added(inputs: &Inputs) -> Result<Outputs> {
    let x = inputs.matrix("features")?;
    let length = |i: usize| x.row(i).iter().map(|x| x * x).sum::<f64>().sqrt() + 1e-12;
    let unit = Matrix::from_fn(x.rows(), x.columns(), |i, j| x[(i, j)] / length(i));
    Ok(Outputs::default().with("unit", &unit))
}
