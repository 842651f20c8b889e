//! Experiments: TOML files, embedded or a user's own, that say which tasks and rows of a profile are run, and which rows are made
//! of the profile's mutual mean-teaching by a change. They turn a profile into another one; all that runs, runs from that.

use mmt_vocabulary::{Method, Task};
use serde::Deserialize;
use toml::{Table, Value};

use super::layers::{Library, usage};
use super::profile::{Profile, Row};
use super::row_settings::row_settings;
use crate::cluster::Clustering;
use crate::error::{Error, Result};

/// The experiments that come with the program.
const LIBRARY: Library = Library {
    kind: "experiment",
    paths: &[],
    embedded: &[
        ("table1", include_str!("experiments/table1.toml")),
        ("table2", include_str!("experiments/table2.toml")),
        ("sensitivity", include_str!("experiments/sensitivity.toml")),
        ("bn-group", include_str!("experiments/bn-group.toml")),
        ("unscaled", include_str!("experiments/unscaled.toml")),
        ("several-k", include_str!("experiments/several-k.toml")),
        ("dbscan-column", include_str!("experiments/dbscan-column.toml")),
        ("options", include_str!("experiments/options.toml")),
        ("paper-vs-code", include_str!("experiments/paper-vs-code.toml")),
        ("regime", include_str!("experiments/regime.toml")),
    ],
};

/// A row that is the profile's first row of its method with a change; of [`Method::Mmt`] where it is a variant, or there is none.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    name: String,
    /// The method that it is a row of; a baseline has hard losses only.
    #[serde(default = "variant")]
    method: Method,
    /// Clusters by the profile's DBSCAN.
    #[serde(default)]
    dbscan: bool,
    /// Settings laid over that row's.
    #[serde(default)]
    adaptation: Table,
    /// Steps per epoch times this.
    steps_factor: Option<f64>,
    /// k-means: k times this.
    clusters_factor: Option<f64>,
    /// Equal parts of the batch that have batch-norm statistics of their own.
    batch_parts: Option<usize>,
}

fn variant() -> Method {
    Method::Variant
}

/// The part of a profile that is run.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Experiment {
    name: String,
    /// Tasks; those of the profile where there are none.
    tasks: Option<Vec<Task>>,
    /// Methods whose first row of the profile is run; all rows where there are none.
    profile_rows: Option<Vec<Method>>,
    #[serde(default)]
    rows: Vec<Change>,
}

impl Experiment {
    /// Names of the embedded experiments.
    pub fn names() -> impl Iterator<Item = &'static str> {
        LIBRARY.names()
    }

    /// The experiment called `name`, or the one in the TOML file of that path.
    ///
    /// # Errors
    /// Neither exists, or it is no valid experiment; the text names the key.
    pub fn load(name: &str) -> Result<Self> {
        let (table, origin) = LIBRARY.read(name)?;
        Value::Table(table).try_into().map_err(|error| usage(&origin, &error))
    }

    /// `profile` with the tasks and rows of this experiment. A row whose settings come out equal to those of a row before it is left
    /// out: that row stands for it.
    ///
    /// # Errors
    /// A row that this profile cannot have.
    pub fn of(&self, profile: &Profile) -> Result<Profile> {
        let mut rows = self.own_rows(profile);
        for change in &self.rows {
            let row = self.changed(profile, change)?;
            if rows.iter().all(|other| !other.method.adapts() || other.adaptation != row.adaptation) {
                rows.push(row);
            }
        }
        let tasks = self.tasks.clone().unwrap_or_else(|| profile.tasks.clone());
        Profile { rows, tasks, ..profile.clone() }.checked(&format!("experiment {}", self.name))
    }

    fn own_rows(&self, profile: &Profile) -> Vec<Row> {
        let first = |method: &Method| profile.rows.iter().find(|row| row.method == *method).cloned();
        match &self.profile_rows {
            Some(methods) => methods.iter().filter_map(first).collect(),
            None => profile.rows.clone(),
        }
    }

    fn changed(&self, profile: &Profile, change: &Change) -> Result<Row> {
        let refuse =
            |text: &str| Error::Usage(format!("experiment {}, row {}: {text}", self.name, change.name));
        let first = |method| profile.rows.iter().find(|row| row.method == method);
        let mmt = first(Method::Mmt);
        let mmt = mmt.ok_or_else(|| refuse("the profile has no row of method mmt to change"))?;
        // A baseline has the rate of the profile's baseline, where there is one.
        let full = first(change.method).unwrap_or(mmt);
        if !change.method.adapts() {
            return Err(refuse("its method can be baseline, mmt or variant"));
        }
        let table = Table::try_from(&full.adaptation).map_err(|error| refuse(&error.to_string()))?;
        let clustering = change.dbscan.then_some(profile.dbscan);
        let mut adaptation = row_settings(table, change.method, clustering, change.adaptation.clone())
            .map_err(|error| usage(&format!("experiment {}, row {}", self.name, change.name), &error))?;
        if let Some(factor) = change.steps_factor {
            adaptation.steps = (adaptation.steps as f64 * factor).round() as usize;
        }
        if let Some(factor) = change.clusters_factor {
            let Clustering::KMeans { clusters, .. } = &mut adaptation.clustering else {
                return Err(refuse("clusters_factor is for k-means, but the row has DBSCAN"));
            };
            *clusters = (*clusters as f64 * factor).round() as usize;
        }
        if let Some(parts) = change.batch_parts {
            if !adaptation.batch.size().is_multiple_of(parts) {
                return Err(refuse("batch_parts must divide the batch"));
            }
            // 0 is how the settings say the whole batch.
            adaptation.batch.bn_group = if parts == 1 { 0 } else { adaptation.batch.size() / parts };
        }
        Ok(Row { name: change.name.clone(), method: change.method, adaptation, tasks: Task::every() })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::train::{AdaptationSettings, Teachers};

    fn rows(experiment: &str, profile: &str) -> Vec<Row> {
        let profile = Profile::load(profile).unwrap();
        Experiment::load(experiment).unwrap().of(&profile).unwrap().rows
    }

    #[test]
    fn table1_is_the_profile_itself() {
        for name in Profile::names() {
            let profile = Profile::load(name).unwrap();
            assert_eq!(Experiment::load("table1").unwrap().of(&profile).unwrap(), profile);
        }
    }

    #[test]
    fn table2_has_the_papers_nine_rows_each_with_its_one_change() {
        let rows = rows("table2", "paper");
        assert_eq!(rows.len(), 9);
        let of = |name: &str| rows.iter().find(|row| row.name == name).unwrap().adaptation.clone();
        let full = of("mmt-500");
        let expected = [
            ("without-soft-ce", AdaptationSettings { soft_ce_weight: 0.0, ..full.clone() }),
            ("without-soft-tri", AdaptationSettings { soft_tri_weight: 0.0, ..full.clone() }),
            ("without-second-network", AdaptationSettings { teachers: Teachers::OwnMean, ..full.clone() }),
            (
                "without-mean-networks",
                AdaptationSettings { teachers: Teachers::MutualCurrent, ..full.clone() },
            ),
            ("only-soft", AdaptationSettings { soft_ce_weight: 1.0, soft_tri_weight: 1.0, ..full.clone() }),
            ("without-ce", AdaptationSettings { soft_ce_weight: 1.0, ..full.clone() }),
        ];
        for (name, settings) in expected {
            assert_eq!(of(name), settings, "{name}");
        }
    }

    #[test]
    fn the_documentation_counts_the_rows_of_every_experiment() {
        let page = include_str!("../../docs/experiments.md");
        for name in Experiment::names() {
            let line = page.lines().find(|line| line.starts_with(&format!("| `{name}`")));
            let count = rows(name, "quick").len();
            assert!(line.unwrap().ends_with(&format!(" {count} |")), "{name}: {count}");
        }
    }

    #[test]
    fn the_profiles_own_values_are_no_second_row() {
        let names: Vec<String> = rows("sensitivity", "paper").into_iter().map(|row| row.name).collect();
        for own in ["soft-ce-0.5", "soft-tri-0.8", "alpha-0.999", "k-same"] {
            assert!(!names.contains(&own.to_owned()), "{own}");
        }
        // The start, the profile's row, four values each of the weights, two of alpha and of k.
        assert_eq!(names.len(), 2 + 4 + 4 + 2 + 2);
        let quick: Vec<String> = rows("sensitivity", "quick").into_iter().map(|row| row.name).collect();
        assert!(quick.contains(&"alpha-0.999".to_owned()) && !quick.contains(&"alpha-0.99".to_owned()));
    }

    #[test]
    fn shared_rows_have_equal_settings_in_all_experiments() {
        for profile in Profile::names() {
            let all: Vec<Row> =
                Experiment::names().flat_map(|experiment| rows(experiment, profile)).collect();
            for row in &all {
                let same = all.iter().filter(|other| other.name == row.name);
                let agrees = |other: &Row| (other.method, &other.adaptation) == (row.method, &row.adaptation);
                assert!(same.into_iter().all(agrees), "{profile}: {}", row.name);
            }
        }
    }

    #[test]
    fn groups_and_clusters_follow_the_profile() {
        let group = |rows: &[Row], name: &str| {
            rows.iter().find(|row| row.name == name).map(|row| row.adaptation.batch.bn_group)
        };
        let paper = rows("bn-group", "paper");
        assert_eq!(group(&paper, "bn-group-whole"), Some(0));
        assert_eq!(group(&paper, "bn-group-half"), Some(32));
        assert_eq!(group(&paper, "bn-group-quarter"), None, "published, and so the profile's own");
        let quick = rows("sensitivity", "quick");
        let twice = quick.iter().find(|row| row.name == "k-twice").unwrap();
        assert_eq!(twice.adaptation.clustering, Clustering::KMeans { clusters: 200, n_init: 1 });
    }

    #[test]
    fn rows_of_a_method_are_what_the_profiles_own_rows_are() {
        for profile in ["standard", "paper", "paper-ibn"] {
            let column = rows("dbscan-column", profile);
            assert_eq!(column.len(), 3);
            for row in &column {
                let own = Profile::load(profile).unwrap().rows.into_iter().find(|own| own.name == row.name);
                let own = own.unwrap();
                assert_eq!((own.method, &own.adaptation), (row.method, &row.adaptation), "{profile}");
            }
        }
        let methods: Vec<Method> = rows("dbscan-column", "quick").into_iter().map(|row| row.method).collect();
        assert_eq!(methods, [Method::PreTrained, Method::Baseline, Method::Mmt]);
    }

    #[test]
    fn the_single_network_baseline_differs_from_the_baseline_in_its_networks_alone() {
        for profile in Profile::names() {
            let rows = [rows("options", profile), rows("dbscan-column", profile)].concat();
            let of = |name: &str| rows.iter().find(|row| row.name == name).unwrap();
            for (single, both) in
                [("baseline-single", "baseline"), ("baseline-single-dbscan", "baseline-dbscan")]
            {
                let (single, both) = (of(single), of(both));
                assert_eq!(single.method, Method::Baseline);
                let expected = AdaptationSettings { teachers: Teachers::OwnMean, ..both.adaptation.clone() };
                assert_eq!(single.adaptation, expected, "{profile}");
            }
        }
    }

    #[test]
    fn rows_of_paper_vs_code_have_one_switch_each() {
        let rows = rows("paper-vs-code", "paper");
        let full = rows.iter().find(|row| row.method == Method::Mmt).unwrap().adaptation.clone();
        let table = |settings: &AdaptationSettings| Table::try_from(settings).unwrap();
        let variants: Vec<&Row> = rows.iter().filter(|row| row.method == Method::Variant).collect();
        assert_eq!(variants.len(), 7);
        for row in variants {
            let (full, row_table) = (table(&full), table(&row.adaptation));
            let keys: BTreeSet<&String> = full.keys().chain(row_table.keys()).collect();
            let changed: Vec<_> =
                keys.into_iter().filter(|key| full.get(*key) != row_table.get(*key)).collect();
            assert_eq!(changed.len(), 1, "{}: {changed:?}", row.name);
        }
        let steps = rows.iter().find(|row| row.name == "steps-twice").unwrap().adaptation.steps;
        assert_eq!(steps, 800, "those of the paper");
    }

    /// The worth of the soft triplet loss is a difference of two rows, and that of MMT at a feature scale one to a baseline there.
    #[test]
    fn rows_of_regime_stand_beside_the_same_without_the_soft_triplet_loss() {
        let rows = rows("regime", "quick");
        let has = |method: Method, settings: &AdaptationSettings| {
            rows.iter().any(|row| row.method == method && row.adaptation == *settings)
        };
        let full: Vec<&Row> =
            rows.iter().filter(|row| row.method.adapts() && row.adaptation.soft_tri_weight > 0.0).collect();
        for row in &full {
            let without = AdaptationSettings { soft_tri_weight: 0.0, ..row.adaptation.clone() };
            assert!(has(Method::Variant, &without), "{}", row.name);
        }
        let of = |values: &dyn Fn(&AdaptationSettings) -> f64| -> Vec<f64> {
            let mut found: Vec<f64> = full.iter().map(|row| values(&row.adaptation)).collect();
            found.sort_by(f64::total_cmp);
            found.dedup();
            found
        };
        assert_eq!(of(&|settings| settings.feature_scale), [1.0, 3.0, 8.0, 24.0]);
        assert_eq!(of(&|settings| settings.steps as f64), [50.0, 100.0, 200.0]);
        assert_eq!(of(&|settings| settings.batch.identities as f64), [8.0, 16.0]);
        let baseline = rows.iter().find(|row| row.name == "baseline").unwrap().adaptation.clone();
        for feature_scale in [1.0, 3.0, 24.0] {
            let wanted = AdaptationSettings { feature_scale, ..baseline.clone() };
            assert!(rows.iter().any(|row| row.adaptation == wanted), "{feature_scale}");
        }
    }

    #[test]
    fn rows_that_the_experiment_cannot_have_are_refused() {
        let refused = |row: &str, part: &str| {
            let text = format!("name = \"own\"\n[[rows]]\nname = \"x\"\n{row}\n");
            let experiment: Experiment = toml::from_str(&text).unwrap();
            let error = experiment.of(&Profile::load("quick").unwrap()).unwrap_err().to_string();
            assert!(error.contains(part) && error.contains("own"), "{error}");
        };
        refused("method = \"oracle\"", "method");
        refused("dbscan = true\nclusters_factor = 2.0", "clusters_factor");
        refused("steps_factor = 0.0", "steps");
        refused("steps_factor = -1.0", "steps");
        refused("dbscan = true\nadaptation = { clustering = { rho = 0.0 } }", "rho");
    }
}
