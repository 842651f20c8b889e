//! Calls as a file and answers as a file, for programs that cannot be started from here.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;

use serde_json::Value as Json;

use crate::case_file::written;
use crate::check::Plan;
use crate::definition::Definition;
use crate::definitions::find;
use crate::error::Error;
use crate::golden::GoldenCase;
use crate::implementation::{Answer, Call, Fault, Implementation, Offer};
use crate::protocol::{Folder, call_line, offer_line, parse_answer, parse_offer, read_inputs};
use crate::tolerance::Width;
use crate::value::Inputs;

/// Name of the file of questions.
pub const CALLS: &str = "calls.jsonl";
/// Name of the file of answers, a line for each question.
pub const ANSWERS: &str = "answers.jsonl";
/// Name of the file that says which cases they are.
const PLAN: &str = "plan.json";

/// Writes all cases of a plan into a folder: the file of questions, files of large arrays, and the plan itself.
///
/// # Errors
/// The folder cannot be written.
pub fn write(plan: &Plan, path: &Path) -> Result<u64, Error> {
    fs::create_dir_all(path).map_err(Error::io("create", path))?;
    // Paths are left to the program, which may run elsewhere.
    let folder = Folder::new(path);
    let mut lines = vec![offer_line(&Folder::new("."))];
    let mut number = 0;
    for definition in &plan.definitions {
        let outputs: Vec<String> = definition.outputs.iter().map(|output| output.name.to_owned()).collect();
        for width in definition.widths() {
            for inputs in plan.cases_of(definition) {
                number += 1;
                let call = Call { definition, width, inputs: &inputs, outputs: &outputs };
                lines.push(call_line(number, call, &folder).map_err(Error::io("write", path))?);
            }
        }
    }
    let file = path.join(CALLS);
    fs::write(&file, lines.join("\n") + "\n").map_err(Error::io("write", &file))?;
    let numbers: Vec<&str> = plan.definitions.iter().map(|definition| definition.number).collect();
    // With their inputs: answers may be read where the folder of golden values is not.
    let golden = plan.golden.iter().map(|case| written(case.definition, &case.inputs));
    let golden = golden.collect::<std::io::Result<Vec<_>>>().map_err(Error::io("write", path))?;
    let json = serde_json::json!({ "definitions": numbers, "cases": plan.cases, "seed": plan.seed, "golden": golden });
    let file = path.join(PLAN);
    fs::write(&file, format!("{json}\n")).map_err(Error::io("write", &file))?;
    Ok(number)
}

/// Answers that were written elsewhere, as an implementation: it answers the calls of the plan in their order, and no others.
#[derive(Debug)]
pub struct Written {
    folder: Folder,
    offer: Vec<u8>,
    /// By the number of the call.
    answers: BTreeMap<u64, Vec<u8>>,
    /// Numbers of the calls by [`key`].
    numbers: HashMap<String, u64>,
    plan: Plan,
}

impl Written {
    /// Reads plan and answers of a folder.
    ///
    /// # Errors
    /// A file is missing or holds something else.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let plan = read_plan(&path.join(PLAN))?;
        let file = path.join(ANSWERS);
        let bytes = fs::read(&file).map_err(Error::io("read", &file))?;
        let mut lines = bytes.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
        let offer = lines
            .next()
            .ok_or_else(|| Error::file(&file, "is empty; the first line says what is offered"))?;
        let number = |line: &[u8]| serde_json::from_slice::<Json>(line).ok()?["call"].as_u64();
        let mut answers = BTreeMap::new();
        for (at, line) in lines.enumerate() {
            // A line that is no answer is one to the call in its place.
            answers.insert(number(line).unwrap_or(at as u64 + 1), line.to_vec());
        }
        let (mut numbers, mut number) = (HashMap::new(), 0);
        for definition in &plan.definitions {
            for width in definition.widths() {
                for inputs in plan.cases_of(definition) {
                    number += 1;
                    numbers.insert(key(definition, width, &inputs), number);
                }
            }
        }
        Ok(Self { folder: Folder::new(path), offer: offer.to_vec(), answers, numbers, plan })
    }

    /// The cases that were put.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }
}

/// Returns the text that tells a call from others.
fn key(definition: &Definition, width: Width, inputs: &Inputs) -> String {
    format!("{} {} {inputs:?}", definition.number, width.name())
}

fn read_plan(path: &Path) -> Result<Plan, Error> {
    let text = fs::read_to_string(path).map_err(Error::io("read", path))?;
    let wrong = |what: &str| Error::file(path, format!("{what}; `--write` writes it"));
    let json: Json = serde_json::from_str(&text).map_err(|_| wrong("is not JSON"))?;
    let numbers = json["definitions"].as_array().ok_or_else(|| wrong("has no list `definitions`"))?;
    let numbers: Vec<String> =
        numbers.iter().filter_map(|number| number.as_str().map(str::to_owned)).collect();
    let definitions = crate::check::selected(&numbers).map_err(|number| wrong(&format!("names {number}")))?;
    let whole = |key: &str| json[key].as_u64().ok_or_else(|| wrong(&format!("has no whole number `{key}`")));
    let golden = json["golden"].as_array().map_or(&[][..], Vec::as_slice);
    let golden = golden.iter().map(read_golden).collect::<Result<_, _>>().map_err(|reason| wrong(&reason))?;
    Ok(Plan { definitions, golden, cases: whole("cases")?, seed: whole("seed")? })
}

fn read_golden(json: &Json) -> Result<GoldenCase, String> {
    let number = json["definition"].as_str();
    let definition = number.and_then(find).ok_or("has a golden case of no definition")?;
    // All inputs stand in the plan itself.
    let inputs = read_inputs(definition, &json["inputs"], &Folder::new(""))?;
    (definition.reference)(&inputs).map_err(|error| format!("has a golden case that is none: {error}"))?;
    Ok(GoldenCase { definition, inputs })
}

impl Implementation for Written {
    fn offer(&mut self) -> Result<Offer, Fault> {
        parse_offer(&self.offer)
    }

    fn answer(&mut self, call: Call<'_>) -> Result<Answer, Fault> {
        let missing = || Fault::Nonsense("there is no line for this call".to_owned());
        let number = *self.numbers.get(&key(call.definition, call.width, call.inputs)).ok_or_else(missing)?;
        let line = self.answers.get(&number).ok_or_else(missing)?;
        parse_answer(line, number, call.definition, call.outputs, &self.folder)
    }
}
