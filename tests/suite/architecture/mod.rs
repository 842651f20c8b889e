//! The house rules that can be read off the source: which room may use which, that no files use each other in a circle, and that every
//! step has its reference.

mod circles;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The rooms from the ground up: a room uses only rooms that stand before it. The first are crates of their own.
const ROOMS: [&str; 22] = [
    "error",
    "random",
    "whole_file",
    "record",
    "run_directory",
    "synthetic",
    "device",
    "file_kind",
    "blocks",
    "shim",
    "distance",
    "data",
    "model",
    "features",
    "loss",
    "cluster",
    "eval",
    "tools",
    "train",
    "step_budget",
    "conformance",
    "experiment",
];

/// Crates that do without libtorch, and the crates of the project that each may use.
const WITHOUT_LIBTORCH: [(&str, &[&str]); 4] = [
    ("vocabulary", &[]),
    ("torch-file", &[]),
    ("domains", &["mmt-vocabulary"]),
    ("report", &["mmt-domains", "mmt-vocabulary"]),
];

/// Crates of the program: the library does without them.
const PROGRAM: [&str; 6] = ["clap", "ctrlc", "indicatif", "minijinja", "mmt_report", "polars"];

/// Rooms whose steps have a counterpart in the reference.
const WITH_REFERENCE: [&str; 4] = ["loss", "cluster", "eval", "train"];

/// Files of those rooms that hold no definition, and why.
const WITHOUT_REFERENCE: &[(&str, &str)] = &[
    ("cluster/clustering.rs", "chooses between the algorithms, which have their twins"),
    ("train/dropout.rs", "draws masks from the run's streams; the reference takes them as inputs"),
    (
        "train/learners.rs",
        "a whole step of whichever method, as `Method::step` of the reference's adaptation",
    ),
    ("train/lessons.rs", "what steps told, as images of the training set; the reference has it in its epoch"),
    ("train/losses.rs", "means of the named losses, for the records"),
    (
        "train/method.rs",
        "what the methods of `train/methods` have in common; the reference has a list of them",
    ),
    (
        "train/passes.rs",
        "hands masks and groups to the networks; in the reference they are fields of StepSettings",
    ),
    (
        "train/pseudo_labels.rs",
        "clusters with their centroids; the definitions are those of the cluster room",
    ),
    ("train/settings.rs", "settings as the profiles spell them"),
    ("train/statistics.rs", "forward passes in training mode, without a step"),
];

/// Files whose references are being written. An entry whose reference is there fails the test: the list must become empty.
const REFERENCE_PENDING: &[&str] = &[];

#[test]
fn a_room_uses_only_rooms_that_stand_before_it() {
    let mut wrong = Vec::new();
    for (path, text) in sources("src") {
        let Some(room) = room_of(&path) else { continue };
        let Some(own) = ROOMS.iter().position(|name| *name == room) else {
            wrong.push(format!("{}: {room} is no room of the house", path.display()));
            continue;
        };
        for used in rooms_used(&text) {
            match ROOMS.iter().position(|name| *name == used) {
                Some(position) if position <= own => {}
                Some(_) => {
                    wrong.push(format!("{}: {room} uses {used}, which stands after it", path.display()))
                }
                None => wrong.push(format!("{}: crate::{used} is no room of the house", path.display())),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn crates_do_without_libtorch_and_without_those_above_them() {
    for (name, allowed) in WITHOUT_LIBTORCH {
        let path = root().join("crates").join(name).join("Cargo.toml");
        let manifest: toml::Table = fs::read_to_string(&path).unwrap().parse().unwrap();
        for used in manifest["dependencies"].as_table().unwrap().keys() {
            let own = used.starts_with("mmt");
            let is_allowed = if own {
                allowed.contains(&used.as_str())
            } else {
                !["tch", "torch-sys"].contains(&used.as_str())
            };
            assert!(is_allowed, "{name} uses {used}");
        }
    }
    let listed = fs::read_dir(root().join("crates")).unwrap().count();
    assert_eq!(listed, WITHOUT_LIBTORCH.len(), "a crate is missing in the list");
}

#[test]
fn the_program_stays_out_of_the_library() {
    for (path, text) in sources("src") {
        if !path.starts_with("bin") {
            let code = without_comments(&text);
            for name in PROGRAM {
                assert!(!uses_crate(&code, name), "{} uses {name}", path.display());
            }
        }
    }
}

#[test]
fn the_reference_uses_the_standard_library_only() {
    for (path, text) in sources("reference/src") {
        let code = without_comments(&text);
        for line in code.lines().map(str::trim_start) {
            let used = line.strip_prefix("pub ").unwrap_or(line).strip_prefix("use ");
            let Some(used) = used else { continue };
            let known = ["crate", "super", "std", "self"].iter().any(|start| used.starts_with(start));
            // `use Enum::{A, B}` and `use module::item` inside one file start with neither.
            assert!(known || !used.contains("::") || defines(&code, used), "{}: {line}", path.display());
        }
        assert!(!code.contains("std::thread") && !code.contains("unsafe "), "{}", path.display());
    }
}

#[test]
fn every_step_has_its_counterpart_in_the_reference() {
    let mut missing = Vec::new();
    for (path, _) in sources("src") {
        let mut excused = WITHOUT_REFERENCE.iter().map(|(name, _)| name).chain(REFERENCE_PENDING);
        let excused = excused.any(|name| path == Path::new(name));
        if is_step(&path) && !excused && reference(&path).is_none() {
            missing.push(path.display().to_string());
        }
    }
    assert!(missing.is_empty(), "no twin under reference/src for:\n{}", missing.join("\n"));
}

#[test]
fn every_excuse_for_a_missing_reference_is_still_needed() {
    for name in REFERENCE_PENDING {
        assert!(root().join("src").join(name).exists(), "{name} is gone: delete its line");
        assert!(reference(Path::new(name)).is_none(), "{name} has a twin by now: delete its line");
    }
    for (name, reason) in WITHOUT_REFERENCE {
        let path = Path::new(name);
        assert!(root().join("src").join(path).exists(), "{name} is gone: delete its line");
        assert!(reference(path).is_none(), "{name} has a twin by now: delete its line");
        assert!(reason.len() > 10, "{name} needs a reason");
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file under a folder of the repository, by its path inside it, with its text.
fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let base = root().join(folder);
    let mut found = Vec::new();
    let mut folders = vec![base.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                found.push((path.strip_prefix(&base).unwrap().to_owned(), text));
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "no source under {}", base.display());
    found
}

/// The room a file of `src/` belongs to; `None` for the crate's root and the binaries.
fn room_of(path: &Path) -> Option<String> {
    let first = path.components().next()?.as_os_str().to_str()?;
    let room = first.strip_suffix(".rs").unwrap_or(first);
    (room != "lib" && room != "bin").then(|| room.to_owned())
}

/// Line comments and doc comments taken out: a link to a later room is no use of it.
fn without_comments(text: &str) -> String {
    let code = |line: &str| line.find("//").map_or(line.to_owned(), |start| line[..start].to_owned());
    text.lines().map(|line| code(line) + "\n").collect()
}

/// The rooms named after `crate::` in a source text; the re-exports of the root count as the room they come from.
fn rooms_used(text: &str) -> BTreeSet<String> {
    let code = without_comments(text);
    let mut used = BTreeSet::new();
    for (start, _) in code.match_indices("crate::") {
        // `$crate::`, `my_crate::` are something else.
        if code[..start].ends_with(|before: char| before.is_alphanumeric() || before == '_') {
            continue;
        }
        used.extend(names_after(&code[start + "crate::".len()..]));
    }
    used.into_iter()
        .map(|name| if name.starts_with(char::is_uppercase) { "error".to_owned() } else { name })
        .collect()
}

/// The first names of a path or of a `{…}` group of paths.
fn names_after(rest: &str) -> Vec<String> {
    let Some(group) = rest.strip_prefix('{') else { return vec![first_name(rest)] };
    items(group).into_iter().map(first_name).collect()
}

/// The items of a group of paths, up to the brace that closes it.
fn items(group: &str) -> Vec<&str> {
    let (mut items, mut start, mut depth) = (Vec::new(), 0, 1);
    for (at, letter) in group.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 || depth == 1 && letter == ',' {
            items.push(group[start..at].trim());
            start = at + 1;
        }
        if depth == 0 {
            break;
        }
    }
    items.retain(|item| !item.is_empty());
    items
}

fn first_name(path: &str) -> String {
    path.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect()
}

/// True where the code has `name::` or `use name` as a path of its own.
fn uses_crate(code: &str, name: &str) -> bool {
    let own = |start: usize| !code[..start].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':');
    code.match_indices(&format!("{name}::")).any(|(start, _)| own(start))
        || code.contains(&format!("use {name};"))
}

/// True where the first name of a path is an item of this very file.
fn defines(code: &str, path: &str) -> bool {
    let name = first_name(path);
    ["enum ", "mod ", "struct "].iter().any(|kind| code.contains(&format!("{kind}{name}")))
}

/// True for files of those rooms that may hold a step: all but the rooms' own front pages.
fn is_step(path: &Path) -> bool {
    let room = room_of(path).unwrap_or_default();
    WITH_REFERENCE.contains(&room.as_str())
        && path.file_name().is_some_and(|name| name != "mod.rs")
        && path.components().count() > 1
}

/// The reference of a fast file: the same path, or for one of several fast forms in a folder the file named like the folder.
fn reference(path: &Path) -> Option<PathBuf> {
    let base = root().join("reference/src");
    let folder = path.parent().map(|folder| base.join(folder).with_extension("rs"));
    [Some(base.join(path)), folder].into_iter().flatten().find(|candidate| candidate.is_file())
}

#[test]
fn the_reading_of_use_lines_finds_rooms_in_every_form() {
    let text = "use crate::{error::{Error, Result}, loss::triplet};\nlet x = crate::eval::f();\n// crate::report\nuse crate::Error;";
    let expected: BTreeSet<String> = ["error", "eval", "loss"].map(String::from).into();
    assert_eq!(rooms_used(text), expected);
}

#[test]
fn the_reading_of_crates_finds_paths_and_not_parts_of_names() {
    assert!(uses_crate("use tch::Tensor;", "tch") && uses_crate("let t: tch::Tensor;", "tch"));
    assert!(!uses_crate("use matches::a; batch::x()", "tch"));
}
