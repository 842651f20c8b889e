//! Questions: written by the harness, read by a program of ours.

use std::io;

use serde_json::{Map, Value as Json, json};

use super::VERSION;
use super::tensors::{Folder, INLINE, flat, kind, nested};
use crate::definition::{Definition, Input, Kind};
use crate::definitions::find;
use crate::implementation::Call;
use crate::tolerance::Width;
use crate::value::{Inputs, Value};

/// The first line: what is offered?
pub fn offer_line(folder: &Folder) -> String {
    json!({ "protocol": VERSION, "ask": "offer", "folder": folder.path() }).to_string()
}

/// The line of call `number`. Large arrays are written to files of the folder.
///
/// # Errors
/// The folder cannot be written.
pub fn call_line(number: u64, call: Call<'_>, folder: &Folder) -> io::Result<String> {
    let inputs = written_inputs(call.definition, call.inputs, |input, array| {
        let name = format!("call-{number}-{}.safetensors", input.name);
        folder.write(&name, array)?;
        Ok(json!({ "file": name, "tensor": "values" }))
    })?;
    Ok(json!({
        "call": number,
        "definition": call.definition.number,
        "width": call.width.name(),
        "inputs": inputs,
        "outputs": call.outputs,
    })
    .to_string())
}

/// Inputs as JSON; `large` says what stands for an array of more than [`INLINE`] numbers.
///
/// # Errors
/// Those of `large`.
pub fn written_inputs(
    definition: &Definition,
    inputs: &Inputs,
    mut large: impl FnMut(&Input, &crate::value::Array) -> io::Result<Json>,
) -> io::Result<Map<String, Json>> {
    let mut written = Map::new();
    for input in definition.inputs {
        let json = match inputs.0.get(input.name) {
            Some(Value::Array(array)) if array.values.len() > INLINE => large(input, array)?,
            Some(Value::Array(array)) => nested(array, input.kind == Kind::Whole),
            Some(Value::Flag(flag)) => json!(flag),
            Some(Value::Word(word)) => json!(word),
            None => continue,
        };
        written.insert(input.name.to_owned(), json);
    }
    Ok(written)
}

/// A line of the harness as a program of ours reads it.
#[derive(Debug, Clone, PartialEq)]
pub enum Question {
    /// A request for the offer.
    Offer,
    /// A call, by its number.
    Call {
        /// Its number, to be repeated in the answer.
        number: u64,
        /// Number of the definition.
        definition: String,
        /// The width.
        width: Width,
        /// The inputs.
        inputs: Inputs,
        /// Names of the outputs that are wanted.
        outputs: Vec<String>,
    },
}

/// Reads a line of the harness.
///
/// # Errors
/// A sentence that says what is wrong with it.
pub fn parse_call(line: &str, folder: &Folder) -> Result<Question, String> {
    let json: Json = serde_json::from_str(line).map_err(|error| format!("not JSON: {error}"))?;
    if json.get("ask").is_some() {
        return match (json["ask"].as_str(), json["protocol"].as_u64()) {
            (Some("offer"), Some(VERSION)) => Ok(Question::Offer),
            (ask, version) => Err(format!("{ask:?} of protocol {version:?} is not known; {VERSION} is")),
        };
    }
    let number = json["call"].as_u64().ok_or("`call` is no number")?;
    let name = json["definition"].as_str().ok_or("`definition` is no text")?;
    let definition = find(name).ok_or_else(|| format!("{name:?} is no definition of this kit"))?;
    let width = json["width"].as_str().and_then(Width::named).ok_or("`width` is neither f64 nor f32")?;
    let inputs = read_inputs(definition, &json["inputs"], folder)?;
    let names = json["outputs"].as_array().ok_or("`outputs` is no list")?;
    let outputs = names.iter().filter_map(|name| name.as_str().map(str::to_owned)).collect();
    Ok(Question::Call { number, definition: name.to_owned(), width, inputs, outputs })
}

/// Reads the inputs of a definition: all of them, of the kinds and dimensions that it declares.
///
/// # Errors
/// A sentence that names the input.
pub fn read_inputs(definition: &Definition, json: &Json, folder: &Folder) -> Result<Inputs, String> {
    let given = json.as_object().ok_or_else(|| format!("`inputs` is {}, not an object", kind(json)))?;
    if let Some(name) = given.keys().find(|name| definition.input(name).is_none()) {
        return Err(format!("{} has no input `{name}`", definition.number));
    }
    let mut inputs = Inputs::default();
    let mut sizes: Vec<(&str, usize)> = Vec::new();
    for input in definition.inputs {
        let json = given.get(input.name).ok_or_else(|| format!("input `{}` is missing", input.name))?;
        let value =
            read_input(input, json, folder).map_err(|error| format!("input `{}`: {error}", input.name))?;
        if let Value::Array(array) = &value {
            for (&name, &size) in input.shape.iter().zip(&array.shape) {
                let known = name
                    .parse()
                    .ok()
                    .or(sizes.iter().find(|(other, _)| *other == name).map(|(_, size)| *size));
                if known.is_some_and(|known| known != size) {
                    return Err(format!(
                        "input `{}`: dimension {name} is {size}, elsewhere {known:?}",
                        input.name
                    ));
                }
                sizes.push((name, size));
            }
        }
        inputs.0.insert(input.name.to_owned(), value);
    }
    Ok(inputs)
}

fn read_input(input: &Input, json: &Json, folder: &Folder) -> Result<Value, String> {
    let expected = |what: &str| format!("{} where {what} is expected", kind(json));
    match input.kind {
        Kind::Flag => Ok(Value::Flag(json.as_bool().ok_or_else(|| expected("true or false"))?)),
        Kind::Word(words) => match json.as_str() {
            Some(word) if words.contains(&word) => Ok(Value::Word(word.to_owned())),
            _ => Err(expected(&format!("one of {words:?}"))),
        },
        Kind::Real | Kind::Whole => {
            let mut array = match (json["file"].as_str(), json["tensor"].as_str()) {
                (Some(file), Some(tensor)) => folder.read(file, tensor)?,
                _ => flat(json)?,
            };
            // An empty list of whatever depth.
            if array.values.is_empty() && array.shape.len() < input.shape.len() {
                array.shape.resize(input.shape.len(), 0);
            }
            if array.shape.len() != input.shape.len() {
                return Err(format!("{} dimensions, not {}", array.shape.len(), input.shape.len()));
            }
            let wrong =
                |value: &f64| !value.is_finite() || (input.kind == Kind::Whole && value.fract() != 0.0);
            match array.values.iter().find(|value| wrong(value)) {
                Some(value) => Err(format!("{value} is not one of the numbers that it may hold")),
                None => Ok(Value::Array(array)),
            }
        }
    }
}
