//! No files that use each other in a circle: what two of them need stands in a third. A file uses another where a path in its code
//! leads there, in a `use` or anywhere else. A re-export alone is no use, and a name that comes by one leads to the file that has it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::{WITHOUT_LIBTORCH, items, sources, without_comments};

/// Folders of the crates beside those of `crates/`. The program below `src/bin` is a crate of its own.
const FOLDERS: [&str; 5] = ["src", "src/bin/reproduce", "conformance/src", "reference/src", "testkit/src"];

/// Ends of the names of files that only tests use.
const OF_TESTS: [&str; 3] = ["tests", "fixture", "job_values"];

/// The names on the way from the root of a crate to one of its files; the root has none.
type Module = Vec<String>;

/// The files of a crate.
type Files = BTreeMap<Module, File>;

/// A file with the paths in its code.
struct File {
    path: PathBuf,
    /// Paths that it uses.
    used: Vec<String>,
    /// Names that it re-exports, with their paths.
    exports: BTreeMap<String, String>,
}

#[test]
fn no_files_use_each_other_in_a_circle() {
    let crates = WITHOUT_LIBTORCH.map(|(name, _)| format!("crates/{name}/src"));
    for folder in FOLDERS.map(String::from).into_iter().chain(crates) {
        let own = sources(&folder).into_iter().filter(|(path, _)| !path.starts_with("bin"));
        let circle = circle(&files(own));
        assert!(circle.is_empty(), "{folder}: {}", circle.join(" uses "));
    }
}

fn files(sources: impl IntoIterator<Item = (PathBuf, String)>) -> Files {
    sources.into_iter().filter_map(|(path, text)| Some((module(&path)?, File::new(path, &text)))).collect()
}

/// The module that a file is; none for one that only tests use.
fn module(path: &Path) -> Option<Module> {
    let names = path.with_extension("");
    let mut names: Module = names.iter().map(|name| name.to_string_lossy().into_owned()).collect();
    let last = names.last()?;
    if OF_TESTS.iter().any(|end| last.ends_with(end)) {
        return None;
    }
    if last == "mod" || [Path::new("lib.rs"), Path::new("main.rs")].contains(&path) {
        names.pop();
    }
    Some(names)
}

impl File {
    fn new(path: PathBuf, text: &str) -> Self {
        let text = without_comments(text);
        let (mut used, mut exports, mut rest) = (Vec::new(), BTreeMap::new(), String::new());
        for part in without_tests(&text).split_inclusive(';') {
            let (before, statement) = part.split_at(start_of_use(part).unwrap_or(part.len()));
            rest.push_str(before);
            for (path, name) in leaves(without_visibility(statement)).iter().map(|leaf| path_and_name(leaf)) {
                if statement.starts_with("pub") {
                    exports.insert(name, path);
                } else {
                    used.push(path);
                }
            }
        }
        used.extend(paths_in(&rest));
        used.extend(exports.iter().filter(|(name, _)| has_name(&rest, name)).map(|(_, path)| path.clone()));
        Self { path, used, exports }
    }
}

/// The code before the unit tests.
fn without_tests(code: &str) -> &str {
    let is_module = |line: &str| without_visibility(line).starts_with("mod ") && line.ends_with('{');
    let mut marks = code.match_indices("#[cfg(test)]\n");
    let tests = marks.find(|(at, mark)| code[at + mark.len()..].lines().next().is_some_and(is_module));
    tests.map_or(code, |(at, _)| &code[..at])
}

/// Where in `part` a `use` begins that goes on to its end.
fn start_of_use(part: &str) -> Option<usize> {
    let lines = [0].into_iter().chain(part.match_indices('\n').map(|(at, _)| at + 1));
    let mut starts = lines.map(|at| part.len() - part[at..].trim_start().len());
    starts.find(|at| without_visibility(&part[*at..]).starts_with("use "))
}

fn without_visibility(code: &str) -> &str {
    let Some(rest) = code.strip_prefix("pub") else { return code };
    rest.strip_prefix('(').and_then(|rest| rest.split_once(')')).map_or(rest, |(_, rest)| rest).trim_start()
}

/// The single imports of a `use` with all of its groups.
fn leaves(tree: &str) -> Vec<String> {
    let tree = tree.trim_start_matches("use ").trim_end_matches(';');
    let Some((start, group)) = tree.split_once('{') else { return vec![tree.trim().to_owned()] };
    items(group).into_iter().flat_map(leaves).map(|leaf| format!("{start}{leaf}")).collect()
}

/// `a::b` and `c` of `a::b as c`, `a::b` and `b` of `a::b`.
fn path_and_name(leaf: &str) -> (String, String) {
    let path = leaf.split(" as ").next().unwrap_or_default();
    let name = leaf.rsplit([' ', ':']).next().unwrap_or_default();
    (path.to_owned(), name.to_owned())
}

/// Paths outside every `use`. A visibility, `pub(in crate::…)`, is none.
fn paths_in(code: &str) -> Vec<String> {
    let code = code.replace("(in crate::", "(in ::");
    let tokens = code.split(|letter| !is_of_name(letter) && letter != ':');
    tokens.filter(|token| token.contains("::")).map(str::to_owned).collect()
}

fn is_of_name(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// Whether code has that name elsewhere than as a field or in a `mod name;`.
fn has_name(code: &str, name: &str) -> bool {
    let stands_alone = |(at, _): (usize, &str)| {
        let (before, after) = (&code[..at], &code[at + name.len()..]);
        !before.ends_with(|letter| is_of_name(letter) || letter == '.')
            && !before.ends_with("mod ")
            && !after.starts_with(is_of_name)
    };
    code.match_indices(name).any(stands_alone)
}

/// The file that a path in the code of another leads to; none outside the crate.
fn target(files: &Files, from: &Module, path: &str) -> Option<Module> {
    let below = |module: &Module, name: &str| [module.as_slice(), &[name.to_owned()]].concat();
    let mut names = path.split("::").peekable();
    let mut module = from.clone();
    if names.next_if_eq(&"crate").is_some() {
        module.clear();
    } else if names.peek() == Some(&"super") {
        while names.next_if_eq(&"super").is_some() {
            module.pop();
        }
    } else if names.next_if_eq(&"self").is_none() && !files.contains_key(&below(from, names.peek()?)) {
        return None;
    }
    for name in names {
        let next = below(&module, name);
        if !files.contains_key(&next) {
            let export = files.get(&module)?.exports.get(name);
            return export.and_then(|path| target(files, &module, path)).or(Some(module));
        }
        module = next;
    }
    files.contains_key(&module).then_some(module)
}

/// The files of a circle, the first one again at its end; empty where there is none.
fn circle(files: &Files) -> Vec<String> {
    let mut done = BTreeSet::new();
    let found = files.keys().find_map(|start| walk(files, start, &mut Vec::new(), &mut done));
    found.unwrap_or_default().iter().map(|module| files[module].path.display().to_string()).collect()
}

/// Looks for a circle in what `module` uses, directly or not. `way` leads to it; nothing that is `done` leads to a circle.
fn walk(
    files: &Files,
    module: &Module,
    way: &mut Vec<Module>,
    done: &mut BTreeSet<Module>,
) -> Option<Vec<Module>> {
    if let Some(first) = way.iter().position(|before| before == module) {
        return Some([&way[first..], std::slice::from_ref(module)].concat());
    }
    if !done.insert(module.clone()) {
        return None;
    }
    way.push(module.clone());
    let used = files[module].used.iter().filter_map(|path| target(files, module, path));
    let found = used.filter(|next| next != module).find_map(|next| walk(files, &next, way, done));
    way.pop();
    found
}

/// Three files, of which `b` is as given.
fn circle_with(b: &str) -> Vec<String> {
    let root = "mod a;\nmod b;\npub(crate) use a::One;\n";
    let a = "use super::b::{self, Two};\n\npub struct One;\n";
    circle(&files(
        [("lib.rs", root), ("a.rs", a), ("b.rs", b)].map(|(path, text)| (path.into(), text.into())),
    ))
}

#[test]
fn a_circle_is_found_in_every_form_of_a_path() {
    for b in [
        "use super::a::One;",
        "use crate::{\n    a::{One as First},\n};",
        "fn two(one: super::a::One) {}",
        "pub use crate::a::One;\n\npub struct Two(One);",
        // By the re-export of the root.
        "pub struct Two(crate::One);",
    ] {
        assert_eq!(circle_with(b), ["a.rs", "b.rs", "a.rs"], "{b}");
    }
}

#[test]
fn what_is_no_use_makes_no_circle() {
    for b in [
        "",
        "/// As [`One`](super::a::One).\npub struct Two;",
        "pub use super::a::One;",
        "use std::fmt;\n\nfn two() -> fmt::Result { a::One }",
        "pub(in crate::a) struct Two;",
        "pub struct Two;\n\n#[cfg(test)]\nmod tests {\n    use super::super::a::One;\n}",
    ] {
        assert!(circle_with(b).is_empty(), "{b}");
    }
}
