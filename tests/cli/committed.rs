//! Every committed result is made of the records that are committed beside it.

use std::fs;
use std::path::Path;

use super::Program;

#[test]
fn the_committed_tables_are_those_of_the_committed_records() {
    let program = Program::new();
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/quick");
    let records = committed.join("records.tar.gz");
    let unpacked = std::process::Command::new("tar")
        .arg("xzf")
        .arg(&records)
        .arg("-C")
        .arg(program.folder.path())
        .status();
    assert!(unpacked.unwrap().success());
    program.command(&["report", "quick", "--out", "again"]).assert().success();
    let mut compared = 0;
    for entry in fs::read_dir(committed.join("tables")).unwrap() {
        let name = entry.unwrap().file_name();
        let table = |folder: &Path| fs::read_to_string(folder.join("tables").join(&name)).unwrap();
        assert_eq!(table(&program.path("again")), table(&committed), "{name:?}");
        compared += 1;
    }
    assert!(compared > 5, "{compared} tables");
}
