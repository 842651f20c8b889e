//! A mean of paired differences and its interval: a percentile bootstrap over seeds.

use rand::Rng;

use crate::random::stream;

/// Fewest seeds that an interval is given for.
pub(super) const FEWEST: usize = 3;
/// Resamples.
pub(super) const DRAWS: usize = 10_000;
/// Share of the resampled means that the interval leaves out on each side: 95 % stay.
const TAIL: f64 = 0.025;

/// Differences between two rows, a seed each.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::report) struct Gain {
    /// One per seed that both rows have.
    pub differences: Vec<f64>,
    /// The 95 % interval of the mean; none with fewer than [`FEWEST`] seeds.
    pub interval: Option<(f64, f64)>,
}

impl Gain {
    /// The gain with its interval. Equal differences have equal intervals: the stream of draws is always the same.
    pub fn new(differences: Vec<f64>) -> Self {
        let interval = (differences.len() >= FEWEST).then(|| interval(&differences));
        Self { differences, interval }
    }

    /// Number of seeds.
    pub fn n(&self) -> usize {
        self.differences.len()
    }

    /// Mean difference; none without a seed.
    pub fn mean(&self) -> Option<f64> {
        (self.n() > 0).then(|| mean(self.differences.iter().copied(), self.n()))
    }

    /// `+5.8`; empty without a seed.
    pub fn mean_text(&self) -> String {
        self.mean().map_or(String::new(), |mean| format!("{mean:+.1}"))
    }

    /// `+1.2 to +9.1`, `n = 1: no interval`; empty without a seed.
    pub fn interval_text(&self) -> String {
        match (self.interval, self.n()) {
            (Some((low, high)), _) => format!("{low:+.1} to {high:+.1}"),
            (None, 0) => String::new(),
            (None, n) => format!("n = {n}: no interval"),
        }
    }
}

fn mean(values: impl Iterator<Item = f64>, n: usize) -> f64 {
    values.sum::<f64>() / n as f64
}

fn interval(differences: &[f64]) -> (f64, f64) {
    let n = differences.len();
    let mut draws = stream(0, "bootstrap over seeds", 0, n as u64);
    let mut resample = || mean((0..n).map(|_| differences[draws.random_range(0..n)]), n);
    let mut means: Vec<f64> = (0..DRAWS).map(|_| resample()).collect();
    means.sort_by(f64::total_cmp);
    let cut = (TAIL * DRAWS as f64) as usize;
    (means[cut], means[DRAWS - 1 - cut])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fewer_than_three_seeds_have_no_interval() {
        assert_eq!(Gain::new(vec![]).interval_text(), "");
        assert_eq!(Gain::new(vec![1.0]).interval_text(), "n = 1: no interval");
        let two = Gain::new(vec![1.0, 2.0]);
        assert_eq!((two.interval, two.mean()), (None, Some(1.5)));
        assert_eq!(two.mean_text(), "+1.5");
    }

    /// All three draws are the smallest one in 1 of 27 resamples, more than the tail.
    #[test]
    fn the_interval_of_three_seeds_is_their_range() {
        let gain = Gain::new(vec![2.0, -1.0, 5.0]);
        assert_eq!(gain.interval, Some((-1.0, 5.0)));
        assert_eq!(gain.interval_text(), "-1.0 to +5.0");
    }

    /// The mean of many resampled differences is normal, with the deviation of the mean.
    #[test]
    fn the_interval_of_many_seeds_is_that_of_the_normal_distribution() {
        let differences: Vec<f64> = (0..400).map(|at| f64::from(at % 20)).collect();
        let variance = (20.0 * 20.0 - 1.0) / 12.0;
        let expected = 1.96 * f64::sqrt(variance / 400.0);
        let (low, high) = Gain::new(differences).interval.unwrap();
        assert!((low - (9.5 - expected)).abs() < 0.05, "{low}");
        assert!((high - (9.5 + expected)).abs() < 0.05, "{high}");
    }

    #[test]
    fn equal_differences_have_equal_intervals() {
        let gain = || Gain::new(vec![0.3, 0.1, 0.7, -0.2]);
        assert_eq!(gain(), gain());
        let moved = Gain::new(vec![1.3, 1.1, 1.7, 0.8]).interval.unwrap();
        let (low, high) = gain().interval.unwrap();
        assert!((moved.0 - low - 1.0).abs() < 1e-12 && (moved.1 - high - 1.0).abs() < 1e-12);
    }
}
