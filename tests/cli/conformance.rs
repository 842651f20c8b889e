//! `reproduce conformance`: programs that answer well, badly and not at all, in Python without any package.

use std::fs;

use assert_cmd::assert::Assert;
use mmt_conformance::definitions::find;

use super::{Program, fails, files};

/// An adapter that offers D22, whose answer to the inputs `i` of call `n` is the Python expression or statement given.
fn adapter(program: &Program, answer: &str) -> String {
    let text = format!(
        r#"
import json, os, sys, time
def rate(i):
    r = i["learning_rate"] * i["gamma"] ** sum(m <= i["index"] for m in i["milestones"])
    if i["index"] < i["warm_up"]:
        share = i["index"] / i["warm_up"]
        linear = i["warm_up_factor"] * (1 - share) + share
        r *= linear if i["warm_up_kind"] == "linear" else i["warm_up_factor"]
    return r
def say(text):
    print(text, flush=True)
for line in sys.stdin:
    q = json.loads(line)
    if "ask" in q:
        say(json.dumps({{"name": "own", "offers": {{"D22": {{"outputs": ["rate"], "widths": ["f64"]}}}}}}))
        continue
    n, i, folder = q["call"], q.get("inputs"), q.get("folder")
    if q["definition"] != "D22":
        say(json.dumps({{"call": n, "declined": "not mine"}}))
        continue
    {answer}
"#
    );
    fs::write(program.path("own.py"), text).unwrap();
    "own.py".to_owned()
}

const RIGHT: &str = r#"say(json.dumps({"call": n, "outputs": {"rate": rate(i)}}))"#;

fn conformance(program: &Program, arguments: &[&str], adapter: &str) -> Assert {
    let out = ["--cases", "40", "--out", "out"];
    let started = ["--", "python3", adapter];
    program.command(&[&["conformance"][..], &out, arguments, &started].concat()).assert()
}

fn page(program: &Program) -> String {
    fs::read_to_string(program.path("out/conformance.md")).unwrap()
}

#[test]
fn a_program_that_is_right_agrees_and_what_it_lacks_is_not_offered() {
    let program = Program::new();
    let own = adapter(&program, RIGHT);
    conformance(&program, &[], &own).success();
    let page = page(&program);
    assert!(page.contains("| D22 learning-rate schedule | f64 | agrees | 40 |"), "{page}");
    assert!(page.contains("| D1 label-smoothed cross-entropy |  | not offered |"), "{page}");
    let csv = fs::read_to_string(program.path("out/conformance.csv")).unwrap();
    assert!(csv.starts_with("definition,name,width,verdict") && csv.contains("D22,"), "{csv}");
    let html = fs::read_to_string(program.path("out/conformance.html")).unwrap();
    assert!(html.contains("<td>D22 learning-rate schedule</td>"), "{html}");
}

#[test]
fn a_known_reading_is_named_and_its_smallest_case_can_be_put_again() {
    let program = Program::new();
    let late = r#"i["index"] = max(i["index"] - 1, 0); "#.to_owned() + RIGHT;
    let own = adapter(&program, &late);
    fails(conformance(&program, &["--only", "d22"], &own), 1, &["1 of 1", "out/cases"]);
    assert!(page(&program).contains("one index late"), "{}", page(&program));
    let case = fs::read_to_string(program.path("out/cases/D22-f64.json")).unwrap();
    fs::write(program.path("case.json"), &case).unwrap();
    let again = |own: &str| {
        let arguments = ["conformance", "--out", "again", "--case", "case.json", "--", "python3", own];
        program.command(&arguments).assert()
    };
    fails(again(&own), 1, &["1 of 1"]);
    let kept = fs::read_to_string(program.path("again/cases/D22-f64.json")).unwrap();
    assert_eq!(kept, case, "a smallest case stays as it is");
    adapter(&program, RIGHT);
    again(&own).success();
}

#[test]
fn what_is_no_answer_is_told_apart_and_named() {
    let program = Program::new();
    for (answer, part) in [
        ("sys.stderr.write('out of luck\\n'); sys.exit(3)", "the program ended (exit status: 3)"),
        ("os.close(1); time.sleep(9)", "the program ended (it closed its standard output)"),
        ("time.sleep(9)", "no answer within 0.5 s"),
        ("say('hello')", "not JSON: hello"),
        ("say('[1]')", "a list, not an object"),
        ("say(json.dumps({'call': n + 1, 'outputs': {'rate': 1}}))", "`call` is not"),
        ("say(json.dumps({'call': n, 'outputs': {}}))", "output `rate` is missing"),
        ("say(json.dumps({'call': n, 'outputs': {'rate': 'one'}}))", "a text where a number is expected"),
        ("say(json.dumps({'call': n, 'outputs': {'rate': [[1], 2]}}))", "lists of different lengths"),
        ("say(json.dumps({'call': n, 'outputs': {'rate': float('nan')}}))", "`rate` holds NaN"),
        ("say(json.dumps({'call': n, 'outputs': {'rate': float('-inf')}}))", "`rate` holds NaN"),
        ("say(json.dumps({'call': n, 'outputs': {'rate': [1.0]}}))", "has the shape [1], not []"),
        ("say(json.dumps({'call': n, 'outputs': {'rate': rate(i) + (n == 1)}}))", "answered in two ways"),
        ("say(json.dumps({'call': n, 'error': 'no such rate'}))", "the program says: no such rate"),
        (
            "say(json.dumps({'call': n, 'outputs': {'rate': {'file': '../own.py', 'tensor': 'values'}}}))",
            "is not the name of a file in the folder of the call",
        ),
    ] {
        let own = adapter(&program, answer);
        fails(conformance(&program, &["--only", "D22", "--time-limit", "0.5"], &own), 1, &["1 of 1"]);
        assert!(page(&program).contains(part), "{answer}: `{part}` is not in {}", page(&program));
    }
    let own = adapter(&program, "sys.stderr.write('out of luck\\n'); sys.exit(3)");
    conformance(&program, &["--only", "D22"], &own);
    assert!(page(&program).contains("out of luck"), "{}", page(&program));
}

#[test]
fn a_program_that_cannot_be_asked_is_one_line() {
    let program = Program::new();
    let put = |arguments: &[&str]| program.command(&[&["conformance"], arguments].concat()).assert();
    fs::write(program.path("silent.py"), "import sys; sys.exit('no licence')").unwrap();
    fails(put(&["--", "python3", "silent.py"]), 1, &["what is offered", "exit status: 1", "no licence"]);
    fails(put(&["--", "./nowhere"]), 1, &["./nowhere", "cannot be started"]);
    fails(put(&[]), 2, &["nothing to ask", "--self"]);
    fails(put(&["--only", "D77", "--self"]), 2, &["D77"]);
    fails(put(&["--self", "--", "x"]), 2, &["--self"]);
    fails(put(&["--time-limit", "0", "--self"]), 2, &["--time-limit"]);
    fails(put(&["--read", "nowhere"]), 1, &["nowhere", "cannot read"]);
    fs::write(program.path("case.json"), r#"{"definition": "D22", "inputs": {}}"#).unwrap();
    fails(put(&["--case", "case.json", "--self"]), 1, &["case.json", "learning_rate"]);
    assert_eq!(files(program.folder.path()).len(), 2);
}

#[test]
fn questions_and_answers_may_go_by_files() {
    let program = Program::new();
    let arguments = ["conformance", "--write", "put", "--cases", "5", "--only", "D22,D9"];
    program.command(&arguments).assert().success();
    let answer = |adapter: &str| {
        let calls = fs::File::open(program.path("put/calls.jsonl")).unwrap();
        let answers = fs::File::create(program.path("put/answers.jsonl")).unwrap();
        let mut python = std::process::Command::new("python3");
        let status = python.arg(program.path(adapter)).stdin(calls).stdout(answers).status();
        assert!(status.unwrap().success());
    };
    let read = || program.command(&["conformance", "--read", "put", "--out", "out"]).assert();
    answer(&adapter(&program, RIGHT));
    read().success();
    assert!(
        page(&program).contains("| D22 learning-rate schedule | f64 | agrees | 5 |"),
        "{}",
        page(&program)
    );
    answer(&adapter(&program, r#"say(json.dumps({"call": n, "outputs": {"rate": 7.5}}))"#));
    fails(read(), 1, &["1 of 2"]);
}

#[test]
fn our_own_code_agrees_over_the_protocol() {
    let program = Program::new();
    let only = "D1,D7,D10,D12,D14,D16,D18,D24,D26,D28,D30";
    let arguments = ["conformance", "--self", "--cases", "30", "--only", only, "--out", "out"];
    program.command(&arguments).assert().success();
    for number in only.split(',') {
        let row = format!("| {number} {} | f64 | agrees | 30 |", find(number).unwrap().title());
        assert!(page(&program).contains(&row), "{row} is not in {}", page(&program));
    }
}

#[test]
fn golden_inputs_are_put_before_the_drawn_cases() {
    let program = Program::new();
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden");
    let arguments =
        ["conformance", "--self", "--cases", "1", "--only", "D2,D16,D28", "--out", "out", "--golden"];
    program.command(&[&arguments[..], &[golden]].concat()).assert().success();
    let page = page(&program);
    let compared = |definition: &str| -> u64 {
        let row =
            page.lines().find(|line| line.starts_with(&format!("| {definition} ")) && line.contains("f64"));
        row.unwrap_or_else(|| panic!("{page}")).split('|').nth(4).unwrap().trim().parse().unwrap()
    };
    // The one that is drawn, and those of the manifest; erasing has none.
    assert!(compared("D2") > 1 && compared("D16") > 1, "{page}");
    assert_eq!(compared("D28"), 1);
    fails(program.command(&[&arguments[..], &["absent"]].concat()).assert(), 1, &["absent", "manifest.json"]);
}

#[cfg(unix)]
#[test]
fn ctrl_c_leaves_no_folder_behind() {
    let program = Program::new();
    // It says where its folder is, and then nothing more.
    let own = adapter(&program, "open('asked', 'w').close(); time.sleep(60)");
    let temporary = program.path("temporary");
    fs::create_dir(&temporary).unwrap();
    let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin("reproduce"))
        .args(["conformance", "--time-limit", "60", "--out", "out", "--", "python3", &own])
        .current_dir(program.folder.path())
        .env("TMPDIR", &temporary)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let patience = std::time::Instant::now();
    while !program.path("asked").exists() && patience.elapsed() < std::time::Duration::from_secs(120) {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    assert_eq!(fs::read_dir(&temporary).unwrap().count(), 1);
    let kill = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(fs::read_dir(&temporary).unwrap().count(), 0);
}
