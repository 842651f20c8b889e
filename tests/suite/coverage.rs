//! The suite's own completeness: every definition has a reference, fast forms, laws, golden values and a bench, or a
//! stated reason for none.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use mmt_testkit::definitions::{Bench, DEFINITIONS, Golden};
use mmt_testkit::golden;

fn text(path: &str) -> Option<String> {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).ok()
}

/// Both the file and a folder of that name count: several fast forms live in a folder.
fn exists(path: &str) -> bool {
    text(path).is_some() || text(&path.replace(".rs", "/mod.rs")).is_some()
}

#[test]
fn every_definition_has_a_reference_and_a_fast_form_that_cite_its_number() {
    for definition in DEFINITIONS {
        let reference = format!("reference/src/{}", definition.reference);
        assert!(exists(&reference), "{}: {reference} is missing", definition.number);
        for fast in definition.fast {
            assert!(exists(&format!("src/{fast}")), "{}: src/{fast} is missing", definition.number);
        }
    }
}

#[test]
fn every_definition_has_laws() {
    for definition in DEFINITIONS {
        let laws = text(&format!("tests/suite/{}", definition.laws)).unwrap_or_default();
        assert!(laws.contains("#[test]"), "{}: no law in {}", definition.number, definition.laws);
        assert!(laws.contains(definition.number), "{}: {} does not name it", definition.number, definition.laws);
    }
}

#[test]
fn every_definition_has_golden_cases_or_a_reason_for_none() {
    let golden = golden::Golden::open_at(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")).unwrap();
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

#[test]
fn every_published_function_of_the_manifest_belongs_to_a_definition_or_is_named_as_apart() {
    /// Functions that hold no definition: readers, files, counts.
    const APART: [&str; 12] = [
        "mmt.evaluation_metrics.accuracy",
        "Resize + ToTensor + Normalize as in examples/",
        "the training transform of examples/ with fixed draws",
        "mmt.datasets.create",
        "mmt.datasets.create(",
        "mmt.models.create('resnet50', num_features=256",
        "mmt.models.create('resnet_ibn50a'",
        "mmt.models.create('resnet50', cut_at_pooling=True)",
        "the splitmix64 generator of FORMAT.md",
        "mmt.utils.serialization.copy_state_dict",
        "mmt.utils.serialization.save_checkpoint",
        "mmt.trainers.MMTTrainer.train (one step)",
    ];
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
    for definition in DEFINITIONS {
        match definition.bench {
            Bench::Named(name) => assert!(all.contains(&format!("\"{name}\"")), "{}: no bench {name}", definition.number),
            Bench::None(reason) => assert!(reason.len() > 20, "{}", definition.number),
        }
    }
}
