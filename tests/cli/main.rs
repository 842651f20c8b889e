//! `reproduce` as its users meet it: the miniature profile end to end, resumption, and every kind of wrong input. Each error is
//! one clear line with exit status 2 (usage) or 1 (failure), and leaves nothing half-written.

mod bad_input;
mod bench;
mod cluster;
mod committed;
mod conformance;
mod dbscan;
mod devices;
mod experiments;
mod files;
#[cfg(unix)]
mod killed;
#[cfg(target_os = "linux")]
mod limits;
#[cfg(target_os = "linux")]
mod memory;
mod mistakes;
mod networks;
mod other_data;
#[cfg(target_os = "linux")]
mod outputs;
#[cfg(target_os = "linux")]
mod own_data;
mod profiles;
mod run;
mod seeds;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use assert_cmd::Command;
use assert_cmd::assert::Assert;
use mmt::data::DatasetName;
use mmt::experiment::Profile;
use mmt::synthetic;
use tempfile::TempDir;

/// The built-in domains of the miniature profile, drawn once and before any test looks: a test that lists or copies them must not
/// meet a folder in the making.
static DOMAINS: LazyLock<TempDir> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let profile = Profile::load("miniature").unwrap();
    for name in [DatasetName::Market1501, DatasetName::DukeMtmc] {
        let settings = profile.domains.settings(profile.domain_seeds[0]);
        synthetic::prepare(name, &settings, folder.path(), &mut |_, _| Ok(())).unwrap();
    }
    folder
});

/// Those domains as if they were a user's data root.
fn domains_root() -> PathBuf {
    fs::read_dir(DOMAINS.path()).unwrap().next().unwrap().unwrap().path()
}

/// A copy of the built-in domains, as if they were a user's data root.
fn data_root(program: &Program) -> PathBuf {
    let drawn = domains_root();
    let root = program.path("data");
    for file in files(&drawn) {
        let to = root.join(&file);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(drawn.join(&file), to).unwrap();
    }
    root
}

/// `reproduce` with arguments, in a folder of its own for everything it writes.
struct Program {
    folder: TempDir,
}

impl Program {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn out(&self) -> PathBuf {
        self.path("runs")
    }

    /// Arguments that every run shares.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::cargo_bin("reproduce").unwrap();
        command.args(arguments).current_dir(self.folder.path());
        command
    }

    /// A run of the miniature profile for one task.
    fn miniature(&self, arguments: &[&str]) -> Command {
        self.profile(&[], "miniature", arguments)
    }

    /// The same by a command such as `run`.
    fn miniature_by(&self, name: &[&str], arguments: &[&str]) -> Command {
        self.profile(name, "miniature", arguments)
    }

    /// The same of a profile that is made from the miniature one.
    fn profile(&self, name: &[&str], profile: &str, arguments: &[&str]) -> Command {
        let mut command = self.command(name);
        command.args(["--profile", profile, "--task", "market-to-duke", "--threads", "2"]);
        command.arg("--out").arg(self.out()).args(arguments);
        command.arg("--domains-dir").arg(DOMAINS.path());
        command
    }
}

/// One line on standard error that begins with `error` and holds all of `parts`.
fn fails(assert: Assert, status: i32, parts: &[&str]) {
    let assert = assert.code(status);
    let text = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
    let line =
        text.lines().find(|line| line.starts_with("error")).unwrap_or_else(|| panic!("no error in: {text}"));
    for part in parts {
        assert!(line.contains(part), "`{part}` is not in: {line}");
    }
    assert!(!text.contains("panicked"), "{text}");
}

/// All files below `folder`, relative, sorted.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path.strip_prefix(folder).unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}
