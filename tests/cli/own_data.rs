//! Data of one's own, end to end: as source and target of a run, evaluated, extracted, checked.

use std::fs;
use std::path::{Path, PathBuf};

use mmt::data::{Dataset, DatasetName, read};

use super::networks::checkpoint;
use super::{Program, domains_root, fails};

/// The drawn Duke.
fn duke() -> Dataset {
    read(DatasetName::DukeMtmc, &domains_root()).unwrap()
}

/// Its images as rows of a list: path, identity, camera, split.
fn rows(dataset: &Dataset) -> Vec<(PathBuf, i64, usize, &'static str)> {
    let splits = [("train", &dataset.train), ("query", &dataset.query), ("gallery", &dataset.gallery)];
    let row = |split| {
        move |item: &mmt::data::LabelledItem| {
            (item.path.clone(), dataset.number_of(item, split == "train"), item.camera, split)
        }
    };
    splits.into_iter().flat_map(|(split, items)| items.iter().map(row(split))).collect()
}

/// A data root whose own data are the drawn Duke as a list, with Duke itself beside.
fn listed() -> (Program, String) {
    let own = Program::new();
    let mut text = "path,identity,camera,split\n".to_owned();
    for (path, identity, camera, split) in rows(&duke()) {
        text += &format!("{},{identity},{camera},{split}\n", path.display());
    }
    fs::create_dir_all(own.path("data/own")).unwrap();
    fs::write(own.path("data/own/list.csv"), text).unwrap();
    std::os::unix::fs::symlink(domains_root().join("dukemtmc"), own.path("data/dukemtmc")).unwrap();
    (own, "data".to_owned())
}

/// The same as a folder per person; cameras stay in the names, or are taken out of them.
fn foldered(cameras: bool) -> (Program, String) {
    let own = Program::new();
    for (number, (path, identity, camera, split)) in rows(&duke()).into_iter().enumerate() {
        let folder = own.path(&format!("data/{split}/{identity}"));
        fs::create_dir_all(&folder).unwrap();
        let name = if cameras { format!("c{camera}_{number}.JPG") } else { format!("{number}.JPG") };
        fs::copy(path, folder.join(name)).unwrap();
    }
    (own, "data".to_owned())
}

fn evaluated(own: &Program, dataset: &str, root: &str) -> String {
    let checkpoint = checkpoint().display().to_string();
    let arguments = ["evaluate", "--checkpoint", &checkpoint, "--prefix", "mean-1", "--dataset", dataset];
    own.command(&[&arguments[..], &["--data-root", root, "--csv", "found.csv"]].concat()).assert().success();
    fs::read_to_string(own.path("found.csv")).unwrap()
}

#[test]
fn a_list_and_a_folder_per_person_are_evaluated_as_the_published_layout_is() {
    let (own, root) = listed();
    let expected = evaluated(&own, "dukemtmc", &root);
    assert_eq!(evaluated(&own, "own", &root), expected);
    // Folders stand in another order, and so do the terms of the mean.
    let map = |text: &str| text.lines().nth(1).unwrap().split(',').nth(1).unwrap().parse::<f64>().unwrap();
    let (own, root) = foldered(true);
    assert!((map(&evaluated(&own, "own", &root)) - map(&expected)).abs() < 1e-12);
    // Without cameras more of the gallery counts, so the numbers are others.
    let (own, root) = foldered(false);
    assert!((map(&evaluated(&own, "own", &root)) - map(&expected)).abs() > 1e-6);
}

#[test]
fn features_of_own_data_are_extracted_with_their_labels() {
    let (own, root) = listed();
    let checkpoint = checkpoint().display().to_string();
    let arguments = [
        "extract",
        "--checkpoint",
        &checkpoint,
        "--prefix",
        "mean-1",
        "--dataset",
        "own",
        "--data-root",
        &root,
    ];
    own.command(&[&arguments[..], &["--split", "train", "--out", "f.npy"]].concat()).assert().success();
    let list = fs::read_to_string(own.path("f.csv")).unwrap();
    let dataset = duke();
    assert_eq!(list.lines().count(), 1 + dataset.train.len());
    let number = dataset.identity_numbers[0];
    assert!(list.lines().nth(1).unwrap().contains(&format!(",{number},")), "{list}");
}

#[test]
fn own_data_are_source_and_target_of_a_run() {
    let (own, root) = listed();
    for task in ["own-to-duke", "duke-to-own"] {
        let arguments = [
            "--profile",
            "miniature",
            "--task",
            task,
            "--method",
            "mmt",
            "--data-root",
            &root,
            "--threads",
            "2",
        ];
        own.command(&[&["plan"], &arguments[..]].concat()).assert().success();
        let assert = own.command(&arguments).assert().success();
        let text = String::from_utf8_lossy(&assert.get_output().stdout).into_owned();
        assert!(text.contains("Own") && text.contains("Duke"), "{text}");
    }
    // Another list is other data.
    let list = own.path("data/own/list.csv");
    let text = fs::read_to_string(&list).unwrap();
    fs::write(
        &list,
        text.lines().rev().skip(1).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("\n"),
    )
    .unwrap();
    let arguments =
        ["--profile", "miniature", "--task", "duke-to-own", "--method", "mmt", "--data-root", &root];
    fails(own.command(&arguments).assert(), 2, &["data.own"]);
}

#[test]
fn own_data_need_a_data_root_and_all_their_splits() {
    let own = Program::new();
    for command in ["plan", "run"] {
        let arguments = [command, "--profile", "miniature", "--task", "own-to-market"];
        fails(own.command(&arguments).assert(), 2, &["own-to-market", "--data-root"]);
    }
    let (own, root) = foldered(true);
    fs::remove_dir_all(own.path("data/train")).unwrap();
    evaluated(&own, "own", &root);
    std::os::unix::fs::symlink(domains_root().join("dukemtmc"), own.path("data/dukemtmc")).unwrap();
    for command in ["plan", "run"] {
        let arguments = [command, "--profile", "miniature", "--task", "duke-to-own", "--data-root", &root];
        fails(own.command(&arguments).assert(), 1, &["no images of train"]);
    }
}

/// Rows of a list of what is to be mended, the file names alone.
fn fixes(path: &Path) -> Vec<(String, String)> {
    let text = fs::read_to_string(path).unwrap();
    assert_eq!(text.lines().next(), Some("path,problem,to_do"));
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let row = |row: csv::StringRecord| {
        assert!(!row[2].is_empty());
        (Path::new(&row[0]).file_name().unwrap().to_str().unwrap().to_owned(), row[1].to_owned())
    };
    reader.records().map(|record| row(record.unwrap())).collect()
}

#[test]
fn a_check_lists_what_is_to_be_mended() {
    let (own, root) = foldered(true);
    let check = ["check", "--data-root", &root, "--fix-list", "fix.csv"];
    let assert = own.command(&check).assert().success();
    let text = String::from_utf8_lossy(&assert.get_output().stdout).into_owned();
    assert!(text.contains("own in") && !text.contains("published"), "{text}");
    assert_eq!(fixes(&own.path("fix.csv")), []);
    let any = |folder: &str| {
        let person = fs::read_dir(own.path(folder)).unwrap().next().unwrap().unwrap().path();
        fs::read_dir(person).unwrap().next().unwrap().unwrap().path()
    };
    let image = any("data/query");
    fs::create_dir_all(own.path("data/query/9999")).unwrap();
    fs::copy(image, own.path("data/query/9999/c1_same.jpg")).unwrap();
    fs::write(any("data/train").with_file_name("broken.jpg"), "text").unwrap();
    fs::write(any("data/train").with_file_name("left.bmp"), "text").unwrap();
    fails(own.command(&check).assert(), 1, &["not fit for a run"]);
    let found = fixes(&own.path("fix.csv"));
    for (file, problem) in [
        ("broken.jpg", "not a JPEG or PNG"),
        ("c1_same.jpg", "under several identities"),
        ("c1_same.jpg", "its person is not in the gallery"),
        ("left.bmp", "not read for its ending"),
    ] {
        assert!(found.iter().any(|(name, why)| name == file && why.contains(problem)), "{file}: {found:?}");
    }
    assert_eq!(found.len(), 5, "both of the equal files: {found:?}");
    // What cannot be read at all has a row as well.
    fs::remove_dir_all(own.path("data/gallery")).unwrap();
    fails(own.command(&[&check[..], &["--dataset", "own"]].concat()).assert(), 1, &["not fit"]);
    assert_eq!(fixes(&own.path("fix.csv"))[0].0, "data");
    let twice = ["check", "--data-root", &root, "--json", "one", "--fix-list", "./one"];
    fails(own.command(&twice).assert(), 2, &["--fix-list", "--json"]);
}
