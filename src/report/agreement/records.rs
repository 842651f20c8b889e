//! The records of the tests, as `mmt-testkit` writes them.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, Result};

/// The schema this room reads.
const SCHEMA: u32 = 1;

/// A definition and everything that holds it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Definition {
    pub number: String,
    pub name: String,
    pub reference: String,
    pub fast: Vec<String>,
    pub laws_file: String,
    pub laws: Vec<String>,
    pub golden_functions: Vec<String>,
    pub golden_cases: usize,
    pub golden_none: Option<String>,
    pub bench: Option<String>,
    pub bench_none: Option<String>,
}

/// What one test compared, of one kind.
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
}

#[derive(Deserialize)]
struct Definitions {
    schema: u32,
    definitions: Vec<Definition>,
}

#[derive(Deserialize)]
struct Test {
    schema: u32,
    comparisons: Vec<Comparison>,
}

/// All that the tests left.
pub(super) struct Records {
    pub definitions: Vec<Definition>,
    pub comparisons: Vec<Comparison>,
    /// Tests that compared something.
    pub tests: usize,
}

/// Reads the records below `folder`.
pub(super) fn load(folder: &Path) -> Result<Records> {
    let table = folder.join("definitions.json");
    if !table.is_file() {
        return Err(Error::file(
            folder,
            "holds no records of the tests; run `cargo test --test suite` first",
        ));
    }
    let Definitions { schema, definitions } = read(&table)?;
    check_schema(&table, schema)?;
    let mut records = Records { definitions, comparisons: Vec::new(), tests: 0 };
    for path in files(folder)?.into_iter().filter(|path| *path != table) {
        let test: Test = read(&path)?;
        check_schema(&path, test.schema)?;
        records.comparisons.extend(test.comparisons);
        records.tests += 1;
    }
    Ok(records)
}

/// The `*.json` files of a folder, sorted; what is being written starts with a dot and is passed over.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(Error::io("read", folder))? {
        let path = entry.map_err(Error::io("read", folder))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.ends_with(".json") && !name.starts_with('.') {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
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
