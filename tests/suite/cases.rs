//! Cases from public reports: each is held by a test that exists, or stands among the known limits.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// All ids of the two lists.
fn ids() -> Vec<String> {
    let first = (1..=56).filter(|number| ![28, 47].contains(number)).map(|number| format!("C{number}"));
    let second = [1, 2, 4, 6, 8, 10, 12, 13, 14, 16, 18, 19, 21, 24, 26, 27, 28, 30, 31, 32, 34];
    let second = second.into_iter().chain(36..=41).map(|number| format!("T2-{number}"));
    first.chain(second).collect()
}

fn text(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The tests of each case, as file and name. A name without a file is in the file before it.
fn held(table: &str) -> BTreeMap<String, Vec<(String, String)>> {
    let mut held = BTreeMap::new();
    for line in table.lines().filter(|line| line.starts_with("| C") || line.starts_with("| T")) {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let mut file = "";
        let mut tests = Vec::new();
        for quoted in cells[2].split('`').skip(1).step_by(2) {
            let name = quoted.split_once(": ").map_or(quoted, |(found, name)| {
                file = found;
                name
            });
            tests.push((file.to_owned(), name.to_owned()));
        }
        held.insert(cells[1].to_owned(), tests);
    }
    held
}

/// True where `name` is a test of a source text: plain, or of a property.
fn has_test(source: &str, name: &str) -> bool {
    let start = format!("fn {name}(");
    source.match_indices(&start).any(|(at, _)| {
        let line = source[..at].rfind('\n').map_or(0, |end| end + 1);
        let before: Vec<&str> = source[..line].lines().rev().take(4).map(str::trim).collect();
        before.iter().take_while(|line| line.starts_with('#')).any(|line| *line == "#[test]")
    })
}

#[test]
fn every_case_is_held_by_tests_that_exist_or_is_a_known_limit() {
    let held = held(&text("docs/cases.md"));
    let limits = text("docs/known-limits.md");
    for id in ids() {
        let is_limit = limits.contains(&format!("**{id}**"));
        let tests = held.get(&id).map_or(&[][..], Vec::as_slice);
        assert!(
            is_limit == tests.is_empty(),
            "{id} must be in docs/cases.md or among the known limits, and in one of them"
        );
        for (file, name) in tests {
            assert!(has_test(&text(file), name), "{id}: there is no test {name} in {file}");
        }
    }
    for id in held.keys() {
        assert!(ids().contains(id), "{id} is no case of the lists");
    }
}

#[test]
fn the_reading_of_tables_and_tests_finds_both_forms() {
    let table = "| id | tests |\n| C1 | `a.rs: one`, `two`, `b.rs: three` |\n| T2-3 | |";
    let held = held(table);
    let names: Vec<String> = held["C1"].iter().map(|(file, name)| format!("{file} {name}")).collect();
    assert_eq!(names, ["a.rs one", "a.rs two", "b.rs three"]);
    assert!(held["T2-3"].is_empty() && held.len() == 2);
    let source = "#[test]\nfn one() {}\n\n#[cfg(unix)]\n#[test]\nfn two(a in b()) {}\nfn three() {}\n";
    assert!(
        has_test(source, "one")
            && has_test(source, "two")
            && !has_test(source, "three")
            && !has_test(source, "on")
    );
}
