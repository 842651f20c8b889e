//! The agreement report: per definition of `docs/method.md`, how far the fast implementation is from the reference and from
//! the published code, as the tests saw it. It reads what `cargo test --test suite` left below `target/agreement/`.

mod equations;
mod markdown;
mod records;
mod rows;

use std::path::{Path, PathBuf};

use mmt_vocabulary::error::{Error, Result};

use super::write;

/// The result of [`build`].
#[derive(Debug, Clone, PartialEq)]
pub struct Agreement {
    /// The overview, a line per definition: text for a terminal.
    pub text: String,
    /// The files that were written.
    pub files: Vec<PathBuf>,
}

/// Makes `agreement.md` and `agreement.csv` below `out` from the records below `records` (`target/agreement`).
///
/// # Errors
/// No records, records that are cut off or of another schema, a definition without any comparison with its reference, a golden
/// case that was not run, or a folder that cannot be written.
pub fn build(records: &Path, out: &Path) -> Result<Agreement> {
    let loaded = records::load(records)?;
    let rows = rows::worst(&loaded);
    let silent: Vec<&str> = loaded
        .definitions
        .iter()
        .map(|definition| definition.number.as_str())
        .filter(|number| !rows.iter().any(|row| row.definition == *number && row.against == "reference"))
        .collect();
    if !silent.is_empty() {
        let reason =
            format!("holds no comparison with the reference of {}; run all of the suite", silent.join(", "));
        return Err(Error::file(records, reason));
    }
    if !loaded.missing_cases.is_empty() {
        let missing = loaded.missing_cases.join(", ");
        return Err(Error::file(records, format!("lacks the golden cases {missing}; run all of the suite")));
    }
    let overview = rows::overview(&loaded, &rows)?;
    let details = rows::details(&loaded, &rows)?;
    let text = markdown::page(&loaded, &overview, &rows);
    let files =
        vec![write(out, "agreement.md", text.as_bytes())?, write(out, "agreement.csv", &details.csv()?)?];
    Ok(Agreement { text: overview.text(), files })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const DEFINITIONS: &str = r#"{"schema": 2, "source": {"commit": "0123abc", "dirty": true},
        "golden_cases": ["d1_a"], "definitions": [{"number": "D1", "name": "label-smoothed cross-entropy",
        "reference": "reference/src/a.rs", "fast": ["src/a.rs"], "properties_file": "tests/suite/a.rs", "properties": ["it_is_so"],
        "golden_functions": ["published.f"], "golden_cases": 3, "golden_none": null, "bench": "loss/a", "bench_none": null}]}"#;

    fn comparison(against: &str, side: &str, share: f64) -> String {
        format!(
            r#"{{"definition": "D1", "quantity": "value", "against": "{against}", "side": "{side}", "device": "cpu",
            "allowed": "1e-12 u", "reason": "because", "comparisons": 2, "worst_error": 5e-14, "worst_share": {share},
            "failures": {}}}"#,
            u64::from(share > 1.0)
        )
    }

    fn file(test: &str, comparisons: &[String]) -> String {
        format!(
            r#"{{"schema": 2, "test": "{test}", "cases": ["d1_a"], "comparisons": [{}]}}"#,
            comparisons.join(", ")
        )
    }

    /// Records of two tests, and a folder for the report.
    fn folder(tests: &[(&str, String)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        run(folder.path(), "2", DEFINITIONS, tests);
        folder
    }

    fn run(records: &Path, name: &str, definitions: &str, tests: &[(&str, String)]) {
        let run = records.join(name);
        fs::create_dir_all(&run).unwrap();
        fs::write(run.join("definitions.json"), definitions).unwrap();
        for (name, text) in tests {
            fs::write(run.join(format!("{name}.json")), text).unwrap();
        }
    }

    #[test]
    fn records_belong_to_one_run_and_the_page_names_its_commit() {
        let now = file("now::x", &[comparison("reference", "f64", 0.5)]);
        let folder = folder(&[("now", now)]);
        let gone = file("gone::x", &[comparison("reference", "f64", 64.0)]);
        run(folder.path(), "1", DEFINITIONS, &[("gone", gone.clone())]);
        // A later run of a few tests has no table of definitions.
        fs::create_dir(folder.path().join("3")).unwrap();
        fs::write(folder.path().join("3/gone.json"), &gone).unwrap();
        let made = build(folder.path(), &folder.path().join("out")).unwrap();
        assert!(made.text.contains("50 %") && !made.text.contains("failed"), "{}", made.text);
        let page = fs::read_to_string(&made.files[0]).unwrap();
        assert!(
            page.contains("1 tests of commit `0123abc` with changes that are not committed made 2"),
            "{page}"
        );
        assert!(page.contains("in one run; 0 did not hold"), "{page}");
    }

    #[test]
    fn comparisons_that_did_not_hold_are_counted_not_hidden() {
        let tests = [comparison("reference", "f64", 0.5), comparison("reference", "f32", 2.0)];
        let folder = folder(&[("one", file("one::x", &tests))]);
        let made = build(folder.path(), &folder.path().join("out")).unwrap();
        assert!(made.text.contains("1 failed"), "{}", made.text);
        let page = fs::read_to_string(&made.files[0]).unwrap();
        assert!(page.contains("; 1 did not hold"), "{page}");
    }

    #[test]
    fn a_golden_case_that_was_not_run_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let two = DEFINITIONS.replace(r#"["d1_a"]"#, r#"["d1_a", "d1_b"]"#);
        run(folder.path(), "1", &two, &[("one", file("one::x", &[comparison("reference", "f64", 0.5)]))]);
        let error = build(folder.path(), folder.path()).unwrap_err().to_string();
        assert!(error.contains("d1_b") && !error.contains("d1_a"), "{error}");
    }

    #[test]
    fn the_worst_of_all_tests_stands_beside_what_is_allowed() {
        let one = file(
            "one::it_is_so",
            &[comparison("reference", "f64", 0.25), comparison("published", "f64", 0.5)],
        );
        let two = file("two::property", &[comparison("reference", "f64", 0.125)]);
        let folder = folder(&[("one", one), ("two", two)]);
        let made = build(folder.path(), &folder.path().join("out")).unwrap();
        assert!(made.text.contains("25 %") && made.text.contains("50 %"), "{}", made.text);
        let csv = fs::read_to_string(&made.files[1]).unwrap();
        assert!(csv.contains("D1,label-smoothed cross-entropy,value,reference,f64,cpu,4,"), "{csv}");
        let page = fs::read_to_string(&made.files[0]).unwrap();
        assert!(page.contains("it_is_so") && page.contains("L_{id}") && page.contains("because"), "{page}");
    }

    #[test]
    fn without_records_or_with_a_definition_that_nobody_compared_there_is_no_report() {
        let nothing = tempfile::tempdir().unwrap();
        let error = build(nothing.path(), nothing.path()).unwrap_err().to_string();
        assert!(error.contains("cargo test --test suite"), "{error}");
        let folder = folder(&[("one", file("one::x", &[comparison("published", "f64", 0.5)]))]);
        let error = build(folder.path(), folder.path()).unwrap_err().to_string();
        assert!(error.contains("of D1"), "{error}");
    }

    #[test]
    fn a_record_that_is_cut_off_is_named() {
        let folder = folder(&[("one", "{\"schema\": 1, \"test\":".to_owned())]);
        let error = build(folder.path(), folder.path()).unwrap_err().to_string();
        assert!(error.contains("one.json"), "{error}");
    }
}
