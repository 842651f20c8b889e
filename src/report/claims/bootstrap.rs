//! A mean of paired differences and its interval: a percentile bootstrap over seeds, and within a seed over its queries.

use rand::{Rng, RngCore};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::scores::{BySeed, Score};
use crate::random::stream;

/// Fewest seeds that are resampled, and that a verdict is given for.
pub(super) const FEWEST: usize = 3;
/// Resamples.
pub(super) const DRAWS: usize = 10_000;
/// Resamples that share a stream for their queries. It decides the numbers, the count of threads does not.
const CHUNK: usize = 500;
/// Share of the resampled means that the interval leaves out on each side: 95 % stay.
const TAIL: f64 = 0.025;

/// What an interval resamples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::report) enum Over {
    /// Seeds, and the queries of each.
    SeedsAndQueries,
    /// Seeds: a run did not keep its queries, or the measure has no number of a single query.
    Seeds,
    /// Queries, there being too few seeds: how another seed would come out is not in it.
    Queries,
}

impl Over {
    /// As tables show it.
    pub fn text(self) -> &'static str {
        match self {
            Self::SeedsAndQueries => "seeds and queries",
            Self::Seeds => "seeds",
            Self::Queries => "queries",
        }
    }
}

/// Differences between two rows, a seed each.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::report) struct Gain {
    /// One per seed that both rows have.
    pub differences: Vec<f64>,
    /// The 95 % interval of the mean.
    pub interval: Option<(f64, f64)>,
    /// What the interval resamples; none where there is none.
    pub over: Option<Over>,
}

impl Gain {
    /// The gain with its interval. Equal differences have equal intervals: the draws are always the same.
    pub(super) fn new(differences: BySeed) -> Self {
        let scores: Vec<Score> = differences.into_values().collect();
        let values: Vec<f64> = scores.iter().map(|score| score.value).collect();
        let queries: Option<Vec<Vec<Vec<f64>>>> = scores.into_iter().map(by_query).collect();
        let (over, interval) = match (queries, values.len()) {
            (_, 0) => (None, None),
            (Some(seeds), FEWEST..) => (Some(Over::SeedsAndQueries), Some(interval(&seeds, true))),
            (Some(seeds), _) => (Some(Over::Queries), Some(interval(&seeds, false))),
            (None, FEWEST..) => {
                // A seed with one query that is never anything else.
                let seeds: Vec<Vec<Vec<f64>>> = values.iter().map(|value| vec![vec![*value]]).collect();
                (Some(Over::Seeds), Some(interval(&seeds, true)))
            }
            (None, _) => (None, None),
        };
        Self { differences: values, interval, over }
    }

    /// Number of seeds.
    pub fn n(&self) -> usize {
        self.differences.len()
    }

    /// Mean difference; none without a seed.
    pub fn mean(&self) -> Option<f64> {
        (self.n() > 0).then(|| self.differences.iter().sum::<f64>() / self.n() as f64)
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

    /// `seeds and queries`; empty where there is no interval.
    pub fn over_text(&self) -> &'static str {
        self.over.map_or("", Over::text)
    }
}

/// The differences of each set of queries, in the order of the queries.
fn by_query(score: Score) -> Option<Vec<Vec<f64>>> {
    Some(score.queries?.into_iter().map(|set| set.into_values().collect()).collect())
}

/// The interval of the mean over `seeds`, each the mean over its sets of queries of the mean over a set. Resamples the seeds (or takes
/// each once), and for each seed drawn the queries of every set anew.
fn interval(seeds: &[Vec<Vec<f64>>], resample_seeds: bool) -> (f64, f64) {
    let n = seeds.len();
    let mut draws = stream(0, "bootstrap over seeds", 0, n as u64);
    let slots = (0..DRAWS * n).map(|slot| if resample_seeds { draws.random_range(0..n) } else { slot % n });
    let drawn: Vec<usize> = slots.collect();
    let mut means: Vec<f64> = drawn
        .par_chunks(CHUNK * n)
        .enumerate()
        .flat_map_iter(|(chunk, drawn)| {
            let mut queries = stream(0, "bootstrap over queries", chunk as u64, 0);
            let mean = move |drawn: &[usize]| {
                drawn.iter().map(|seed| resampled(&seeds[*seed], &mut queries)).sum::<f64>() / n as f64
            };
            drawn.chunks(n).map(mean)
        })
        .collect();
    means.sort_by(f64::total_cmp);
    let cut = (TAIL * DRAWS as f64) as usize;
    (means[cut], means[DRAWS - 1 - cut])
}

fn resampled(sets: &[Vec<f64>], draws: &mut ChaCha8Rng) -> f64 {
    let mean = |set: &Vec<f64>| {
        let n = set.len() as u64;
        // 32 random bits times n, without the lower 32: even for all but n / 2^32 of the draws, and the cheapest there is.
        let mut one = || set[((u64::from(draws.next_u32()) * n) >> 32) as usize];
        if n == 1 { set[0] } else { (0..n).map(|_| one()).sum::<f64>() / n as f64 }
    };
    sets.iter().map(mean).sum::<f64>() / sets.len() as f64
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// The gain of seeds that kept no queries.
    pub fn gain(differences: &[f64]) -> Gain {
        let score = |value: &f64| Score { value: *value, queries: None };
        Gain::new((1..).zip(differences.iter().map(score)).collect())
    }

    fn score(queries: &[f64]) -> Score {
        let value = queries.iter().sum::<f64>() / queries.len() as f64;
        Score { value, queries: Some(vec![queries.iter().copied().enumerate().collect()]) }
    }

    fn with_queries(seeds: &[&[f64]]) -> Gain {
        Gain::new((1..).zip(seeds.iter().map(|seed| score(seed))).collect())
    }

    #[test]
    fn fewer_than_three_seeds_have_no_interval() {
        assert_eq!(gain(&[]).interval_text(), "");
        assert_eq!(gain(&[1.0]).interval_text(), "n = 1: no interval");
        let two = gain(&[1.0, 2.0]);
        assert_eq!((two.interval, two.mean(), two.over), (None, Some(1.5), None));
        assert_eq!(two.mean_text(), "+1.5");
    }

    /// All three draws are the smallest one in 1 of 27 resamples, more than the tail.
    #[test]
    fn the_interval_of_three_seeds_is_their_range() {
        let gain = gain(&[2.0, -1.0, 5.0]);
        assert_eq!(gain.interval, Some((-1.0, 5.0)));
        assert_eq!((gain.interval_text().as_str(), gain.over_text()), ("-1.0 to +5.0", "seeds"));
    }

    /// 0 to 19, twenty times each; of variance (20² − 1) / 12.
    fn even() -> Vec<f64> {
        (0..400).map(|at| f64::from(at % 20)).collect()
    }

    fn near((low, high): (f64, f64), middle: f64, variance: f64) {
        let expected = 1.96 * variance.sqrt();
        assert!((low - (middle - expected)).abs() < 0.06, "{low} is not near {middle} - {expected}");
        assert!((high - (middle + expected)).abs() < 0.06, "{high} is not near {middle} + {expected}");
    }

    /// The mean of many resampled differences is normal, with the deviation of the mean.
    #[test]
    fn the_interval_of_many_seeds_is_that_of_the_normal_distribution() {
        near(gain(&even()).interval.unwrap(), 9.5, (20.0 * 20.0 - 1.0) / 12.0 / 400.0);
    }

    #[test]
    fn equal_differences_have_equal_intervals() {
        let of = || gain(&[0.3, 0.1, 0.7, -0.2]);
        assert_eq!(of(), of());
        let moved = gain(&[1.3, 1.1, 1.7, 0.8]).interval.unwrap();
        let (low, high) = of().interval.unwrap();
        assert!((moved.0 - low - 1.0).abs() < 1e-12 && (moved.1 - high - 1.0).abs() < 1e-12);
    }

    #[test]
    fn one_seed_has_an_interval_over_its_queries_alone() {
        let gain = with_queries(&[&even()]);
        near(gain.interval.unwrap(), 9.5, 399.0 / 12.0 / 400.0);
        assert_eq!(gain.over_text(), "queries");
        // Two seeds are both taken: half the variance of the mean, and nothing of what lies between them.
        let moved: Vec<f64> = even().iter().map(|value| value + 10.0).collect();
        let two = with_queries(&[&even(), &moved]);
        near(two.interval.unwrap(), 14.5, 399.0 / 12.0 / 800.0);
        assert_eq!(two.over_text(), "queries");
    }

    /// Forty seeds with means 0 to 19, and queries that scatter evenly about them: the variances add up.
    #[test]
    fn seeds_and_queries_both_widen_the_interval() {
        let seeds: Vec<Vec<f64>> = (0..40)
            .map(|seed| {
                (0..40).map(|query| f64::from(seed % 20) + f64::from(query % 20) * 10.0 - 95.0).collect()
            })
            .collect();
        let gain = with_queries(&seeds.iter().map(Vec::as_slice).collect::<Vec<_>>());
        let variance: f64 = 399.0 / 12.0;
        let (low, high) = gain.interval.unwrap();
        let expected = 1.96 * (variance / 40.0 + 100.0 * variance / 1600.0).sqrt();
        assert!((low - (9.5 - expected)).abs() < 0.15, "{low}");
        assert!((high - (9.5 + expected)).abs() < 0.15, "{high}");
        assert_eq!(gain.over_text(), "seeds and queries");
    }

    #[test]
    fn with_one_query_each_it_is_the_bootstrap_over_seeds() {
        let differences = [0.3, 0.1, 0.7, -0.2, 1.1];
        let found = with_queries(&differences.each_ref().map(std::slice::from_ref));
        assert_eq!(found.interval, gain(&differences).interval);
    }

    #[test]
    fn a_seed_without_queries_leaves_seeds_alone() {
        let mut seeds: BySeed =
            (1..).zip([score(&[1.0, 3.0]), score(&[2.0, 2.0]), score(&[0.0, 9.0])]).collect();
        assert_eq!(Gain::new(seeds.clone()).over_text(), "seeds and queries");
        seeds.get_mut(&2).unwrap().queries = None;
        assert_eq!(Gain::new(seeds), gain(&[2.0, 2.0, 4.5]));
    }

    /// The sets of a task each count as one, whatever their size.
    #[test]
    fn tasks_count_alike() {
        let sets: Vec<BTreeMap<usize, f64>> =
            vec![[(0, 1.0)].into(), (0..9).map(|query| (query, 3.0)).collect()];
        let gain = Gain::new(BySeed::from([(1, Score { value: 2.0, queries: Some(sets) })]));
        assert_eq!(gain.interval, Some((2.0, 2.0)));
    }
}
