//! The suite's own completeness: every definition has a reference, fast forms, laws, golden values and a bench, or a
//! stated reason for none. Cells that are still being written stand in `definitions::PENDING`, and only there.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use mmt_testkit::agreement;
use mmt_testkit::definitions::{
    Bench, Column, DEFINITIONS, Definition, Golden, PENDING, of_function, pending,
};
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
        let defined = of_function(case.function()).next().is_some();
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

/// A definition as the agreement report has it.
#[derive(serde::Serialize)]
struct Line {
    number: &'static str,
    name: &'static str,
    reference: String,
    fast: Vec<String>,
    laws_file: String,
    laws: Vec<String>,
    golden_functions: Vec<&'static str>,
    golden_cases: usize,
    golden_none: Option<&'static str>,
    bench: Option<&'static str>,
    bench_none: Option<&'static str>,
}

/// The table of definitions, and where it was read.
#[derive(serde::Serialize)]
struct Lines {
    schema: u32,
    source: agreement::Source,
    /// Every case that the run must have seen.
    golden_cases: Vec<String>,
    definitions: Vec<Line>,
}

/// Path of a source file, or of the front page of the folder of its name.
fn existing(path: String) -> String {
    if text(&path).is_some() { path } else { path.replace(".rs", "/mod.rs") }
}

/// Names of the tests in a file.
fn tests_in(source: &str) -> Vec<String> {
    let name = |part: &str| {
        let after = part.split_once("fn ")?.1;
        Some(after.split('(').next()?.trim().to_owned())
    };
    source.split("#[test]").skip(1).filter_map(name).collect()
}

fn line(definition: &Definition, golden: &golden::Golden) -> Line {
    let laws_file = format!("tests/suite/{}", definition.laws);
    let (golden_functions, golden_none) = match definition.golden {
        Golden::Functions(functions) => (functions.to_vec(), None),
        Golden::None(reason) => (Vec::new(), Some(reason)),
    };
    let (bench, bench_none) = match definition.bench {
        Bench::Named(name) => (Some(name), None),
        Bench::None(reason) => (None, Some(reason)),
    };
    Line {
        number: definition.number,
        name: definition.name,
        reference: existing(format!("reference/src/{}", definition.reference)),
        fast: definition.fast.iter().map(|fast| existing(format!("src/{fast}"))).collect(),
        laws: tests_in(&text(&laws_file).unwrap_or_default()),
        laws_file,
        golden_cases: golden
            .cases()
            .iter()
            .filter(|case| golden_functions.contains(&case.function()))
            .count(),
        golden_functions,
        golden_none,
        bench,
        bench_none,
    }
}

#[test]
fn the_table_of_definitions_names_files_that_exist_and_is_kept_for_the_agreement_report() {
    let golden = golden::Golden::open().unwrap();
    let definitions: Vec<Line> = DEFINITIONS.iter().map(|definition| line(definition, &golden)).collect();
    for line in &definitions {
        for file in line.fast.iter().chain([&line.reference, &line.laws_file]) {
            assert!(text(file).is_some(), "{}: {file} does not exist", line.number);
        }
        assert!(!line.laws.is_empty(), "{} has no law in {}", line.number, line.laws_file);
    }
    let lines = Lines {
        schema: agreement::SCHEMA_VERSION,
        source: agreement::Source::at(Path::new(env!("CARGO_MANIFEST_DIR"))),
        golden_cases: golden.cases().iter().map(|case| case.name().to_owned()).collect(),
        definitions,
    };
    agreement::write("definitions.json", &lines).unwrap();
}

#[test]
fn the_names_of_tests_are_read_inside_and_outside_of_proptest() {
    let source = "#[test]\nfn one() {}\n proptest! { #[test]\n fn two(x in 0..2) {} }\nfn helper() {}";
    assert_eq!(tests_in(source), ["one", "two"]);
}
