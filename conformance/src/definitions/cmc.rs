//! D17.

use mmt_reference::Result;
use mmt_reference::eval::cmc::{Counting, cmc};
use mmt_reference::eval::ranking::{Ranking, Removed};
use rand::Rng;

use super::split::{self, Case, valid};
use crate::definition::{Bench, Definition, Golden, Places, no_units, reading, value, whole, word};
use crate::value::{Inputs, Outputs};

pub(super) static DEFINITION: Definition = Definition {
    number: "D17",
    name: "CMC",
    part: None,
    places: Places {
        reference: "eval/cmc.rs",
        fast: &["eval/cmc.rs"],
        properties: "eval/ranking.rs",
        golden: Golden::Functions(&["mmt.evaluation_metrics.mean_ap and cmc", "mmt.evaluation_metrics.cmc"]),
        bench: Bench::Named("eval/ranking"),
    },
    inputs: &[
        split::DISTANCES,
        split::QUERY_IDENTITIES,
        split::QUERY_CAMERAS,
        split::GALLERY_IDENTITIES,
        split::GALLERY_CAMERAS,
        whole("ranks", &[], "entries of the curve"),
        word(
            "rule",
            &["first", "all", "separate-cameras"],
            "the first match counts; each of n counts 1/n; as `first` without all images of the query's camera",
        ),
    ],
    outputs: &[value(
        "cmc",
        &["R"],
        "D17",
        "entry r − 1: share of the valid queries with a match within rank r",
    )],
    reference,
    generate: |rng| {
        let rule = ["first", "first", "all", "separate-cameras"][rng.random_range(0..4)];
        split::generated(rng).with("ranks", rng.random_range(1..12_usize)).with("rule", rule)
    },
    units: no_units,
    open: |inputs, _, _| {
        let tied = Case::of(inputs).ok()?.has_ties(removed(inputs).ok()?);
        tied.then_some("equal distances may be ranked in any order")
    },
    readings: &[
        reading("images of the query's identity and camera stay in the gallery", |inputs| {
            first(inputs, |_, _| false, true)
        }),
        reading("all images of the query's camera are removed", |inputs| {
            first(inputs, |_, camera| camera, true)
        }),
        reading("queries without a match count as misses", |inputs| {
            first(inputs, |is_match, camera| is_match && camera, false)
        }),
        reading("always the first match only", |inputs| reference(&inputs.clone().with("rule", "first"))),
    ],
};

fn removed(inputs: &Inputs) -> Result<Removed> {
    let separate = inputs.word("rule")? == "separate-cameras";
    Ok(if separate { Removed::SameCamera } else { Removed::SameIdentityAndCamera })
}

fn reference(inputs: &Inputs) -> Result<Outputs> {
    let case = Case::of(inputs)?;
    let [query, gallery] = case.labels();
    let counting = if inputs.word("rule")? == "all" { Counting::All } else { Counting::First };
    let curve = cmc(&case.distances, query, gallery, removed(inputs)?, counting, inputs.count("ranks")?)?;
    Ok(Outputs::default().with("cmc", curve))
}

/// The curve of first matches by another rule of what is removed, over the valid queries or over all.
fn first(inputs: &Inputs, removed: fn(bool, bool) -> bool, valid_only: bool) -> Result<Outputs> {
    let rankings = Case::of(inputs)?.rankings(removed)?;
    let rankings = if valid_only { valid(rankings) } else { rankings };
    let within = |ranking: &Ranking, rank: usize| ranking.iter().take(rank).any(|entry| entry.is_match);
    let share = |rank: usize| {
        rankings.iter().filter(|ranking| within(ranking, rank)).count() as f64 / rankings.len() as f64
    };
    Ok(Outputs::default().with("cmc", (1..=inputs.count("ranks")?).map(share).collect::<Vec<_>>()))
}
