//! What the paper claims, and whether the records bear it out. The rule of the verdicts is [`RULE`]; it stands in the program,
//! so it is older than any run that it judges.

mod bootstrap;
mod gains;
mod order;
mod paper;
mod rows;
mod scores;
mod tables;

use bootstrap::FEWEST;
pub(super) use bootstrap::Gain;
pub(super) use gains::{GainLine, Gains};
pub(super) use order::Order;
pub(super) use paper::{baseline_of, judge};
pub(super) use rows::{NUMBERS, differs_in, is_full, number};
pub(super) use tables::{claims_table, gains_table, order_table};

use super::names::task_label;
use super::results::Row;

/// How a verdict is reached.
pub(super) const RULE: &str = "The rule stands in the program and so was fixed before any run. A difference is one of mAP on the \
    target's test set after the last epoch, in percentage points, taken seed by seed; rows that adapt start from the same networks. \
    Its interval is the 95 % percentile interval of a bootstrap (10000 draws, always the same ones). From three seeds on it \
    resamples the seeds, and for each seed drawn its queries, the same for all rows of the difference, where every run kept the \
    average precision of each query (mean over the networks that the row answers for); else the seeds alone, as for C7, \
    whose worst k is chosen by seed. With one or two seeds it resamples the queries alone, and says nothing of other seeds. holds: \
    there are three seeds or more, and the interval lies above 0. does not hold: there are, and it lies below 0. cannot tell: it \
    contains 0, or there are fewer than three seeds. not run: no seed has all the rows that the claim needs. With few seeds such an \
    interval is too narrow; over three seeds alone it is their range.";

/// What became of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The interval lies above zero.
    Holds,
    /// The interval lies below zero.
    DoesNotHold,
    /// The interval contains zero, or there is none.
    CannotTell,
    /// No seed has all the rows.
    NotRun,
}

impl Verdict {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Holds, Self::DoesNotHold, Self::CannotTell, Self::NotRun];

    fn of(gain: &Gain) -> Self {
        match (gain.n(), gain.interval) {
            (0, _) => Self::NotRun,
            (FEWEST.., Some((low, _))) if low > 0.0 => Self::Holds,
            (FEWEST.., Some((_, high))) if high < 0.0 => Self::DoesNotHold,
            _ => Self::CannotTell,
        }
    }

    /// As pages show it.
    pub fn text(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::DoesNotHold => "does not hold",
            Self::CannotTell => "cannot tell",
            Self::NotRun => "not run",
        }
    }
}

/// A claim about a task, or about several, and what was measured.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Claim {
    /// `C1` to `C7`.
    pub number: &'static str,
    /// `MMT-k is above Baseline`.
    pub statement: String,
    /// Names of the tasks: one, several for a claim about their mean, none for one that no row speaks to.
    pub tasks: Vec<String>,
    /// The row that the claim is about; none where none was run.
    pub row: Option<String>,
    /// The difference that must be above zero.
    pub gain: Gain,
}

impl Claim {
    fn new(number: &'static str, statement: String, tasks: &[&String], differences: scores::BySeed) -> Self {
        let tasks = tasks.iter().map(|task| (*task).clone()).collect();
        Self { number, statement, tasks, row: None, gain: Gain::new(differences) }
    }

    /// The claim as one about `row`.
    fn about(self, row: &Row) -> Self {
        Self { row: Some(row.name.clone()), ..self }
    }

    /// What became of it.
    pub fn verdict(&self) -> Verdict {
        Verdict::of(&self.gain)
    }

    /// `Market → Duke`, `Mean of 4 tasks`, `Every task`.
    pub fn scope(&self) -> String {
        match &self.tasks[..] {
            [] => "Every task".to_owned(),
            [task] => task_label(task),
            tasks => format!("Mean of {} tasks", tasks.len()),
        }
    }
}

/// `Claims: 3 hold, 1 does not hold …`, as a line.
pub(super) fn count(claims: &[Claim]) -> String {
    let counts = Verdict::ALL.map(|verdict| {
        let n = claims.iter().filter(|claim| claim.verdict() == verdict).count();
        format!("{} {n}", verdict.text())
    });
    format!("Claims C1 to C7, by verdict: {}", counts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::bootstrap::DRAWS;
    use super::bootstrap::tests::gain;
    use super::*;

    fn verdict(differences: &[f64]) -> Verdict {
        Verdict::of(&gain(differences))
    }

    #[test]
    fn a_verdict_is_read_off_the_interval() {
        assert_eq!(verdict(&[1.0, 2.0, 3.0]), Verdict::Holds);
        assert_eq!(verdict(&[-1.0, -2.0, -3.0]), Verdict::DoesNotHold);
        assert_eq!(verdict(&[-1.0, 9.0, 9.0]), Verdict::CannotTell);
        assert_eq!(verdict(&[0.0, 0.0, 0.0]), Verdict::CannotTell);
        assert_eq!(verdict(&[9.0, 9.0]), Verdict::CannotTell, "two seeds have no interval");
        assert_eq!(verdict(&[]), Verdict::NotRun);
    }

    #[test]
    fn an_interval_over_queries_alone_gives_no_verdict() {
        let score = || scores::Score { value: 9.0, queries: Some(vec![[(0, 8.0), (1, 10.0)].into()]) };
        let of = |seeds: u64| Gain::new((0..seeds).map(|seed| (seed, score())).collect());
        assert_eq!(of(2).interval, Some((8.0, 10.0)));
        assert_eq!(Verdict::of(&of(2)), Verdict::CannotTell);
        assert_eq!(Verdict::of(&of(3)), Verdict::Holds);
    }

    #[test]
    fn the_rule_on_the_page_is_that_of_the_program() {
        assert!(RULE.contains(&format!("({DRAWS} draws")));
        assert_eq!(FEWEST, 3);
        assert!(RULE.contains("three seeds or more"));
        assert!(Verdict::ALL.iter().all(|verdict| RULE.contains(&format!("{}:", verdict.text()))));
    }
}
