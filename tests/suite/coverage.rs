//! The suite's own completeness: every definition has a reference, fast forms, laws, golden values and a bench, or a
//! stated reason for none. Cells that are still being written stand in `definitions::PENDING`, and only there.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use mmt_testkit::definitions::{Bench, Column, DEFINITIONS, Definition, Golden, PENDING, pending};
use mmt_testkit::devices::say;
use mmt_testkit::golden;

fn text(path: &str) -> Option<String> {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).ok()
}

/// The text of a file, or of the front page of the folder of that name: several fast forms live in a folder.
fn source(path: &str) -> String {
    text(path).or_else(|| text(&path.replace(".rs", "/mod.rs"))).unwrap_or_default()
}

/// True where `number` stands in a text by itself: D1 is not cited by D12.
fn cites(text: &str, number: &str) -> bool {
    let alone = |at: usize| {
        let (before, after) = (&text[..at], &text[at + number.len()..]);
        !before.ends_with(char::is_alphanumeric) && !after.starts_with(|c: char| c.is_ascii_digit())
    };
    text.match_indices(number).any(|(at, _)| alone(at))
}

/// Holds a cell against the list of pending ones: filled or pending, never both, never neither.
fn judge(definition: &Definition, column: Column, filled: bool) -> Option<String> {
    let number = definition.number;
    match (filled, pending(number, column)) {
        (true, None) | (false, Some(_)) => None,
        (true, Some(_)) => {
            Some(format!("{number} {column:?} is filled: take it off the list of pending cells"))
        }
        (false, None) => Some(format!("{number} ({}) has no {column:?}", definition.name)),
    }
}

fn assert_none(complaints: impl Iterator<Item = String>) {
    let complaints: Vec<String> = complaints.collect();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn every_definition_has_a_reference_that_cites_its_number() {
    let cited = |definition: &&Definition| {
        cites(&source(&format!("reference/src/{}", definition.reference)), definition.number)
    };
    assert_none(DEFINITIONS.iter().filter(|definition| !cited(definition)).map(|definition| {
        format!("{}: reference/src/{} does not cite it", definition.number, definition.reference)
    }));
}

#[test]
fn every_definition_has_fast_forms_that_cite_its_number() {
    assert_none(DEFINITIONS.iter().filter_map(|definition| {
        let cited = |fast: &&str| cites(&source(&format!("src/{fast}")), definition.number);
        judge(definition, Column::Fast, !definition.fast.is_empty() && definition.fast.iter().all(cited))
    }));
}

#[test]
fn every_definition_has_laws() {
    assert_none(DEFINITIONS.iter().filter_map(|definition| {
        let laws = source(&format!("tests/suite/{}", definition.laws));
        judge(definition, Column::Laws, laws.contains("#[test]") && cites(&laws, definition.number))
    }));
}

#[test]
fn every_file_of_laws_is_part_of_this_program() {
    for definition in DEFINITIONS {
        let path = Path::new(definition.laws);
        let (Some(name), Some(folder)) = (path.file_stem().and_then(|name| name.to_str()), path.parent())
        else {
            panic!("{} is no file", definition.laws);
        };
        let front = if folder.as_os_str().is_empty() {
            text("tests/suite/main.rs")
        } else {
            text(&format!("tests/suite/{}/mod.rs", folder.display()))
        };
        let declared = front.unwrap_or_default().contains(&format!("mod {name};"));
        let excused = pending(definition.number, Column::Laws).is_some();
        assert!(declared || excused, "{}: no module declares {}", definition.number, definition.laws);
    }
}

#[test]
fn every_definition_has_golden_cases_or_a_reason_for_none() {
    let golden =
        golden::Golden::open_at(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")).unwrap();
    let known: BTreeSet<&str> = golden.cases().iter().map(|case| case.function()).collect();
    for definition in DEFINITIONS {
        match definition.golden {
            Golden::Functions(functions) => {
                for function in functions {
                    assert!(known.contains(function), "{}: no case of {function}", definition.number);
                }
            }
            Golden::None(reason) => assert!(reason.len() > 20, "{}", definition.number),
        }
    }
}

/// Functions of the manifest that hold no definition: readers, files, counts, switches of the constructor.
const APART: [&str; 10] = [
    "mmt.evaluation_metrics.accuracy",
    "Resize + ToTensor + Normalize as in examples/",
    "the training transform of examples/ with fixed draws",
    "mmt.datasets.create",
    "mmt.models.create('resnet50', num_features=",
    "mmt.models.create('resnet_ibn50a'",
    "mmt.models.create('resnet50', cut_at_pooling=True)",
    "the splitmix64 generator of FORMAT.md",
    "mmt.utils.serialization.copy_state_dict",
    "mmt.utils.serialization.save_checkpoint",
];

#[test]
fn every_published_function_of_the_manifest_belongs_to_a_definition_or_is_named_as_apart() {
    let golden = golden::Golden::open().unwrap();
    for case in golden.cases() {
        let defined = DEFINITIONS.iter().any(|definition| match definition.golden {
            Golden::Functions(functions) => functions.contains(&case.function()),
            Golden::None(_) => false,
        });
        let apart = APART.iter().any(|start| case.function().starts_with(start));
        assert!(defined || apart, "{} belongs to no definition", case.function());
    }
}

#[test]
fn every_definition_has_a_bench_or_a_reason_for_none() {
    let benches = ["distance", "loss", "cluster", "eval", "train", "data", "model"];
    let all: String = benches.iter().filter_map(|name| text(&format!("benches/{name}.rs"))).collect();
    assert_none(DEFINITIONS.iter().filter_map(|definition| match definition.bench {
        Bench::Named(name) => judge(definition, Column::Bench, all.contains(&format!("\"{name}\""))),
        Bench::None(reason) => (reason.len() <= 20).then(|| format!("{} needs a reason", definition.number)),
    }));
}

#[test]
fn the_pending_cells_are_named_once_and_seen() {
    let mut seen = Vec::new();
    for (column, numbers, waiting) in PENDING {
        say(&format!("pending: {column:?} of {} ({waiting})", numbers.join(", ")));
        for number in *numbers {
            assert!(DEFINITIONS.iter().any(|definition| definition.number == *number), "{number} is unknown");
            assert!(!seen.contains(&(*column, number)), "{number} {column:?} stands there twice");
            seen.push((*column, number));
        }
    }
}

#[test]
fn a_number_is_not_cited_by_a_longer_one() {
    assert!(cites("D1: cross-entropy", "D1") && cites("(D1)", "D1") && cites("D3, D9", "D9"));
    assert!(!cites("D12 and D13", "D1") && !cites("AD1", "D1"));
}
