//! All registrations as a page: what goes in and out, what is allowed and why, which other readings are known.

use crate::definition::{Apart, Definition, Input, Kind, Output};
use crate::definitions::{ALL, NOT_OFFERED};
use crate::tolerance::Width;

const HEAD: &str = "# Definitions of the conformance kit

What `reproduce conformance --list` prints; [conformance.md](conformance.md) says how a program is asked. A shape names the sizes of an
array: one name is one size throughout a case, and an input without a shape is a single value. `u` in an allowed error is the size of the
inputs (their largest norm, logit or number, at least 1, times a small factor), `x` the reference's number; an output that is exact must
be equal. Numbers of inputs are f32 numbers in either width.
";

/// The page.
pub fn page() -> String {
    let mut text = HEAD.to_owned();
    for definition in ALL {
        text += &section(definition);
    }
    text += "\n## Not offered\n| definition | why |\n| --- | --- |\n";
    for Apart { number, why, .. } in NOT_OFFERED {
        text += &format!("| [{number}](method.md) | {why} |\n");
    }
    text
}

fn section(definition: &Definition) -> String {
    let mut text = format!("\n## {} {}\n", definition.number, definition.title());
    text += "| | name | kind | shape | |\n| --- | --- | --- | --- | --- |\n";
    for Input { name, kind, shape, about } in definition.inputs {
        let kind = match kind {
            Kind::Real => "real".to_owned(),
            Kind::Whole => "whole".to_owned(),
            Kind::Flag => "true or false".to_owned(),
            Kind::Word(words) => words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", "),
        };
        text += &format!("| in | `{name}` | {kind} | {} | {} |\n", dimensions(shape), cell(about));
    }
    for output in definition.outputs {
        let Output { name, shape, about, .. } = output;
        text +=
            &format!("| out | `{name}` | {} | {} | {} |\n", allowed(output), dimensions(shape), cell(about));
    }
    let names: Vec<String> =
        definition.readings.iter().map(|reading| format!("- {}\n", reading.name)).collect();
    text + "\nOther readings that are known:\n" + &names.concat()
}

fn dimensions(shape: &[&str]) -> String {
    if shape.is_empty() { String::new() } else { format!("[{}]", shape.join(", ")) }
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

/// Names the allowed error in each width.
fn allowed(output: &Output) -> String {
    let in_width = |width: Width| {
        let row = output.row(width)?;
        Some(format!("{} {}", width.name(), row.allowed.to_string().replace('|', "\\|")))
    };
    Width::ALL.into_iter().filter_map(in_width).collect::<Vec<_>>().join("; ")
}
