//! The claims at a glance: statements by tasks.

use super::super::names::task_label;
use super::super::results::Results;
use super::{Claim, Verdict};

/// A statement and what became of it on every task, and on their mean.
#[derive(Debug, Clone)]
pub(crate) struct Statement<'a> {
    pub number: &'static str,
    pub statement: &'a str,
    /// One for each of [`Matrix::scopes`]; none where it says nothing about that task.
    pub cells: Vec<Option<&'a Claim>>,
}

/// All statements.
#[derive(Debug, Clone)]
pub(crate) struct Matrix<'a> {
    /// The tasks, and `mean`, where there are several.
    pub scopes: Vec<String>,
    pub statements: Vec<Statement<'a>>,
}

impl<'a> Matrix<'a> {
    /// Of claims in the order of their numbers.
    pub fn new(claims: &'a [Claim], results: &Results) -> Self {
        let tasks = &results.tasks;
        let mut statements: Vec<Statement<'a>> = Vec::new();
        for claim in claims {
            let at = match &claim.tasks[..] {
                [task] => tasks.iter().position(|own| own == task),
                [] => None,
                _ => Some(tasks.len()),
            };
            let same = |found: &Statement| found.number == claim.number && found.statement == claim.statement;
            let place = statements.iter().position(same).unwrap_or(statements.len());
            if place == statements.len() {
                let cells = vec![None; tasks.len() + 1];
                statements.push(Statement { number: claim.number, statement: &claim.statement, cells });
            }
            if let Some(at) = at {
                statements[place].cells[at] = Some(claim).filter(|claim| claim.estimate.n() > 0);
            }
        }
        let mut scopes: Vec<String> = tasks.iter().map(|task| task_label(task, results.domains)).collect();
        if tasks.len() > 1 {
            scopes.push("mean".to_owned());
        }
        statements.iter_mut().for_each(|statement| statement.cells.truncate(scopes.len()));
        Self { scopes, statements }
    }
}

/// How the confirmatory lines came out: `3 hold, 1 leans, 2 mixed; 4 not run`.
pub(crate) fn counts(claims: &[Claim]) -> String {
    let of = |verdict: Verdict| {
        let lines = claims.iter().filter(|claim| claim.confirmatory || claim.tasks.is_empty());
        lines.filter(|claim| claim.verdict() == verdict).count()
    };
    let words = Verdict::ALL
        .into_iter()
        .filter(|verdict| of(*verdict) > 0)
        .map(|verdict| format!("{} {}", of(verdict), verdict.word()));
    words.collect::<Vec<_>>().join(", ")
}
