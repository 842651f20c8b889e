//! D11.

use mmt_reference::cluster::k_reciprocal::{expanded, k_reciprocal, ranking};
use mmt_reference::{Matrix, Result};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::definition::{Bench, Definition, Golden, Places, no_units, reading, real, value, whole};
use crate::generate;
use crate::value::{Inputs, Outputs};

pub(super) static DEFINITION: Definition = Definition {
    number: "D11",
    name: "k-reciprocal neighbours",
    part: None,
    places: Places {
        reference: "cluster/k_reciprocal.rs",
        fast: &["cluster/k_reciprocal.rs"],
        properties: "cluster/jaccard.rs",
        golden: Golden::Functions(&["mmt.utils.rerank.k_reciprocal_neigh"]),
        bench: Bench::Named("cluster/k_reciprocal"),
    },
    inputs: &[
        real("distances", &["N", "N"], "distances, by which each row is ranked"),
        whole("k", &[], "neighbours that may be reciprocal, the image itself not counted"),
    ],
    outputs: &[
        value("reciprocal", &["N", "N"], "D11", "1 where column j is in R(i, k), else 0"),
        value(
            "expanded",
            &["N", "N"],
            "D11",
            "1 where column j is in the set R*(i) that D12 expands, with k1 = k, else 0",
        ),
    ],
    reference: |inputs| sets(inputs, inputs.count("k")?),
    generate: generated,
    units: no_units,
    open: |inputs, _, _| ties(&inputs.matrix("distances").ok()?, 0.0),
    readings: &[
        reading("k1 counts the image itself", |inputs| sets(inputs, inputs.count("k")?.saturating_sub(1))),
        reading("a set is added where two thirds are common, not more than two thirds", |inputs| {
            grown(inputs, |common, all| 3 * common >= 2 * all, even_half, false)
        }),
        reading("k1 / 2 is rounded down", |inputs| grown(inputs, more_than_two_thirds, |k| k / 2, false)),
        reading("k1 / 2 is rounded up", |inputs| {
            grown(inputs, more_than_two_thirds, |k| k.div_ceil(2), false)
        }),
        reading("common members are counted in the set that grows", |inputs| {
            grown(inputs, more_than_two_thirds, even_half, true)
        }),
        reading("not expanded", not_expanded),
        reading("nearest neighbours, reciprocal or not", one_sided),
    ],
};

fn matrix(sets: &[Vec<usize>]) -> Matrix {
    let member = |i: usize, j: usize| f64::from(u8::from(sets[i].contains(&j)));
    Matrix::from_fn(sets.len(), sets.len(), member)
}

fn sets(inputs: &Inputs, k: usize) -> Result<Outputs> {
    let ranking = ranking(&inputs.matrix("distances")?)?;
    Ok(Outputs::default()
        .with("reciprocal", &matrix(&k_reciprocal(&ranking, k)?))
        .with("expanded", &matrix(&expanded(&ranking, k)?)))
}

pub(super) fn more_than_two_thirds(common: usize, all: usize) -> bool {
    3 * common > 2 * all
}

pub(super) fn even_half(k: usize) -> usize {
    (k as f64 / 2.0).round_ties_even() as usize
}

/// The expansion by another rule.
fn grown(
    inputs: &Inputs,
    added: fn(usize, usize) -> bool,
    half: fn(usize) -> usize,
    against_grown: bool,
) -> Result<Outputs> {
    let (ranking, k) = (ranking(&inputs.matrix("distances")?)?, inputs.count("k")?);
    let (own, halves) = (k_reciprocal(&ranking, k)?, k_reciprocal(&ranking, half(k))?);
    Ok(Outputs::default().with("expanded", &matrix(&grow(&own, &halves, added, against_grown))))
}

/// Sets, each with those of `halves` of its members of which enough is common; ascending.
pub(super) fn grow(
    own: &[Vec<usize>],
    halves: &[Vec<usize>],
    added: fn(usize, usize) -> bool,
    against_grown: bool,
) -> Vec<Vec<usize>> {
    let grow = |set: &Vec<usize>| {
        let mut all = set.clone();
        for &candidate in set {
            let theirs = &halves[candidate];
            let against = if against_grown { &all } else { set };
            if added(theirs.iter().filter(|j| against.contains(j)).count(), theirs.len()) {
                all.extend(theirs);
                all.sort_unstable();
                all.dedup();
            }
        }
        all.sort_unstable();
        all
    };
    own.iter().map(grow).collect()
}

fn not_expanded(inputs: &Inputs) -> Result<Outputs> {
    let outputs = sets(inputs, inputs.count("k")?)?;
    Ok(Outputs::default().with("expanded", outputs["reciprocal"].clone()))
}

fn one_sided(inputs: &Inputs) -> Result<Outputs> {
    let k = inputs.count("k")?;
    let near = |row: Vec<usize>| row.into_iter().take(k.saturating_add(1)).collect::<Vec<_>>();
    let sets: Vec<_> = ranking(&inputs.matrix("distances")?)?.into_iter().map(near).collect();
    Ok(Outputs::default().with("reciprocal", &matrix(&sets)))
}

fn generated(rng: &mut ChaCha8Rng) -> Inputs {
    let rows = rng.random_range(1..16);
    let distances = if rng.random_bool(0.2) {
        generate::distances(rows, 3, rng)
    } else {
        let (points, _) = generate::blobs(rows, 3, 3, 0.5, rng);
        let square = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>();
        Matrix::from_fn(rows, rows, |i, j| f64::from(square(points.row(i), points.row(j)) as f32))
    };
    let k = rng.random_range(1..=rows.min(9));
    Inputs::default().with("distances", &distances).with("k", k)
}

/// Equal distances in a row stand in an order that is ours.
pub(super) fn ties(distances: &Matrix, gap: f64) -> Option<&'static str> {
    let tied = |i: usize| {
        let mut sorted = distances.row(i).to_vec();
        sorted.sort_by(f64::total_cmp);
        sorted.windows(2).any(|pair| pair[1] - pair[0] <= gap)
    };
    (0..distances.rows()).any(tied).then_some("equal distances may be ranked in any order")
}
