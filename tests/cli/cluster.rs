//! `reproduce cluster`: files of features in, labels out.

use std::fs;

use assert_cmd::assert::Assert;
use mmt::model::{Named, write_tensors};
use tch::{Kind, Tensor};

use super::{Program, fails, files};

/// Bundles of ten directions each, around the first axes.
fn bundles(count: i64) -> Tensor {
    let axes = Tensor::eye(count, (Kind::Float, tch::Device::Cpu)).repeat_interleave_self_int(10, 0, None);
    let at = Tensor::arange(count * 10 * count, (Kind::Float, tch::Device::Cpu)).view([count * 10, count]);
    axes + (at * 12.9898).sin() * 0.05
}

fn save(program: &Program, file: &str, tensors: &[(&str, Tensor)]) {
    let named: Named = tensors.iter().map(|(name, x)| ((*name).to_owned(), x.shallow_clone())).collect();
    fs::write(program.path(file), write_tensors(&named).unwrap()).unwrap();
}

/// As NumPy writes it.
fn save_npy(program: &Program, file: &str, features: &Tensor) {
    let size = features.size();
    let mut text =
        format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, {}), }}", size[0], size[1]);
    text += &" ".repeat(64 - (text.len() + 11) % 64);
    text.push('\n');
    let values = Vec::<f32>::try_from(features.to_kind(Kind::Float).contiguous().view(-1)).unwrap();
    let values = values.iter().flat_map(|value| value.to_le_bytes());
    let head = [b"\x93NUMPY\x01\x00", &(text.len() as u16).to_le_bytes()[..], text.as_bytes()].concat();
    fs::write(program.path(file), head.into_iter().chain(values).collect::<Vec<u8>>()).unwrap();
}

fn cluster(program: &Program, file: &str, arguments: &[&str]) -> Assert {
    program
        .command(&["cluster", "--threads", "2", "--device", "cpu", "--features", file])
        .args(arguments)
        .assert()
}

fn labels(program: &Program, file: &str) -> Vec<i64> {
    let text = fs::read_to_string(program.path(file)).unwrap();
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("row,label"));
    let label = |(row, line): (usize, &str)| {
        let (at, label) = line.split_once(',').unwrap();
        assert_eq!(at, row.to_string());
        label.parse().unwrap()
    };
    lines.enumerate().map(label).collect()
}

/// The same rows together, whatever the clusters are called.
fn are_the_bundles(labels: &[i64]) -> bool {
    let first: Vec<i64> = labels.iter().step_by(10).copied().collect();
    let distinct: std::collections::BTreeSet<_> = first.iter().collect();
    distinct.len() == first.len() && (0..labels.len()).all(|row| labels[row] == first[row / 10])
}

/// The value that stands beside `name` on standard output.
fn said(assert: &Assert, name: &str) -> String {
    let text = String::from_utf8_lossy(&assert.get_output().stdout).into_owned();
    let line =
        text.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("no {name} in {text}"));
    line[name.len()..].trim().to_owned()
}

#[test]
fn both_methods_find_bundles_in_both_formats() {
    let program = Program::new();
    save(&program, "a.safetensors", &[("features", bundles(6))]);
    save_npy(&program, "a.npy", &bundles(6));
    let dbscan = ["--k1", "6", "--k2", "2", "--eps", "0.8"];
    for (file, arguments) in [
        ("a.safetensors", &dbscan[..]),
        ("a.npy", &dbscan[..]),
        ("a.npy", &["--method", "kmeans", "--k", "6"]),
    ] {
        let assert = cluster(&program, file, &[arguments, &["--out", "own.csv"]].concat()).success();
        assert!(are_the_bundles(&labels(&program, "own.csv")), "{file} {arguments:?}");
        assert_eq!(said(&assert, "rows"), "60");
        assert_eq!(said(&assert, "dimension"), "6");
        assert_eq!(said(&assert, "clusters"), "6");
        assert!(
            said(&assert, "noise").starts_with('0')
                && said(&assert, "largest").starts_with("10 rows (16.7 %)")
        );
        assert!(said(&assert, "seconds").contains("reading features"));
    }
    assert_eq!(files(program.folder.path()).len(), 3, "nothing but what was asked for");
}

#[test]
fn eps_comes_from_rho_and_the_source_counts() {
    let program = Program::new();
    save(&program, "a.safetensors", &[("features", bundles(6))]);
    let neighbours = ["--k1", "6", "--k2", "2"];
    let narrow: f64 =
        said(&cluster(&program, "a.safetensors", &neighbours).success(), "eps").parse().unwrap();
    let wide = cluster(&program, "a.safetensors", &[&neighbours[..], &["--rho", "0.1"]].concat()).success();
    assert!(narrow < said(&wide, "eps").parse().unwrap());
    save(&program, "source.safetensors", &[("features", bundles(6).narrow(0, 0, 10))]);
    let mixed = |lambda: &str| -> f64 {
        let source = ["--source-features", "source.safetensors", "--lambda", lambda];
        let assert = cluster(&program, "a.safetensors", &[&neighbours[..], &source].concat());
        said(&assert.success(), "eps").parse().unwrap()
    };
    assert_eq!(mixed("0"), narrow);
    assert_ne!(mixed("0.5"), narrow);
    save(&program, "other.safetensors", &[("features", bundles(5))]);
    let other = ["--source-features", "other.safetensors", "--lambda", "0.5"];
    fails(cluster(&program, "a.safetensors", &other), 1, &["[60, 6] and [50, 5]"]);
}

#[test]
fn results_that_a_user_may_not_have_meant_come_with_a_warning() {
    let program = Program::new();
    let warns = |file: &str, arguments: &[&str], part: &str| {
        let assert = cluster(&program, file, arguments).success();
        let text = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
        assert!(text.contains(part), "`{part}` is not in: {text}");
    };
    save(&program, "a.safetensors", &[("x", bundles(6))]);
    warns("a.safetensors", &["--eps", "1e-9"], "all rows are noise");
    assert_eq!(labels(&program, "labels.csv"), [-1; 60]);
    warns("a.safetensors", &["--eps", "1"], "a single cluster");
    assert_eq!(labels(&program, "labels.csv"), [0; 60]);
    warns("a.safetensors", &["--k1", "100", "--eps", "0.5"], "60 rows only");
    save(&program, "zeros.safetensors", &[("x", bundles(6) * 0.0)]);
    warns("zeros.safetensors", &["--eps", "0.5"], "60 rows are all zero");
    let twice = bundles(3).repeat([2, 1]);
    save(&program, "twice.safetensors", &[("x", twice)]);
    cluster(&program, "twice.safetensors", &["--k1", "6", "--k2", "2", "--eps", "0.8"]).success();
    let found = labels(&program, "labels.csv");
    assert_eq!(found[..30], found[30..], "equal rows go together");
}

#[test]
fn files_that_hold_no_features_are_refused_in_a_line() {
    let program = Program::new();
    let nan = bundles(6).index_fill(0, &Tensor::from_slice(&[4_i64, 9]), f64::NAN);
    save(&program, "nan.safetensors", &[("x", nan.shallow_clone())]);
    save_npy(&program, "nan.npy", &nan);
    save(&program, "line.safetensors", &[("x", bundles(6).view(-1))]);
    save(&program, "two.safetensors", &[("x", bundles(6)), ("y", bundles(6))]);
    save(&program, "none.safetensors", &[("x", Tensor::zeros([0, 6], (Kind::Float, tch::Device::Cpu)))]);
    fs::write(program.path("text.npy"), "1, 2, 3").unwrap();
    fs::write(program.path("text.safetensors"), "1, 2, 3").unwrap();
    save_npy(&program, "cut.npy", &bundles(6));
    let whole = fs::read(program.path("cut.npy")).unwrap();
    fs::write(program.path("cut.npy"), &whole[..whole.len() - 1]).unwrap();
    let before = files(program.folder.path());
    for (file, parts) in [
        ("nan.safetensors", &["nan.safetensors", "2 rows", "row 4"][..]),
        ("nan.npy", &["nan.npy", "2 rows", "row 4"]),
        ("line.safetensors", &["no matrix", "[360]"]),
        ("two.safetensors", &["several", "x F32 [60, 6]", "y F32 [60, 6]"]),
        ("none.safetensors", &["none.safetensors", "empty"]),
        ("text.npy", &["text.npy", "NUMPY"]),
        ("text.safetensors", &["text.safetensors", "neither"]),
        ("cut.npy", &["cut.npy", "bytes follow"]),
        ("nowhere.npy", &["nowhere.npy"]),
    ] {
        fails(cluster(&program, file, &[]), 1, parts);
    }
    assert_eq!(files(program.folder.path()), before, "no labels are written");
    cluster(&program, "two.safetensors", &["--name", "y"]).success();
    fails(cluster(&program, "two.safetensors", &["--name", "z"]), 1, &["`z`", "x F32"]);
}

#[test]
fn settings_that_do_not_fit_are_refused() {
    let program = Program::new();
    save(&program, "a.safetensors", &[("x", bundles(6))]);
    let before = files(program.folder.path());
    for (arguments, status, parts) in [
        (&["--method", "kmeans", "--k", "61"][..], 2, &["61 needed", "60 given"][..]),
        (&["--method", "kmeans", "--k", "0"], 2, &["clusters", "at least 1"]),
        (&["--k2", "61"], 2, &["61 needed", "60 given"]),
        (&["--eps", "0"], 2, &["eps", "positive"]),
        (&["--rho", "1e-5"], 2, &["eps", "rho"]),
        (&["--out", "no/such/labels.csv"], 1, &["no/such"]),
        (&["--method", "kmeans", "--eps", "0.5"], 2, &["--eps", "dbscan"]),
        (&["--k", "5"], 2, &["--k", "kmeans"]),
        (&["--rho", "0.1", "--eps", "0.5"], 2, &["--rho"]),
        (&["--lambda", "0.5"], 2, &["required"]),
        (&["--method", "ward"], 2, &["ward"]),
    ] {
        fails(cluster(&program, "a.safetensors", arguments), status, parts);
    }
    assert_eq!(files(program.folder.path()), before);
}
