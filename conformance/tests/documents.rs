//! The pages beside the code.

use std::fs;
use std::path::Path;

use mmt_conformance::catalogue;

#[test]
fn the_page_of_definitions_is_what_the_registrations_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/conformance-definitions.md");
    let page = fs::read_to_string(&path).unwrap();
    assert!(
        page == catalogue::page(),
        "{} is out of date: cargo run --bin reproduce -- conformance --list writes it",
        path.display()
    );
}
