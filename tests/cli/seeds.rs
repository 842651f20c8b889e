//! The two seeds on the command line, and how large they may be.

use super::{Program, fails};

#[test]
fn plan_crosses_domains_with_training_seeds() {
    let program = Program::new();
    let arguments = ["--domain-seeds", "1,2", "--seeds", "3,4", "--method", "mmt"];
    let assert = program.miniature_by(&["plan"], &arguments).assert().success();
    let text = String::from_utf8_lossy(&assert.get_output().stdout).into_owned();
    for cell in ["domain 1 seed 3", "domain 1 seed 4", "domain 2 seed 3", "domain 2 seed 4"] {
        assert_eq!(text.matches(&format!("mmt-k {cell}")).count(), 1, "{cell}: {text}");
    }
    // Two source networks, start and adaptation of each.
    assert!(text.contains("16 jobs"), "{text}");
    let real = ["plan", "--data-root", ".", "--domain-seeds", "1"];
    fails(program.command(&real).assert(), 2, &["--domain-seeds", "--data-root"]);
}

/// T2-34.
#[test]
fn the_largest_seed_runs_and_one_more_is_refused() {
    let program = Program::new();
    program.miniature(&["--seeds", "9223372036854775807", "--method", "pre-trained"]).assert().success();
    let done = "miniature/adapt/market-to-duke/pre-trained/domain-1/seed-9223372036854775807/DONE";
    assert!(program.out().join(done).exists());
    for option in ["--seeds", "--domain-seeds"] {
        for command in ["plan", "run"] {
            let assert = program.miniature_by(&[command], &[option, "9223372036854775808"]).assert();
            fails(assert, 2, &["seeds", "9223372036854775808", "9223372036854775807"]);
        }
    }
}
