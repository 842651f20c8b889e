//! Where the variance of a difference comes from, and how many units a claim needs.

use std::collections::BTreeMap;

use super::estimate::{ByRun, Unit, mean};
use super::student;

/// Two-sided probability with which a claim is made where nothing is true.
const ERROR: f64 = 0.05;
/// Probability with which a true difference is to be found.
const POWER: f64 = 0.8;
/// More units than anybody runs.
const MOST: u32 = 1000;

/// Variances of a difference, in squared percentage points; none where the runs do not tell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Components {
    /// Of one training run about the mean of its set of domains.
    pub runs: Option<f64>,
    /// Of the persons of a test set: what the difference would vary by, were other persons drawn.
    pub queries: Option<f64>,
    /// Of the mean of a set of domains, had it infinitely many runs. The variance of its persons is part of it.
    pub units: Option<f64>,
    /// Half the width of the 95 % interval of another training run of a unit, about the mean of those that the unit has, in percentage
    /// points.
    pub another: Option<f64>,
}

impl Components {
    /// By analysis of variance: the squares within units tell what runs do, and those between the means of units what is left. `queries` is
    /// known from elsewhere. On one set of domains and on one test set there is one unit: nothing is known of others.
    pub fn new(differences: &ByRun, unit: Unit, queries: Option<f64>) -> Self {
        let mut groups: BTreeMap<u64, Vec<f64>> = BTreeMap::new();
        for (draw, value) in differences {
            let group = if unit == Unit::Domains { draw.domain } else { 0 };
            groups.entry(group).or_default().push(*value);
        }
        let pooled = within(groups.values());
        let runs = pooled.map(|(variance, _)| variance);
        let means: Vec<f64> = groups.values().map(|group| mean(group)).collect();
        let shares = groups.values().map(|group| 1.0 / group.len() as f64).sum::<f64>() / groups.len() as f64;
        let left = |runs: f64| Some((within([&means].into_iter())?.0 - runs * shares).max(0.0));
        let another = pooled.map(|(variance, degrees)| {
            student::quantile(1.0 - ERROR, degrees) * (variance * (1.0 + shares)).sqrt()
        });
        Self { runs, queries, units: runs.and_then(left), another }
    }

    /// Of other domains with the same persons in their test sets, as far as one can think of such.
    pub fn domains(&self) -> Option<f64> {
        Some((self.units? - self.queries?).max(0.0))
    }

    /// The fewest units, each with `runs` training runs, whose t test finds a true difference of `points` in four of five cases.
    pub fn needed(&self, runs: usize, points: f64) -> Option<u32> {
        let variance = self.units? + self.runs? / runs as f64;
        let finds = |n: &u32| {
            let [error, power] =
                [1.0 - ERROR, 2.0 * POWER - 1.0].map(|level| student::quantile(level, n - 1));
            (error + power) * (variance / f64::from(*n)).sqrt() <= points
        };
        (2..=MOST).find(finds)
    }
}

/// The pooled variance within groups and its degrees of freedom; none without a group of two.
fn within<'a>(groups: impl Iterator<Item = &'a Vec<f64>>) -> Option<(f64, u32)> {
    let (mut squares, mut degrees) = (0.0, 0);
    for group in groups {
        let mean = mean(group);
        squares += group.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
        degrees += group.len() as u32 - 1;
    }
    (degrees > 0).then(|| (squares / f64::from(degrees), degrees))
}

/// Variance of the sum of `shares`, each with the person it belongs to, under drawing other persons: each person's shares are one number.
/// None for less than two persons.
pub(crate) fn of_persons(shares: &[(i64, f64)]) -> Option<f64> {
    let mut persons: BTreeMap<i64, f64> = BTreeMap::new();
    for (person, share) in shares {
        *persons.entry(*person).or_default() += share;
    }
    let n = persons.len() as f64;
    // The shares lie about 0.
    (persons.len() > 1).then(|| n / (n - 1.0) * persons.values().map(|share| share * share).sum::<f64>())
}

#[cfg(test)]
mod tests {
    use rand_distr::{Distribution, StandardNormal};

    use super::*;
    use crate::runs::Draw;
    use mmt_vocabulary::random::stream;

    fn runs(values: &[(u64, u64, f64)]) -> ByRun {
        values.iter().map(|(domain, seed, value)| (Draw { domain: *domain, seed: *seed }, *value)).collect()
    }

    /// Domain 1: 1 and 3; domain 2: 6 and 10. Within: (2 + 8) / 2 = 5. Means 2 and 8 have a variance of 18; runs explain 5/2 of it.
    #[test]
    fn squares_within_and_between_tell_runs_and_domains_apart() {
        let values = runs(&[(1, 1, 1.0), (1, 2, 3.0), (2, 1, 6.0), (2, 2, 10.0)]);
        let found = Components::new(&values, Unit::Domains, Some(4.0));
        assert_eq!((found.runs, found.units, found.domains()), (Some(5.0), Some(15.5), Some(11.5)));
        // A third run about the mean of two: t of 2 degrees of freedom, 4.302653 in tables, times √(5 (1 + 1/2)).
        assert!((found.another.unwrap() - 4.302_653 * 7.5_f64.sqrt()).abs() < 1e-5);
        let less = Components::new(&values, Unit::Domains, Some(20.0));
        assert_eq!((less.units, less.domains()), (Some(15.5), Some(0.0)), "no variance is below zero");
    }

    /// Domain 1 has two runs, domain 2 one: they explain (1/2 + 1) / 2 = 3/4 of their variance, 2, in that of the means, 18.
    #[test]
    fn domains_may_have_runs_of_any_number() {
        let found = Components::new(&runs(&[(1, 1, 1.0), (1, 2, 3.0), (2, 1, 8.0)]), Unit::Domains, None);
        assert_eq!((found.runs, found.units, found.domains()), (Some(2.0), Some(16.5), None));
    }

    #[test]
    fn one_run_of_each_domain_tells_nothing_apart_and_one_domain_nothing_of_others() {
        let found = Components::new(&runs(&[(1, 1, 1.0), (2, 1, 8.0)]), Unit::Domains, Some(4.0));
        assert_eq!((found.runs, found.units, found.needed(1, 2.0)), (None, None, None));
        let found = Components::new(&runs(&[(1, 1, 1.0), (1, 2, 8.0)]), Unit::SeedsOfOneDomain, Some(4.0));
        assert_eq!((found.runs, found.units, found.domains()), (Some(24.5), None, None));
    }

    /// Three queries of one person count once: 1 + 1 − 2 = 0 is no variance at all.
    #[test]
    fn a_persons_queries_are_one_number() {
        assert_eq!(of_persons(&[(7, 1.0), (8, -1.0), (7, 1.0), (9, 0.0), (8, 1.0), (7, -2.0)]), Some(0.0));
        // Persons 3 and −3: 2 / 1 × 18.
        assert_eq!(of_persons(&[(7, 1.0), (8, -3.0), (7, 2.0)]), Some(36.0));
        assert_eq!(of_persons(&[(7, 1.0), (7, 2.0)]), None);
    }

    /// A t test of 34 units finds half a standard deviation in four of five cases, of 199 a fifth of one (Cohen's tables).
    #[test]
    fn as_many_units_are_needed_as_tables_of_power_say() {
        let of = |units: f64, runs: f64| Components {
            runs: Some(runs),
            queries: None,
            units: Some(units),
            another: None,
        };
        assert_eq!(of(16.0, 0.0).needed(1, 2.0), Some(34));
        assert_eq!(of(100.0, 0.0).needed(1, 2.0), Some(199));
        // Runs are averaged within their domains.
        assert_eq!(of(8.0, 8.0).needed(1, 2.0), Some(34));
        assert_eq!(of(8.0, 16.0).needed(2, 2.0), Some(34));
        assert_eq!(of(0.0, 0.0).needed(1, 2.0), Some(2));
        assert_eq!(of(1e6, 0.0).needed(1, 2.0), None);
    }

    /// Of 4,000 worlds of five domains with two runs each, a third run of the first domain lies within its interval in 95 %; the standard
    /// error is 0.3 %.
    #[test]
    fn another_run_lies_within_its_interval_as_often_as_it_says() {
        let mut rng = stream(13, "test/components", 0, 0);
        let mut normal = || -> f64 { StandardNormal.sample(&mut rng) };
        const WORLDS: usize = 4000;
        let mut inside = 0;
        for _ in 0..WORLDS {
            let mut values = ByRun::new();
            for domain in 0..5 {
                let of_domain = 3.0 * normal();
                for seed in 0..3 {
                    values.insert(Draw { domain, seed }, of_domain + 2.0 * normal());
                }
            }
            let third = values.remove(&Draw { domain: 0, seed: 2 }).unwrap();
            values.retain(|draw, _| draw.seed < 2);
            let first = values.iter().filter(|(draw, _)| draw.domain == 0).map(|(_, value)| value);
            let middle = first.sum::<f64>() / 2.0;
            let half = Components::new(&values, Unit::Domains, None).another.unwrap();
            inside += usize::from((third - middle).abs() <= half);
        }
        assert!((3760..=3840).contains(&inside), "{inside}");
    }

    /// The mean of many estimates is the truth.
    #[test]
    fn estimates_are_those_of_the_world_that_was_drawn() {
        let (domains, run) = (3.0_f64, 2.0_f64);
        let mut rng = stream(11, "test/components", 0, 0);
        let mut normal = || -> f64 { StandardNormal.sample(&mut rng) };
        let (mut of_units, mut of_runs) = (0.0, 0.0);
        const WORLDS: usize = 400;
        for _ in 0..WORLDS {
            let mut values = ByRun::new();
            for domain in 0..12 {
                let of_domain = domains * normal();
                for seed in 0..3 {
                    values.insert(Draw { domain, seed }, of_domain + run * normal());
                }
            }
            let found = Components::new(&values, Unit::Domains, None);
            of_units += found.units.unwrap() / WORLDS as f64;
            of_runs += found.runs.unwrap() / WORLDS as f64;
        }
        // The standard errors of the two means are 0.2 and 0.06.
        assert!((of_units - 9.0).abs() < 0.8 && (of_runs - 4.0).abs() < 0.24, "{of_units} {of_runs}");
    }
}
