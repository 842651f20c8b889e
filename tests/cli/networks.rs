//! `reproduce evaluate` and `reproduce extract` on the networks and domains of a miniature run.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use assert_cmd::assert::Assert;
use mmt::model::{read_tensors, write_tensors};
use mmt::record::{EvaluationRecord, NetworkName, Split, read_csv};

use super::{Program, domains_root, fails, files};

/// A run whose checkpoints the tests share.
static RUN: LazyLock<Program> = LazyLock::new(|| {
    let program = Program::new();
    program.miniature(&["--method", "mmt", "--quiet"]).assert().success();
    program
});

pub fn checkpoint() -> PathBuf {
    adapted().join("checkpoint.safetensors")
}

fn adapted() -> PathBuf {
    RUN.out().join("miniature/adapt/market-to-duke/mmt-k/domain-1/seed-1")
}

fn evaluate(program: &Program, checkpoint: &Path, arguments: &[&str]) -> Assert {
    let mut command = program.command(&["evaluate", "--threads", "2", "--device", "cpu", "--checkpoint"]);
    command
        .arg(checkpoint)
        .args(["--dataset", "dukemtmc", "--data-root"])
        .arg(domains_root())
        .args(arguments)
        .assert()
}

fn extract(program: &Program, arguments: &[&str]) -> Assert {
    let mut command =
        program.command(&["extract", "--threads", "2", "--device", "cpu", "--prefix", "mean-1"]);
    command.arg("--checkpoint").arg(checkpoint()).args(arguments).assert()
}

fn stdout(assert: &Assert) -> String {
    String::from_utf8_lossy(&assert.get_output().stdout).into_owned()
}

#[test]
fn a_checkpoint_evaluates_to_what_its_run_recorded() {
    let program = Program::new();
    let arguments = ["--prefix", "mean-2", "--rerank", "--json", "found.json", "--csv", "found.csv"];
    let text = stdout(&evaluate(&program, &checkpoint(), &arguments).success());
    for part in
        ["small", "prefix mean-2.", "64 x 32", "valid", "skipped", "mAP", "top-10", "euclidean", "re-ranked"]
    {
        assert!(text.contains(part), "`{part}` is not in: {text}");
    }
    let recorded: Vec<EvaluationRecord> = read_csv(&adapted().join("evaluations.csv")).unwrap();
    let recorded = recorded
        .iter()
        .find(|record| {
            record.epoch == 2
                && record.network == NetworkName::Answering(2)
                && record.split == Split::TargetTest
        })
        .unwrap();
    let found: serde_json::Value =
        serde_json::from_slice(&fs::read(program.path("found.json")).unwrap()).unwrap();
    assert_eq!(
        (found[0]["ranking"].as_str(), found[1]["ranking"].as_str()),
        (Some("euclidean"), Some("re-ranked"))
    );
    // Other batches than in the run: the last bits of features, and with them ranks of near ties, may differ.
    for (key, value) in [("map", recorded.map), ("top1", recorded.top1), ("top10", recorded.top10)] {
        assert!(
            (found[0][key].as_f64().unwrap() - value).abs() < 0.02,
            "{key}: {found} against {recorded:?}"
        );
    }
    // Jobs are held to the values of re-ranking; here, that it is done at all.
    assert_ne!(found[0]["map"], found[1]["map"], "{found}");
    let queries = |key: &str| found[0][key].as_u64().unwrap();
    assert_eq!(queries("queries"), queries("valid_queries") + queries("skipped_queries"));
    let table = fs::read_to_string(program.path("found.csv")).unwrap();
    assert!(table.starts_with("ranking,map,top1,top5,top10,") && table.lines().count() == 3, "{table}");
}

#[test]
fn a_network_must_be_chosen_and_must_fit() {
    let program = Program::new();
    fails(evaluate(&program, &checkpoint(), &[]), 2, &["`mean-1.`", "`mean-2.`", "`student-1.`"]);
    fails(evaluate(&program, &checkpoint(), &["--prefix", "mean-3"]), 2, &["mean-3", "`mean-1.`"]);
    fails(
        evaluate(&program, &checkpoint(), &["--prefix", "mean-1", "--arch", "vgg"]),
        2,
        &["vgg", "resnet50"],
    );
    let other = ["--prefix", "mean-1", "--arch", "resnet50"];
    fails(
        evaluate(&program, &checkpoint(), &other),
        1,
        &["under the prefix `mean-1.`", "base.0.weight, which has shape [16, 3, 3, 3]", "are missing"],
    );
    fails(evaluate(&program, Path::new("no-such.safetensors"), &[]), 1, &["no-such.safetensors"]);
    fs::write(program.path("text.safetensors"), "no tensors").unwrap();
    fails(evaluate(&program, Path::new("text.safetensors"), &[]), 1, &["text.safetensors"]);
    // Without its tensors of the neck.
    let mut tensors = read_tensors(&checkpoint()).unwrap();
    tensors.retain(|name, _| name.starts_with("mean-1.") && !name.contains("feat_bn"));
    fs::write(program.path("cut.safetensors"), write_tensors(&tensors).unwrap()).unwrap();
    let cut = Path::new("cut.safetensors");
    fails(evaluate(&program, cut, &[]), 1, &["under the prefix `mean-1.`", "4 of the", "(feat_bn: 4)"]);
    tensors.clear();
    fs::write(program.path("cut.safetensors"), write_tensors(&tensors).unwrap()).unwrap();
    fails(evaluate(&program, cut, &[]), 1, &["no network"]);
}

#[test]
fn what_is_evaluated_on_must_be_there() {
    let program = Program::new();
    let with = |arguments: &[&str]| {
        let mut command = program.command(&["evaluate", "--prefix", "mean-1", "--checkpoint"]);
        command.arg(checkpoint()).args(arguments).assert()
    };
    fails(with(&["--dataset", "cuhk03", "--data-root", "."]), 2, &["cuhk03", "msmt17"]);
    fails(with(&["--dataset", "dukemtmc", "--data-root", "nowhere"]), 2, &["nowhere"]);
    fails(with(&["--dataset", "dukemtmc"]), 2, &["required"]);
    let unwritable = ["--prefix", "mean-1", "--json", "no/such/folder.json"];
    fails(evaluate(&program, &checkpoint(), &unwritable), 1, &["no/such"]);
}

#[test]
fn features_of_a_split_come_with_their_images_and_can_be_clustered() {
    let program = Program::new();
    let root = domains_root();
    let root = root.to_str().unwrap();
    let split =
        ["--dataset", "dukemtmc", "--data-root", root, "--split", "train", "--out", "own.safetensors"];
    let text = stdout(&extract(&program, &split).success());
    assert!(text.contains("own.safetensors") && text.contains("own.csv"), "{text}");
    let features = &read_tensors(&program.path("own.safetensors")).unwrap()["features"];
    assert_eq!(features.size(), [48, 512]);
    let lengths = features.square().sum_dim_intlist(1, false, None::<tch::Kind>);
    assert!((lengths - 1.0).abs().max().double_value(&[]) < 1e-5);
    let list = fs::read_to_string(program.path("own.csv")).unwrap();
    let lines: Vec<&str> = list.lines().collect();
    assert_eq!((lines[0], lines.len()), ("row,file,identity,camera", 49));
    let first: Vec<&str> = lines[1].split(',').collect();
    // The number of the name, not one of the reader's own.
    assert!(first[1].starts_with(&format!("bounding_box_train/{:0>4}_c", first[2])), "{list}");

    let text = stdout(
        &program
            .command(&["cluster", "--features", "own.safetensors", "--method", "kmeans", "--k", "6"])
            .assert()
            .success(),
    );
    assert!(text.contains("48") && text.contains("512"), "{text}");
    assert_eq!(fs::read_to_string(program.path("labels.csv")).unwrap().lines().count(), 49);
}

#[test]
fn features_of_a_folder_are_those_of_its_split() {
    let program = Program::new();
    let root = domains_root();
    let folder = root.join("dukemtmc/DukeMTMC-reID/query");
    extract(&program, &["--images", folder.to_str().unwrap(), "--out", "a.safetensors"]).success();
    let split = ["--dataset", "dukemtmc", "--data-root", root.to_str().unwrap(), "--split", "query"];
    extract(&program, &[&split[..], &["--batch", "7", "--out", "b.safetensors"]].concat()).success();
    let features = |name: &str| read_tensors(&program.path(name)).unwrap().remove("features").unwrap();
    let (a, b) = (features("a.safetensors"), features("b.safetensors"));
    assert_eq!(a.size(), b.size());
    assert!((a - b).abs().max().double_value(&[]) < 1e-5);
    let list = fs::read_to_string(program.path("a.csv")).unwrap();
    assert!(list.starts_with("row,file\n0,") && !list.contains("query/"), "{list}");
}

#[test]
fn wrong_images_are_named_and_nothing_is_written() {
    let program = Program::new();
    fs::create_dir_all(program.path("images/inner")).unwrap();
    fails(extract(&program, &["--images", "images"]), 1, &["images", "no image"]);
    let photo = domains_root().join("dukemtmc/DukeMTMC-reID/query");
    let photo = fs::read_dir(photo).unwrap().next().unwrap().unwrap().path();
    fs::copy(&photo, program.path("images/a.jpg")).unwrap();
    fs::write(program.path("images/inner/broken.png"), "no image").unwrap();
    let before = files(program.folder.path());
    fails(extract(&program, &["--images", "images"]), 1, &["broken.png"]);
    fails(extract(&program, &["--images", "nowhere"]), 1, &["nowhere"]);
    fails(extract(&program, &[]), 2, &["required"]);
    fails(extract(&program, &["--images", "images", "--split", "query"]), 2, &[]);
    fails(extract(&program, &["--dataset", "dukemtmc", "--split", "query"]), 2, &["required"]);
    fails(extract(&program, &["--images", "images", "--out", "own.csv"]), 2, &["own.csv"]);
    fails(extract(&program, &["--images", "images", "--out", "images"]), 1, &["folder"]);
    assert_eq!(files(program.folder.path()), before);
}
