//! `reproduce bench`: what it says, and what it says of another program that does not do its part. No time is looked at.

use super::{Program, fails};

const SMALL: [&str; 7] = ["bench", "--steps", "2", "--batch", "8", "--threads", "1"];

#[test]
fn every_part_of_a_step_has_a_line() {
    let output = Program::new().command(&SMALL).assert().success();
    let text = String::from_utf8_lossy(&output.get_output().stdout).into_owned();
    for part in [
        "students, forward",
        "mean networks, forward",
        "losses",
        "backward",
        "Adam",
        "the whole step",
        "step / floor",
    ] {
        assert!(text.contains(part), "`{part}` is not in: {text}");
    }
    assert!(!text.contains("other / step"), "{text}");
}

#[test]
fn another_program_is_timed_by_what_it_says() {
    let peer = ["--", "sh", "-c", "echo ready; while read line; do echo 0.5; done"];
    let output = Program::new().command(&[&SMALL[..], &peer].concat()).assert().success();
    let text = String::from_utf8_lossy(&output.get_output().stdout).into_owned();
    assert!(text.contains("the other program              500.00 ms   other / step"), "{text}");
}

#[test]
fn another_program_that_does_not_do_its_part_is_named() {
    let run = |program: &str| {
        let peer = ["--", "sh", "-c", program];
        Program::new().command(&[&SMALL[..], &peer].concat()).assert()
    };
    fails(run("exit 3"), 1, &["sh -c exit 3", "ended"]);
    fails(run("echo ready; read line; echo soon"), 1, &["wrote `soon` for seconds"]);
    fails(
        Program::new().command(&["bench", "--", "no-such-program"]).assert(),
        2,
        &["cannot start", "no-such-program"],
    );
    fails(Program::new().command(&["bench", "--batch", "6"]).assert(), 2, &["batch 6", "a multiple of 4"]);
}
