//! A process that may have little: address space (`ulimit -v`), open files (`ulimit -n`), threads (`ulimit -u`). Every command does its
//! work or says in one line why not; none panics, hangs or ends by a signal.

use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use super::outputs::commands;
use super::{DOMAINS, Program};

/// A process that is at work after so long hangs.
const PATIENCE: Duration = Duration::from_secs(300);
/// The loader's exit status when a library finds no room: the program has not begun.
const NOT_LOADED: i32 = 127;

/// The command lines, each as the `"$0" "$@"` of the shell's line `limited`.
fn outcomes(limited: &str) -> Vec<(String, Output)> {
    let own = Program::new();
    let mut lines = commands(&own);
    let run =
        ["--profile", "miniature", "--task", "market-to-duke", "--method", "pre-trained", "--threads", "2"];
    let domains = DOMAINS.path().display().to_string();
    lines.push(run.into_iter().chain(["--domains-dir", &domains]).map(str::to_owned).collect());
    let outcome = |arguments: Vec<String>| {
        let mut command = Command::new("sh");
        command.args(["-c", limited]);
        command.arg(assert_cmd::cargo::cargo_bin("reproduce")).args(&arguments);
        command.current_dir(own.folder.path()).stdout(Stdio::null()).stderr(Stdio::piped());
        // Printing where a panic came from takes memory that is not there.
        let mut child = command.env_remove("RUST_BACKTRACE").spawn().unwrap();
        let since = Instant::now();
        while child.try_wait().unwrap().is_none() {
            if since.elapsed() > PATIENCE {
                child.kill().unwrap();
                panic!("{limited}: {arguments:?} hangs");
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        (format!("{limited}: {}", arguments.join(" ")), child.wait_with_output().unwrap())
    };
    lines.into_iter().map(outcome).collect()
}

/// Holds what is said above; whether all, some or none of them did their work.
fn hold(limited: &str) -> (usize, usize) {
    let outcomes = outcomes(limited);
    for (name, output) in &outcomes {
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(!text.contains("panicked") && !text.contains("internal error"), "{name}: {text}");
        match output.status.code() {
            Some(0 | NOT_LOADED) => {}
            Some(1) => {
                let said =
                    text.lines().filter(|line| line.starts_with("error: ") || line.starts_with("libgomp: "));
                assert_eq!(said.count(), 1, "{name}: {text}");
            }
            other => panic!("{name}: {other:?}, {:?}: {text}", output.status),
        }
    }
    let done = outcomes.iter().filter(|(_, output)| output.status.success()).count();
    (done, outcomes.len())
}

/// After a `ulimit` of the shell.
fn after(limit: &str) -> String {
    format!("{limit}; exec \"$0\" \"$@\"")
}

/// With `threads` at most, those of the user's other processes among them. Root has no such limit, so root becomes a user without
/// processes that keeps root's way to the files. Shells have no common letter for this limit.
fn with_threads(threads: usize) -> String {
    let nobody = "setpriv --ruid=65534 --bounding-set=-sys_resource,-sys_admin";
    format!("[ $(id -u) != 0 ] || user='{nobody}'; exec prlimit --nproc={threads} $user \"$0\" \"$@\"")
}

#[test]
fn t17_2_few_threads_are_one_line() {
    let (done, all) = hold(&with_threads(1));
    assert!(done < all, "{done} of {all}");
    // About as many as are asked for where there are two processors.
    hold(&with_threads(16));
    let (done, all) = hold(&with_threads(1000));
    assert_eq!(done, all);
}

#[test]
fn t17_2_little_address_space_is_one_line() {
    for kibibytes in [560_000, 700_000, 900_000] {
        let (done, all) = hold(&after(&format!("ulimit -v {kibibytes}")));
        // The run, at least, has too little of it.
        assert!(done < all, "{kibibytes}: {done} of {all}");
    }
}

#[test]
fn t17_2_few_open_files_are_one_line() {
    for files in [4, 6] {
        hold(&after(&format!("ulimit -n {files}")));
    }
    let (done, all) = hold(&after("ulimit -n 64"));
    assert_eq!(done, all);
}
