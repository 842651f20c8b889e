//! Golden inputs of the published code as cases.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use mmt_conformance::check::{Outcome, Plan, check};
use mmt_conformance::definitions::ALL;
use mmt_conformance::golden::{self, GoldenCase};
use mmt_conformance::offline::{self, Written};
use mmt_conformance::own::{Alternative, References};

fn folder() -> PathBuf {
    let own = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden");
    std::env::var_os("MMT_GOLDEN_DIR").map_or_else(own, PathBuf::from)
}

fn cases() -> Vec<GoldenCase> {
    golden::read(&folder()).unwrap()
}

#[test]
fn every_form_has_cases_with_all_its_inputs() {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for case in cases() {
        let names: BTreeSet<&str> = case.inputs.0.keys().map(String::as_str).collect();
        let declared = case.definition.inputs.iter().map(|input| input.name).collect();
        assert_eq!(names, declared, "{}", case.definition.number);
        *counts.entry(case.definition.number).or_default() += 1;
    }
    let numbers: Vec<&str> = counts.keys().copied().collect();
    let expected = [
        "D1", "D10", "D11", "D12", "D13", "D14", "D16", "D17", "D18", "D2", "D22", "D23", "D27", "D3", "D5",
        "D6", "D7", "D8",
    ];
    assert_eq!(numbers, expected);
    // Three rules of CMC for each evaluation; hard and soft triplets are told apart by the margin.
    assert_eq!(counts["D17"], 3 * counts["D16"]);
    assert_eq!(counts["D6"], 2 * counts["D7"], "margins 0 and 0.3 of each batch, and none");
}

#[test]
fn golden_cases_are_put_first_and_answers_may_be_written_elsewhere() {
    let definition = ALL.iter().copied().find(|each| each.number == "D16").unwrap();
    let all = cases();
    let plan = Plan { definitions: vec![definition], golden: all.clone(), cases: 2, seed: 3 };
    let own = all.iter().filter(|case| case.definition.number == "D16").count();
    assert_eq!(plan.count_of(definition), own as u64 + 2);
    let put: Vec<_> = plan.cases_of(definition).collect();
    assert_eq!(put.len(), own + 2);
    assert_eq!(put[0], all.iter().find(|case| case.definition.number == "D16").unwrap().inputs);
    assert_eq!(put[own], definition.case(3, 0));

    let folder = tempfile::tempdir().unwrap();
    let calls = offline::write(&plan, folder.path()).unwrap();
    assert_eq!(calls, plan.count_of(definition) * definition.widths().len() as u64);
    fs::write(folder.path().join(offline::ANSWERS), "{}\n").unwrap();
    let read = Written::read(folder.path()).unwrap();
    assert_eq!(read.plan().cases_of(definition).collect::<Vec<_>>(), put);
}

#[test]
fn a_wrong_answer_to_a_golden_case_differs() {
    for golden in cases().chunk_by(|one, other| one.definition.number == other.definition.number) {
        let definition = golden[0].definition;
        let plan = Plan { definitions: vec![definition], golden: golden[..1].to_vec(), cases: 0, seed: 0 };
        let (_, right) = check(&mut References, &plan, &mut |_, _, _, _| ()).unwrap();
        assert!(
            right.iter().all(|finding| matches!(finding.outcome, Outcome::Agrees)),
            "{}",
            definition.number
        );
        assert!(right.iter().all(|finding| finding.compared == 1));
    }
    let seen = |number: &str| cases().into_iter().find(|case| case.definition.number == number).unwrap();
    let case = seen("D1");
    let definition = case.definition;
    let plan = Plan { definitions: vec![definition], golden: vec![case], cases: 0, seed: 0 };
    let mut wrong = Alternative { definition, compute: definition.readings[0].compute };
    let (_, findings) = check(&mut wrong, &plan, &mut |_, _, _, _| ()).unwrap();
    assert!(matches!(findings[0].outcome, Outcome::Differs(_)));
}

#[test]
fn a_folder_without_golden_values_is_named() {
    let empty = tempfile::tempdir().unwrap();
    let error = |folder: &Path| golden::read(folder).unwrap_err().to_string();
    assert!(error(empty.path()).contains("manifest.json"));
    for (text, part) in [
        ("x", "not JSON"),
        ("{}", "`cases`"),
        (r#"{"cases": []}"#, "no case of a definition"),
        (
            r#"{"cases": [{"name": "a", "function": "mmt.loss.SoftEntropy", "file": "none.safetensors",
                "inputs": {"in.student": {}}}]}"#,
            "none.safetensors",
        ),
    ] {
        fs::write(empty.path().join("manifest.json"), text).unwrap();
        assert!(error(empty.path()).contains(part), "{}", error(empty.path()));
    }
    // A file that holds something else.
    fs::write(empty.path().join("none.safetensors"), b"no tensors").unwrap();
    assert!(error(empty.path()).contains("a/in.student"), "{}", error(empty.path()));
}
