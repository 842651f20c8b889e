//! Cases put to an implementation, definition by definition.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::definition::{Definition, Reading};
use crate::definitions::ALL;
use crate::golden::GoldenCase;
use crate::implementation::{Answer, Call, Fault, Implementation, Offer, Offered};
use crate::judge::{Complaint, Worst, explains, judge};
use crate::shrink::shrink;
use crate::tolerance::Width;
use crate::value::{Inputs, Outputs};

/// The questions put to an implementation.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Which definitions.
    pub definitions: Vec<&'static Definition>,
    /// Cases that are put before the drawn ones.
    pub golden: Vec<GoldenCase>,
    /// Drawn cases of each, per width.
    pub cases: u64,
    /// Of the generators.
    pub seed: u64,
}

impl Plan {
    /// The cases of a definition, golden ones first.
    pub fn cases_of(&self, definition: &'static Definition) -> impl Iterator<Item = Inputs> + '_ {
        let drawn = (0..self.cases).map(|index| definition.case(self.seed, index));
        self.golden_of(definition).map(|case| case.inputs.clone()).chain(drawn)
    }

    /// How many cases a definition has.
    pub fn count_of(&self, definition: &Definition) -> u64 {
        self.cases + self.golden_of(definition).count() as u64
    }

    fn golden_of(&self, definition: &Definition) -> impl Iterator<Item = &GoldenCase> {
        let number = definition.number;
        self.golden.iter().filter(move |case| case.definition.number == number)
    }
}

/// A definition in a width, and what came of it.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The definition.
    pub definition: &'static Definition,
    /// The width; `None` where it is not offered in any.
    pub width: Option<Width>,
    /// Its outcome.
    pub outcome: Outcome,
    /// Cases that were answered and compared.
    pub compared: u64,
    /// Cases that the implementation declined, by its reason.
    pub declined: BTreeMap<String, u64>,
    /// Outputs that it does not return.
    pub missing: Vec<&'static str>,
    /// The worst errors of the answers that agree.
    pub worst: Worst,
}

/// The outcome of checking a definition.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// All answers agree.
    Agrees,
    /// All agree but where the definition's source leaves the output open.
    AgreesBut(Box<Disagreement>),
    /// An answer differs.
    Differs(Box<Disagreement>),
    /// There was no answer.
    Fails(Fault, Box<Inputs>, Vec<String>),
    /// The implementation declined every case.
    Declines,
    /// It does not have it.
    NotOffered,
}

/// An answer that differs, on the smallest input that was found.
#[derive(Debug, Clone)]
pub struct Disagreement {
    /// The fault.
    pub complaint: Complaint,
    /// The inputs.
    pub inputs: Inputs,
    /// The reference's outputs.
    pub expected: Outputs,
    /// The implementation's.
    pub found: Outputs,
    /// The known reading that explains all answers that were seen.
    pub reading: Option<&'static str>,
    /// Cases, of those compared, in which it differs.
    pub differing: u64,
    /// How often the implementation was asked to find this input.
    pub tries: usize,
}

impl Finding {
    fn new(definition: &'static Definition, width: Option<Width>, outcome: Outcome) -> Self {
        let (declined, missing) = (BTreeMap::new(), Vec::new());
        Self { definition, width, outcome, compared: 0, declined, missing, worst: Worst::default() }
    }

    /// Whether nothing is wrong: it agrees, or is not offered.
    pub fn is_fine(&self) -> bool {
        !matches!(self.outcome, Outcome::Differs(_) | Outcome::Fails(..))
    }
}

/// Told of every case before it is asked: the definition, the width, its number and how many there are.
pub type Progress<'a> = &'a mut dyn FnMut(&'static Definition, Width, u64, u64);

/// A definition that is offered in a width, with what is offered of it.
pub struct Offering<'a> {
    definition: &'static Definition,
    width: Width,
    outputs: &'a [String],
}

/// Asks what is offered, then puts the cases of the plan. An implementation that fails in one definition is asked for the next.
///
/// # Errors
/// It does not say what it offers.
pub fn check(
    implementation: &mut dyn Implementation,
    plan: &Plan,
    progress: Progress<'_>,
) -> Result<(Offer, Vec<Finding>), Fault> {
    let offer = implementation.offer()?;
    let mut findings = Vec::new();
    for definition in &plan.definitions {
        let offered = offer.definitions.get(definition.number);
        let widths = offered.map_or_else(Vec::new, |offered| widths(definition, offered));
        for &width in &widths {
            let outputs = offered.map_or(&[][..], |offered| &offered.outputs);
            let offering = Offering { definition, width, outputs };
            let mut finding = offering.check(implementation, plan, progress);
            finding.missing = missing(definition, outputs);
            findings.push(finding);
        }
        if widths.is_empty() {
            findings.push(Finding::new(definition, None, Outcome::NotOffered));
        }
    }
    Ok((offer, findings))
}

/// The widths that are offered and compared.
pub fn widths(definition: &Definition, offered: &Offered) -> Vec<Width> {
    let known = offered.outputs.iter().any(|output| definition.output(output).is_some());
    definition.widths().into_iter().filter(|width| known && offered.widths.contains(width)).collect()
}

fn missing(definition: &Definition, offered: &[String]) -> Vec<&'static str> {
    let names = definition.outputs.iter().map(|output| output.name);
    names.filter(|name| !offered.iter().any(|output| output == name)).collect()
}

/// How many cases are put, after one that differs, to find which reading explains it, and how often it differs.
const EVIDENCE: u64 = 60;

/// How long a case is made smaller: a program that takes a second for an answer is not asked for ten minutes.
const PATIENCE: Duration = Duration::from_secs(60);

/// A case that was answered.
struct Seen {
    inputs: Inputs,
    answer: Answer,
}

impl<'a> Offering<'a> {
    /// One that is known to be offered.
    pub fn new(definition: &'static Definition, width: Width, outputs: &'a [String]) -> Self {
        Self { definition, width, outputs }
    }

    fn ask(&self, implementation: &mut dyn Implementation, inputs: &Inputs) -> Result<Answer, Fault> {
        let (definition, width, outputs) = (self.definition, self.width, self.outputs);
        implementation.answer(Call { definition, width, inputs, outputs })
    }

    /// Judges the answer to a case. Cases come from the reference's domain, so that it has an answer.
    fn judge(&self, inputs: &Inputs, answer: &Answer) -> Option<Result<Worst, Complaint>> {
        let Answer::Outputs(found) = answer else { return None };
        let expected = (self.definition.reference)(inputs).ok()?;
        Some(judge(self.definition, self.width, inputs, found, &expected))
    }

    fn check(&self, implementation: &mut dyn Implementation, plan: &Plan, progress: Progress<'_>) -> Finding {
        let mut finding = Finding::new(self.definition, Some(self.width), Outcome::Agrees);
        let mut seen = Vec::new();
        let mut open: Option<Inputs> = None;
        let mut differs: Option<Inputs> = None;
        let count = plan.count_of(self.definition);
        let mut last = count;
        for (index, inputs) in (0..).zip(plan.cases_of(self.definition)) {
            if index >= last {
                break;
            }
            progress(self.definition, self.width, index, last);
            let answer = match self.ask(implementation, &inputs) {
                Ok(answer) => answer,
                Err(fault) => return self.failed(implementation, finding, fault, &inputs),
            };
            match self.judge(&inputs, &answer) {
                None => {
                    if let Answer::Declined(reason) = &answer {
                        *finding.declined.entry(reason.clone()).or_default() += 1;
                    }
                    continue;
                }
                Some(Ok(worst)) => {
                    finding.worst.error = finding.worst.error.max(worst.error);
                    finding.worst.share = finding.worst.share.max(worst.share);
                }
                Some(Err(complaint)) if complaint.open.is_some() => open = open.or(Some(inputs.clone())),
                Some(Err(_)) if differs.is_none() => {
                    differs = Some(inputs.clone());
                    last = count.min(index + EVIDENCE);
                }
                Some(Err(_)) => {}
            }
            finding.compared += 1;
            seen.push(Seen { inputs, answer });
        }
        let is_open = differs.is_none();
        if let Some(inputs) = differs.or(open) {
            finding.outcome = self.smallest(implementation, &inputs, is_open, &seen);
        } else if finding.compared == 0 {
            finding.outcome = Outcome::Declines;
        }
        finding
    }

    /// One case by itself, shrunk where it differs.
    pub fn replay(&self, implementation: &mut dyn Implementation, inputs: &Inputs) -> Finding {
        let mut finding = Finding::new(self.definition, Some(self.width), Outcome::Declines);
        finding.missing = missing(self.definition, self.outputs);
        let answer = match self.ask(implementation, inputs) {
            Ok(answer) => answer,
            Err(fault) => return self.failed(implementation, finding, fault, inputs),
        };
        if let Answer::Declined(reason) = &answer {
            finding.declined.insert(reason.clone(), 1);
        }
        let Some(judged) = self.judge(inputs, &answer) else { return finding };
        finding.compared = 1;
        finding.outcome = match judged {
            Ok(worst) => {
                finding.worst = worst;
                Outcome::Agrees
            }
            Err(complaint) => {
                let seen = [Seen { inputs: inputs.clone(), answer }];
                self.smallest(implementation, inputs, complaint.open.is_some(), &seen)
            }
        };
        finding
    }

    /// Shrinks a case that differs. One that is not left open stays so.
    fn smallest(
        &self,
        implementation: &mut dyn Implementation,
        inputs: &Inputs,
        is_open: bool,
        seen: &[Seen],
    ) -> Outcome {
        let mut complain = |inputs: &Inputs| {
            let answer = self.ask(implementation, inputs).ok()?;
            let complaint = self.judge(inputs, &answer)?.err()?;
            (complaint.open.is_some() == is_open).then_some((complaint, answer))
        };
        let begun = Instant::now();
        let (smallest, tries) = shrink(self.definition, inputs, |candidate| {
            begun.elapsed() < PATIENCE && complain(candidate).is_some()
        });
        let again = complain(&smallest).map(|again| (smallest, again));
        let again = again.or_else(|| Some((inputs.clone(), complain(inputs)?)));
        let Some((smallest, (complaint, Answer::Outputs(found)))) = again else {
            return Outcome::Fails(Fault::Unsteady, Box::new(inputs.clone()), implementation.last_words());
        };
        let expected = (self.definition.reference)(&smallest).unwrap_or_default();
        let own = Seen { inputs: smallest.clone(), answer: Answer::Outputs(found.clone()) };
        let reading = self.reading(seen, &own, complaint.output);
        let differing = |seen: &&Seen| matches!(self.judge(&seen.inputs, &seen.answer), Some(Err(_)));
        let differing = seen.iter().filter(differing).count() as u64;
        let found = Disagreement { complaint, inputs: smallest, expected, found, reading, differing, tries };
        if is_open { Outcome::AgreesBut(Box::new(found)) } else { Outcome::Differs(Box::new(found)) }
    }

    /// The first known reading that explains the smallest case and every answer before it. Where the source leaves an output open, a
    /// reading need not.
    fn reading(&self, seen: &[Seen], smallest: &Seen, output: &str) -> Option<&'static str> {
        let explains = |reading: &Reading, one: &Seen| {
            explains(self.definition, self.width, &one.inputs, &one.answer, reading)
        };
        let covers = |reading: &Reading| {
            (reading.compute)(&smallest.inputs).is_ok_and(|outputs| outputs.get(output).is_some())
        };
        let is_open = |one: &Seen| (self.definition.open)(&one.inputs, self.width, output).is_some();
        let explained = |reading: &&Reading| {
            covers(reading)
                && explains(reading, smallest) == Some(true)
                && seen.iter().all(|one| explains(reading, one) != Some(false) || is_open(one))
        };
        self.definition.readings.iter().find(explained).map(|reading| reading.name)
    }

    /// A case without an answer, made smaller by a few tries.
    fn failed(
        &self,
        implementation: &mut dyn Implementation,
        mut finding: Finding,
        fault: Fault,
        inputs: &Inputs,
    ) -> Finding {
        let last_words = implementation.last_words();
        // Waiting for a program that hangs costs the limit every time.
        let mut patience = if matches!(fault, Fault::TimedOut(_)) { 3 } else { 60 };
        let begun = Instant::now();
        let (smallest, _) = shrink(self.definition, inputs, |candidate| {
            if patience == 0 || begun.elapsed() > PATIENCE {
                return false;
            }
            patience -= 1;
            let found = self.ask(implementation, candidate);
            found.is_err_and(|other| std::mem::discriminant(&other) == std::mem::discriminant(&fault))
        });
        finding.outcome = Outcome::Fails(fault, Box::new(smallest), last_words);
        finding
    }
}

/// All definitions, or those of these numbers.
///
/// # Errors
/// The number that is none.
pub fn selected(numbers: &[String]) -> Result<Vec<&'static Definition>, String> {
    if numbers.is_empty() {
        return Ok(ALL.to_vec());
    }
    let find = |number: &String| crate::definitions::find(number).ok_or_else(|| number.clone());
    numbers.iter().map(find).collect()
}
