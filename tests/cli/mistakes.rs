//! Mistakes planted in copies of the numpy adapters, each of which `reproduce conformance` must catch and make small.

use std::fs;
use std::path::Path;
use std::process::Command;

use mmt_testkit::devices::say;
use serde_json::Value;

use super::Program;

/// The definition that shows it, what stands in an adapter, and what is planted there.
const MISTAKES: [(&str, &str, &str); 44] = [
    ("D1", "* (1 - epsilon) + epsilon", "* (1 - epsilon) - epsilon"),
    ("D1", "+ epsilon / logits.shape[1]", "+ epsilon / logits.shape[0]"),
    ("D1", "(np.exp(log) - target) / len(labels)", "np.exp(log) - target"),
    (
        "D1",
        "-(target * log).sum(axis=1).mean(), \"gradient\": (np.exp(log) - target) / len(labels)",
        "-(target * log).sum(), \"gradient\": (np.exp(log) - target) / len(labels)",
    ),
    (
        "D9",
        "np.linalg.norm(features, axis=1, keepdims=True), 1e-12",
        "np.linalg.norm(features, axis=0, keepdims=True), 1e-12",
    ),
    (
        "D9",
        "np.linalg.norm(features, axis=1, keepdims=True), 1e-12",
        "np.linalg.norm(features, ord=1, axis=1, keepdims=True), 1e-12",
    ),
    ("D13", "np.triu_indices(len(distances), 1)", "np.triu_indices(len(distances), 0)"),
    ("D13", "smallest = np.sort(above[above != 0])", "smallest = np.sort(above)"),
    ("D13", "round(rho * len(smallest))", "int(np.ceil(rho * len(smallest)))"),
    ("D13", ".mean()}\n\n\n# Number", ".max()}\n\n\n# Number"),
    (
        "D2",
        "target = log_softmax(student), np.exp(log_softmax(teacher))",
        "target = log_softmax(teacher), np.exp(log_softmax(student))",
    ),
    ("D2", "(np.exp(log) - target) / len(student)", "(target - np.exp(log)) / len(student)"),
    ("D3", "np.sqrt(np.maximum(squared(x, y), 1e-12))", "np.sqrt(squared(x, y))"),
    ("D3", "\"squares\": squared(x, y)", "\"squares\": euclidean(x, y)"),
    (
        "D4",
        "np.where(same, distances, -np.inf).argmax(axis=1)",
        "np.where(same, distances, -np.inf).argmax(axis=0)[::-1]",
    ),
    (
        "D4",
        "np.where(same, np.inf, distances).argmin(axis=1)",
        "np.where(same, -np.inf, distances).argmax(axis=1)",
    ),
    ("D5", "slope = (cost > 0) / len(labels)", "slope = (cost > 0) * 1.0"),
    (
        "D5",
        "pairs[\"negative_distance\"] > pairs[\"positive_distance\"]",
        "pairs[\"negative_distance\"] < pairs[\"positive_distance\"]",
    ),
    ("D5", "- pairs[\"negative_distance\"] + margin", "- pairs[\"negative_distance\"] - margin"),
    ("D6", "np.array([[margin, 1 - margin]]", "np.array([[1 - margin, margin]]"),
    ("D6", "                gradient[j] -= part\n", ""),
    ("D6", "(gradient * unit).sum(axis=1, keepdims=True) * unit", "0 * unit"),
    (
        "D7",
        "return against_targets(pairs, np.exp(log_softmax(compared)))",
        "return against_targets(pairs, np.exp(log_softmax(-compared)))",
    ),
    ("D7", "    theirs, rows = euclidean(used, used)", "    theirs, rows = squared(used, used)"),
    ("D7", "used = normalisation(teacher)[\"unit\"] if normalize else teacher", "used = teacher"),
    ("D11", "ranking[:, : k + 1]", "ranking[:, :k]"),
    ("D11", "return near & near.T", "return near | near.T"),
    ("D11", "> 2 * halves[candidate].sum()", ">= 2 * halves[candidate].sum()"),
    ("D12", "np.exp(-scaled), 0)", "np.exp(scaled), 0)"),
    ("D12", "return weights if k2 == 1 else", "return weights if k2 > 0 else"),
    ("D14", "near = distances <= eps", "near = distances < eps"),
    ("D14", ">= min_samples", "> min_samples"),
    ("D15", "features[labels == cluster].mean(axis=0)", "features[labels == cluster].sum(axis=0)"),
    (
        "D16",
        "kept = ~(camera if separate else match & camera)",
        "kept = ~(camera if separate else match & ~camera)",
    ),
    ("D16", "(np.flatnonzero(ends) + 1)", "(np.flatnonzero(ends) + 2)"),
    ("D17", "(hits < rank)", "(hits <= rank)"),
    ("D19", "(both - chance) / (most - chance)", "both / most"),
    ("D20", "2 * information / (rows + columns)", "information / max(rows, columns)"),
    ("D21", "counts.max(axis=1).sum()", "counts.max(axis=0).sum()"),
    ("D22", "<= index).sum()", "< index).sum()"),
    ("D23", "1 - 1 / (step + 1)", "1 - 1 / (step + 2)"),
    (
        "D24",
        "gradient = gradient + weight_decay * parameter",
        "gradient = gradient - weight_decay * parameter",
    ),
    ("D24", "(1 - 0.999**step)", "1"),
    ("D30", "0.1 * variance * count / (count - 1)", "0.1 * variance"),
];

/// Rows of the longest input of a case.
fn rows(case: &Value) -> usize {
    let inputs = case["inputs"].as_object().unwrap();
    inputs.values().filter_map(|input| Some(input.as_array()?.len())).max().unwrap_or(0)
}

#[test]
fn planted_mistakes_are_caught_and_most_shrink_to_four_rows() {
    if !Command::new("python3").args(["-c", "import numpy"]).output().is_ok_and(|run| run.status.success()) {
        return say("mistakes in adapters: skipped: no numpy");
    }
    let program = Program::new();
    let adapters = Path::new(env!("CARGO_MANIFEST_DIR")).join("adapters");
    let original = ["template.py", "numpy_reference.py"]
        .map(|name| (name, fs::read_to_string(adapters.join(name)).unwrap()));
    let (mut missed, mut small) = (Vec::new(), 0);
    for (definition, right, wrong) in MISTAKES {
        let count: usize = original.iter().map(|(_, text)| text.matches(right).count()).sum();
        assert_eq!(count, 1, "{right} must stand in the adapters once");
        for (name, text) in &original {
            fs::write(program.path(name), text.replace(right, wrong)).unwrap();
        }
        let own = program.path("numpy_reference.py");
        let mut command = program.command(&["conformance", "--only", definition, "--out", "out", "--"]);
        let status = command.arg("python3").arg(own).output().unwrap().status;
        if status.code() != Some(1) {
            missed.push((definition, wrong));
            continue;
        }
        let case = ["f64", "f32"].iter().find_map(|width| {
            fs::read_to_string(program.path(&format!("out/cases/{definition}-{width}.json"))).ok()
        });
        small += usize::from(rows(&serde_json::from_str(&case.unwrap()).unwrap()) <= 4);
        fs::remove_dir_all(program.path("out")).unwrap();
    }
    assert!(missed.is_empty(), "not caught: {missed:?}");
    assert!(small >= 40, "{small} of {} shrink to at most four rows", MISTAKES.len());
}
