//! The comparisons of the tests, kept for the agreement report: each test leaves those it made, with the worst error of each kind, in a
//! file of its own below `target/agreement/RUN/`, where RUN names the process: records of different runs are never mixed.
//! `reproduce agreement` makes the report of them.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;

use crate::compare::Difference;

/// Version of the records below.
pub const SCHEMA_VERSION: u32 = 2;

/// A kind of comparison: what was compared with what.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Kind {
    /// Number of the definition.
    pub definition: &'static str,
    /// `value` or `gradient`; for golden cases `output`.
    pub quantity: &'static str,
    /// `reference` (and the properties, which use the same allowance) or `published`.
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
    /// How many did not hold. Their errors count above where they are numbers.
    failures: u64,
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
    /// Golden cases that were run.
    cases: &'a BTreeSet<String>,
    comparisons: Vec<Line<'a>>,
}

/// The comparisons of this thread. A test runs in a thread of its own, which carries its name; at its end they are written.
#[derive(Default)]
struct Notes {
    comparisons: BTreeMap<Kind, Seen>,
    cases: BTreeSet<String>,
}

thread_local! {
    static NOTES: RefCell<Notes> = RefCell::default();
}

/// Notes a comparison of the running test.
pub fn note(kind: Kind, difference: Difference) {
    NOTES.with_borrow_mut(|notes| notes.comparisons.entry(kind).or_default().add(difference));
}

/// Notes a comparison of the running test that did not hold and has no error in numbers: another shape, another answer.
pub fn note_failure(kind: Kind) {
    NOTES.with_borrow_mut(|notes| notes.comparisons.entry(kind).or_default().fail());
}

/// Notes that a golden case was run, whatever came of it.
pub fn note_case(name: &str) {
    NOTES.with_borrow_mut(|notes| notes.cases.insert(name.to_owned()));
}

impl Seen {
    fn add(&mut self, difference: Difference) {
        let numbers = difference.absolute.is_finite() && difference.share.is_finite();
        if !numbers {
            return self.fail();
        }
        self.comparisons += 1;
        self.failures += u64::from(difference.share > 1.0);
        self.worst_error = self.worst_error.max(difference.absolute);
        self.worst_share = self.worst_share.max(difference.share);
    }

    fn fail(&mut self) {
        self.comparisons += 1;
        self.failures += 1;
    }
}

impl Drop for Notes {
    fn drop(&mut self) {
        let current = std::thread::current();
        // Benches and a harness on one thread have no test's name: they leave nothing.
        let Some(test) = current.name().filter(|name| name.contains("::")) else { return };
        let lines = self.comparisons.iter().map(|(kind, seen)| Line { kind, seen });
        let file = File { schema: SCHEMA_VERSION, test, cases: &self.cases, comparisons: lines.collect() };
        if file.comparisons.is_empty() && file.cases.is_empty() {
            return;
        }
        if let Err(error) = write(&format!("{}.json", test.replace("::", "-")), &file) {
            eprintln!("warning: the comparisons of {test} are not kept: {error}");
        }
    }
}

/// The source that the running tests are of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Source {
    /// Its commit, where git knows it.
    commit: Option<String>,
    /// True where files differ from the commit.
    dirty: bool,
}

impl Source {
    /// Of the checkout at `folder`.
    pub fn at(folder: &Path) -> Self {
        let git = |arguments: &[&str]| {
            let done = Command::new("git").args(arguments).current_dir(folder).output().ok()?;
            let text = String::from_utf8(done.stdout).ok()?;
            done.status.success().then(|| text.trim().to_owned())
        };
        let changed = git(&["status", "--porcelain", "--untracked-files=no"]);
        Self { commit: git(&["rev-parse", "HEAD"]), dirty: changed.is_none_or(|text| !text.is_empty()) }
    }
}

/// Names the records of this process: when it began, and which it is.
pub fn run() -> &'static str {
    static RUN: OnceLock<String> = OnceLock::new();
    RUN.get_or_init(|| {
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
        format!("{seconds:012}-{}", std::process::id())
    })
}

/// Writes `record` as JSON to `name` below `target/agreement/RUN/`, whole or not at all.
pub fn write(name: &str, record: &impl Serialize) -> std::io::Result<()> {
    let folder = folder()?;
    fs::create_dir_all(&folder)?;
    let partial = folder.join(format!(".{name}.{}", std::process::id()));
    fs::write(&partial, serde_json::to_vec_pretty(record)?)?;
    fs::rename(&partial, folder.join(name))
}

/// `agreement/RUN/` in Cargo's target folder, in which the running test program lies as `PROFILE/deps/NAME`.
fn folder() -> std::io::Result<PathBuf> {
    let program = std::env::current_exe()?;
    let target = program.ancestors().nth(3).unwrap_or(Path::new("target"));
    Ok(target.join("agreement").join(run()))
}
