//! What the paper claims, and whether the records bear it out. The rule of the verdicts is [`RULE`]; it stands in the program,
//! so it is older than any run that it judges.

mod bootstrap;
mod order;
mod paper;
mod rows;
mod scores;
mod tables;

use bootstrap::Gain;
pub(super) use order::Order;
pub(super) use paper::judge;
pub(super) use tables::{claims_table, gains_table, order_table};

use super::names::task_label;

/// How a verdict is reached.
pub(super) const RULE: &str = "The rule stands in the program and so was fixed before any run. A difference is one of mAP on the \
    target's test set after the last epoch, in percentage points, taken seed by seed; rows that adapt start from the same networks. \
    Its interval is the 95 % percentile interval of a bootstrap over the seeds (10000 draws, always the same ones), given from \
    three seeds on. holds: the interval lies above 0. does not hold: it lies below 0. cannot tell: it contains 0, or there are \
    fewer than three seeds. not run: no seed has all the rows that the claim needs. With few seeds such an interval is too \
    narrow; with three it is their range.";

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
        match gain.interval {
            Some((low, _)) if low > 0.0 => Self::Holds,
            Some((_, high)) if high < 0.0 => Self::DoesNotHold,
            None if gain.n() == 0 => Self::NotRun,
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
    /// The difference that must be above zero.
    pub gain: Gain,
}

impl Claim {
    fn new(number: &'static str, statement: String, tasks: &[&String], differences: scores::BySeed) -> Self {
        let tasks = tasks.iter().map(|task| (*task).clone()).collect();
        Self { number, statement, tasks, gain: Gain::new(differences.into_values().collect()) }
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
    use super::bootstrap::{DRAWS, FEWEST};
    use super::*;

    fn verdict(differences: &[f64]) -> Verdict {
        Verdict::of(&Gain::new(differences.to_vec()))
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
    fn the_rule_on_the_page_is_that_of_the_program() {
        assert!(RULE.contains(&format!("({DRAWS} draws")));
        assert_eq!(FEWEST, 3);
        assert!(Verdict::ALL.iter().all(|verdict| RULE.contains(&format!("{}:", verdict.text()))));
    }
}
