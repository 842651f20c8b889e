//! A case as a file: what was asked, what the reference says, what was answered; to be put again.

use std::path::Path;
use std::{fs, io};

use serde_json::{Value as Json, json};

use crate::check::{Disagreement, Finding, Outcome};
use crate::definition::Definition;
use crate::definitions::find;
use crate::error::Error;
use crate::protocol::{Folder, inline, read_inputs, written_inputs, written_outputs};
use crate::tolerance::Width;
use crate::value::Inputs;

/// The content of a case file.
#[derive(Debug)]
pub struct Case {
    /// The definition.
    pub definition: &'static Definition,
    /// The width; all that are offered where the file names none.
    pub width: Option<Width>,
    /// The inputs.
    pub inputs: Inputs,
}

/// The text of the case that a finding is about, `None` where it is about none.
pub fn text(finding: &Finding) -> Option<String> {
    let found = match &finding.outcome {
        Outcome::Differs(found) | Outcome::AgreesBut(found) => Some(found),
        _ => None,
    };
    let inputs = match (&finding.outcome, found) {
        (_, Some(found)) => &found.inputs,
        (Outcome::Fails(_, inputs, _), None) => inputs,
        _ => return None,
    };
    let definition = finding.definition;
    let mut json = written(definition, inputs).ok()?;
    json["width"] = finding.width.map(Width::name).into();
    if let Some(Disagreement { expected, found, .. }) = found.map(Box::as_ref) {
        json["expected"] = written_outputs(expected).into();
        json["found"] = written_outputs(found).into();
    }
    Some(format!("{json:#}\n"))
}

/// A case as JSON, with all of its arrays in it: there is no other file for them to go to.
pub(crate) fn written(definition: &Definition, inputs: &Inputs) -> io::Result<Json> {
    let inputs = written_inputs(definition, inputs, |_, array| Ok(inline(array)))?;
    Ok(json!({ "definition": definition.number, "inputs": inputs }))
}

/// Reads a case file, or the calls of one by hand: `definition` and `inputs` are needed.
///
/// # Errors
/// The file cannot be read, or holds something else.
pub fn read(path: &Path) -> Result<Case, Error> {
    let text = fs::read_to_string(path).map_err(Error::io("read", path))?;
    let json: Json =
        serde_json::from_str(&text).map_err(|error| Error::file(path, format!("not JSON: {error}")))?;
    let number = json["definition"].as_str();
    let definition = number.and_then(find).ok_or_else(|| {
        Error::file(
            path,
            format!("`definition` is {}, but must be a number such as \"D7\"", json["definition"]),
        )
    })?;
    let width = match &json["width"] {
        Json::Null => None,
        name => Some(name.as_str().and_then(Width::named).ok_or_else(|| {
            Error::file(path, format!("`width` is {name}, but must be \"f64\", \"f32\" or left out"))
        })?),
    };
    let folder = Folder::new(path.parent().unwrap_or(Path::new(".")));
    let inputs =
        read_inputs(definition, &json["inputs"], &folder).map_err(|reason| Error::file(path, reason))?;
    (definition.reference)(&inputs)
        .map_err(|error| Error::file(path, format!("is no case of {}: {error}", definition.number)))?;
    Ok(Case { definition, width, inputs })
}
