//! The suite's own completeness: every definition has a reference, fast forms, properties, golden values and a bench, or a
//! stated reason for none, as its registration says.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use mmt_conformance::definition::{Bench, Golden, Places};
use mmt_conformance::definitions::{everything, of_function};
use mmt_testkit::{agreement, golden};

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

/// Names what a definition lacks, unless it is there.
fn lacking(number: &str, what: &str, filled: bool) -> Option<String> {
    (!filled).then(|| format!("{number} has no {what}"))
}

fn assert_none(complaints: impl Iterator<Item = String>) {
    let complaints: Vec<String> = complaints.collect();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn every_definition_has_a_reference_that_cites_its_number() {
    assert_none(everything().into_iter().filter_map(|(number, _, places)| {
        let cited = cites(&source(&format!("reference/src/{}", places.reference)), number);
        (!cited).then(|| format!("{number}: reference/src/{} does not cite it", places.reference))
    }));
}

#[test]
fn every_definition_has_fast_forms_that_cite_its_number() {
    assert_none(everything().into_iter().filter_map(|(number, _, places)| {
        let cited = |fast: &&str| cites(&source(&format!("src/{fast}")), number);
        lacking(number, "fast form", !places.fast.is_empty() && places.fast.iter().all(cited))
    }));
}

#[test]
fn every_definition_has_properties() {
    assert_none(everything().into_iter().filter_map(|(number, _, places)| {
        let properties = source(&format!("tests/suite/{}", places.properties));
        lacking(number, "properties", properties.contains("#[test]") && cites(&properties, number))
    }));
}

#[test]
fn every_file_of_properties_is_part_of_this_program() {
    for (number, _, places) in everything() {
        let path = Path::new(places.properties);
        let (Some(name), Some(folder)) = (path.file_stem().and_then(|name| name.to_str()), path.parent())
        else {
            panic!("{} is no file", places.properties);
        };
        let front = if folder.as_os_str().is_empty() {
            text("tests/suite/main.rs")
        } else {
            text(&format!("tests/suite/{}/mod.rs", folder.display()))
        };
        let declared = front.unwrap_or_default().contains(&format!("mod {name};"));
        assert!(declared, "{number}: no module declares {}", places.properties);
    }
}

#[test]
fn every_definition_has_golden_cases_or_a_reason_for_none() {
    let golden =
        golden::Golden::open_at(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")).unwrap();
    let known: BTreeSet<&str> = golden.cases().iter().map(|case| case.function()).collect();
    for (number, _, places) in everything() {
        match places.golden {
            Golden::Functions(functions) => {
                for function in functions {
                    assert!(known.contains(function), "{number}: no case of {function}");
                }
            }
            Golden::None(reason) => assert!(reason.len() > 20, "{number}"),
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
    assert_none(everything().into_iter().filter_map(|(number, _, places)| match places.bench {
        Bench::Named(name) => lacking(number, "bench", all.contains(&format!("\"{name}\""))),
        Bench::None(reason) => lacking(number, "reason for no bench", reason.len() > 20),
    }));
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
    properties_file: String,
    properties: Vec<String>,
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

fn line((number, name, places): (&'static str, &'static str, &Places), golden: &golden::Golden) -> Line {
    let properties_file = format!("tests/suite/{}", places.properties);
    let (golden_functions, golden_none) = match places.golden {
        Golden::Functions(functions) => (functions.to_vec(), None),
        Golden::None(reason) => (Vec::new(), Some(reason)),
    };
    let (bench, bench_none) = match places.bench {
        Bench::Named(name) => (Some(name), None),
        Bench::None(reason) => (None, Some(reason)),
    };
    Line {
        number,
        name,
        reference: existing(format!("reference/src/{}", places.reference)),
        fast: places.fast.iter().map(|fast| existing(format!("src/{fast}"))).collect(),
        properties: tests_in(&text(&properties_file).unwrap_or_default()),
        properties_file,
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
    let definitions: Vec<Line> =
        everything().into_iter().map(|definition| line(definition, &golden)).collect();
    for line in &definitions {
        for file in line.fast.iter().chain([&line.reference, &line.properties_file]) {
            assert!(text(file).is_some(), "{}: {file} does not exist", line.number);
        }
        assert!(!line.properties.is_empty(), "{} has no property in {}", line.number, line.properties_file);
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
