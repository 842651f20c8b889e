//! Rows of the tables, and the kind of a row, told by its settings and never by its name.

use mmt_vocabulary::{ClusterFeatures, ClusteringKind, Method, Teachers};
use serde::Serialize;
use toml::{Table, Value};

use super::names::METHODS;

/// A row of the tables.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    pub name: String,
    /// Its method; none for one that this version does not know.
    pub method: Option<Method>,
    /// Its settings of adaptation; empty where nothing is adapted.
    pub settings: Table,
}

impl Row {
    /// Whether nothing was adapted.
    pub fn is_start(&self) -> bool {
        self.method == Some(Method::PreTrained)
    }

    /// Whether it learned from hard pseudo labels alone.
    pub fn is_baseline(&self) -> bool {
        self.method == Some(Method::Baseline)
    }

    /// Whether it was trained on the target's true labels.
    pub fn is_oracle(&self) -> bool {
        self.method == Some(Method::Oracle)
    }

    /// Whether it has a place in the paper's Table 1; others are changed rows of experiments.
    pub fn is_of_table1(&self) -> bool {
        self.method.is_some_and(|method| METHODS.contains(&method))
    }
}

/// Whether a setting has this value.
type IsOff = fn(&Value) -> bool;

/// A part of mutual mean-teaching and the settings that take it away.
#[derive(Debug)]
pub(super) struct Part {
    /// The claim that is about it.
    pub claim: &'static str,
    /// `the soft triplet loss`.
    pub name: &'static str,
    /// Settings and their values without it; all of them.
    off: &'static [(&'static str, IsOff)],
}

/// Every part that has a setting. A weight of 1 for a soft loss leaves nothing of its hard one.
pub(super) const PARTS: [Part; 8] = [
    Part { claim: "C2", name: "the soft identity loss", off: &[("soft_ce_weight", is_zero)] },
    Part { claim: "C2", name: "the hard identity loss", off: &[("soft_ce_weight", is_one)] },
    Part {
        claim: "C2",
        name: "learning from hard labels",
        off: &[("soft_ce_weight", is_one), ("soft_tri_weight", is_one)],
    },
    Part {
        claim: "C2",
        name: "teaching by mean networks",
        off: &[("teachers", |value| is(value, Teachers::MutualCurrent))],
    },
    Part {
        claim: "C2",
        name: "clustering the mean networks' features",
        off: &[("cluster_features", |value| is(value, ClusterFeatures::Networks))],
    },
    Part {
        claim: "C2",
        name: "a classifier from the centroids of every epoch",
        off: &[("reset_classifier", |value| value.as_bool() == Some(false))],
    },
    Part {
        claim: "C4",
        name: "a second network",
        off: &[("teachers", |value| is(value, Teachers::OwnMean))],
    },
    Part { claim: "C5", name: "the soft triplet loss", off: &[("soft_tri_weight", is_zero)] },
];

/// Whether a value is written so.
fn is(value: &Value, wanted: impl Serialize) -> bool {
    Value::try_from(wanted).is_ok_and(|wanted| wanted == *value)
}

fn is_zero(value: &Value) -> bool {
    value.as_float() == Some(0.0) || value.as_integer() == Some(0)
}

fn is_one(value: &Value) -> bool {
    value.as_float() == Some(1.0) || value.as_integer() == Some(1)
}

impl Part {
    /// Whether `row` does without this part.
    fn is_off(&self, row: &Row) -> bool {
        self.off.iter().all(|(key, off)| row.settings.get(*key).is_some_and(off))
    }

    /// Whether `row`, of mutual mean-teaching or a variant, is `full` without this part, and the same in all else.
    pub fn is_taken_from(&self, full: &Row, row: &Row) -> bool {
        let rest = |row: &Row| {
            let mut settings = row.settings.clone();
            self.off.iter().for_each(|(key, _)| drop(settings.remove(*key)));
            settings
        };
        is_of_mmt(row) && self.is_off(row) && !self.is_off(full) && rest(row) == rest(full)
    }
}

/// Numbers that rows are changed in, and their names in the paper.
pub(super) const NUMBERS: [(&str, &str); 4] =
    [("soft_ce_weight", "λ_id"), ("soft_tri_weight", "λ_tri"), ("alpha", "α"), (CLUSTERS, "k")];
/// That one of [`NUMBERS`] which is a setting of the clustering.
const CLUSTERS: &str = "clusters";

/// Whether `row` is mutual mean-teaching, as it is or changed by an experiment.
fn is_of_mmt(row: &Row) -> bool {
    matches!(row.method, Some(Method::Mmt | Method::Variant))
}

/// One of [`NUMBERS`] of a row.
pub(super) fn number(row: &Row, key: &str) -> Option<f64> {
    let settings = if key == CLUSTERS { row.settings.get("clustering")?.as_table()? } else { &row.settings };
    let value = settings.get(key)?;
    value.as_float().or_else(|| value.as_integer().map(|value| value as f64))
}

/// Whether `row` is `full` with another one of [`NUMBERS`], and the same in all else.
pub(super) fn differs_in(full: &Row, row: &Row, key: &str) -> bool {
    let rest = |row: &Row| {
        let mut settings = row.settings.clone();
        if key == CLUSTERS {
            settings.get_mut("clustering").and_then(|clustering| clustering.as_table_mut()?.remove(key));
        } else {
            settings.remove(key);
        }
        settings
    };
    let (one, other) = (number(full, key), number(row, key));
    is_of_mmt(row) && one.is_some() && other.is_some() && one != other && rest(full) == rest(row)
}

/// Whether `row` is `full` with another number of one setting.
pub(super) fn is_changed_number(full: &Row, row: &Row) -> bool {
    NUMBERS.iter().any(|(key, _)| differs_in(full, row, key))
}

/// Whether `row` is `full` without one of its parts.
pub(super) fn lacks_a_part(full: &Row, row: &Row) -> bool {
    PARTS.iter().any(|part| part.is_taken_from(full, row))
}

/// Whether `row` is mutual mean-teaching with all of its parts.
pub(super) fn is_full(row: &Row) -> bool {
    row.method == Some(Method::Mmt) && !PARTS.iter().any(|part| part.is_off(row))
}

/// Whether `row` trains two networks, as the paper's baseline does; the published single-network baseline is another method.
pub(super) fn has_two_networks(row: &Row) -> bool {
    !row.settings.get("teachers").is_some_and(|value| is(value, Teachers::OwnMean))
}

/// How a row clusters; none for those that do not.
pub(super) fn clustering(row: &Row) -> Option<ClusteringKind> {
    row.settings.get("clustering")?.get("kind")?.clone().try_into().ok()
}

/// Whether two rows can stand in one order: their clusterings are of one kind, or one of them has none.
pub(super) fn comparable(one: &Row, other: &Row) -> bool {
    match (clustering(one), clustering(other)) {
        (Some(one), Some(other)) => one == other,
        _ => true,
    }
}

/// The baseline that `full` gains over: hard labels alone for two networks, from the same clustering where there is such a row, else from
/// the same kind.
pub(super) fn baseline_of<'a>(rows: &'a [Row], full: &Row) -> Option<&'a Row> {
    let baselines = || rows.iter().filter(|row| row.is_baseline() && has_two_networks(row));
    let same = baselines().find(|row| row.settings.get("clustering") == full.settings.get("clustering"));
    same.or_else(|| baselines().find(|row| comparable(row, full)))
}

/// k of a row that clusters by k-means.
pub(super) fn clusters(row: &Row) -> Option<i64> {
    row.settings.get("clustering")?.get("clusters")?.as_integer()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(method: Method, settings: &str) -> Row {
        Row { name: "row".to_owned(), method: Some(method), settings: settings.parse().unwrap() }
    }

    /// A row that differs in k and in something else besides says nothing of k.
    #[test]
    fn a_changed_number_is_the_only_change() {
        let of = |settings: &str| row(Method::Mmt, settings);
        let full = of("alpha = 0.99\nclustering = { kind = 'kmeans', clusters = 100 }");
        for (other, key, expected) in [
            ("alpha = 0.99\nclustering = { kind = 'kmeans', clusters = 50 }", CLUSTERS, true),
            ("alpha = 0.9\nclustering = { kind = 'kmeans', clusters = 50 }", CLUSTERS, false),
            ("alpha = 0.99\nclustering = { kind = 'kmeans', clusters = 100 }", CLUSTERS, false),
            ("alpha = 0.9\nclustering = { kind = 'kmeans', clusters = 100 }", "alpha", true),
            ("alpha = 0.9\nclustering = { kind = 'kmeans', clusters = 50 }", "alpha", false),
        ] {
            assert_eq!(differs_in(&full, &of(other), key), expected, "{key}: {other}");
        }
        let baseline = row(Method::Baseline, "alpha = 0.9\nclustering = { kind = 'kmeans', clusters = 100 }");
        assert!(!differs_in(&full, &baseline, "alpha"));
    }

    #[test]
    fn rows_of_two_kinds_of_clustering_are_not_comparable() {
        let of = |kind: &str| row(Method::Mmt, &format!("clustering = {{ kind = '{kind}' }}"));
        let [kmeans, dbscan, none] = [of("kmeans"), of("dbscan"), row(Method::Oracle, "")];
        assert!(comparable(&kmeans, &kmeans) && !comparable(&kmeans, &dbscan));
        assert!(comparable(&kmeans, &none) && comparable(&none, &dbscan));
    }
}
