//! The verdict on a claim.

use super::super::statistics::{ENOUGH, Estimate, LEVEL};

/// The verdict on a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Above the bar beyond doubt.
    Holds,
    /// Below it beyond doubt.
    Opposite,
    /// All units are above.
    Leans,
    /// All units are below.
    LeansOpposite,
    /// Units are on both sides.
    Mixed,
    /// The measured number does not exist.
    Undefined,
    /// No unit has all the rows.
    NotRun,
}

impl Verdict {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Holds,
        Self::Opposite,
        Self::Leans,
        Self::LeansOpposite,
        Self::Mixed,
        Self::Undefined,
        Self::NotRun,
    ];

    /// That of `estimate`; `adjusted` is its p-value after correction, where it has enough units.
    pub(super) fn of(estimate: &Estimate, adjusted: Option<f64>) -> Self {
        let n = estimate.n();
        let Some(mean) = estimate.mean() else {
            return if n == 0 { Self::NotRun } else { Self::Undefined };
        };
        let clear = n >= ENOUGH && adjusted.is_some_and(|p| p <= 1.0 - LEVEL);
        let (above, below) = estimate.signs();
        match (clear, mean > estimate.bar) {
            (true, true) => Self::Holds,
            (true, false) => Self::Opposite,
            (false, _) if above == n => Self::Leans,
            (false, _) if below == n => Self::LeansOpposite,
            (false, _) => Self::Mixed,
        }
    }

    /// In one word, or two.
    pub fn word(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Opposite => "opposite",
            Self::Leans => "leans",
            Self::LeansOpposite => "leans opposite",
            Self::Mixed => "mixed",
            Self::Undefined => "undefined",
            Self::NotRun => "not run",
        }
    }

    /// With a space behind it; empty where there is nothing to judge.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Holds => "▲ ",
            Self::Opposite => "▼ ",
            Self::Leans => "△ ",
            Self::LeansOpposite => "▽ ",
            Self::Mixed => "○ ",
            Self::Undefined | Self::NotRun => "",
        }
    }

    /// As pages show it: with its sign, and with how many units say so where that is no verdict.
    pub fn text(self, estimate: &Estimate) -> String {
        let (above, below) = estimate.signs();
        let (n, head) = (estimate.n(), format!("{}{}", self.sign(), self.word()));
        let number = if self == Self::LeansOpposite { below } else { above };
        match self {
            Self::Holds | Self::Opposite | Self::NotRun => head,
            Self::Undefined => {
                format!("{head} (oracle not above the start in {} of {n})", estimate.undefined.len())
            }
            Self::Mixed => format!("{head} ({above} of {n} above)"),
            _ if n == 1 => format!("{head}, on this seed (1 of 1; verdicts need five)"),
            _ if n < ENOUGH => format!("{head} ({number} of {n}; verdicts need five)"),
            _ => format!("{head} ({number} of {n})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::statistics::estimate;
    use super::*;

    fn said(differences: &[f64], adjusted: Option<f64>) -> String {
        let estimate = estimate(differences);
        Verdict::of(&estimate, adjusted).text(&estimate)
    }

    #[test]
    fn a_verdict_needs_five_units_and_a_corrected_test() {
        let up = [1.0, 2.0, 3.0, 4.0, 5.0];
        let down = up.map(|value| -value);
        assert_eq!(said(&up, Some(0.05)), "▲ holds");
        assert_eq!(said(&down, Some(0.05)), "▼ opposite");
        assert_eq!(said(&up, Some(0.051)), "△ leans (5 of 5)");
        assert_eq!(said(&down, Some(0.051)), "▽ leans opposite (5 of 5)");
        assert_eq!(said(&up[..4], Some(0.0)), "△ leans (4 of 4; verdicts need five)");
        assert_eq!(said(&[-1.0, 9.0, 9.0], None), "○ mixed (2 of 3 above)");
        assert_eq!(said(&[9.0, 9.0, 9.0, 9.0, -1.0], Some(0.01)), "▲ holds");
        assert_eq!(said(&[0.0, 0.0], None), "○ mixed (0 of 2 above)");
        assert_eq!(said(&[1.0], None), "△ leans, on this seed (1 of 1; verdicts need five)");
        assert_eq!(said(&[-1.0], None), "▽ leans opposite, on this seed (1 of 1; verdicts need five)");
        assert_eq!(said(&[], None), "not run");
    }

    #[test]
    fn without_a_gap_a_share_is_undefined() {
        let mut share = estimate(&[60.0, 70.0]);
        share.undefined.push(3);
        assert_eq!(
            Verdict::of(&share, None).text(&share),
            "undefined (oracle not above the start in 1 of 3)"
        );
    }
}
