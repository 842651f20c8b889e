//! The program's side of the protocol, for implementations of this project.

use std::io::{BufRead, Write};

use crate::definitions::find;
use crate::implementation::{Call, Fault, Implementation};
use crate::protocol::{Folder, Question, answer_line, offer_answer_line, parse_call};

/// Answers questions line by line until there are none.
///
/// # Errors
/// The lines cannot be read or written.
pub fn serve(
    implementation: &mut dyn Implementation,
    questions: impl BufRead,
    mut answers: impl Write,
) -> std::io::Result<()> {
    let mut folder = Folder::new(".");
    for line in questions.lines() {
        let line = line?;
        if let Some(path) = folder_of(&line) {
            folder = Folder::new(path);
        }
        writeln!(answers, "{}", answered(implementation, &line, &folder))?;
        answers.flush()?;
    }
    Ok(())
}

/// The folder that the first question names.
fn folder_of(line: &str) -> Option<String> {
    let json: serde_json::Value = serde_json::from_str(line).ok()?;
    Some(json["folder"].as_str()?.to_owned())
}

fn answered(implementation: &mut dyn Implementation, line: &str, folder: &Folder) -> String {
    let error = |text: String| answer_line(0, &Err(Fault::Error(text)));
    match parse_call(line, folder) {
        Err(text) => error(text),
        Ok(Question::Offer) => match implementation.offer() {
            Ok(offer) => offer_answer_line(&offer),
            Err(fault) => error(fault.to_string()),
        },
        Ok(Question::Call { number, definition, width, inputs, outputs }) => match find(&definition) {
            Some(definition) => {
                let call = Call { definition, width, inputs: &inputs, outputs: &outputs };
                answer_line(number, &implementation.answer(call))
            }
            None => error(format!("{definition} is unknown")),
        },
    }
}
