//! The demands on every registration, and the way of a disagreement from the first case to the named reading.

use std::collections::BTreeSet;

use mmt_conformance::check::{Finding, Outcome, Plan, check};
use mmt_conformance::definition::Kind;
use mmt_conformance::definitions::{ALL, NOT_OFFERED};
use mmt_conformance::implementation::Implementation;
use mmt_conformance::own::{Alternative, References};
use mmt_conformance::{Definition, Value, Width};

const CASES: u64 = 150;
const SEED: u64 = 7;

fn findings(implementation: &mut dyn Implementation, definitions: &[&'static Definition]) -> Vec<Finding> {
    let plan = Plan { definitions: definitions.to_vec(), golden: Vec::new(), cases: CASES, seed: SEED };
    check(implementation, &plan, &mut |_, _, _, _| ()).unwrap().1
}

#[test]
fn every_number_stands_once() {
    let numbers: Vec<&str> =
        ALL.iter().map(|each| each.number).chain(NOT_OFFERED.iter().map(|each| each.number)).collect();
    assert_eq!(numbers.iter().collect::<BTreeSet<_>>().len(), numbers.len());
    assert_eq!(numbers.len(), 35);
}

#[test]
fn cases_have_the_declared_inputs_and_the_reference_the_declared_outputs() {
    for definition in ALL {
        for index in 0..CASES {
            let inputs = definition.case(SEED, index);
            assert_eq!(inputs, definition.case(SEED, index), "{}", definition.number);
            let names: BTreeSet<&str> = inputs.0.keys().map(String::as_str).collect();
            assert_eq!(
                names,
                definition.inputs.iter().map(|input| input.name).collect(),
                "{}",
                definition.number
            );
            for input in definition.inputs {
                match (&inputs.0[input.name], input.kind) {
                    (Value::Array(array), Kind::Real | Kind::Whole) => {
                        assert_eq!(
                            array.shape.len(),
                            input.shape.len(),
                            "{} {}",
                            definition.number,
                            input.name
                        );
                        let single =
                            |value: &f64| f64::from(*value as f32) == *value || input.shape.is_empty();
                        assert!(array.values.iter().all(single), "{} {}", definition.number, input.name);
                    }
                    (Value::Flag(_), Kind::Flag) => {}
                    (Value::Word(word), Kind::Word(words)) => assert!(words.contains(&word.as_str())),
                    (value, _) => panic!("{} {} is {value:?}", definition.number, input.name),
                }
            }
            let outputs = (definition.reference)(&inputs).unwrap();
            let names: BTreeSet<&str> = outputs.0.keys().map(String::as_str).collect();
            assert_eq!(
                names,
                definition.outputs.iter().map(|output| output.name).collect(),
                "{}",
                definition.number
            );
        }
        assert!(definition.widths().contains(&Width::Double), "{} has no tolerance", definition.number);
    }
}

#[test]
fn most_cases_are_not_left_open() {
    for definition in ALL {
        for width in definition.widths() {
            for output in definition.outputs {
                let open = |index: &u64| {
                    (definition.open)(&definition.case(SEED, *index), width, output.name).is_some()
                };
                let open = (0..CASES).filter(open).count() as u64;
                assert!(2 * open < CASES, "{} {}: {open} of {CASES}", definition.number, output.name);
            }
        }
    }
}

#[test]
fn the_references_agree_with_themselves() {
    for finding in findings(&mut References, ALL) {
        assert!(matches!(finding.outcome, Outcome::Agrees), "{finding:?}");
        assert_eq!(finding.compared, CASES);
    }
}

#[test]
fn every_known_reading_is_caught_and_named() {
    let mut wrong = Vec::new();
    for definition in ALL {
        for reading in definition.readings {
            let mut alternative = Alternative { definition, compute: reading.compute };
            // f32 may be too coarse for it, f64 is not.
            let Some(finding) = findings(&mut alternative, &[definition]).into_iter().next() else {
                continue;
            };
            let named = match &finding.outcome {
                Outcome::Differs(found) | Outcome::AgreesBut(found) => found.reading,
                _ => None,
            };
            if named != Some(reading.name) {
                wrong.push(format!("{}: {} {:?}", definition.number, reading.name, finding.outcome));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Rows of the longest input.
fn rows(inputs: &mmt_conformance::Inputs) -> usize {
    let rows = inputs.0.values().filter_map(|value| match value {
        Value::Array(array) => array.shape.first().copied(),
        _ => None,
    });
    rows.max().unwrap_or(0)
}

#[test]
fn what_differs_is_shrunk_to_a_few_rows() {
    let mut sizes = Vec::new();
    for definition in ALL {
        for reading in definition.readings {
            let mut alternative = Alternative { definition, compute: reading.compute };
            for finding in findings(&mut alternative, &[definition]) {
                if let Outcome::Differs(found) = &finding.outcome {
                    sizes.push((rows(&found.inputs), definition.number, reading.name));
                }
            }
        }
    }
    let small = sizes.iter().filter(|(rows, ..)| *rows <= 4).count();
    sizes.retain(|(rows, ..)| *rows > 4);
    assert!(small > 4 * sizes.len(), "{small} have at most 4 rows, but not {sizes:?}");
}
