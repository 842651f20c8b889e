//! Printed and written output: closed pipes, full devices, links, names that are already taken.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use super::networks::checkpoint;
use super::{DOMAINS, Program, data_root, domains_root, fails};

/// Command lines of every command, each of which ends well and prints something.
pub fn commands(program: &Program) -> Vec<Vec<String>> {
    features(program, "a.npy", 60);
    let [root, domains, checkpoint] =
        [&domains_root(), DOMAINS.path(), &checkpoint()].map(|path| path.display().to_string());
    let runs = checkpoint.split("/miniature/").next().unwrap().to_owned() + "/miniature";
    let records = program.path("agreement");
    fs::create_dir_all(&records).unwrap();
    let prefix = "mean-1";
    [
        format!("plan --profile miniature --domains-dir {domains}"),
        format!("report {runs} --out report"),
        format!("evaluate --checkpoint {checkpoint} --prefix {prefix} --dataset dukemtmc --data-root {root}"),
        format!(
            "extract --checkpoint {checkpoint} --prefix {prefix} --images {root}/dukemtmc/DukeMTMC-reID/query"
        ),
        "cluster --features a.npy --method kmeans --k 3".to_owned(),
        format!("check --data-root {root} --dataset dukemtmc"),
        format!("inspect {checkpoint}"),
        format!("import {checkpoint} --out in.safetensors"),
        format!("export {checkpoint} --prefix mean-1. --out out.pth"),
        "--help".to_owned(),
        "run --help".to_owned(),
        "--version".to_owned(),
    ]
    .map(|line| line.split(' ').map(str::to_owned).collect())
    .into()
}

/// Rows in three bundles.
fn features(program: &Program, file: &str, rows: usize) {
    let text = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, 2), }}\n");
    let values = (0..rows).flat_map(|row| [(row % 3) as f32, 0.001 * row as f32]).flat_map(f32::to_le_bytes);
    let head = [b"\x93NUMPY\x01\x00", &(text.len() as u16).to_le_bytes()[..], text.as_bytes()].concat();
    fs::write(program.path(file), head.into_iter().chain(values).collect::<Vec<u8>>()).unwrap();
}

fn program(program: &Program, arguments: &[impl AsRef<str>]) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin("reproduce"));
    command.args(arguments.iter().map(AsRef::as_ref)).current_dir(program.folder.path());
    command
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn t2_32_a_closed_pipe_ends_quietly() {
    let own = Program::new();
    for arguments in commands(&own) {
        let mut child =
            program(&own, &arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // As `head -c 0` does: the reader is gone before anything is written.
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", errors(&output));
        assert!(!errors(&output).contains("error"), "{arguments:?}: {}", errors(&output));
    }
}

#[test]
fn t2_32_a_full_standard_output_is_one_line_and_exit_1() {
    let own = Program::new();
    for arguments in commands(&own) {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = program(&own, &arguments).stdout(full).stderr(Stdio::piped()).output().unwrap();
        let text = errors(&output);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {text}");
        let lines: Vec<&str> = text.lines().filter(|line| line.starts_with("error: ")).collect();
        assert!(lines.len() == 1 && lines[0].contains("standard output"), "{arguments:?}: {text}");
        assert!(!text.contains("panicked"), "{text}");
    }
}

#[test]
fn t2_32_a_full_or_closed_standard_error_changes_nothing() {
    let own = Program::new();
    for arguments in commands(&own) {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = program(&own, &arguments).stderr(full).stdout(Stdio::piped()).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        let mut child =
            program(&own, &arguments).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        drop(child.stderr.take());
        assert_eq!(child.wait().unwrap().code(), Some(0), "{arguments:?}");
    }
    // An error that nobody reads keeps its status.
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = program(&own, &["cluster", "--features", "nothing.npy"]).stderr(full).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn t2_32_a_run_whose_reader_is_gone_is_done_all_the_same() {
    let own = Program::new();
    let domains = DOMAINS.path().display().to_string();
    let arguments =
        ["--profile", "miniature", "--task", "market-to-duke", "--method", "pre-trained", "--threads", "2"];
    let mut command = program(&own, &[&arguments[..], &["--domains-dir", &domains]].concat());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    assert!(own.path("runs/miniature/report/report.md").exists());
}

#[test]
fn t2_28_devices_and_pipes_are_written_to_and_never_replaced() {
    let own = Program::new();
    features(&own, "a.npy", 60);
    let cluster = |out: &str| {
        let arguments = ["cluster", "--features", "a.npy", "--method", "kmeans", "--k", "3", "--out", out];
        program(&own, &arguments)
    };
    // Nothing but the labels comes by standard output where it is the file asked for.
    for out in ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"] {
        let output = cluster(out).output().unwrap();
        let text = String::from_utf8(output.stdout.clone()).unwrap();
        assert!(text.starts_with("row,label\n0,") && text.lines().count() == 61, "{out}: {text}");
        assert!(errors(&output).contains("clusters"), "{}", errors(&output));
        let file = fs::File::create(own.path("shell.csv")).unwrap();
        assert!(cluster(out).stdout(file).status().unwrap().success());
        assert_eq!(fs::read_to_string(own.path("shell.csv")).unwrap(), text, "{out}");
    }
    let pipe = own.path("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let mut child = cluster("pipe").stdout(Stdio::null()).spawn().unwrap();
    let mut text = String::new();
    fs::File::open(&pipe).unwrap().read_to_string(&mut text).unwrap();
    assert!(child.wait().unwrap().success() && text.lines().count() == 61);
    assert!(!fs::metadata(&pipe).unwrap().is_file());
    assert!(
        cluster("/dev/null").status().unwrap().success() && !fs::metadata("/dev/null").unwrap().is_file()
    );
    let output = cluster("/dev/full").output().unwrap();
    assert!(output.status.code() == Some(1) && errors(&output).contains("/dev/full"), "{}", errors(&output));
    // A node of one's own, where one may make it.
    if Command::new("mknod").arg(own.path("node")).args(["c", "1", "3"]).status().unwrap().success() {
        let output = cluster("node").output().unwrap();
        assert!(!fs::metadata(own.path("node")).unwrap().is_file(), "{}", errors(&output));
    }
}

#[test]
fn t2_28_links_are_followed() {
    let own = Program::new();
    features(&own, "a.npy", 60);
    fs::create_dir(own.path("far")).unwrap();
    std::os::unix::fs::symlink("far/labels.csv", own.path("labels.csv")).unwrap();
    for _ in 0..2 {
        own.command(&["cluster", "--features", "a.npy", "--method", "kmeans", "--k", "3"]).assert().success();
        assert!(fs::symlink_metadata(own.path("labels.csv")).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(own.path("far/labels.csv")).unwrap().lines().count(), 61);
    }
}

#[test]
fn t2_30_an_output_that_is_an_input_or_another_output_is_refused() {
    let own = Program::new();
    features(&own, "a.npy", 60);
    fs::copy(checkpoint(), own.path("c.safetensors")).unwrap();
    std::os::unix::fs::symlink("a.npy", own.path("link.csv")).unwrap();
    std::os::unix::fs::symlink("c.safetensors", own.path("out.pth")).unwrap();
    fs::hard_link(own.path("c.safetensors"), own.path("hard.safetensors")).unwrap();
    let root = domains_root().display().to_string();
    let evaluate =
        ["evaluate", "--checkpoint", "c.safetensors", "--prefix", "mean-1", "--dataset", "dukemtmc"];
    let images = format!("{root}/dukemtmc/DukeMTMC-reID/query");
    let extract =
        ["extract", "--checkpoint", "c.safetensors", "--prefix", "mean-1", "--images", &images, "--out"];
    let before = (fs::read(own.path("a.npy")).unwrap(), fs::read(own.path("c.safetensors")).unwrap());
    for arguments in [
        &["cluster", "--features", "a.npy", "--out", "link.csv"][..],
        &["import", "c.safetensors", "--out", "./c.safetensors"],
        &["import", "c.safetensors", "--out", "hard.safetensors"],
        &["export", "c.safetensors", "--prefix", "mean-1.", "--out", "out.pth"],
        &[&evaluate[..], &["--data-root", &root, "--json", "x", "--csv", "./x"]].concat(),
        &[&extract[..], &["c.safetensors"]].concat(),
    ] {
        fails(own.command(arguments).assert(), 2, &["--"]);
    }
    let after = (fs::read(own.path("a.npy")).unwrap(), fs::read(own.path("c.safetensors")).unwrap());
    assert!(before == after, "nothing was written");
}

#[test]
fn t2_27_the_ending_tells_the_format_or_is_refused() {
    let own = Program::new();
    features(&own, "a.npy", 60);
    let checkpoint = checkpoint().display().to_string();
    let images = domains_root().join("dukemtmc/DukeMTMC-reID/query").display().to_string();
    let extract =
        ["extract", "--checkpoint", &checkpoint, "--prefix", "mean-1", "--images", &images, "--out"];
    own.command(&[&extract[..], &["f.npy"]].concat()).assert().success();
    assert!(fs::read(own.path("f.npy")).unwrap().starts_with(b"\x93NUMPY") && own.path("f.csv").exists());
    own.command(&["cluster", "--features", "f.npy", "--method", "kmeans", "--k", "3"]).assert().success();
    for (arguments, ending) in [
        (&[&extract[..], &["f.npz"]].concat()[..], ".safetensors or .npy"),
        (&[&extract[..], &["f.csv"]].concat(), ".safetensors"),
        (&["cluster", "--features", "a.npy", "--out", "labels.npy"], ".csv"),
        (&["import", &checkpoint, "--out", "in.pth"], ".safetensors"),
        (&["export", &checkpoint, "--prefix", "mean-1.", "--out", "out.safetensors"], ".pth"),
    ] {
        fails(own.command(arguments).assert(), 2, &[ending]);
    }
}

#[test]
fn t2_31_a_place_that_cannot_be_written_is_refused_before_the_work() {
    let own = Program::new();
    // Features that are no features: had the work begun, it would have ended with another message. Nobody may write into /proc.
    fs::write(own.path("a.npy"), "text").unwrap();
    let root = domains_root().display().to_string();
    for (arguments, part) in [
        (&["cluster", "--features", "a.npy", "--out", "/proc/labels.csv"][..], "/proc/labels.csv"),
        (&["cluster", "--features", "a.npy", "--out", "no/such/labels.csv"], "no folder no/such"),
        (
            &[
                "evaluate",
                "--checkpoint",
                "a.npy",
                "--dataset",
                "dukemtmc",
                "--data-root",
                &root,
                "--json",
                "/proc/x.json",
            ],
            "/proc/x.json",
        ),
        (&["extract", "--checkpoint", "a.npy", "--images", "nowhere", "--out", "/proc/f.npy"], "/proc/f.npy"),
        (&["import", "a.npy", "--out", "/proc/f.safetensors"], "/proc/f.safetensors"),
        (&["export", "a.npy", "--out", "/proc/f.pth"], "/proc/f.pth"),
        (&["check", "--data-root", &root, "--json", "/proc/x.json"], "/proc/x.json"),
    ] {
        fails(own.command(arguments).assert(), 1, &[part]);
    }
}

#[test]
fn t2_36_wrong_settings_end_with_2() {
    let own = Program::new();
    features(&own, "a.npy", 60);
    fn cluster<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
        [&["cluster", "--features", "a.npy"], arguments].concat()
    }
    let checkpoint = checkpoint().display().to_string();
    let text = |domains: &str| format!("base = \"miniature\"\nname = \"own\"\n{domains}\n");
    fs::write(own.path("many.toml"), text("[domains]\ntrain_identities = 2000")).unwrap();
    fs::write(own.path("k.toml"), text("[adaptation]\nclustering = { clusters = 4000 }")).unwrap();
    for (arguments, part) in [
        (&cluster(&["--rho", "2"])[..], "rho"),
        (&cluster(&["--rho", "nan"]), "rho"),
        (&cluster(&["--method", "kmeans", "--k", "0"]), "clusters"),
        (&cluster(&["--method", "kmeans", "--k", "61"]), "61 needed, 60 given"),
        (&cluster(&["--k1", "0"]), "k1"),
        (&cluster(&["--k2", "0"]), "k2"),
        (&cluster(&["--eps=-1"]), "eps"),
        (&cluster(&["--min-samples", "0"]), "min_samples"),
        (&cluster(&["--lambda", "2", "--source-features", "a.npy"]), "lambda"),
        (
            &["evaluate", "--checkpoint", &checkpoint, "--dataset", "dukemtmc", "--data-root", "nowhere"],
            "nowhere",
        ),
        (
            &[
                "extract",
                "--checkpoint",
                &checkpoint,
                "--dataset",
                "dukemtmc",
                "--data-root",
                "a.npy",
                "--split",
                "train",
            ],
            "not a folder",
        ),
        (&["check", "--data-root", "nowhere"], "nowhere"),
        (&["plan", "--data-root", "nowhere"], "nowhere"),
        (&["plan", "--profile", "many.toml"], "at most 1500"),
        (&["run", "--profile", "many.toml"], "at most 1500"),
        (&["plan", "--profile", "k.toml"], "clusters: 4000 needed, 48 given"),
    ] {
        fails(own.command(arguments).assert(), 2, &[part]);
    }
}

#[test]
fn misspelt_values_are_answered_with_the_nearest_known_one() {
    let own = Program::new();
    for (arguments, meant) in [
        (&["--task", "market-to-duek"][..], "did you mean `market-to-duke`?"),
        (&["--method", "pretrained"], "did you mean `pre-trained`?"),
        (&["--profile", "qiuck"], "did you mean `quick`?"),
        (&["--experiment", "tabel2"], "did you mean `table2`?"),
        (&["check", "--data-root", ".", "--dataset", "market"], "did you mean `market1501`?"),
        (&["import", "x.pth", "--out", "y", "--arch", "resent50"], "did you mean `resnet50`?"),
    ] {
        fails(own.command(arguments).assert(), 2, &[meant]);
    }
}

#[test]
fn t2_24_the_clusters_that_are_there_are_counted() {
    let own = Program::new();
    let text = "{'descr': '<f4', 'fortran_order': False, 'shape': (70, 2), }\n";
    let head = [b"\x93NUMPY\x01\x00", &(text.len() as u16).to_le_bytes()[..], text.as_bytes()].concat();
    for (different, name) in [(7_u16, "seven.npy"), (1, "one.npy")] {
        let values = (0..70_u16).flat_map(|row| [f32::from(row % different), 1.0]).flat_map(f32::to_le_bytes);
        fs::write(own.path(name), head.iter().copied().chain(values).collect::<Vec<u8>>()).unwrap();
        let assert = own
            .command(&["cluster", "--features", name, "--method", "kmeans", "--k", "40"])
            .assert()
            .success();
        let output = assert.get_output();
        let labels = fs::read_to_string(own.path("labels.csv")).unwrap();
        let found: std::collections::BTreeSet<u16> =
            labels.lines().skip(1).map(|line| line.split_once(',').unwrap().1.parse().unwrap()).collect();
        assert_eq!(found, (0..different).collect(), "{name}");
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(printed.contains(&format!("clusters     {different}\n")), "{printed}");
        assert!(errors(output).contains("instead of the 40 asked for"), "{}", errors(output));
    }
}

/// A data root whose Duke is changed by `change`.
fn changed(change: impl Fn(&Path)) -> (Program, String) {
    let own = Program::new();
    let root = data_root(&own);
    change(&root.join("dukemtmc/DukeMTMC-reID"));
    let root = root.display().to_string();
    (own, root)
}

fn first_image(folder: &Path) -> std::path::PathBuf {
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.remove(0)
}

#[test]
fn a_check_says_what_is_there_and_what_is_wrong() {
    let (own, root) = changed(|_| {});
    let assert = own.command(&["check", "--data-root", &root, "--json", "found.json"]).assert().success();
    let text = String::from_utf8_lossy(&assert.get_output().stdout).into_owned();
    for part in ["market1501 in", "dukemtmc in", "(16522)", "queries without a match: 0 of"] {
        assert!(text.contains(part), "`{part}` is not in {text}");
    }
    let (own, root) = changed(|duke| {
        let image = first_image(&duke.join("bounding_box_train"));
        fs::write(&image, &fs::read(&image).unwrap()[..100]).unwrap();
        let image = first_image(&duke.join("query"));
        fs::copy(&image, duke.join("query/9999_c1_f0000001.jpg")).unwrap();
        fs::write(duke.join("query/0001_c1_f1.png"), "").unwrap();
    });
    let command = ["check", "--data-root", &root, "--dataset", "dukemtmc", "--json", "found.json"];
    let assert = own.command(&command).assert();
    let text = String::from_utf8_lossy(&assert.get_output().stdout).into_owned();
    fails(assert, 1, &["not fit for a run"]);
    for part in [
        "1 images cannot be decoded",
        "1 groups of equal files, 1 of them under several identities",
        "1 images of query are ignored",
        "1 of people who are not in the gallery".replace("1 of", "1 are of").as_str(),
    ] {
        assert!(text.contains(part), "`{part}` is not in {text}");
    }
    let json = fs::read_to_string(own.path("found.json")).unwrap();
    assert!(json.contains("\"duplicates\"") && json.contains("truncated"), "{json}");
}

#[test]
fn a_test_set_without_a_match_is_refused_before_any_work() {
    let (own, root) = changed(|duke| {
        let gallery = duke.join("bounding_box_test");
        let image = fs::read(first_image(&gallery)).unwrap();
        fs::remove_dir_all(&gallery).unwrap();
        fs::create_dir(&gallery).unwrap();
        fs::write(gallery.join("8888_c1_f0000001.jpg"), image).unwrap();
    });
    let arguments = ["--profile", "miniature", "--task", "market-to-duke", "--data-root", &root];
    let parts = ["none of the", "queries has a match", "people who are not in the gallery"];
    fails(own.command(&arguments).assert(), 1, &parts);
    assert!(!own.path("runs/miniature/pretrain").exists());
    fails(own.command(&[&["plan"], &arguments[..]].concat()).assert(), 1, &parts);
    let checkpoint = checkpoint().display().to_string();
    let evaluate = [
        "evaluate",
        "--checkpoint",
        &checkpoint,
        "--prefix",
        "mean-1",
        "--dataset",
        "dukemtmc",
        "--data-root",
        &root,
    ];
    fails(own.command(&evaluate).assert(), 1, &parts);
    let assert = own.command(&["check", "--data-root", &root, "--dataset", "dukemtmc"]).assert();
    assert!(String::from_utf8_lossy(&assert.get_output().stdout).contains("none of the"));
}

#[test]
fn c24_c25_t2_19_own_data_is_read_and_what_is_odd_is_said() {
    let (own, root) = changed(|duke| {
        let query = duke.join("query");
        let image = first_image(&query);
        let name = image.file_name().unwrap().to_str().unwrap().to_owned();
        let camera = name.find("_c").unwrap();
        fs::copy(&image, query.join(format!("{}_c99_f0000001.jpg", &name[..camera]))).unwrap();
        fs::copy(&image, query.join(format!("{}_c98_f0000001.PNG", &name[..camera]))).unwrap();
    });
    let checkpoint = checkpoint().display().to_string();
    let evaluate = [
        "evaluate",
        "--checkpoint",
        &checkpoint,
        "--prefix",
        "mean-1",
        "--dataset",
        "dukemtmc",
        "--data-root",
        &root,
    ];
    let assert = own.command(&evaluate).assert().success();
    let text = errors(assert.get_output());
    for part in ["cameras 99 are not among DukeMTMC-reID's, 1 to 8", "1 images of query are ignored"] {
        assert!(text.contains(part), "`{part}` is not in {text}");
    }
}
