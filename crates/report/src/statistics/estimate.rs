//! A mean over independent units, and its t interval.

use std::collections::{BTreeMap, BTreeSet};

use mmt_vocabulary::record::DomainKind;

use super::student;
use crate::names::signed;
use crate::runs::Draw;

/// Fewest units that a verdict is given for.
pub(crate) const ENOUGH: usize = 5;
/// Probability of an interval.
pub(crate) const LEVEL: f64 = 0.95;

/// A number of each run.
pub(crate) type ByRun = BTreeMap<Draw, f64>;

/// The unit that counts as one independent draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// A set of drawn domains; the training runs of one are averaged first.
    Domains,
    /// A training run, all of them on one set of drawn domains: nothing is said of other domains.
    SeedsOfOneDomain,
    /// A training run, all of them on the test set of a real dataset: nothing is said of other test sets.
    SeedsOnOneTestSet,
}

impl Unit {
    /// That of runs: domains where there are several, else training seeds.
    pub fn of<'a>(draws: impl Iterator<Item = &'a Draw>, domains: DomainKind) -> Self {
        let found: BTreeSet<u64> = draws.map(|draw| draw.domain).collect();
        match domains {
            DomainKind::Real => Self::SeedsOnOneTestSet,
            DomainKind::Synthetic if found.len() > 1 => Self::Domains,
            DomainKind::Synthetic => Self::SeedsOfOneDomain,
        }
    }

    /// The unit that a run belongs to.
    fn number(self, draw: &Draw) -> u64 {
        if self == Self::Domains { draw.domain } else { draw.seed }
    }

    /// `domain`, `seed`: for names of columns.
    pub fn name(self) -> &'static str {
        if self == Self::Domains { "domain" } else { "seed" }
    }

    /// `3 domains`, `3 seeds of one domain`, `1 seed on one test set`; empty for none.
    pub fn count(self, n: usize) -> String {
        let s = if n == 1 { "" } else { "s" };
        match self {
            _ if n == 0 => String::new(),
            Self::Domains => format!("{n} domain{s}"),
            Self::SeedsOfOneDomain => format!("{n} seed{s} of one domain"),
            Self::SeedsOnOneTestSet => format!("{n} seed{s} on one test set"),
        }
    }
}

/// The means of each of `parts` within every unit that all of them have, unit by unit.
pub(crate) fn unit_means(parts: &[ByRun], unit: Unit) -> BTreeMap<u64, Vec<f64>> {
    let means: Vec<BTreeMap<u64, f64>> = parts.iter().map(|part| within_units(part, unit)).collect();
    let Some(first) = means.first() else { return BTreeMap::new() };
    let all = |number: &u64| means.iter().map(|part| part.get(number).copied()).collect::<Option<Vec<_>>>();
    first.keys().filter_map(|number| Some((*number, all(number)?))).collect()
}

fn within_units(part: &ByRun, unit: Unit) -> BTreeMap<u64, f64> {
    let mut found: BTreeMap<u64, Vec<f64>> = BTreeMap::new();
    for (draw, value) in part {
        found.entry(unit.number(draw)).or_default().push(*value);
    }
    found.into_iter().map(|(number, values)| (number, mean(&values))).collect()
}

pub(super) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The number measured in each unit, and the bar that it must be above.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Estimate {
    pub unit: Unit,
    /// By unit: percentage points of mAP, or percent of a gap.
    pub values: BTreeMap<u64, f64>,
    /// 0 for a difference, 50 for a share of a gap.
    pub bar: f64,
    /// Units in which the number does not exist; with any, there is no estimate.
    pub undefined: Vec<u64>,
}

impl Estimate {
    /// Of differences: `tasks` has a difference of each run for every task. Tasks are averaged within a unit first, since some share
    /// their test set.
    pub fn of_differences(tasks: &[ByRun], domains: DomainKind) -> Self {
        let unit = Unit::of(tasks.iter().flat_map(BTreeMap::keys), domains);
        let values = unit_means(tasks, unit).into_iter().map(|(number, tasks)| (number, mean(&tasks)));
        Self { unit, values: values.collect(), bar: 0.0, undefined: Vec::new() }
    }

    /// Of the share of a gap: in each unit the mean over tasks of `gains`, over that of `gaps`. A gap that is not above zero has no share.
    pub fn of_shares(gains: &[ByRun], gaps: &[ByRun], domains: DomainKind) -> Self {
        let parts = [gains, gaps].concat();
        let unit = Unit::of(parts.iter().flat_map(BTreeMap::keys), domains);
        let (mut values, mut undefined) = (BTreeMap::new(), Vec::new());
        for (number, means) in unit_means(&parts, unit) {
            let (gain, gap) = (mean(&means[..gains.len()]), mean(&means[gains.len()..]));
            if gap > 0.0 {
                values.insert(number, 100.0 * gain / gap);
            } else {
                undefined.push(number);
            }
        }
        Self { unit, values, bar: 50.0, undefined }
    }

    /// Number of units.
    pub fn n(&self) -> usize {
        self.values.len() + self.undefined.len()
    }

    /// Mean over the units; none without one, or where a unit has no number.
    pub fn mean(&self) -> Option<f64> {
        let sound = self.undefined.is_empty() && !self.values.is_empty();
        sound.then(|| self.values.values().sum::<f64>() / self.values.len() as f64)
    }

    /// Standard error of the mean, from two units on.
    fn error(&self) -> Option<f64> {
        let (mean, n) = (self.mean()?, self.values.len() as f64);
        let squares: f64 = self.values.values().map(|value| (value - mean).powi(2)).sum();
        (self.values.len() > 1).then(|| (squares / (n - 1.0) / n).sqrt())
    }

    /// One less than units.
    fn degrees(&self) -> u32 {
        self.values.len().saturating_sub(1) as u32
    }

    /// The t interval of the mean, from two units on.
    pub fn interval(&self) -> Option<(f64, f64)> {
        let (mean, half) = (self.mean()?, self.error()? * student::quantile(LEVEL, self.degrees()));
        Some((mean - half, mean + half))
    }

    /// Two-sided p-value of the mean being at the bar, from two units on.
    pub fn p(&self) -> Option<f64> {
        let (distance, error) = ((self.mean()? - self.bar).abs(), self.error()?);
        match (distance, error) {
            (0.0, _) => Some(1.0),
            (_, 0.0) => Some(0.0),
            _ => Some(1.0 - student::within(distance / error, self.degrees())),
        }
    }

    /// Units above the bar, and below it.
    pub fn signs(&self) -> (usize, usize) {
        let count = |wanted: fn(&f64, &f64) -> bool| {
            self.values.values().filter(|value| wanted(value, &self.bar)).count()
        };
        (count(|value, bar| value > bar), count(|value, bar| value < bar))
    }

    /// A number as it is shown: `+5.8` for a difference, `34 %` for a share.
    pub fn text(&self, value: f64) -> String {
        if self.bar == 0.0 {
            signed(value, 1)
        } else {
            format!("{} %", signed(value, 0).trim_start_matches('+'))
        }
    }

    /// The mean as text; empty without one.
    pub fn mean_text(&self) -> String {
        self.mean().map_or(String::new(), |mean| self.text(mean))
    }

    /// The lowest and the highest unit, `−0.4 to +4.4`; empty for less than two.
    pub fn range_text(&self) -> String {
        let low = self.values.values().copied().fold(f64::INFINITY, f64::min);
        let high = self.values.values().copied().fold(f64::NEG_INFINITY, f64::max);
        if self.values.len() < 2 {
            String::new()
        } else {
            format!("{} to {}", self.text(low), self.text(high))
        }
    }

    /// `−1.2 to +9.1`; `none` for one unit; empty without any.
    pub fn interval_text(&self) -> String {
        match (self.interval(), self.mean()) {
            (Some((low, high)), _) => format!("{} to {}", self.text(low), self.text(high)),
            (None, Some(_)) => "none".to_owned(),
            (None, None) => String::new(),
        }
    }

    /// `3 domains`; empty without any.
    pub fn units_text(&self) -> String {
        self.unit.count(self.n())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use rand_chacha::ChaCha8Rng;
    use rand_distr::{Distribution, StandardNormal};

    use std::slice::from_ref;

    use super::*;
    use crate::statistics::holm;
    use mmt_vocabulary::random::stream;

    /// Differences of seeds that each draw domains of their own.
    pub fn estimate(differences: &[f64]) -> Estimate {
        let draw = |number: u64| Draw { domain: number, seed: number };
        let task = (1..).zip(differences).map(|(number, value)| (draw(number), *value)).collect();
        Estimate::of_differences(&[task], DomainKind::Synthetic)
    }

    fn runs(values: &[(u64, u64, f64)]) -> ByRun {
        values.iter().map(|(domain, seed, value)| (Draw { domain: *domain, seed: *seed }, *value)).collect()
    }

    fn near((low, high): (f64, f64), expected: (f64, f64)) {
        assert!((low - expected.0).abs() < 1e-3 && (high - expected.1).abs() < 1e-3, "{low} to {high}");
    }

    /// Mean 2, standard deviation 3; 4.3027 × 3 / √3 = 7.4525.
    #[test]
    fn three_units_have_two_degrees_of_freedom() {
        let found = estimate(&[2.0, -1.0, 5.0]);
        near(found.interval().unwrap(), (-5.4525, 9.4525));
        assert_eq!((found.interval_text().as_str(), found.mean_text().as_str()), ("−5.5 to +9.5", "+2.0"));
        assert_eq!((found.units_text().as_str(), found.signs()), ("3 domains", (2, 1)));
        // t = 2 / √3, two degrees: p = 1 − t / √(2 + t²) = 1 − √0.4.
        assert!((found.p().unwrap() - (1.0 - 0.4_f64.sqrt())).abs() < 1e-12);
    }

    #[test]
    fn one_unit_has_no_interval_and_none_has_nothing() {
        let one = estimate(&[1.0]);
        assert_eq!((one.interval(), one.p(), one.mean()), (None, None, Some(1.0)));
        assert_eq!(
            (one.interval_text().as_str(), one.units_text().as_str()),
            ("none", "1 seed of one domain")
        );
        let none = estimate(&[]);
        assert_eq!((none.mean(), none.n(), none.interval_text().as_str()), (None, 0, ""));
    }

    #[test]
    fn equal_units_leave_no_doubt_and_units_at_the_bar_all_of_it() {
        assert_eq!(estimate(&[2.0; 5]).p(), Some(0.0));
        assert_eq!(estimate(&[0.0; 5]).p(), Some(1.0));
    }

    /// Domain 1: mean of 1 and 3; domain 2: 8. Not the mean of three runs, and one degree of freedom, not two.
    #[test]
    fn training_runs_of_one_domain_are_averaged_first() {
        let found = Estimate::of_differences(
            &[runs(&[(1, 1, 1.0), (1, 2, 3.0), (2, 1, 8.0)])],
            DomainKind::Synthetic,
        );
        assert_eq!(found.values, BTreeMap::from([(1, 2.0), (2, 8.0)]));
        assert_eq!((found.mean(), found.unit), (Some(5.0), Unit::Domains));
        near(found.interval().unwrap(), (5.0 - 12.7062 * 3.0, 5.0 + 12.7062 * 3.0));
    }

    #[test]
    fn on_one_domain_and_on_real_data_the_unit_is_a_training_seed() {
        let one = runs(&[(7, 1, 1.0), (7, 2, 3.0)]);
        let found = Estimate::of_differences(std::slice::from_ref(&one), DomainKind::Synthetic);
        assert_eq!((found.units_text().as_str(), found.unit.name()), ("2 seeds of one domain", "seed"));
        let found = Estimate::of_differences(&[one], DomainKind::Real);
        assert_eq!(found.units_text(), "2 seeds on one test set");
        assert_eq!(found.values, BTreeMap::from([(1, 1.0), (2, 3.0)]));
    }

    /// Two tasks that always agree are one observation per unit, not two.
    #[test]
    fn tasks_are_averaged_within_a_unit() {
        let task = || runs(&[(1, 1, 2.0), (2, 2, -1.0), (3, 3, 5.0)]);
        let both = Estimate::of_differences(&[task(), task()], DomainKind::Synthetic);
        assert_eq!(both, Estimate::of_differences(&[task()], DomainKind::Synthetic));
        let less = Estimate::of_differences(&[task(), runs(&[(2, 2, 3.0)])], DomainKind::Synthetic);
        assert_eq!(less.values, BTreeMap::from([(2, 1.0)]), "a unit that a task lacks is left out");
    }

    #[test]
    fn a_share_is_that_of_means_and_undefined_without_a_gap() {
        let (gain, gap) = (runs(&[(1, 1, 6.0), (2, 2, 3.0)]), runs(&[(1, 1, 20.0), (2, 2, 4.0)]));
        let of = |gap: &ByRun| Estimate::of_shares(from_ref(&gain), from_ref(gap), DomainKind::Synthetic);
        let found = of(&gap);
        assert_eq!(found.values, BTreeMap::from([(1, 30.0), (2, 75.0)]));
        assert_eq!((found.signs(), found.mean_text().as_str()), ((1, 1), "52 %"));
        // Mean 52.5 at a bar of 50, standard error 22.5: t = 1/9 with one degree of freedom, whose p is 1 − 2/π arctan t.
        let p = 1.0 - (1.0_f64 / 9.0).atan() * std::f64::consts::FRAC_2_PI;
        assert!((found.p().unwrap() - p).abs() < 1e-12, "{:?}", found.p());
        let turned = of(&runs(&[(1, 1, 20.0), (2, 2, -4.0)]));
        assert_eq!((turned.mean(), turned.interval(), turned.n()), (None, None, 2));
        assert_eq!(turned.undefined, [2]);
        let tasks = Estimate::of_shares(
            &[gain.clone(), gain.clone()],
            &[gap, runs(&[(1, 1, 10.0), (2, 2, 2.0)])],
            DomainKind::Synthetic,
        );
        assert_eq!(tasks.values, BTreeMap::from([(1, 40.0), (2, 100.0)]));
    }

    /// Effects of a domain on all its runs, of a domain on each of its tasks, and of a run.
    #[derive(Debug, Clone, Copy)]
    struct World {
        domains: u64,
        runs: u64,
        domain: f64,
        task: f64,
        run: f64,
    }

    impl World {
        fn draw(self, effect: f64, kind: DomainKind, normal: &mut impl FnMut() -> f64) -> Estimate {
            let mut tasks = vec![ByRun::new(), ByRun::new(), ByRun::new()];
            for domain in 0..self.domains {
                let of_domain = self.domain * normal();
                // The second and the third task share their test set.
                let of_test = [self.task * normal(), self.task * normal()];
                for (at, task) in tasks.iter_mut().enumerate() {
                    for seed in 0..self.runs {
                        let value = effect + of_domain + of_test[at.min(1)] + self.run * normal();
                        task.insert(Draw { domain, seed }, value);
                    }
                }
            }
            Estimate::of_differences(&tasks, kind)
        }
    }

    fn normal(mut draws: ChaCha8Rng) -> impl FnMut() -> f64 {
        move || StandardNormal.sample(&mut draws)
    }

    /// Nominal 95 % covers 93 to 97 %, whatever the noise comes from and however few the units are.
    #[test]
    fn the_interval_covers_what_it_says() {
        let draws = 4_000;
        let mut normal = normal(stream(0, "coverage", 0, 0));
        for (domains, runs) in [(2, 1), (3, 1), (3, 3), (5, 2), (10, 1)] {
            for (domain, task, run) in [(0.0, 0.0, 2.0), (2.0, 0.0, 0.5), (0.5, 3.0, 1.0), (3.0, 1.0, 4.0)] {
                let world = World { domains, runs, domain, task, run };
                let covered = (0..draws).filter(|_| {
                    let found = world.draw(1.5, DomainKind::Synthetic, &mut normal).interval();
                    found.is_some_and(|(low, high)| low <= 1.5 && 1.5 <= high)
                });
                let share = covered.count() as f64 / f64::from(draws);
                assert!((0.93..=0.97).contains(&share), "{world:?}: {share}");
            }
        }
    }

    /// On one test set the interval is one of training runs, and covers what runs on that test set come to.
    #[test]
    fn on_real_data_the_interval_covers_the_mean_on_that_test_set() {
        let draws = 4_000;
        let mut normal = normal(stream(0, "coverage on one test set", 0, 0));
        for seeds in [3, 5, 10] {
            let world = World { domains: 1, runs: seeds, domain: 0.0, task: 0.0, run: 2.0 };
            let covered = (0..draws).filter(|_| {
                let of_test_set = 3.0 * normal();
                let found = world.draw(of_test_set, DomainKind::Real, &mut normal).interval();
                found.is_some_and(|(low, high)| low <= of_test_set && of_test_set <= high)
            });
            let share = covered.count() as f64 / f64::from(draws);
            assert!((0.93..=0.97).contains(&share), "{seeds}: {share}");
        }
    }

    /// Eight claims without an effect, five units each: at most about 5 % of reports have any verdict.
    #[test]
    fn where_nothing_is_true_verdicts_are_rare() {
        let reports = 4_000;
        let mut normal = normal(stream(0, "nothing is true", 0, 0));
        let world = World { domains: 5, runs: 1, domain: 2.0, task: 1.0, run: 1.0 };
        let wrong = (0..reports).filter(|_| {
            let claims = (0..8).map(|_| world.draw(0.0, DomainKind::Synthetic, &mut normal).p().unwrap());
            holm(&claims.collect::<Vec<_>>()).into_iter().any(|p| p <= 1.0 - LEVEL)
        });
        let share = wrong.count() as f64 / f64::from(reports);
        assert!((0.03..=0.065).contains(&share), "{share}");
    }
}
