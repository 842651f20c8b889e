//! The records of the tests, as `mmt-testkit` writes them.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use mmt_vocabulary::error::{Error, Result};

/// The schema this room reads.
const SCHEMA: u32 = 2;

/// A definition and everything that holds it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Definition {
    pub number: String,
    pub name: String,
    pub reference: String,
    pub fast: Vec<String>,
    pub properties_file: String,
    pub properties: Vec<String>,
    pub golden_functions: Vec<String>,
    pub golden_cases: usize,
    pub golden_none: Option<String>,
    pub bench: Option<String>,
    pub bench_none: Option<String>,
}

/// The comparisons of one kind that a test made.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Comparison {
    pub definition: String,
    pub quantity: String,
    pub against: String,
    pub side: String,
    pub device: String,
    pub allowed: String,
    pub reason: String,
    pub comparisons: u64,
    pub worst_error: f64,
    pub worst_share: f64,
    pub failures: u64,
}

/// The source that the tests were of.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Source {
    pub commit: Option<String>,
    pub dirty: bool,
}

#[derive(Deserialize)]
struct Definitions {
    schema: u32,
    source: Source,
    golden_cases: Vec<String>,
    definitions: Vec<Definition>,
}

#[derive(Deserialize)]
struct Test {
    schema: u32,
    cases: Vec<String>,
    comparisons: Vec<Comparison>,
}

/// All that one run of the tests left.
pub(super) struct Records {
    pub source: Source,
    /// Golden cases that the run left out.
    pub missing_cases: Vec<String>,
    pub definitions: Vec<Definition>,
    pub comparisons: Vec<Comparison>,
    /// Tests that compared something.
    pub tests: usize,
}

/// The table that a run leaves beside its records.
const TABLE: &str = "definitions.json";

/// Reads the records of the last run below `folder` that left the table of definitions: a run of a few tests leaves none. Records of
/// other runs are never mixed in.
pub(super) fn load(folder: &Path) -> Result<Records> {
    let runs = entries(folder).unwrap_or_default().into_iter().filter(|run| run.join(TABLE).is_file());
    let run = runs.max().ok_or_else(|| {
        Error::file(folder, "holds no records of the tests; run `cargo test --test suite` first")
    })?;
    let table = run.join(TABLE);
    let Definitions { schema, source, golden_cases, definitions } = read(&table)?;
    check_schema(&table, schema)?;
    let mut records =
        Records { source, missing_cases: golden_cases, definitions, comparisons: Vec::new(), tests: 0 };
    for path in files(&run)?.into_iter().filter(|path| *path != table) {
        let test: Test = read(&path)?;
        check_schema(&path, test.schema)?;
        records.missing_cases.retain(|case| !test.cases.contains(case));
        records.comparisons.extend(test.comparisons);
        records.tests += 1;
    }
    Ok(records)
}

/// The `*.json` files of a folder, sorted; what is being written starts with a dot and is passed over.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = entries(folder)?;
    files.retain(|path| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.ends_with(".json") && !name.starts_with('.')
    });
    files.sort();
    Ok(files)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).map_err(Error::io("read", folder))?;
    entries.map(|entry| Ok(entry.map_err(Error::io("read", folder))?.path())).collect()
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let bytes = fs::read(path).map_err(Error::io("read", path))?;
    serde_json::from_slice(&bytes).map_err(|error| Error::file(path, error.to_string()))
}

fn check_schema(path: &Path, found: u32) -> Result<()> {
    if found == SCHEMA {
        return Ok(());
    }
    Err(Error::file(path, format!("has schema {found}, this program reads {SCHEMA}; run the tests again")))
}
