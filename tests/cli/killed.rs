//! A run that is killed again and again, at any moment, ends as one that was left alone.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::run::records;
use super::{DOMAINS, Program};

/// Kills that must have met a run at work.
const KILLS: usize = 10;
/// Epochs of few steps: most of the time goes into what surrounds them, where a kill could do harm.
const PROFILE: &str = "base = \"miniature\"\nname = \"killed\"\n[adaptation]\nepochs = 6\nsteps = 2\n[pretraining]\nepochs = 3\n\
                       steps = 2\n";

fn start(program: &Program) -> Child {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin("reproduce"));
    command.args([
        "--profile",
        "killed.toml",
        "--task",
        "market-to-duke",
        "--method",
        "mmt",
        "--threads",
        "2",
    ]);
    command.args(["--out", "runs", "--domains-dir"]).arg(DOMAINS.path()).current_dir(program.folder.path());
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

fn program() -> Program {
    let program = Program::new();
    fs::write(program.path("killed.toml"), PROFILE).unwrap();
    program
}

#[test]
fn killed_at_any_moment_a_run_goes_on_to_the_same_records() {
    let alone = program();
    let since = Instant::now();
    assert!(start(&alone).wait().unwrap().success());
    let (whole, expected) = (since.elapsed(), records(&alone.out()));
    // The moments differ from run to run of this test anyway; the seed makes their spread the same.
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let (mut killed, mut kills) = (program(), 0);
    let mut stopped_within = 0;
    while kills < KILLS {
        let mut child = start(&killed);
        std::thread::sleep(Duration::from_secs_f64(whole.as_secs_f64() * rng.random_range(0.05..0.6)));
        child.kill().unwrap();
        if child.wait().unwrap().success() {
            // It was faster. The same is asked of what it left, and another one is begun.
            assert_eq!(records(&killed.out()), expected, "after {kills} kills");
            killed = program();
        } else {
            kills += 1;
            stopped_within += usize::from(!records(&killed.out()).is_empty());
        }
    }
    assert!(stopped_within > 0, "every kill came before the first record");
    assert!(start(&killed).wait().unwrap().success());
    assert_eq!(records(&killed.out()), expected);
}
