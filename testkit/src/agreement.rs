//! What the tests saw, kept for the agreement report: each test leaves the comparisons it made, with the worst error of
//! each kind, in a file of its own below `target/agreement/`. `reproduce agreement` makes the report of them.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::compare::Difference;

/// Version of the records below.
pub const SCHEMA_VERSION: u32 = 1;

/// What was compared with what.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Kind {
    /// Number of the definition.
    pub definition: &'static str,
    /// `value` or `gradient`; for golden cases `output`.
    pub quantity: &'static str,
    /// `reference` (and the laws, which use the same allowance) or `published`.
    pub against: &'static str,
    /// Who computed: `f64`, `f32`, or `reference`, which is held against the published code, too.
    pub side: &'static str,
    /// `cpu` or `cuda`.
    pub device: &'static str,
    /// The allowed error as text, `exact`, or `manifest`.
    pub allowed: String,
    /// Why that much.
    pub reason: &'static str,
}

/// The comparisons of one kind that a test made.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
struct Seen {
    /// How many.
    comparisons: u64,
    /// Largest error.
    worst_error: f64,
    /// Largest error as a share of what was allowed at its place.
    worst_share: f64,
}

/// A line of a test's file.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    kind: &'a Kind,
    #[serde(flatten)]
    seen: &'a Seen,
}

/// A test's file.
#[derive(Serialize)]
struct File<'a> {
    schema: u32,
    test: &'a str,
    comparisons: Vec<Line<'a>>,
}

/// The comparisons of this thread. A test runs in a thread of its own, which carries its name; at its end they are written.
#[derive(Default)]
struct Notes(BTreeMap<Kind, Seen>);

thread_local! {
    static NOTES: RefCell<Notes> = RefCell::default();
}

/// Notes a comparison of the running test.
pub fn note(kind: Kind, difference: Difference) {
    NOTES.with_borrow_mut(|notes| {
        let seen = notes.0.entry(kind).or_default();
        seen.comparisons += 1;
        seen.worst_error = seen.worst_error.max(difference.absolute);
        seen.worst_share = seen.worst_share.max(difference.share);
    });
}

impl Drop for Notes {
    fn drop(&mut self) {
        let current = std::thread::current();
        // Benches and a harness on one thread have no test's name: they leave nothing.
        let Some(test) = current.name().filter(|name| name.contains("::")) else { return };
        let lines = self.0.iter().map(|(kind, seen)| Line { kind, seen });
        let file = File { schema: SCHEMA_VERSION, test, comparisons: lines.collect() };
        if file.comparisons.is_empty() {
            return;
        }
        if let Err(error) = write(&format!("{}.json", test.replace("::", "-")), &file) {
            eprintln!("warning: the comparisons of {test} are not kept: {error}");
        }
    }
}

/// Writes `record` as JSON to `name` below `target/agreement/`, whole or not at all.
pub fn write(name: &str, record: &impl Serialize) -> std::io::Result<()> {
    let folder = folder()?;
    fs::create_dir_all(&folder)?;
    let partial = folder.join(format!(".{name}.{}", std::process::id()));
    fs::write(&partial, serde_json::to_vec_pretty(record)?)?;
    fs::rename(&partial, folder.join(name))
}

/// `agreement/` in Cargo's target folder, in which the running test program lies as `PROFILE/deps/NAME`.
fn folder() -> std::io::Result<PathBuf> {
    let program = std::env::current_exe()?;
    let target = program.ancestors().nth(3).unwrap_or(Path::new("target"));
    Ok(target.join("agreement"))
}
