//! The claims of the paper, and whether the records bear them out. The rule of the verdicts is [`RULE`]; `docs/claims.md` has it at length.

mod gains;
mod matrix;
mod order;
mod paper;
mod scores;
mod tables;
mod verdict;

pub(super) use gains::{GainLine, Gains};
pub(super) use matrix::{Matrix, Statement, counts};
pub(super) use order::Order;
pub(super) use paper::judge;
pub(super) use scores::Scores;
pub(super) use tables::{claims_table, gains_table, order_table};
pub(super) use verdict::Verdict;

use mmt_vocabulary::record::DomainKind;

use super::names::task_label;
use super::rows::Row;
use super::statistics::{ENOUGH, Estimate, holm};

/// How a verdict is reached.
pub(super) const RULE: &str = "The rule is docs/claims.md. A difference is one of mAP on the target's test set after the last epoch, in \
    percentage points, between runs of the same domains and training seed; rows that adapt start from the same networks. C6 is the \
    share of the gap between the pre-trained networks and the oracle that is closed, held against 50 %. A unit is a set of drawn \
    domains, its training runs and the tasks of a mean averaged first; with one set of domains, or on real data, it is a training \
    seed, and nothing is said of other domains or test sets. The interval is the 95 % t interval over units. ▲ holds, ▼ opposite: \
    five units or more, and the mean is above or below by a t test at 5 %, corrected by Holm over the confirmatory lines (one for \
    each statement: its mean over tasks, or its only task), or over the other lines. △ leans, ▽ leans opposite: no such verdict, and \
    all units are on one side. ○ mixed: they are not. undefined: the oracle is not above the pre-trained networks in some unit. not \
    run: no unit has all the rows that the claim needs.";

/// A claim about a task, or about several, and what was measured.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Claim {
    /// `C1` to `C8`.
    pub number: &'static str,
    /// `MMT-100 is above Baseline`.
    pub statement: String,
    /// Names of the tasks: one, several for a claim about their mean, none for one that no row speaks to.
    pub tasks: Vec<String>,
    /// The row that the claim is about; none where none was run.
    pub row: Option<String>,
    /// The estimate that must be above its bar.
    pub estimate: Estimate,
    /// Whether it is the one line that stands for its statement.
    pub confirmatory: bool,
    /// The p-value after Holm's correction; none below five units.
    pub adjusted: Option<f64>,
}

impl Claim {
    fn new(number: &'static str, statement: &str, tasks: &[&String], estimate: Estimate) -> Self {
        let tasks = tasks.iter().map(|task| (*task).clone()).collect();
        let statement = statement.to_owned();
        Self { number, statement, tasks, row: None, estimate, confirmatory: false, adjusted: None }
    }

    /// One that no row speaks to.
    fn not_run(number: &'static str, statement: &str) -> Self {
        Self::new(number, statement, &[], Estimate::of_differences(&[], DomainKind::Synthetic))
    }

    /// The claim as one about `row`.
    fn about(self, row: &Row) -> Self {
        Self { row: Some(row.name.clone()), ..self }
    }

    /// Returns its verdict.
    pub fn verdict(&self) -> Verdict {
        Verdict::of(&self.estimate, self.adjusted)
    }

    /// `Market → Duke`, `Mean of 4 tasks`, `Every task`.
    pub fn scope(&self, domains: DomainKind) -> String {
        scope(&self.tasks, domains)
    }
}

/// `Market → Duke`, `Mean of 4 tasks`, `Every task` for none.
fn scope(tasks: &[String], domains: DomainKind) -> String {
    match tasks {
        [] => "Every task".to_owned(),
        [task] => task_label(task, domains),
        tasks => format!("Mean of {} tasks", tasks.len()),
    }
}

/// The lines of one statement: each task, and the mean of those that were run, which then is the confirmatory one.
fn lines(
    (number, statement): (&'static str, &str),
    row: &Row,
    tasks: &[String],
    of: impl Fn(&[&String]) -> Estimate,
) -> Vec<Claim> {
    let claim = |tasks: &[&String]| Claim::new(number, statement, tasks, of(tasks)).about(row);
    let mut claims: Vec<Claim> = tasks.iter().map(|task| claim(&[task])).collect();
    let run: Vec<&String> =
        tasks.iter().zip(&claims).filter(|(_, claim)| claim.estimate.n() > 0).map(|(task, _)| task).collect();
    if run.len() > 1 {
        claims.push(Claim { confirmatory: true, ..claim(&run) });
    } else {
        claims.iter_mut().filter(|claim| claim.estimate.n() > 0).for_each(|claim| claim.confirmatory = true);
    }
    claims
}

/// Gives every line of enough units its p-value, corrected over the confirmatory lines and over the others.
fn correct(claims: &mut [Claim]) {
    for confirmatory in [true, false] {
        let mut family: Vec<(&mut Claim, f64)> = claims
            .iter_mut()
            .filter(|claim| claim.confirmatory == confirmatory && claim.estimate.n() >= ENOUGH)
            .filter_map(|claim| claim.estimate.p().map(|p| (claim, p)))
            .collect();
        let adjusted = holm(&family.iter().map(|(_, p)| *p).collect::<Vec<_>>());
        family.iter_mut().zip(adjusted).for_each(|((claim, _), p)| claim.adjusted = Some(p));
    }
}

/// A sentence for each statement that was judged, for a terminal; the others are counted.
pub(super) fn sentences(claims: &[Claim], domains: DomainKind) -> Vec<String> {
    let sentence = |claim: &Claim| {
        let estimate = &claim.estimate;
        let numbers = match estimate.interval() {
            Some(_) => {
                format!(" {} ({}), {}", estimate.mean_text(), estimate.interval_text(), estimate.units_text())
            }
            None => format!(" {}", estimate.mean_text()),
        };
        let numbers = if estimate.mean().is_some() { numbers } else { String::new() };
        let (verdict, scope) = (claim.verdict().text(estimate), claim.scope(domains));
        format!("{}  {}: {scope}:{numbers} {verdict}", claim.number, claim.statement)
    };
    let mut sentences: Vec<String> = claims.iter().filter(|claim| claim.confirmatory).map(sentence).collect();
    let mut missing: Vec<&str> =
        claims.iter().filter(|claim| claim.tasks.is_empty()).map(|claim| claim.number).collect();
    missing.dedup();
    if !missing.is_empty() {
        sentences.push(format!("not run, in full or in part: {}", missing.join(", ")));
    }
    sentences
}

#[cfg(test)]
mod tests {
    use super::super::statistics::estimate;
    use super::*;

    fn claim(confirmatory: bool, differences: &[f64]) -> Claim {
        let task = "market-to-duke".to_owned();
        Claim {
            confirmatory,
            ..Claim::new("C1", "MMT-100 is above Baseline", &[&task], estimate(differences))
        }
    }

    /// Mean 2, standard deviation 1, five units: t = 2 √5 = 4.472, p = 0.0111 by four degrees of freedom.
    const CLEAR: [f64; 5] = [0.75, 1.5, 2.0, 2.5, 3.25];

    #[test]
    fn claims_are_corrected_within_their_family_and_from_five_units_on() {
        let mut claims = vec![
            claim(true, &CLEAR),
            claim(true, &CLEAR[..4]),
            claim(false, &CLEAR),
            claim(false, &[1.0, 2.0, -1.0, 0.0, 1.0]),
        ];
        correct(&mut claims);
        let p = claims[0].estimate.p().unwrap();
        assert_eq!(claims[0].adjusted, Some(p), "alone in its family");
        assert_eq!(claims[1].adjusted, None, "four units");
        assert_eq!(claims[2].adjusted, Some(2.0 * p));
        assert_eq!(claims[0].verdict(), Verdict::Holds);
        assert_eq!(claims[1].verdict(), Verdict::Leans);
        assert_eq!(claims[3].verdict(), Verdict::Mixed);
        // With as many others that say nothing, the same numbers are no verdict any more.
        let mut many: Vec<Claim> = (0..30).map(|_| claim(true, &[1.0, 2.0, -1.0, 0.0, 1.0])).collect();
        many.push(claim(true, &CLEAR));
        correct(&mut many);
        assert_eq!(many[30].verdict(), Verdict::Leans);
    }

    #[test]
    fn a_sentence_says_what_was_found() {
        let found = sentences(
            &[claim(true, &[1.0]), Claim::not_run("C4", "two networks are above one")],
            DomainKind::Real,
        );
        assert_eq!(
            found,
            [
                "C1  MMT-100 is above Baseline: Market → Duke: +1.0 △ leans, on this seed (1 of 1; verdicts need five)",
                "not run, in full or in part: C4"
            ]
        );
        let mut three = claim(true, &[2.0, -1.0, 5.0]);
        three.tasks.push("duke-to-market".to_owned());
        assert_eq!(
            sentences(&[three], DomainKind::Synthetic),
            [
                "C1  MMT-100 is above Baseline: Mean of 2 tasks: +2.0 (−5.5 to +9.5), 3 domains ○ mixed (2 of 3 above)"
            ]
        );
    }

    #[test]
    fn the_rule_on_the_page_names_every_verdict_and_is_that_of_the_document() {
        let document = include_str!("../../../../docs/claims.md");
        assert_eq!(ENOUGH, 5);
        for text in ["95 % t interval", "five units or more", "Holm"] {
            assert!(RULE.contains(text) && document.contains(text), "{text}");
        }
        for verdict in Verdict::ALL {
            assert!(RULE.contains(verdict.word()) && document.contains(verdict.word()), "{}", verdict.word());
        }
        for (number, text) in paper::CLAIMS {
            assert!(document.contains(&format!("| {number} | {text}")), "{number}: {text}");
        }
    }
}
