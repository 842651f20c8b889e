//! Answers: read by the harness, written by a program of ours.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::tensors::{Folder, flat, kind, nested};
use crate::definition::Definition;
use crate::implementation::{Answer, Fault, Offer, Offered};
use crate::tolerance::Width;
use crate::value::{Array, Outputs};

/// How much of a line that is no answer is shown.
const SHOWN: usize = 80;

/// Reads the answer to the question what is offered. Definitions and outputs that the kit does not know are left out when they are
/// asked for, not here.
///
/// # Errors
/// [`Fault::Nonsense`] that says what is wrong with it, [`Fault::Error`] where the program says so.
pub fn parse_offer(line: &[u8]) -> Result<Offer, Fault> {
    let json = parse(line)?;
    let name = json["name"].as_str().unwrap_or("(no name)").chars().take(SHOWN).collect();
    let offers = json["offers"].as_object().ok_or_else(|| nonsense("`offers` is no object", &json))?;
    let mut definitions = BTreeMap::new();
    for (number, offered) in offers {
        let texts =
            |key: &str| -> Option<Vec<&str>> { offered[key].as_array()?.iter().map(Json::as_str).collect() };
        let outputs = texts("outputs")
            .ok_or_else(|| nonsense(&format!("`outputs` of {number} is no list of texts"), &json))?;
        let widths = texts("widths").map(|names| names.into_iter().map(Width::named).collect());
        let Some(Some(widths)) = widths else {
            return Err(nonsense(&format!("`widths` of {number} is no list of \"f64\" and \"f32\""), &json));
        };
        let outputs = outputs.into_iter().map(str::to_owned).collect();
        definitions.insert(number.clone(), Offered { outputs, widths });
    }
    Ok(Offer { name, definitions })
}

/// Reads the answer to call `number`: the wanted outputs, of any shape; infinite numbers are NaN.
///
/// # Errors
/// [`Fault::Nonsense`], or [`Fault::Error`].
pub fn parse_answer(
    line: &[u8],
    number: u64,
    definition: &Definition,
    wanted: &[String],
    folder: &Folder,
) -> Result<Answer, Fault> {
    let json = parse(line)?;
    if json["call"].as_u64() != Some(number) {
        return Err(nonsense(&format!("`call` is not {number}"), &json));
    }
    if let Some(reason) = json["declined"].as_str() {
        return Ok(Answer::Declined(reason.chars().take(SHOWN).collect()));
    }
    let given = json["outputs"].as_object().ok_or_else(|| nonsense("`outputs` is no object", &json))?;
    let mut outputs = Outputs::default();
    for output in definition.outputs.iter().filter(|output| wanted.iter().any(|name| name == output.name)) {
        let name = output.name;
        let json = given.get(name).ok_or_else(|| Fault::Nonsense(format!("output `{name}` is missing")))?;
        let array =
            read_array(json, folder).map_err(|error| Fault::Nonsense(format!("output `{name}`: {error}")))?;
        outputs.0.insert(name.to_owned(), array);
    }
    Ok(Answer::Outputs(outputs))
}

fn read_array(json: &Json, folder: &Folder) -> Result<Array, String> {
    match json {
        Json::Object(file) => {
            let text = |key: &str| file.get(key).and_then(Json::as_str);
            let (Some(name), Some(tensor)) = (text("file"), text("tensor")) else {
                return Err("an object without the texts `file` and `tensor`".to_owned());
            };
            folder.read(name, tensor)
        }
        _ => flat(json),
    }
}

/// A line as JSON. `NaN` and `Infinity`, which Python writes and JSON does not know, are read as `null`.
fn parse(line: &[u8]) -> Result<Json, Fault> {
    let text = std::str::from_utf8(line).map_err(|_| Fault::Nonsense("not UTF-8".to_owned()))?;
    let strict = serde_json::from_str::<Json>(text);
    let json = strict.or_else(|error| serde_json::from_str(&without_nan(text)).map_err(|_| error));
    let json = json.map_err(|_| Fault::Nonsense(format!("not JSON: {}", shown(text))))?;
    if let Some(error) = json["error"].as_str() {
        return Err(Fault::Error(error.chars().take(4 * SHOWN).collect()));
    }
    match json {
        Json::Object(_) => Ok(json),
        other => Err(Fault::Nonsense(format!("{}, not an object", kind(&other)))),
    }
}

/// The text with `NaN`, `Infinity` and `-Infinity` outside of strings replaced.
fn without_nan(text: &str) -> String {
    let outside = |(at, part): (usize, &str)| {
        if at % 2 == 1 {
            return part.to_owned();
        }
        part.replace("-Infinity", "null").replace("Infinity", "null").replace("NaN", "null")
    };
    text.split('"').enumerate().map(outside).collect::<Vec<_>>().join("\"")
}

fn nonsense(what: &str, json: &Json) -> Fault {
    Fault::Nonsense(format!("{what}: {}", shown(&json.to_string())))
}

fn shown(text: &str) -> String {
    let mut shown: String =
        text.trim_end().chars().take(SHOWN).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if shown.chars().count() < text.trim_end().chars().count() {
        shown.push('…');
    }
    shown
}

/// The line that says what is offered.
pub fn offer_answer_line(offer: &Offer) -> String {
    let offered = |offered: &Offered| {
        let widths: Vec<&str> = offered.widths.iter().map(|width| width.name()).collect();
        json!({ "outputs": offered.outputs, "widths": widths })
    };
    let offers: Map<String, Json> =
        offer.definitions.iter().map(|(number, each)| (number.clone(), offered(each))).collect();
    json!({ "name": offer.name, "offers": offers }).to_string()
}

/// The line that answers call `number`.
pub fn answer_line(number: u64, answer: &Result<Answer, Fault>) -> String {
    match answer {
        Ok(Answer::Outputs(outputs)) => json!({ "call": number, "outputs": written_outputs(outputs) }),
        Ok(Answer::Declined(reason)) => json!({ "call": number, "declined": reason }),
        Err(fault) => json!({ "call": number, "error": fault.to_string() }),
    }
    .to_string()
}

/// Outputs as JSON.
pub fn written_outputs(outputs: &Outputs) -> Map<String, Json> {
    outputs.0.iter().map(|(name, array)| (name.clone(), nested(array, false))).collect()
}
