//! A finished job is not taken for one of other data (T2-21).

use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::assert::Assert;

use super::{Program, domains_root, fails, files};

/// The built-in domains as data of a user's own, which may be changed.
fn own_data(program: &Program) -> PathBuf {
    let (from, to) = (domains_root(), program.path("data"));
    for file in files(&from) {
        fs::create_dir_all(to.join(&file).parent().unwrap()).unwrap();
        fs::copy(from.join(&file), to.join(&file)).unwrap();
    }
    to
}

fn by(program: &Program, command: &[&str], more: &[&str]) -> Assert {
    let mut run = program.command(command);
    run.args(["--profile", "miniature", "--task", "market-to-duke", "--method", "pre-trained"]);
    run.args(["--threads", "2", "--data-root", "data", "--out", "runs"]).args(more);
    run.assert()
}

fn first_query(data: &Path) -> PathBuf {
    let query = |file: &PathBuf| {
        let text = file.to_string_lossy();
        text.contains("DukeMTMC-reID") && text.contains("query") && text.ends_with(".jpg")
    };
    data.join(files(data).into_iter().find(query).unwrap())
}

#[test]
fn other_data_under_the_same_name_are_refused_and_named() {
    let program = Program::new();
    let data = own_data(&program);
    by(&program, &[], &[]).success();
    let done = program.out().join("miniature/adapt/market-to-duke/pre-trained/seed-1/DONE");
    assert!(done.exists(), "real data have no domain seed");
    // A copy elsewhere, written later, is the same data.
    fs::rename(&data, program.path("moved")).unwrap();
    own_data(&program);
    let again = by(&program, &["plan"], &[]).success();
    assert!(String::from_utf8_lossy(&again.get_output().stdout).contains("nothing is left"));
    let config = fs::read_to_string(done.with_file_name("config.toml")).unwrap();
    assert!(config.contains("[data.dukemtmc]") && config.contains("[data.market1501]"), "{config}");
    let queries = config.lines().filter(|line| line.starts_with("query = ")).count();
    assert_eq!(queries, 2, "{config}");
    // One image less in one split of one dataset; also when the job was stopped before its end.
    let (image, count) =
        (first_query(&data), fs::read_dir(first_query(&data).parent().unwrap()).unwrap().count());
    fs::remove_file(&image).unwrap();
    let then = format!("{count} images");
    let now = format!("{} images", count - 1);
    for _ in 0..2 {
        let assert = by(&program, &[], &[]);
        fails(assert, 2, &["data.dukemtmc.query", &then, &now, "--out"]);
        let planned = by(&program, &["plan"], &[]).success();
        let text = String::from_utf8_lossy(&planned.get_output().stdout).into_owned();
        assert!(text.contains("data.dukemtmc.query") && !text.contains("market1501.query"), "{text}");
        if done.exists() {
            fs::remove_file(&done).unwrap();
        }
    }
}

#[test]
fn contents_are_told_apart_on_request() {
    let program = Program::new();
    let data = own_data(&program);
    by(&program, &[], &["--hash-contents"]).success();
    let image = first_query(&data);
    let mut bytes = fs::read(&image).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&image, bytes).unwrap();
    let planned = by(&program, &["plan"], &["--hash-contents"]).success();
    let text = String::from_utf8_lossy(&planned.get_output().stdout).into_owned();
    assert!(text.contains("data.dukemtmc.query") && text.contains("names and contents"), "{text}");
    fails(program.command(&["plan", "--hash-contents"]).assert(), 2, &["required"]);
}

#[test]
fn a_folder_of_an_earlier_version_is_refused_by_name() {
    let program = Program::new();
    let old = program.out().join("miniature/adapt/market-to-duke/mmt-k/seed-1");
    fs::create_dir_all(&old).unwrap();
    fs::write(old.join("run.json"), "{\"schema\": 1, \"profile\": \"miniature\"}").unwrap();
    for command in ["run", "plan"] {
        fails(program.miniature_by(&[command], &[]).assert(), 2, &["mmt-k/seed-1", "schema 1", "--out"]);
    }
}
